#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "backend/onednn/kernels/numbers.hpp"

namespace tenon::backend::onednn {

/// Outputs up to which the kernels below are taken; oneDNN's are up to ten times off there.
inline constexpr std::int64_t kFewOutputs = 4;

/// A part of the inputs of a dense layer: columns [first, first + count) of x (rows, inputs). Parts
/// stand for a concatenation that never takes place.
struct DensePart {
  Numbers x;
  MutableNumbers dx;  ///< Backward: may be x itself, or float32 where x is bfloat16; or empty.
  std::int64_t first = 0;
  std::int64_t count = 0;
  bool rectified = false;  ///< Backward: x came from a relu, whose gradient is taken too.
  float slope = 0.0F;      ///< … its negative slope.
};

struct DenseFew {
  std::int64_t rows = 0;
  std::int64_t inputs = 0;
  std::int64_t outputs = 0;
};

std::size_t dense_few_scratch(const DenseFew& shape, int threads);

/// y (rows, outputs) = x · kernel + bias; `kernel` lies as (outputs, inputs); `bias` may be null.
void dense_few_forward(const DenseFew& shape, int threads, std::span<const DensePart> parts,
                       Numbers kernel, const float* bias, float* y, std::byte* scratch);

/// All gradients in one pass over x; dkernel as (outputs, inputs). dkernel and dbias may be null.
void dense_few_backward(const DenseFew& shape, int threads, std::span<const DensePart> parts,
                        Numbers kernel, const float* dy, float* dkernel, float* dbias,
                        std::byte* scratch);

}  // namespace tenon::backend::onednn
