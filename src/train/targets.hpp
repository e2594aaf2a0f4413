#pragma once

#include <span>

#include "tenon/model.hpp"
#include "train/outputs.hpp"

namespace tenon::train {

/// A target in the dtype that its loss takes: float32, or int32 class ids. No copy where it has it.
/// Throws DataError (D001) where a value would change.
Tensor converted_target(const Tensor& target, const OutputTraining& output);

/// A target as the loss takes it: float32 of the prediction's shape, or int32 class ids of that
/// shape without its last axis. (N) stands for (N, 1) and the reverse. No copy where nothing
/// changes. Throws ShapeError (S007) where the shapes do not fit, DataError (D001) where a value
/// would change.
Tensor canonical_target(const Tensor& target, const OutputTraining& output,
                        const Shape& prediction_shape);

/// Weights (N) or (N, 1) of any numeric dtype as float32 (N). Throws ShapeError (S002).
Tensor canonical_weights(const Tensor& weights, const std::string& output, std::int64_t rows);

/// The weight of every row: `weights` (undefined: 1) times that of the row's class. Classes beyond
/// the list weigh 1. The class is the id itself, the largest of a one-hot vector, or the rounded
/// probability. Throws ContractError (A001) where a row has more than one class.
Tensor with_class_weights(const Tensor& weights, const ClassWeights& class_weights,
                          const Tensor& target, const OutputTraining& output);

}  // namespace tenon::train
