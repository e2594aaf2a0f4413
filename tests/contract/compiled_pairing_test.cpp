#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "contract/pairing.hpp"
#include "tenon/detail/nearest_key.hpp"
#include "tenon/tensor.hpp"

namespace tenon::contract {
namespace {

constexpr std::size_t kWishes = 3;
constexpr std::size_t kKeys = 5;

/// Distinct names that are like one another.
std::vector<std::string> alike_names(std::uint64_t seed, std::size_t count) {
  const std::vector<std::string> stems = {"small", "image", "label", "mask"};
  const std::vector<std::string> ends = {"", "s", "_1", " ", "_left", "Left", "l", "2"};
  const Tensor draws = random_integers({512, 3}, seed, 0, 64);
  std::vector<std::string> drawn;
  for (std::size_t i = 0; drawn.size() < count; ++i) {
    const auto draw = [&](std::size_t j) {
      return static_cast<std::size_t>(draws.data<std::int64_t>()[3 * i + j]);
    };
    std::string name = stems[draw(0) % stems.size()] + ends[draw(1) % ends.size()];
    if (draw(2) % 3 == 0) name[0] = static_cast<char>(name[0] - 'a' + 'A');
    if (draw(2) % 5 == 0) std::swap(name[1], name[2]);
    if (std::find(drawn.begin(), drawn.end(), name) == drawn.end()) drawn.push_back(name);
  }
  return drawn;
}

TEST(CompiledPairing, OffersTheKeysThatTheContractOffers) {
  std::size_t offered = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const std::vector<std::string> drawn = alike_names(seed, kWishes + kKeys);
    std::array<Wanted, kWishes> wishes;
    std::vector<const Wanted*> missing;
    for (std::size_t i = 0; i < kWishes; ++i) {
      wishes[i].name = drawn[i];
      wishes[i].spec = TensorSpec(DType::kFloat32, {Dim::symbol("B"), 4}, "B?");
      missing.push_back(&wishes[i]);
    }
    // The compiler knows no specs: these fit every wish, and are the same as none.
    Schema schema;
    std::vector<std::size_t> unused;
    for (std::size_t i = 0; i < kKeys; ++i) {
      schema.add({drawn[kWishes + i], TensorSpec::of_unknown_rank(DType::kFloat32), Role::kData});
      unused.push_back(i);
    }
    std::array<std::array<std::int64_t, kKeys>, kWishes> costs{};
    for (std::size_t i = 0; i < kWishes; ++i) {
      for (std::size_t j = 0; j < kKeys; ++j) {
        costs[i][j] = names::pairing_cost(names::compare(drawn[i], schema[j].key));
      }
    }
    const auto expected = pair_missing(missing, unused, schema);
    const auto found = names::pair_keys(costs);
    for (std::size_t i = 0; i < kWishes; ++i) {
      EXPECT_EQ(found[i], expected[i] ? expected[i]->slot : names::kNoKey)
          << "wanted: " << drawn[i] << ", seed " << seed;
      offered += expected[i] ? 1U : 0U;
    }
  }
  EXPECT_GT(offered, 300U);
}

}  // namespace
}  // namespace tenon::contract
