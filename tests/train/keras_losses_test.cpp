#include <gmock/gmock.h>

#include "ops/program.hpp"
#include "tenon/layers.hpp"
#include "tenon/model.hpp"
#include "train/compile_config.hpp"
#include "train/engines.hpp"
#include "train/engines_under_test.hpp"
#include "train/keras_fixtures.hpp"
#include "train/loss_table.hpp"

namespace tenon::train {
namespace {

using testing::OnEveryEngine;

class KerasLosses : public OnEveryEngine {
 protected:
  struct Result {
    Tensor total;
    Tensor each;
    Tensor gradient;
  };
  /// The loss of `prediction`, an input of the program, and its gradient.
  Result run(const Loss& loss, const Tensor& target, const Tensor& prediction) const {
    ops::Program program;
    ops::Builder builder(program);
    const auto y_pred = builder.input("prediction", DType::kFloat32, prediction.shape());
    const auto y_true = builder.input("target", target.dtype(), target.shape());
    const auto outputs =
        builder.append(ops::OpKind::kLoss, loss_attributes(loss, 1.0), {y_pred, y_true}, "loss");
    builder.output("total", outputs[0]);
    builder.output("each", outputs[1]);
    builder.output("gradient", ops::append_gradients(program, outputs[0], {y_pred}).front());
    const auto& engine = backend::engine_by_name(GetParam());
    const auto plan = engine.compile(program, engine.create_variables({}));
    plan->bind_input(0, prediction);
    plan->bind_input(1, target);
    plan->run({});
    return {plan->output(0).clone(), plan->output(1).clone(), plan->output(2).clone()};
  }

  static void expect_near(const Tensor& got, const Tensor& expected) {
    ASSERT_EQ(got.size(), expected.size());
    for (std::size_t i = 0; i < static_cast<std::size_t>(got.size()); ++i) {
      EXPECT_NEAR(got.data<float>()[i], expected.data<float>()[i], 2e-6) << i;
    }
  }
};

TEST_P(KerasLosses, EveryKindWeHaveGivesKerasNumbers) {
  TENON_NEEDS_KERAS_FIXTURES();
  int found = 0;
  for (const auto& entry : tenon::testing::golden_json()["losses"]) {
    const bool ours = std::ranges::any_of(loss_entries(), [&](const LossEntry& known) {
      return known.class_name == entry["class"].get<std::string>();
    });
    if (!ours) continue;
    SCOPED_TRACE(entry.dump());
    const nlohmann::json config = {
        {"optimizer", "sgd"},
        {"loss", {{"class_name", entry["class"]}, {"config", entry["config"]}}}};
    const Loss loss = *compile_arguments_from_json(config.dump()).loss.single();
    const auto array = [&](const char* what) {
      return tenon::testing::golden_arrays().at("S" + std::to_string(entry["i"].get<int>()) + "_" +
                                                what);
    };
    const Result result = run(loss, array("yt"), array("yp"));
    expect_near(result.total, array("mean"));
    expect_near(result.each, array("each"));
    expect_near(result.gradient, array("gyp"));
    ++found;
  }
  EXPECT_EQ(found, 9);
}

TENON_ON_EVERY_ENGINE(KerasLosses);

}  // namespace
}  // namespace tenon::train
