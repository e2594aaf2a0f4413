#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "backend/onednn/parallel.hpp"
#include "tenon/dtype.hpp"

namespace tenon::backend::onednn {

/// Bits of bfloat16 numbers as floats, and floats rounded to bfloat16 (to nearest, ties to even;
/// NaN stays NaN); one thread.
void widen(const std::uint16_t* from, float* to, std::int64_t count);
void narrow(const float* from, std::uint16_t* to, std::int64_t count);
/// Floats rounded to bfloat16, as floats.
void round_to_bfloat16(int threads, const float* from, float* to, std::int64_t count);

/// Numbers that a kernel reads: float32 or bfloat16.
struct Numbers {
  const float* wide = nullptr;
  const std::uint16_t* narrow = nullptr;  ///< Not null: bfloat16.

  Numbers() = default;
  Numbers(const float* data) : wide(data) {}  // NOLINT: floats are numbers
  explicit Numbers(const std::uint16_t* data) : narrow(data) {}
  explicit operator bool() const noexcept { return wide != nullptr || narrow != nullptr; }
  Numbers from(std::int64_t first) const {
    return narrow != nullptr ? Numbers(narrow + first) : Numbers(wide + first);
  }
};
/// … that it writes.
struct MutableNumbers {
  float* wide = nullptr;
  std::uint16_t* narrow = nullptr;

  MutableNumbers() = default;
  MutableNumbers(float* data) : wide(data) {}  // NOLINT: floats are numbers
  explicit MutableNumbers(std::uint16_t* data) : narrow(data) {}
  explicit operator bool() const noexcept { return wide != nullptr || narrow != nullptr; }
  MutableNumbers from(std::int64_t first) const {
    return narrow != nullptr ? MutableNumbers(narrow + first) : MutableNumbers(wide + first);
  }
};

/// Elements that are converted at a time, within the first cache.
inline constexpr std::int64_t kNumberBlock = 512;

/// Calls work(inputs as floats, output as floats, first, count) on stretches of [0, count): on all
/// at once where everything is float32, else on blocks that are converted before and behind. The
/// output may be one of the inputs. One thread.
template <std::size_t N, class Work>
void for_floats(const std::array<Numbers, N>& from, MutableNumbers to, std::int64_t count,
                const Work& work) {
  std::array<const float*, N> inputs{};
  const bool all_wide =
      to.narrow == nullptr && std::all_of(from.begin(), from.end(), [](const Numbers& numbers) {
        return numbers.narrow == nullptr;
      });
  if (all_wide) {
    for (std::size_t k = 0; k < N; ++k) inputs[k] = from[k].wide;
    work(inputs, to.wide, std::int64_t{0}, count);
    return;
  }
  alignas(64) std::array<std::array<float, kNumberBlock>, N + 1> buffers;
  for (std::int64_t first = 0; first < count; first += kNumberBlock) {
    const std::int64_t size = std::min(kNumberBlock, count - first);
    for (std::size_t k = 0; k < N; ++k) {
      if (from[k].narrow != nullptr) widen(from[k].narrow + first, buffers[k].data(), size);
      inputs[k] = from[k].narrow != nullptr ? buffers[k].data()
                                            : (from[k] ? from[k].wide + first : nullptr);
    }
    float* output = to.narrow != nullptr ? buffers[N].data() : to.wide + first;
    work(inputs, output, first, size);
    if (to.narrow != nullptr) narrow(output, to.narrow + first, size);
  }
}

/// … on several threads.
template <std::size_t N, class Work>
void for_floats_parallel(int threads, const std::array<Numbers, N>& from, MutableNumbers to,
                         std::int64_t count, const Work& work) {
  parallel_range(
      threads, count, kElementGrain,
      [&](std::int64_t begin, std::int64_t end) {
        std::array<Numbers, N> own = from;
        for (Numbers& numbers : own) {
          if (numbers) numbers = numbers.from(begin);
        }
        for_floats(own, to.from(begin), end - begin,
                   [&](const std::array<const float*, N>& inputs, float* output, std::int64_t first,
                       std::int64_t size) { work(inputs, output, begin + first, size); });
      },
      kNumberBlock);
}

}  // namespace tenon::backend::onednn
