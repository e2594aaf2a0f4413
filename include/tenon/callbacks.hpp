#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/history.hpp"
#include "tenon/npz.hpp"
#include "tenon/plan.hpp"

namespace tenon {

class Model;
class TrainingState;

/// What one callback has to remember beside the model: small numbers and texts, and tensors.
struct CallbackState {
  std::vector<std::pair<std::string, double>> numbers;
  std::vector<std::pair<std::string, std::string>> texts;
  NamedTensors tensors;

  std::optional<double> number(std::string_view name) const noexcept;
  std::optional<std::int64_t> integer(std::string_view name) const noexcept;
};

/// What a callback may do while a training runs. Valid during the call only.
class TrainingControl {
 public:
  virtual ~TrainingControl() = default;
  virtual Model& model() = 0;
  /// Ends the training behind this step; the epoch is closed as Keras does, with its validation.
  virtual void stop_training() = 0;
  /// … without the validation.
  virtual void stop_at_once() { stop_training(); }
  virtual double learning_rate() const = 0;
  virtual void set_learning_rate(double value) = 0;
  virtual std::int64_t epochs() const = 0;
  virtual std::optional<std::int64_t> steps_per_epoch() const = 0;
  /// The direction of a log's name: false for losses and errors, true for accuracies. "val_" is
  /// looked through. Throws ContractError (C002) for a name that the logs will not have.
  virtual bool higher_is_better(std::string_view log_name) const = 0;
  /// True from when FitArguments::interrupted said so: here, or before this step on any of the
  /// processes that train together. What follows is a callback's to decide.
  virtual bool interrupted() const { return false; }
  /// True where fit goes on from a state: restore_state() follows on_train_begin().
  virtual bool resumes() const = 0;
  /// Asks for Callback::on_state: after one of the next steps, or at the end of the epoch.
  virtual void request_state() = 0;
  /// All names that an epoch's logs may hold, in their order; "val_" ones are there where
  /// validation runs at all.
  virtual const std::vector<std::string>& log_names() const = 0;
};

/// Numbers of one training step, beside its logs.
struct StepInfo {
  std::int64_t epoch = 0;     ///< From 0.
  std::int64_t step = 0;      ///< Of the epoch, from 0.
  std::int64_t examples = 0;  ///< Rows of the batch.
  double seconds_data = 0.0;
  double seconds_compute = 0.0;
  Logs batch{};  ///< loss and metrics of this batch alone, before its update.
};

/// Steps 1, 2, …, counted by a callback over all epochs, of which every so many are meant.
struct StepPeriod {
  std::int64_t every = 0;
  std::int64_t done = 0;  ///< Steps counted so far.
};

/// Told of what happens; all calls come from the thread that called fit, in order.
class Callback {
 public:
  virtual ~Callback() = default;
  virtual std::string name() const = 0;  ///< "EarlyStopping": for messages.
  /// The name this callback watches; the contract checks it when fit starts (C002).
  virtual std::optional<std::string> monitor() const { return {}; }
  /// All names of logs that this callback needs, checked in the same way.
  virtual std::vector<std::string> monitors() const {
    const std::optional<std::string> one = monitor();
    return one ? std::vector<std::string>{*one} : std::vector<std::string>{};
  }
  /// True where this callback takes care of a loss that is NaN or infinite: fit then does not
  /// throw.
  virtual bool handles_bad_loss() const { return false; }
  virtual void on_train_begin(TrainingControl&) {}
  virtual void on_epoch_begin(TrainingControl&, std::int64_t /*epoch*/) {}
  /// Once, before the first step: what was compiled for its batch, and the memory that the run
  /// takes beside what the data keep of their own (images that are decoded, tables, shuffled
  /// records).
  virtual void on_plan(TrainingControl&, const ModelPlan&) {}
  /// `running` holds Keras's running means of the epoch.
  virtual void on_train_batch_end(TrainingControl&, const StepInfo&, const Logs& /*running*/) {}
  virtual void on_epoch_end(TrainingControl&, std::int64_t /*epoch*/, const Logs&) {}
  virtual void on_train_end(TrainingControl&, const Logs&) {}

  /// What it has to remember, so that a training goes on as if it had not been disturbed. Called
  /// between steps. What is given back after on_train_begin, where a training is resumed, is what
  /// was saved.
  virtual void save_state(CallbackState&) const {}
  virtual void restore_state(const CallbackState&) {}
  /// The state that the training is to go on from, asked for once, before the first step; nothing:
  /// it begins. Puts the weights and the optimizer's state into the model.
  virtual std::shared_ptr<const TrainingState> state_to_resume(TrainingControl&) { return {}; }
  /// The steps behind which request_state() is answered at once, not one or two steps later. Asked
  /// once, after restore_state().
  virtual std::optional<StepPeriod> state_period() const { return {}; }
  /// Everything but the model itself; valid during the call only.
  virtual void on_state(TrainingControl&, const TrainingState&) {}
};
using Callbacks = std::vector<std::shared_ptr<Callback>>;

struct EarlyStoppingOptions {
  std::string monitor = "val_loss";
  double min_delta = 0.0;
  int patience = 0;
  std::string mode = "auto";  ///< "min" | "max" | "auto": by the metric's own direction.
  std::optional<double> baseline{};
  bool restore_best_weights = false;
  int start_from_epoch = 0;
};
std::shared_ptr<Callback> EarlyStopping(EarlyStoppingOptions options = {});

/// Writes models; implemented by io/models.
class ModelWriter {
 public:
  virtual ~ModelWriter() = default;
  virtual void save(const Model& model, const std::string& path) const = 0;
  virtual void save_weights(const Model& model, const std::string& path) const = 0;
};
const ModelWriter& default_model_writer();

struct ModelCheckpointOptions {
  std::string monitor = "val_loss";
  bool save_best_only = false;
  bool save_weights_only = false;
  std::string mode = "auto";
  /// "epoch", a number of steps ("100"), or seconds ("60s").
  std::string save_freq = "epoch";
  /// Of the files that it has written, the newest so many stay; 0: all. Others are never removed.
  int max_to_keep = 0;
};

struct CSVLoggerOptions {
  std::string separator = ",";
  bool append = false;
};
/// One row per epoch: epoch, then the logs' names.
std::shared_ptr<Callback> CSVLogger(std::string filename, CSVLoggerOptions options = {});
/// One row per training step: epoch,step,loss,<metrics>,examples,seconds_data,seconds_compute; nine
/// significant digits; loss and metrics are of the batch alone.
std::shared_ptr<Callback> StepsLogger(std::string filename, bool append = false);
/// Keeps and reads the states of trainings; implemented by io/models.
class StateStore {
 public:
  virtual ~StateStore() = default;
  /// A copy of the model and the state; write() may then run in another thread while the model is
  /// trained on.
  class Snapshot {
   public:
    virtual ~Snapshot() = default;
    /// Atomically. Throws FormatError (F001).
    virtual void write(const std::string& path) const = 0;
  };
  virtual std::unique_ptr<Snapshot> snapshot(const Model& model,
                                             const TrainingState& state) const = 0;
  /// Reads the state in the file and puts its weights and the optimizer's state into `model`, which
  /// is compiled. Throws FormatError (F001) for a file that is missing, damaged, or of another
  /// training; the model is then as it was.
  virtual std::shared_ptr<const TrainingState> read(const std::string& path,
                                                    Model& model) const = 0;
};
const StateStore& default_state_store();

/// Writes the model to `filepath`, which may hold {epoch:02d}, {batch} and {val_loss:.2f}, as in
/// Keras. The file also holds the state of the training, so that FitArguments::resume can go on
/// from it, unless it is for the weights only, or the epoch was ended in its middle. Written
/// atomically, by a thread of its own. A file that cannot be written is told as a warning, and once
/// more as DataError when the training has ended. Throws ContractError (A001) for a pattern, a
/// frequency or a number of files that cannot be.
std::shared_ptr<Callback> ModelCheckpoint(std::string filepath, ModelCheckpointOptions options = {},
                                          const ModelWriter& writer = default_model_writer(),
                                          const StateStore& store = default_state_store());

struct BackupAndRestoreOptions {
  /// "epoch", a number of steps ("100"), or seconds ("60s").
  std::string save_freq = "epoch";
  /// Remove the state when the training has ended.
  bool delete_checkpoint = true;
  /// False: what is in the folder is not gone on from.
  bool restore = true;
};
/// Keeps the state of the training in `backup_dir`, as state.keras, the one before it as
/// state.previous.keras, and goes on from there when fit begins: in the middle of an epoch, and bit
/// for bit as if undisturbed on the same engine and number of threads. Where the newest file is
/// damaged, the one before it is used, with a note. Written by a thread of its own. A state that
/// cannot be written is told as a warning, and once more as DataError when the training has
/// ended.
std::shared_ptr<Callback> BackupAndRestore(std::string backup_dir,
                                           BackupAndRestoreOptions options = {},
                                           const StateStore& store = default_state_store());

/// Stops when the loss is NaN or infinite, in place of the D002 that fit throws otherwise. That
/// step's update is not made, unless FitArguments::check_finite is false.
std::shared_ptr<Callback> TerminateOnNaN();

}  // namespace tenon
