#include <fmt/format.h>

#include <charconv>

#include "tenon/callbacks.hpp"
#include "tenon/error.hpp"
#include "tenon/model.hpp"
#include "train/callbacks/file_pattern.hpp"
#include "train/callbacks/monitor.hpp"

namespace tenon {
namespace {

/// Steps between two files; nothing for "epoch".
std::optional<std::int64_t> steps_of(const std::string& save_freq) {
  if (save_freq == "epoch") return std::nullopt;
  std::int64_t steps = 0;
  const char* end = save_freq.data() + save_freq.size();
  const auto [stop, error] = std::from_chars(save_freq.data(), end, steps);
  if (error == std::errc() && stop == end && steps > 0) return steps;
  throw_argument_error("ModelCheckpoint", fmt::format("save_freq is {}", quote_key(save_freq)),
                       "\"epoch\", or a number of steps such as \"100\"");
}

class ModelCheckpointCallback : public Callback {
 public:
  ModelCheckpointCallback(std::string filepath, ModelCheckpointOptions options,
                          const ModelWriter& writer)
      : pattern_(std::move(filepath)),
        options_(std::move(options)),
        direction_("ModelCheckpoint", options_.monitor, options_.mode),
        every_(steps_of(options_.save_freq)),
        writer_(writer) {}

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
    epoch_ = 0;
    steps_ = 0;
  }
  void on_epoch_begin(TrainingControl&, std::int64_t epoch) override { epoch_ = epoch; }

  void save_state(CallbackState& state) const override {
    state.numbers.emplace_back("steps", static_cast<double>(steps_));
    if (best_) state.numbers.emplace_back("best", *best_);
  }
  void restore_state(const CallbackState& state) override {
    steps_ = state.integer("steps").value_or(0);
    best_ = state.number("best");
  }

  void on_train_batch_end(TrainingControl& control, const StepInfo& info,
                          const Logs& running) override {
    if (every_ && ++steps_ % *every_ == 0) save(control, info.step + 1, running);
  }
  void on_epoch_end(TrainingControl& control, std::int64_t, const Logs& logs) override {
    if (!every_) save(control, std::nullopt, logs);
  }

 private:
  void save(TrainingControl& control, std::optional<std::int64_t> batch, const Logs& logs) {
    if (options_.save_best_only) {
      const std::optional<double> value = logs.find(options_.monitor);
      if (!value || !direction_.better(*value, best_)) return;
      best_ = value;
    }
    const std::string path = pattern_.fill(epoch_ + 1, batch, logs);
    if (options_.save_weights_only) {
      writer_.save_weights(control.model(), path);
    } else {
      writer_.save(control.model(), path);
    }
  }

  train::FilePattern pattern_;
  ModelCheckpointOptions options_;
  train::MonitorDirection direction_;
  std::optional<std::int64_t> every_;
  const ModelWriter& writer_;
  std::int64_t epoch_ = 0;
  std::int64_t steps_ = 0;
  std::optional<double> best_;
};

}  // namespace

std::shared_ptr<Callback> ModelCheckpoint(std::string filepath, ModelCheckpointOptions options,
                                          const ModelWriter& writer) {
  return std::make_shared<ModelCheckpointCallback>(std::move(filepath), std::move(options), writer);
}

}  // namespace tenon
