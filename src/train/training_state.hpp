#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tenon/callbacks.hpp"
#include "tenon/error.hpp"
#include "tenon/history.hpp"
#include "tenon/model.hpp"

namespace tenon {

/// All that a training knows between two steps, beside the weights and the optimizer's slots, which
/// are the model's. A value.
class TrainingState {
 public:
  std::int64_t epoch = 0;  ///< Of the next step, from 0.
  std::int64_t step = 0;   ///< In that epoch, from 0.
  std::int64_t steps_done = 0;
  std::string data;                   ///< DatasetIterator::state(); empty: the epoch's data begin.
  std::vector<std::string> pipeline;  ///< Of the training data, as text; empty: not known.
  /// data::contents_texts() of the training and the validation data's files; empty: not known.
  std::vector<std::string> contents;
  std::vector<std::string> validation_contents;
  std::vector<double> running;  ///< RunningLogs::sums() of the epoch so far.
  History history;              ///< Of the epochs that have ended.
  bool stopped = false;         ///< A callback ended the training.

  std::int64_t iterations = 0;  ///< Updates that the optimizer has done.
  double learning_rate = 0.0;
  /// What the learning rate has been multiplied with for the number of ranks (MpiOptions).
  double learning_rate_scale = 1.0;
  int ranks = 1;
  std::int64_t rows_per_step = 0;  ///< Of all ranks together; 0: not known.
  std::uint64_t seed = 0;

  /// By Callback::name(), in their order.
  std::vector<std::pair<std::string, CallbackState>> callbacks;

  /// How the steps are computed: other values of these do not give the same bits.
  std::string engine;
  std::string precision;
  int threads = 0;
  /// train::compile_config_json() without the learning rate: another one is another training.
  std::string compile_config;
  /// Layers and how they are connected; empty: not known.
  std::string model_config;
  /// Of each output; empty: none, or not known.
  std::string class_weight;
};

namespace train {

/// The text of a CallbackState that names the file it writes: of several callbacks of a name, each
/// gets what the one with its file saved.
constexpr const char* kFileOfCallback = "file";

/// A state that is whole, but of another training (F001).
class OtherTrainingError : public FormatError {
 public:
  using FormatError::FormatError;
};

/// Throws OtherTrainingError, which says what differs, unless `model` was compiled as the one whose
/// state this is.
void require_same_training(const TrainingState& state, const Model& model);

}  // namespace train
}  // namespace tenon
