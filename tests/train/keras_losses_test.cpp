#include <gmock/gmock.h>

#include <cmath>
#include <fstream>

#include "ops/program.hpp"
#include "tenon/error.hpp"
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
  Result run(const Loss& loss, const Tensor& target, const Tensor& prediction,
             const Tensor& weights = {}) const {
    ops::Program program;
    ops::Builder builder(program);
    const auto y_pred = builder.input("prediction", DType::kFloat32, prediction.shape());
    const auto y_true = builder.input("target", target.dtype(), target.shape());
    std::vector<ops::ValueId> ports{y_pred, y_true};
    if (weights.defined()) {
      ports.push_back(builder.input("weights", DType::kFloat32, weights.shape()));
    }
    const auto outputs =
        builder.append(ops::OpKind::kLoss, loss_attributes(loss, 1.0), ports, "loss");
    builder.output("total", outputs[0]);
    builder.output("each", outputs[1]);
    builder.output("gradient", ops::append_gradients(program, outputs[0], {y_pred}).front());
    const auto& engine = backend::engine_by_name(GetParam());
    const auto plan = engine.compile(program, engine.create_variables({}));
    plan->bind_input(0, prediction);
    plan->bind_input(1, target);
    if (weights.defined()) plan->bind_input(2, weights);
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
    // Dice and Tversky are one number for all.
    if (array("each").size() > 1) expect_near(result.each, array("each"));
    expect_near(result.gradient, array("gyp"));
    ++found;
  }
  EXPECT_EQ(found, 13);
}

TEST_P(KerasLosses, LossesOfVolumesGiveTheFormulasNumbers) {
  std::ifstream file(TENON_SOURCE_DIR "/tests/train/goldens/segmentation_losses.json");
  const auto cases = nlohmann::json::parse(file);
  for (const auto& entry : cases) {
    SCOPED_TRACE(entry["class"].dump() + entry["config"].dump());
    const nlohmann::json config = {
        {"optimizer", "sgd"},
        {"loss", {{"class_name", entry["class"]}, {"config", entry["config"]}}}};
    const Loss loss = *compile_arguments_from_json(config.dump()).loss.single();
    const Shape shape(entry["shape"].get<std::vector<std::int64_t>>());
    const auto array = [&](const char* what, const Shape& of) {
      return Tensor::from<float>(of, entry[what].get<std::vector<float>>());
    };
    Tensor weights;
    if (!entry["weights"].is_null()) weights = array("weights", {shape[0]});
    const Result result = run(loss, array("target", shape), array("prediction", shape), weights);
    EXPECT_NEAR(result.total.item<float>(), entry["total"].get<float>(),
                1e-6F * std::max(1.0F, std::abs(entry["total"].get<float>())));
    expect_near(result.gradient, array("gradient", shape));
  }
  EXPECT_EQ(cases.size(), 19U);
}

TENON_ON_EVERY_ENGINE(KerasLosses);

TEST(LossesOfVolumes, AreHeldToTheirArguments) {
  const auto problem_of = [](const Loss& loss) -> std::string {
    try {
      check_loss(loss);
    } catch (const ContractError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(problem_of(losses::Dice({.axis = {1, 2, 3}})), "");
  EXPECT_THAT(problem_of(losses::Tversky({.alpha = -1.0})), ::testing::HasSubstr("alpha is -1"));
  EXPECT_THAT(problem_of(losses::BinaryFocalCrossentropy({.gamma = -0.5})),
              ::testing::HasSubstr("gamma is -0.5"));
  EXPECT_THAT(problem_of(losses::Sum({losses::Dice(), "sparse_categorical_crossentropy"})),
              ::testing::HasSubstr("class ids and of other targets"));
  EXPECT_THROW(losses::Sum({}), ContractError);
  EXPECT_THROW(losses::Sum({losses::Dice()}, {1.0, 2.0}), ContractError);
}

TEST(LossesOfVolumes, ASumIsItsWeightedTermsAndIsNotWrittenForKeras) {
  const Loss dice = losses::Dice({.axis = {1}});
  const Loss sum = losses::Sum({dice, "binary_crossentropy"}, {2.0, 0.5});
  EXPECT_EQ(sum.name(), "dice+binary_crossentropy");
  const auto logs_of = [](const Loss& loss) {
    auto x = Input({4}, {.name = "x"});
    Model model({x}, {Dense(3, {.activation = "sigmoid", .name = "mask"})(x)});
    model.initialize(2);
    model.compile({.optimizer = "sgd", .loss = loss, .engine = "reference"});
    const Tensor mask = Tensor::from<float>({2, 3}, {1, 0, 1, 0, 0, 1});
    return std::pair(
        model.test_on_batch({inputs("x", random_uniform({2, 4}, 5)), targets("mask", mask)})
            .at("loss"),
        compile_config_json(model));
  };
  const auto [both, config] = logs_of(sum);
  EXPECT_NEAR(both, 2.0 * logs_of(dice).first + 0.5 * logs_of("binary_crossentropy").first, 1e-6);
  EXPECT_THAT(config, ::testing::HasSubstr(R"("loss":null)"));
  EXPECT_THAT(logs_of(dice).second, ::testing::HasSubstr(R"("axis":[1])"));
}

}  // namespace
}  // namespace tenon::train
