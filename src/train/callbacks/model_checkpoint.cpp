#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "tenon/callbacks.hpp"
#include "tenon/error.hpp"
#include "tenon/model.hpp"
#include "train/callbacks/file_pattern.hpp"
#include "train/callbacks/monitor.hpp"
#include "train/callbacks/save_frequency.hpp"
#include "train/callbacks/state_writer.hpp"
#include "train/training_state.hpp"

namespace tenon {
namespace {

class ModelCheckpointCallback final : public Callback {
 public:
  ModelCheckpointCallback(const std::string& filepath, ModelCheckpointOptions options,
                          const ModelWriter& writer, const StateStore& store)
      : filepath_(filepath),
        pattern_(filepath),
        options_(std::move(options)),
        direction_("ModelCheckpoint", options_.monitor, options_.mode),
        frequency_("ModelCheckpoint", options_.save_freq),
        writer_(writer),
        store_(store) {
    const std::string ending = options_.save_weights_only ? ".weights.h5" : ".keras";
    if (!filepath.ends_with(ending)) {
      throw_argument_error("ModelCheckpoint", fmt::format("filepath is {}", quote_key(filepath)),
                           fmt::format("a name that ends with {}, as in Keras", ending));
    }
    if (options_.max_to_keep < 0) {
      throw_argument_error("ModelCheckpoint",
                           fmt::format("max_to_keep is {}", options_.max_to_keep),
                           "0 for all, or a number of files");
    }
  }

  std::string name() const override { return "ModelCheckpoint"; }
  std::optional<std::string> monitor() const override {
    if (!options_.save_best_only) return std::nullopt;
    return options_.monitor;
  }
  std::vector<std::string> monitors() const override {
    std::vector<std::string> names = pattern_.log_names();
    if (options_.save_best_only) names.push_back(options_.monitor);
    return names;
  }

  void on_train_begin(TrainingControl& control) override {
    if (options_.save_best_only) direction_.resolve(control);
    frequency_.restart();
    due_.reset();
    lost_.reset();
    files_.forget_problem();
  }

  void save_state(CallbackState& state) const override {
    state.texts.emplace_back(train::kFileOfCallback, filepath_);
    state.numbers.emplace_back("steps", static_cast<double>(frequency_.done()));
    if (best_) state.numbers.emplace_back("best", *best_);
    if (options_.max_to_keep == 0) return;
    std::vector<std::string> kept = kept_;
    if (!beginning_.empty()) kept.push_back(beginning_);
    if (due_) kept.push_back(path_of(*due_));  // The file that this state goes into.
    for (const std::string& path : kept) state.texts.emplace_back("kept", path);
  }
  void restore_state(const CallbackState& state) override {
    frequency_.restart(state.integer("steps").value_or(0));
    best_ = state.number("best");
    kept_.clear();
    for (const auto& [name, path] : state.texts) {
      if (name == "kept") kept_.push_back(path);
    }
  }
  std::optional<StepPeriod> state_period() const override { return frequency_.period(); }

  void on_epoch_begin(TrainingControl& control, std::int64_t epoch) override {
    save_without_state(control);
    epoch_ = epoch;
  }
  void on_train_batch_end(TrainingControl& control, const StepInfo& info,
                          const Logs& running) override {
    if (frequency_.step()) {
      want_file(control, {info.step + 1, running});
    } else if (due_) {
      due_ = Due{info.step + 1, running};  // The state comes later; the file is of that step.
    }
  }
  void on_epoch_end(TrainingControl& control, std::int64_t, const Logs& logs) override {
    if (frequency_.by_epoch()) want_file(control, {std::nullopt, logs});
  }
  void on_state(TrainingControl& control, const TrainingState& state) override {
    if (!due_) return;
    std::shared_ptr<StateStore::Snapshot> snapshot = store_.snapshot(control.model(), state);
    begin_file(take_path(), [snapshot](const std::string& path) { snapshot->write(path); });
  }
  void on_train_end(TrainingControl& control, const Logs&) override {
    save_without_state(control);
    finish_file();
    if (lost_) throw DataError(*lost_);
  }

 private:
  /// What the name of a file is made of.
  struct Due {
    std::optional<std::int64_t> batch;
    Logs logs;
  };

  void want_file(TrainingControl& control, Due due) {
    if (options_.save_best_only) {
      const std::optional<double> value = due.logs.find(options_.monitor);
      if (!value || !direction_.better(*value, best_)) return;
      best_ = value;
    }
    due_ = std::move(due);
    if (options_.save_weights_only) {
      save_without_state(control);
    } else {
      control.request_state();
    }
  }

  std::string path_of(const Due& due) const {
    return pattern_.fill(epoch_ + 1, due.batch, due.logs);
  }
  std::string take_path() {
    frequency_.saved();
    const std::string path = path_of(*due_);
    due_.reset();
    return path;
  }

  /// Nothing was trained since the file was wanted.
  void save_without_state(TrainingControl& control) {
    if (!due_) return;
    const std::string path = take_path();
    finish_file();
    try {
      options_.save_weights_only ? writer_.save_weights(control.model(), path)
                                 : writer_.save(control.model(), path);
      keep(path);
    } catch (const FormatError& error) {
      train::warn_of(error, kNote);
      remember(error.diagnostics().front());
    }
  }

  template <typename Write>
  void begin_file(std::string path, Write write) {
    finish_file();
    beginning_ = path;
    files_.start([path = std::move(path), write] { write(path); });
  }
  void finish_file() {
    files_.finish();
    if (beginning_.empty()) return;
    if (files_.problem()) {
      remember(*files_.problem());
    } else {
      keep(beginning_);
    }
    beginning_.clear();
  }
  void remember(const Diagnostic& problem) {
    if (!lost_) lost_ = problem;
  }

  /// The newest is the last one; a file that is written again is new.
  void keep(const std::string& path) {
    if (options_.max_to_keep == 0) return;
    std::erase(kept_, path);
    kept_.push_back(path);
    while (kept_.size() > static_cast<std::size_t>(options_.max_to_keep)) {
      std::error_code ignored;
      std::filesystem::remove(kept_.front(), ignored);
      kept_.erase(kept_.begin());
    }
  }

  static constexpr const char* kNote = "the training goes on without this file";

  std::string filepath_;
  train::FilePattern pattern_;
  ModelCheckpointOptions options_;
  train::MonitorDirection direction_;
  train::SaveFrequency frequency_;
  const ModelWriter& writer_;
  const StateStore& store_;
  std::int64_t epoch_ = 0;
  std::optional<double> best_;
  std::optional<Due> due_;         ///< A file is wanted and has not been begun.
  std::string beginning_;          ///< The file that files_ writes.
  std::vector<std::string> kept_;  ///< With max_to_keep: what was written, the oldest first.
  std::optional<Diagnostic> lost_;
  train::StateWriter files_{kNote};
};

}  // namespace

std::shared_ptr<Callback> ModelCheckpoint(std::string filepath, ModelCheckpointOptions options,
                                          const ModelWriter& writer, const StateStore& store) {
  return std::make_shared<ModelCheckpointCallback>(filepath, std::move(options), writer, store);
}

}  // namespace tenon
