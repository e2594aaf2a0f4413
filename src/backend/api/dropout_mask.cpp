#include "backend/api/dropout_mask.hpp"

#include <algorithm>

#include "tenon/random.hpp"

namespace tenon::backend {
namespace {

constexpr double kWordRange = 4294967296.0;  // 2^32

/// Words below this are dropped.
std::uint64_t drop_threshold(double rate) { return static_cast<std::uint64_t>(rate * kWordRange); }

std::array<std::uint32_t, 4> words_of_block(std::uint64_t block, std::array<std::uint32_t, 2> key) {
  return Random::block(
      {static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(block >> 32U), 0, 0}, key);
}

}  // namespace

std::array<std::uint32_t, 2> dropout_key(std::uint64_t run_seed, std::uint64_t layer_seed,
                                         std::int64_t iteration, std::uint64_t stream) {
  const std::uint64_t seed = mix(run_seed, layer_seed);
  const std::uint64_t key = mix(mix(seed, static_cast<std::uint64_t>(iteration)), stream);
  return {static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32U)};
}

void fill_dropout_mask(std::span<std::uint8_t> mask, double rate, std::array<std::uint32_t, 2> key,
                       std::int64_t first_element) {
  const std::uint64_t threshold = drop_threshold(rate);
  std::uint64_t element = static_cast<std::uint64_t>(first_element);
  for (std::size_t i = 0; i < mask.size();) {
    const std::array<std::uint32_t, 4> words = words_of_block(element / 4, key);
    for (std::uint64_t word = element % 4; word < 4 && i < mask.size(); ++word, ++i, ++element) {
      mask[i] = words[word] >= threshold ? 1 : 0;
    }
  }
}

void fill_dropout_mask(std::span<std::uint8_t> mask, double rate, std::array<std::uint32_t, 2> key,
                       std::int64_t first_element, const BatchRows& rows, const Shape& mask_shape) {
  const bool shared =
      mask_shape.rank() == 0 || mask_shape[0] % std::max<std::int64_t>(rows.count, 1) != 0;
  if (rows.whole() || shared) return fill_dropout_mask(mask, rate, key, first_element);
  const std::int64_t width = mask_shape.element_count() / rows.count;
  const auto end = first_element + static_cast<std::int64_t>(mask.size());
  for (std::int64_t element = first_element; element < end;) {
    const std::int64_t row = element / width;
    const std::int64_t stop = std::min(end, (row + 1) * width);
    const std::int64_t place = (rows.first + row * rows.stride) * width + element % width;
    fill_dropout_mask(mask.subspan(static_cast<std::size_t>(element - first_element),
                                   static_cast<std::size_t>(stop - element)),
                      rate, key, place);
    element = stop;
  }
}

}  // namespace tenon::backend
