#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/callbacks.hpp"
#include "tenon/layers.hpp"
#include "tenon/model.hpp"

namespace tenon::testing {

/// A training that is not there: callbacks are told what the test likes, and what they do is kept.
class FakeControl : public TrainingControl {
 public:
  explicit FakeControl(std::vector<std::string> names = {"loss", "accuracy", "val_loss",
                                                         "val_accuracy"})
      : names_(std::move(names)) {}

  Model& model() override { return model_; }
  void stop_training() override { stopped = true; }
  double learning_rate() const override { return rate_; }
  void set_learning_rate(double value) override { rate_ = value; }
  bool resumes() const override { return false; }
  void request_state() override { state_wanted = true; }
  std::int64_t epochs() const override { return 100; }
  std::optional<std::int64_t> steps_per_epoch() const override { return std::nullopt; }
  bool higher_is_better(std::string_view name) const override { return name.ends_with("accuracy"); }
  const std::vector<std::string>& log_names() const override { return names_; }

  bool stopped = false;
  bool state_wanted = false;

 private:
  static Model one_weight() {
    const SymbolicTensor x = Input({1}, {.name = "x"});
    return Model(x, Dense(1, {.use_bias = false, .name = "y"})(x));
  }
  Model model_ = one_weight();
  std::vector<std::string> names_;
  double rate_ = 0.001;
};

inline Logs logs(std::initializer_list<std::pair<const char*, double>> entries) {
  Logs out;
  for (const auto& [name, value] : entries) out.set(name, value);
  return out;
}

}  // namespace tenon::testing
