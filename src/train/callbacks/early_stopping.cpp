#include <fmt/format.h>

#include <cmath>

#include "tenon/callbacks.hpp"
#include "tenon/error.hpp"
#include "tenon/model.hpp"
#include "train/callbacks/monitor.hpp"

namespace tenon {
namespace {

class EarlyStoppingCallback : public Callback {
 public:
  explicit EarlyStoppingCallback(EarlyStoppingOptions options)
      : options_(std::move(options)), direction_("EarlyStopping", options_.monitor, options_.mode) {
    if (options_.patience < 0) {
      throw_argument_error("EarlyStopping", fmt::format("patience is {}", options_.patience),
                           "0 or more epochs");
    }
  }

  std::string name() const override { return "EarlyStopping"; }
  std::optional<std::string> monitor() const override { return options_.monitor; }

  void on_train_begin(TrainingControl& control) override {
    direction_.resolve(control);
    wait_ = 0;
    best_.reset();
    best_weights_.clear();
  }

  void on_epoch_end(TrainingControl& control, std::int64_t epoch, const Logs& logs) override {
    const std::optional<double> value = logs.find(options_.monitor);
    if (!value || epoch < options_.start_from_epoch) return;
    if (options_.restore_best_weights && best_weights_.empty()) keep_weights(control);
    ++wait_;
    if (direction_.better(*value, best_, std::abs(options_.min_delta))) {
      best_ = *value;
      if (options_.restore_best_weights) keep_weights(control);
      // As in Keras: an improvement that does not beat the baseline does not reset the patience.
      const std::optional<double>& baseline = options_.baseline;
      if (!baseline || direction_.better(*value, baseline, std::abs(options_.min_delta))) wait_ = 0;
      return;
    }
    if (wait_ >= options_.patience && epoch > 0) control.stop_training();
  }

  void save_state(CallbackState& state) const override {
    state.numbers.emplace_back("wait", wait_);
    if (best_) state.numbers.emplace_back("best", *best_);
    for (std::size_t i = 0; i < best_weights_.size(); ++i)
      state.tensors.emplace_back(fmt::format("weight_{}", i), best_weights_[i]);
  }
  void restore_state(const CallbackState& state) override {
    wait_ = static_cast<int>(state.integer("wait").value_or(0));
    best_ = state.number("best");
    best_weights_.clear();
    for (const auto& [name, tensor] : state.tensors) best_weights_.push_back(tensor);
  }

  void on_train_end(TrainingControl& control, const Logs&) override {
    if (best_weights_.empty()) return;
    const auto weights = control.model().weights();
    for (std::size_t i = 0; i < weights.size(); ++i) weights[i]->assign(best_weights_[i]);
  }

 private:
  void keep_weights(TrainingControl& control) {
    best_weights_.clear();
    for (const auto& weight : control.model().weights()) best_weights_.push_back(weight->value());
  }

  EarlyStoppingOptions options_;
  train::MonitorDirection direction_;
  int wait_ = 0;
  std::optional<double> best_;
  std::vector<Tensor> best_weights_;
};

}  // namespace

std::shared_ptr<Callback> EarlyStopping(EarlyStoppingOptions options) {
  return std::make_shared<EarlyStoppingCallback>(std::move(options));
}

}  // namespace tenon
