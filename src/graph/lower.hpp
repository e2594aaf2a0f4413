#pragma once

#include <cstdint>
#include <vector>

#include "ops/program.hpp"
#include "tenon/model.hpp"

namespace tenon::graph {

struct LowerOptions {
  bool training = false;  ///< Batch statistics, dropout and moving averages; otherwise inference.
};

/// A model written out as primitive operations for one batch.
struct LoweredModel {
  std::vector<ops::ValueId> inputs;     ///< In the order of Model::inputs(); before any cast.
  std::vector<ops::ValueId> outputs;    ///< In the order of Model::outputs().
  std::vector<ops::ValueId> variables;  ///< In the order of Model::weights(); slot i is variable i.
  std::vector<bool> trainable;          ///< Per variable: its own kind and its layer's `trainable`.
  /// Scalars to be added to the loss: the weights' penalties (training only).
  std::vector<ops::ValueId> penalties;
};

/// Appends the model to `builder`'s program. `input_shapes` are whole (with the batch axis, no
/// unknown dims), `input_dtypes` those of the data: a cast to float32 is added where they differ.
/// Program inputs are named as the model's inputs. Throws ShapeError where a layer cannot take
/// them.
LoweredModel lower(const Model& model, ops::Builder& builder,
                   const std::vector<Shape>& input_shapes, const std::vector<DType>& input_dtypes,
                   const LowerOptions& options);

}  // namespace tenon::graph
