#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tenon/source_location.hpp"
#include "tenon/spec.hpp"

namespace tenon {

/// A named port of a model: an input, or an output. `spec` has the batch axis "B".
struct Port {
  std::string name;
  TensorSpec spec;
  /// Inputs: a layer that sees it first brings values to scale (Rescaling, BatchNormalization).
  bool rescaled = false;
};

/// What a loss wants of the target of its output.
enum class TargetForm : std::uint8_t {
  kSameShape,  ///< The output's own shape (mse, binary_crossentropy, …); (B) stands for (B, 1).
  kOneHot,     ///< The output's own shape, one of n classes along the last axis.
  kClassIds,   ///< The output's shape without its last axis, or with 1 there; integers in [0, n).
};

/// One output, as training sees it.
struct TrainedOutput {
  Port output;
  bool has_loss = false;
  std::string loss;  ///< Keras's word, for messages: "sparse_categorical_crossentropy".
  TargetForm target_form = TargetForm::kSameShape;
  std::optional<ValueRange> target_range;  ///< What values the loss takes: [0, n - 1], [0, 1].
};

/// A name that the user gave somewhere: as a key of loss, loss_weights, metrics, class_weight,
/// sample_weight. The contract checks each against the outputs.
struct NameUse {
  std::string place;  ///< "loss", "loss_weights", "metrics", "class_weight", "sample_weight"
  std::string name;
};

/// A callback that watches a name ("EarlyStopping", "val_loss").
struct Monitor {
  std::string callback;
  std::string name;
};

/// What the contract needs to know of the model and of the training, filled by `train`.
struct TrainingInterface {
  std::string model_name;
  std::vector<Port> inputs;  ///< In the order of the user's list.
  std::vector<TrainedOutput> outputs;
  std::vector<NameUse> uses;
  std::vector<Monitor> monitors;
  std::vector<std::string>
      log_names;  ///< What the logs will hold: "loss", "accuracy", "val_loss", …
  /// Output name → the data key that holds its sample weights.
  std::vector<std::pair<std::string, std::string>> sample_weights;
  std::vector<std::string> ignored_keys;  ///< Data keys the caller lists as not used.
  /// Keys that must lie on one grid, in groups (S008).
  std::vector<std::vector<std::string>> same_grid{};
  bool needs_targets = true;  ///< False for predict.
  std::int64_t epochs = 1;
  std::optional<std::int64_t> steps_per_epoch;
  std::optional<std::int64_t> validation_steps;
  SourceLocation location;  ///< Of the call to fit, or of [fit] in the experiment file.
};

}  // namespace tenon
