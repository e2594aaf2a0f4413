#include <gmock/gmock.h>

#include "tenon/error.hpp"
#include "tenon/layers.hpp"
#include "tenon/model.hpp"
#include "train/compile_config.hpp"
#include "train/engines_under_test.hpp"
#include "train/keras_fixtures.hpp"
#include "train/optimizer_table.hpp"
#include "train/state.hpp"

namespace tenon::train {
namespace {

using testing::OnEveryEngine;

Tensor golden(const std::string& name) { return tenon::testing::golden_arrays().at(name); }

/// A Dense layer whose gradients are what the test likes. Its input is three unit vectors and a row
/// of zeros: the first three rows of dL/dy are then the kernel's gradient, and the fourth fills the
/// bias's up. The squared error's target is set so that dL/dy is that.
class SteeredDense {
 public:
  SteeredDense(const Optimizer& optimizer, const std::string& engine) : model_(make_model()) {
    model_.compile({.optimizer = optimizer,
                    .loss = losses::MeanSquaredError({.reduction = "sum"}),
                    .engine = engine});
    model_.weights()[0]->assign(golden("O_w"));
    model_.weights()[1]->assign(golden("O_b"));
  }

  void update(const Tensor& kernel_gradient, const Tensor& bias_gradient) {
    const Tensor prediction = model_.predict_on_batch(inputs("x", x_)).front().second;
    Tensor target(DType::kFloat32, {4, 4});
    const auto y = prediction.data<float>();
    const auto gw = kernel_gradient.data<float>();
    const auto gb = bias_gradient.data<float>();
    for (std::size_t column = 0; column < 4; ++column) {
      float rest = gb[column];
      for (std::size_t row = 0; row < 3; ++row) {
        rest -= gw[row * 4 + column];
        // L = sum over rows of the mean over 4 columns: dL/dy = 2 (y - t) / 4.
        target.data<float>()[row * 4 + column] = y[row * 4 + column] - 2.0F * gw[row * 4 + column];
      }
      target.data<float>()[12 + column] = y[12 + column] - 2.0F * rest;
    }
    model_.train_on_batch(Example(inputs("x", x_), target));
  }

  Model& model() { return model_; }

 private:
  static Model make_model() {
    const SymbolicTensor x = Input({3}, {.name = "x"});
    return Model(x, Dense(4, {.name = "y"})(x));
  }
  Model model_;
  Tensor x_ = Tensor::from<float>({4, 3}, {1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0});
};

void expect_near(const Tensor& got, const Tensor& expected, const std::string& what) {
  ASSERT_EQ(got.shape(), expected.shape()) << what;
  for (std::size_t i = 0; i < static_cast<std::size_t>(got.size()); ++i) {
    ASSERT_NEAR(got.data<float>()[i], expected.data<float>()[i], 1e-5) << what << " " << i;
  }
}

/// Runs of Keras's that a schedule or an average make different are not ours.
std::optional<Optimizer> optimizer_of(const nlohmann::json& entry) {
  const nlohmann::json config = {
      {"optimizer", {{"class_name", entry["class"]}, {"config", entry["config"]}}}};
  try {
    return compile_arguments_from_json(config.dump()).optimizer;
  } catch (const ContractError&) {
    return std::nullopt;
  }
}

class KerasOptimizers : public OnEveryEngine {};

TEST_P(KerasOptimizers, TenStepsOfEveryRunWeHaveGiveKerasWeights) {
  TENON_NEEDS_KERAS_FIXTURES();
  int found = 0;
  for (const auto& entry : tenon::testing::golden_json()["optimizers"]) {
    const auto optimizer = optimizer_of(entry);
    if (!optimizer) continue;
    const std::string name = "O" + std::to_string(entry["i"].get<int>());
    SCOPED_TRACE(name + " " + entry["config"].dump());
    SteeredDense dense(*optimizer, GetParam());
    for (std::int64_t step = 0; step < 10; ++step) {
      dense.update(golden("O_gw").row(step), golden("O_gb").row(step));
      const std::string at = "step " + std::to_string(step);
      expect_near(dense.model().weights()[0]->value(), golden(name + "_w").row(step), at);
      expect_near(dense.model().weights()[1]->value(), golden(name + "_b").row(step), at);
    }
    ++found;
  }
  EXPECT_EQ(found, 13);
}

TEST_P(KerasOptimizers, SlotsStandInTheOrderOfKerasFiles) {
  TENON_NEEDS_KERAS_FIXTURES();
  for (const auto& entry : tenon::testing::golden_json()["optimizers"]) {
    const auto optimizer = optimizer_of(entry);
    if (!optimizer) continue;
    SteeredDense dense(*optimizer, GetParam());
    dense.update(golden("O_gw").row(0), golden("O_gb").row(0));
    const auto state = optimizer_state(dense.model());
    ASSERT_TRUE(state.has_value());
    EXPECT_EQ(state->iterations, 1);
    // Keras: "adam/iteration", "adam/learning_rate", "adam/w_momentum", …; ours "adam/y_kernel_…".
    std::vector<std::string> expected;
    for (const auto& variable : entry["variables"]) {
      std::string end = variable.get<std::string>();
      end = end.substr(end.find('/') + 1);
      if (end.starts_with("w_")) expected.push_back("y_kernel" + end.substr(1));
      if (end.starts_with("b_")) expected.push_back("y_bias" + end.substr(1));
    }
    ASSERT_EQ(state->slots.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      EXPECT_TRUE(state->slots[i].first.ends_with("/" + expected[i])) << state->slots[i].first;
    }
  }
}

TEST_P(KerasOptimizers, AStateTakenOutAndPutBackGoesOnBitForBit) {
  TENON_NEEDS_KERAS_FIXTURES();
  SteeredDense whole(Adam({.amsgrad = true}), GetParam());
  SteeredDense second(Adam({.amsgrad = true}), GetParam());
  for (std::int64_t step = 0; step < 3; ++step) {
    whole.update(golden("O_gw").row(step), golden("O_gb").row(step));
  }
  for (std::size_t i = 0; i < 2; ++i) {
    second.model().weights()[i]->assign(whole.model().weights()[i]->value());
  }
  set_optimizer_state(second.model(), *optimizer_state(whole.model()));
  for (std::int64_t step = 3; step < 6; ++step) {
    whole.update(golden("O_gw").row(step), golden("O_gb").row(step));
    second.update(golden("O_gw").row(step), golden("O_gb").row(step));
  }
  EXPECT_TRUE(whole.model().weights()[0]->value().equals(second.model().weights()[0]->value()));
}

TEST_P(KerasOptimizers, AStateThatDoesNotFitIsW001AndChangesNothing) {
  TENON_NEEDS_KERAS_FIXTURES();
  SteeredDense dense(Adam(), GetParam());
  OptimizerState state = *optimizer_state(dense.model());
  state.iterations = 7;
  state.slots.emplace_back("adam/other", Tensor(DType::kFloat32, {2, 2}));
  try {
    set_optimizer_state(dense.model(), state);
    FAIL();
  } catch (const ContractError& error) {
    EXPECT_EQ(error.code(), "W001");
    EXPECT_THAT(error.what(), ::testing::HasSubstr("1 slots came, expected 4"));
  }
  EXPECT_EQ(optimizer_state(dense.model())->iterations, 0);
}

TENON_ON_EVERY_ENGINE(KerasOptimizers);

}  // namespace
}  // namespace tenon::train
