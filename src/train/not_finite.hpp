#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tenon/diagnostic.hpp"
#include "tenon/model.hpp"
#include "tenon/tensor.hpp"

namespace tenon::train {

/// Values of a float32 tensor that are NaN or infinite.
struct NotFiniteValue {
  std::string text;  ///< "NaN", "infinity" or "-infinity": the first.
  std::int64_t count = 0;
  std::int64_t size = 0;               ///< Of the whole tensor.
  std::vector<std::int64_t> position;  ///< Of the first, per axis.
};
/// Nothing if all are finite.
std::optional<NotFiniteValue> find_not_finite_value(const Tensor& tensor);

/// Where the first value of a step was made that is NaN or infinite.
struct NotFinite {
  std::optional<NotFiniteValue> value;  ///< Nothing: the forward pass and the losses are finite.
  std::string name;                     ///< The layer, "loss/cell" for the loss of an output.
  std::string op;                       ///< "dense", "activation", …
  std::vector<std::string> weights;     ///< That are not finite before the step: "dense/kernel".
};

/// What was going on when it happened.
struct BadStep {
  RunPlace place;
  double loss = 0.0;
  std::string gradient_of;  ///< Empty: the loss itself is not finite.
  double learning_rate = 0.0;
  std::vector<SampleIdentity> samples;  ///< Of the batch.
  std::int64_t rows = 0;
};

/// D002 for weights of `model` that hold NaN or infinity: which, where, how many. Throws DataError.
/// An engine may hide them from the loss: a fused relu makes 0 of NaN. `trained`: steps were taken,
/// so the updates made them.
void require_finite_weights(const Model& model, bool trained);

/// D002 that names the step, the first layer, the first sample, and what was finite.
Diagnostic describe_not_finite(const NotFinite& found, const BadStep& step);

}  // namespace tenon::train
