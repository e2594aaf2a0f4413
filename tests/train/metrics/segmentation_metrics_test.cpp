#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tenon/error.hpp"
#include "train/metrics/metric_function.hpp"

namespace tenon::train {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Two samples of four places of three classes.
struct Segmented {
  std::vector<float> predictions = {
      0.8F, 0.1F, 0.1F, 0.2F, 0.7F, 0.1F, 0.1F, 0.8F, 0.1F, 0.3F, 0.3F, 0.4F,  // 0 1 1 2
      0.6F, 0.3F, 0.1F, 0.6F, 0.3F, 0.1F, 0.2F, 0.5F, 0.3F, 0.9F, 0.0F, 0.1F,  // 0 0 1 0
  };
  std::vector<std::int32_t> ids = {0, 1, 2, 2, 0, 1, 1, 1};
  std::vector<float> weights{};
};

std::vector<double> measured(const Metric& metric, const Segmented& data = {}) {
  const auto function = make_metric(metric, {"mask", TargetForm::kClassIds, 3});
  std::vector<double> state(function->state_size());
  function->add({.rows = 2,
                 .positions = 4,
                 .classes = 3,
                 .predictions = data.predictions,
                 .ids = data.ids,
                 .weights = data.weights},
                state);
  std::vector<double> results(function->suffixes().size());
  function->results(state, results);
  return results;
}

// Of all places: truth 0 1 2 2 0 1 1 1, predicted 0 1 1 2 0 0 1 0.
TEST(SegmentationMetrics, IoUIsOfOneConfusionMatrix) {
  EXPECT_THAT(measured("per_class_iou"),
              ElementsAre(DoubleNear(2.0 / 4.0, 1e-12), DoubleNear(2.0 / 5.0, 1e-12),
                          DoubleNear(1.0 / 2.0, 1e-12)));
  EXPECT_THAT(measured("mean_iou"), ElementsAre(DoubleNear((0.5 + 0.4 + 0.5) / 3.0, 1e-6)));
  EXPECT_THAT(measured(metrics::IoU({.target_class_ids = {1, 2}})),
              ElementsAre(DoubleNear(0.45, 1e-6)));
  EXPECT_THAT(measured(metrics::MeanIoU({.ignore_class = 2})),
              ElementsAre(DoubleNear((2.0 / 4.0 + 2.0 / 4.0) / 2.0, 1e-6)));
}

TEST(SegmentationMetrics, IoUIsWeighted) {
  Segmented data;
  data.weights = {3.0F, 1.0F};
  EXPECT_THAT(measured(metrics::IoU({.target_class_ids = {0}}), data),
              ElementsAre(DoubleNear((3.0 + 1.0) / (3.0 + 3.0), 1e-6)));
}

TEST(SegmentationMetrics, DiceIsTheMeanOverSamplesThatHaveTheClass) {
  const double zero = (1.0 + 2.0 * 1 / (1 + 3)) / 2.0;
  const double one = (2.0 * 1 / (1 + 2) + 2.0 * 1 / (3 + 1)) / 2.0;
  const double two = 2.0 * 1 / (2 + 1);  // the second sample has none
  EXPECT_THAT(measured("per_class_dice"),
              ElementsAre(DoubleNear(zero, 1e-12), DoubleNear(one, 1e-12), DoubleNear(two, 1e-12)));
  EXPECT_THAT(measured("mean_dice"), ElementsAre(DoubleNear((zero + one + two) / 3.0, 1e-12)));
  EXPECT_THAT(measured(metrics::MeanDice({.target_class_ids = {1, 2}})),
              ElementsAre(DoubleNear((one + two) / 2.0, 1e-12)));
}

TEST(SegmentationMetrics, BinaryOnesTakeAThreshold) {
  const std::vector<float> predictions = {0.1F, 0.2F, 0.4F, 0.7F};
  const std::vector<float> values = {0, 1, 0, 1};
  const auto value_of = [&](const Metric& metric) {
    const auto function = make_metric(metric, {"mask", TargetForm::kSameShape, 1});
    std::vector<double> state(function->state_size());
    function->add({.rows = 1, .positions = 4, .predictions = predictions, .values = values}, state);
    std::vector<double> results(function->suffixes().size());
    function->results(state, results);
    return results;
  };
  // Keras's own example.
  EXPECT_THAT(value_of(metrics::BinaryIoU({.threshold = 0.3})),
              ElementsAre(DoubleNear(1.0 / 3.0, 1e-6)));
  EXPECT_THAT(value_of("per_class_dice"),
              ElementsAre(DoubleNear(2.0 * 2 / (2 + 3), 1e-12), DoubleNear(2.0 / 3.0, 1e-12)));
}

TEST(SegmentationMetrics, WhatCannotBeIsTold) {
  const auto problem_of = [](const Metric& metric, const MetricSubject& subject) -> std::string {
    try {
      make_metric(metric, subject);
    } catch (const ContractError& error) {
      return error.what();
    }
    return "";
  };
  const MetricSubject ids{"mask", TargetForm::kClassIds, 3};
  EXPECT_THAT(problem_of(metrics::MeanIoU({.sparse_y_pred = true}), ids),
              HasSubstr("the output has 3 numbers per place"));
  EXPECT_THAT(problem_of(metrics::MeanIoU({.num_classes = 2}), ids), HasSubstr("num_classes is 2"));
  EXPECT_THAT(problem_of("one_hot_mean_iou", ids), HasSubstr("class ids"));
  EXPECT_THAT(problem_of("binary_iou", ids), HasSubstr("class ids"));
  EXPECT_THAT(problem_of(metrics::MeanDice({.target_class_ids = {3}}), ids), HasSubstr("0 to 2"));
  EXPECT_THAT(problem_of(metrics::PerClassDice({"a"}), ids), HasSubstr("1 class names"));
  EXPECT_THAT(problem_of("mean_iou", {"mask", TargetForm::kSameShape, 1}), HasSubstr("binary_iou"));
}

}  // namespace
}  // namespace tenon::train
