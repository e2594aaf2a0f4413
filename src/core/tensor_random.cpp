#include <fmt/format.h>

#include <algorithm>

#include "tenon/error.hpp"
#include "tenon/random.hpp"
#include "tenon/tensor.hpp"

namespace tenon {

Tensor random_uniform(const Shape& shape, std::uint64_t seed, float low, float high) {
  if (!(low <= high)) {
    throw_argument_error("random_uniform", fmt::format("[{}, {})", low, high), "low <= high");
  }
  Tensor result = Tensor::uninitialized(DType::kFloat32, shape);
  Random random(seed);
  for (float& value : result.data<float>()) {
    const float drawn = low + (high - low) * random.next_float();
    // The product may round up to the end that is left out.
    value = drawn < high ? drawn : low;
  }
  return result;
}

Tensor random_integers(const Shape& shape, std::uint64_t seed, std::int64_t low,
                       std::int64_t high) {
  if (low >= high) {
    throw_argument_error("random_integers", fmt::format("[{}, {})", low, high), "low < high");
  }
  Tensor result = Tensor::uninitialized(DType::kInt64, shape);
  Random random(seed);
  const std::uint64_t count = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
  for (std::int64_t& value : result.data<std::int64_t>()) {
    value = static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + random.next_below(count));
  }
  return result;
}

}  // namespace tenon
