// The two-input network of ../shared/fixtures/keras, trained here as Keras trained it.
#include <gmock/gmock.h>

#include <cmath>
#include <fstream>
#include <sstream>

#include "tenon/model.hpp"
#include "tenon/npz.hpp"
#include "train/engines_under_test.hpp"
#include "train/keras_fixtures.hpp"

namespace tenon {
namespace {

constexpr int kSteps = 20;

class TinyGolden : public testing::OnEveryEngine {
 protected:
  void SetUp() override {
    TENON_NEEDS_KERAS_FIXTURES();
    for (auto& [name, tensor] :
         load_npz((testing::keras_fixtures() / "tiny_expected.npz").string())) {
      arrays_.emplace(name, tensor);
    }
  }

  const Tensor& array(const std::string& name) const { return arrays_.at(name); }

  /// The weights by name: Keras's order is that of its layers, ours need not be.
  Model model_with_weights(const std::string& prefix) const {
    std::ifstream file(testing::keras_fixtures() / "tiny_config.json");
    std::stringstream text;
    text << file.rdbuf();
    Model model = Model::from_json(text.str());
    for (const auto& weight : model.weights()) {
      weight->assign(array(prefix + "_" + std::to_string(index_of(weight->path()))));
    }
    return model;
  }

  std::size_t index_of(const std::string& path) const {
    const auto names = array("weight_names").data<std::string>();
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (names[i] == path) return i;
    }
    throw std::runtime_error("the fixture has no weight " + path);
  }

  Example batch(std::int64_t step) const {
    return Example(inputs("Small", array("x_small").row(step), "Large", array("x_large").row(step)),
                   array("y").row(step));
  }

  Model compiled(const std::string& prefix, const Optimizer& optimizer = "adam") const {
    Model model = model_with_weights(prefix);
    model.compile({.optimizer = optimizer,
                   .loss = "binary_crossentropy",
                   .metrics = {"accuracy"},
                   .engine = GetParam()});
    return model;
  }

  std::map<std::string, Tensor> arrays_;
};

void expect_near(const Tensor& got, const Tensor& expected, double absolute, double relative,
                 const std::string& what) {
  ASSERT_EQ(got.shape(), expected.shape()) << what;
  for (std::size_t i = 0; i < static_cast<std::size_t>(got.size()); ++i) {
    const double wanted = static_cast<double>(expected.data<float>()[i]);
    ASSERT_NEAR(static_cast<double>(got.data<float>()[i]), wanted,
                absolute + relative * std::abs(wanted))
        << what << " " << i;
  }
}

TEST_P(TinyGolden, InferenceBeforeAndAfter) {
  for (const auto& [weights, prediction] : {std::pair{"w0", "predict_inference_batch0"},
                                            std::pair{"w20", "predict_inference_batch0_after"}}) {
    Model model = compiled(weights);
    expect_near(model.predict_on_batch(batch(0).inputs).front().second, array(prediction), 1e-5,
                0.0, prediction);
  }
}

TEST_P(TinyGolden, FirstGradients) {
  // One step of plain descent with a rate of 1 moves every weight by its gradient.
  Model model = compiled("w0", SGD({.learning_rate = 1.0}));
  model.train_on_batch(batch(0));
  int compared = 0;
  for (const auto& weight : model.trainable_weights()) {
    const Tensor before = array("w0_" + std::to_string(index_of(weight->path())));
    const Tensor after = weight->value();
    Tensor moved = Tensor(DType::kFloat32, before.shape());
    for (std::size_t i = 0; i < static_cast<std::size_t>(moved.size()); ++i) {
      moved.data<float>()[i] = before.data<float>()[i] - after.data<float>()[i];
    }
    expect_near(moved, array("grad0_" + weight->layer() + "." + weight->name()), 1e-5, 1e-4,
                weight->path());
    ++compared;
  }
  EXPECT_EQ(compared, 11);
}

TEST_P(TinyGolden, TwentyStepsOfAdam) {
  Model model = compiled("w0");
  for (int step = 0; step < kSteps; ++step) {
    const Logs logs = model.train_on_batch(batch(step));
    ASSERT_NEAR(logs.at("loss"),
                array("loss_before_step").data<double>()[static_cast<std::size_t>(step)], 1e-5)
        << "step " << step;
  }
  for (const auto& weight : model.weights()) {
    expect_near(weight->value(), array("w20_" + std::to_string(index_of(weight->path()))), 1e-4,
                0.0, weight->path());
  }
  for (int step = 0; step < kSteps; ++step) {
    EXPECT_NEAR(model.test_on_batch(batch(step)).at("loss"),
                array("eval_loss_after_per_batch").data<double>()[static_cast<std::size_t>(step)],
                1e-4)
        << "batch " << step;
  }
}

TENON_ON_EVERY_ENGINE(TinyGolden);

}  // namespace
}  // namespace tenon
