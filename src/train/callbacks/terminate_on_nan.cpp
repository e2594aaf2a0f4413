#include <fmt/format.h>

#include <cmath>

#include "tenon/callbacks.hpp"
#include "tenon/message.hpp"

namespace tenon {
namespace {

class TerminateOnNaNCallback : public Callback {
 public:
  std::string name() const override { return "TerminateOnNaN"; }
  bool handles_bad_loss() const override { return true; }

  void on_train_batch_end(TrainingControl& control, const StepInfo& info, const Logs&) override {
    const std::optional<double> loss = info.batch.find("loss");
    if (!loss || std::isfinite(*loss)) return;
    Diagnostic message = make_diagnostic(
        "D002", fmt::format("the loss became {} in epoch {}, step {}; training ends", *loss,
                            info.epoch + 1, info.step + 1));
    message.severity = Severity::kWarning;
    emit(message);
    control.stop_training();
  }
};

}  // namespace

std::shared_ptr<Callback> TerminateOnNaN() { return std::make_shared<TerminateOnNaNCallback>(); }

}  // namespace tenon
