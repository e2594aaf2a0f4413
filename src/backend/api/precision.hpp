#pragma once

#include <cstddef>
#include <vector>

#include "backend/api/engine.hpp"
#include "ops/program.hpp"

namespace tenon::backend {

/// The policy of mixed bfloat16, the same for every engine.
///
/// Convolutions and dense layers read their two factors in bfloat16 and sum in float32. What they
/// make (activations, and gradients of activations) is held in bfloat16, and so is what other ops
/// make of it: pooling, activations, batch normalisation's y, sums, moved values. Held in float32
/// are: inputs and weights, gradients of weights, statistics and parameters of normalisations,
/// biases, softmax, losses, optimizers, outputs of the program, guarded values, and what lies
/// between the last convolution or dense layer and one of these if it is made of it element by
/// element (the logits of a sigmoid). Every op computes in float32 and rounds what it writes.
///
/// One dtype per value of `program`: kBFloat16 for one of float32 that is held so, otherwise the
/// value's own. With another precision all are the values' own.
std::vector<DType> assign_precision(const ops::Program& program, Precision precision,
                                    const std::vector<ops::ValueId>& guarded = {});

/// True if `node` multiplies in bfloat16 under the policy: its ports 0 and 1 are read rounded,
/// whatever they are held in.
bool multiplies_in_bfloat16(const ops::Node& node) noexcept;

}  // namespace tenon::backend
