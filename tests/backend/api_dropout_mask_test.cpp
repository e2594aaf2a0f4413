#include "backend/api/dropout_mask.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

namespace tenon::backend {
namespace {

std::vector<std::uint8_t> mask_of(std::size_t size, double rate, std::array<std::uint32_t, 2> key) {
  std::vector<std::uint8_t> mask(size);
  fill_dropout_mask(mask, rate, key);
  return mask;
}

TEST(DropoutMask, DropsAboutTheRate) {
  for (const double rate : {0.1, 0.5, 0.9}) {
    const auto mask = mask_of(100000, rate, dropout_key(1, 2, 3, 4));
    const double kept = std::accumulate(mask.begin(), mask.end(), 0.0) / 100000.0;
    EXPECT_NEAR(kept, 1.0 - rate, 0.01) << rate;  // six standard deviations
  }
}

TEST(DropoutMask, RateZeroKeepsAll) {
  const auto mask = mask_of(1000, 0.0, dropout_key(1, 2, 3, 4));
  EXPECT_EQ(std::accumulate(mask.begin(), mask.end(), 0), 1000);
}

TEST(DropoutMask, PartsEqualTheWhole) {
  const auto key = dropout_key(5, 6, 7, 8);
  const auto whole = mask_of(103, 0.5, key);
  for (const std::size_t cut : {1U, 2U, 3U, 4U, 50U, 102U}) {
    std::vector<std::uint8_t> parts(103);
    const std::span<std::uint8_t> all(parts);
    fill_dropout_mask(all.first(cut), 0.5, key);
    fill_dropout_mask(all.subspan(cut), 0.5, key, static_cast<std::int64_t>(cut));
    EXPECT_EQ(parts, whole) << cut;
  }
}

TEST(DropoutMask, RanksHaveTheirRowsOfTheWholeBatchsMask) {
  const auto key = dropout_key(5, 6, 7, 8);
  constexpr std::int64_t kRows = 7;
  constexpr std::int64_t kWidth = 5;
  const auto whole = mask_of(kRows * kWidth, 0.5, key);
  for (const std::int64_t ranks : {1, 2, 3}) {
    for (std::int64_t rank = 0; rank < ranks; ++rank) {
      const std::int64_t rows = (kRows - rank + ranks - 1) / ranks;
      std::vector<std::uint8_t> own(static_cast<std::size_t>(rows * kWidth));
      const std::span<std::uint8_t> all(own);
      const BatchRows place{rank, ranks, rows};
      // In two parts, as threads fill it.
      fill_dropout_mask(all.first(3), 0.5, key, 0, place, {rows, kWidth});
      fill_dropout_mask(all.subspan(3), 0.5, key, 3, place, {rows, kWidth});
      for (std::int64_t row = 0; row < rows; ++row) {
        for (std::int64_t i = 0; i < kWidth; ++i) {
          ASSERT_EQ(own[static_cast<std::size_t>(row * kWidth + i)],
                    whole[static_cast<std::size_t>((rank + row * ranks) * kWidth + i)])
              << rank << " of " << ranks << ", row " << row;
        }
      }
    }
  }
}

TEST(DropoutMask, AMaskThatAllRowsShareIsTheSameOnAllRanks) {
  const auto key = dropout_key(5, 6, 7, 8);
  std::vector<std::uint8_t> own(6);
  fill_dropout_mask(own, 0.5, key, 0, {1, 2, 4}, {1, 6});
  EXPECT_EQ(own, mask_of(6, 0.5, key));
}

TEST(DropoutMask, EveryPartOfTheKeyMatters) {
  const auto mask = [](std::uint64_t run, std::uint64_t layer, std::int64_t step,
                       std::uint64_t stream) {
    return mask_of(64, 0.5, dropout_key(run, layer, step, stream));
  };
  const auto base = mask(1, 2, 3, 4);
  EXPECT_EQ(base, mask(1, 2, 3, 4));
  EXPECT_NE(base, mask(9, 2, 3, 4));
  EXPECT_NE(base, mask(1, 9, 3, 4));
  EXPECT_NE(base, mask(1, 2, 9, 4));
  EXPECT_NE(base, mask(1, 2, 3, 9));
}

}  // namespace
}  // namespace tenon::backend
