#include "train/running_logs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tenon::train {
namespace {

using ::testing::ElementsAre;

OutputTraining output_with(const char* name, const char* loss, Metrics metrics = {},
                           Metrics weighted = {}) {
  OutputTraining output;
  output.port = {name, TensorSpec(DType::kFloat32, {Dim::symbol("B"), 1}, "BC")};
  output.loss = Loss(loss);
  output.metrics = std::move(metrics);
  output.weighted_metrics = std::move(weighted);
  return output;
}

TEST(RunningLogs, OneOutputHasPlainNames) {
  const RunningLogs logs({output_with("y", "mse", {"mae", "mae", "accuracy"}, {"mae", "mse"})});
  EXPECT_THAT(logs.names(), ElementsAre("loss", "mae", "mae_1", "accuracy", "weighted_mae", "mse"));
  EXPECT_TRUE(logs.higher_is_better("accuracy"));
  EXPECT_FALSE(logs.higher_is_better("mae_1"));
  EXPECT_FALSE(logs.higher_is_better("loss"));
}

TEST(RunningLogs, SeveralOutputsComeFirstInTheNames) {
  const RunningLogs logs(
      {output_with("a", "mse", {"mae"}, {"mae"}), output_with("b", "mae", {"mse"})});
  EXPECT_THAT(logs.names(),
              ElementsAre("loss", "a_loss", "b_loss", "a_mae", "b_mse", "a_weighted_mae"));
}

TEST(RunningLogs, BatchAndEpochAreKeptApart) {
  RunningLogs logs({output_with("y", "mse", {"mae"})});
  const auto result = [](double loss, float prediction) {
    StepResult out;
    out.predictions = {Tensor::from<float>({1, 1}, {prediction})};
    out.targets = {Tensor::from<float>({1, 1}, {0.0F})};
    out.weights.resize(1);
    out.output_losses.resize(1);
    out.loss = loss;
    return out;
  };
  logs.add(result(2.0, 1.0F), 1);
  logs.add(result(4.0, 3.0F), 1);
  EXPECT_EQ(logs.batch().at("loss"), 4.0);
  EXPECT_EQ(logs.batch().at("mae"), 3.0);
  EXPECT_EQ(logs.running().at("loss"), 3.0);
  EXPECT_EQ(logs.running().at("mae"), 2.0);
  logs.reset();
  EXPECT_EQ(logs.running().at("mae"), 0.0);
}

}  // namespace
}  // namespace tenon::train
