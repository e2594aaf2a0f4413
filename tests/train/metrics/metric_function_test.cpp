#include "train/metrics/metric_function.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tenon/error.hpp"

namespace tenon::train {
namespace {

using ::testing::AllOf;
using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Sample {
  std::vector<float> predictions;
  std::vector<float> values{};
  std::vector<std::int32_t> ids{};
  std::vector<float> weights{};
  std::int64_t rows = 1;
  std::int64_t classes = 1;
};

std::vector<double> measure(const Metric& metric, const Sample& sample) {
  const auto function = make_metric(
      metric,
      {"out", sample.ids.empty() ? TargetForm::kSameShape : TargetForm::kClassIds, sample.classes});
  std::vector<double> state(function->state_size());
  function->add({.rows = sample.rows,
                 .positions = static_cast<std::int64_t>(sample.predictions.size()) /
                              (sample.rows * sample.classes),
                 .classes = sample.classes,
                 .predictions = sample.predictions,
                 .values = sample.values,
                 .ids = sample.ids,
                 .weights = sample.weights},
                state);
  std::vector<double> results(function->suffixes().size());
  function->results(state, results);
  return results;
}

const Sample kFourRows{.predictions = {0.7F, 0.2F, 0.1F,  //
                                       0.1F, 0.6F, 0.3F,  //
                                       0.5F, 0.4F, 0.1F,  //
                                       0.2F, 0.3F, 0.5F},
                       .ids = {0, 1, 1, 2},
                       .rows = 4,
                       .classes = 3};

TEST(Metrics, AccuracyIsChosenByTheTargetsForm) {
  EXPECT_THAT(measure("accuracy", kFourRows), ElementsAre(0.75));
  Sample one_hot = kFourRows;
  one_hot.ids.clear();
  one_hot.values = {1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1};
  EXPECT_THAT(measure("accuracy", one_hot), ElementsAre(0.75));
  EXPECT_THAT(measure("accuracy", {.predictions = {0.9F, 0.4F}, .values = {1, 1}, .rows = 2}),
              ElementsAre(0.5));
}

TEST(Metrics, AccuracyOfSeveralPositionsIsTheMeanOfARow) {
  const Sample sample{.predictions = {0.9F, 0.1F, 0.9F, 0.1F, 0.9F, 0.1F, 0.9F, 0.1F},
                      .ids = {0, 1, 0, 0},
                      .weights = {1.0F, 3.0F},
                      .rows = 2,
                      .classes = 2};
  EXPECT_THAT(measure("accuracy", sample), ElementsAre((1.0 * 0.5 + 3.0 * 1.0) / 4.0));
}

TEST(Metrics, RecallOfEveryClass) {
  EXPECT_THAT(measure("per_class_recall", kFourRows), ElementsAre(1.0, 0.5, 1.0));
  const auto named = make_metric(metrics::PerClassRecall({"RBC", "WBC", "Platelets"}),
                                 {"cell", TargetForm::kClassIds, 3});
  EXPECT_THAT(named->suffixes(), ElementsAre("_RBC", "_WBC", "_Platelets"));
}

TEST(Metrics, RecallOfOneProbabilityHasTwoClasses) {
  const Sample sample{.predictions = {0.9F, 0.4F, 0.2F}, .values = {1, 1, 0}, .rows = 3};
  EXPECT_THAT(measure("per_class_recall", sample), ElementsAre(1.0, 0.5));
}

TEST(Metrics, TopKCountsTheLargestValues) {
  // Row 2 has class 1 among its two largest values, though not first.
  EXPECT_THAT(measure(metrics::Recall({.top_k = 2}), kFourRows), ElementsAre(1.0));
  EXPECT_THAT(measure(metrics::Recall({.top_k = 1}), kFourRows), ElementsAre(0.75));
  EXPECT_THAT(measure(metrics::Precision({.top_k = 2}), kFourRows), ElementsAre(0.5));
}

TEST(Metrics, ClassIdLooksAtOneClass) {
  EXPECT_THAT(measure(metrics::Recall({.class_id = 1}), kFourRows), ElementsAre(0.5));
  EXPECT_THAT(measure(metrics::Precision({.class_id = 1}), kFourRows), ElementsAre(1.0));
}

TEST(Metrics, SeveralThresholdsGiveSeveralNames) {
  const Metric metric = metrics::Precision({.thresholds = {0.2, 0.6}});
  const auto function = make_metric(metric, {"out", TargetForm::kSameShape, 1});
  EXPECT_THAT(function->suffixes(), ElementsAre("_0.2", "_0.6"));
}

TEST(Metrics, NothingSeenGivesZero) {
  for (const char* word : {"accuracy", "precision", "recall", "auc", "mse", "per_class_recall"}) {
    const auto function = make_metric(word, {"out", TargetForm::kSameShape, 2});
    const std::vector<double> state(function->state_size());
    std::vector<double> results(function->suffixes().size(), 7.0);
    function->results(state, results);
    for (const double result : results) EXPECT_EQ(result, 0.0) << word;
  }
}

TEST(Metrics, CurveAndSummationOfAuc) {
  const Sample sample{.predictions = {0.1F, 0.4F, 0.35F, 0.8F}, .values = {0, 0, 1, 1}, .rows = 4};
  EXPECT_THAT(measure("auc", sample), ElementsAre(DoubleNear(0.75, 1e-6)));
  const auto of = [&](const char* curve, const char* summation) {
    return measure(metrics::AUC({.curve = curve, .summation_method = summation}), sample).front();
  };
  EXPECT_LE(of("PR", "minoring"), of("PR", "majoring"));
  EXPECT_GT(of("PR", "interpolation"), 0.5);
}

std::string message_of(const Metric& metric, const MetricSubject& subject) {
  try {
    make_metric(metric, subject);
  } catch (const ContractError& error) {
    EXPECT_EQ(error.code(), "A001");
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

TEST(Metrics, SaysWhyAMetricDoesNotFitAnOutput) {
  const MetricSubject ids{"cell", TargetForm::kClassIds, 3};
  const MetricSubject same{"age", TargetForm::kSameShape, 1};
  EXPECT_THAT(message_of("mse", ids), AllOf(HasSubstr("metric \"mse\" of output \"cell\""),
                                            HasSubstr("the targets are class ids")));
  EXPECT_THAT(message_of("sparse_categorical_accuracy", same), HasSubstr("\"accuracy\""));
  EXPECT_THAT(message_of("categorical_accuracy", ids), HasSubstr("one-hot"));
  EXPECT_THAT(message_of(metrics::AUC({.curve = "roc"}), same), HasSubstr("\"ROC\" or \"PR\""));
  EXPECT_THAT(message_of(metrics::Recall({.class_id = 3}), ids), HasSubstr("0 to 2"));
  EXPECT_THAT(message_of(metrics::PerClassRecall({"a", "b"}), ids), HasSubstr("3, one per class"));
}

}  // namespace
}  // namespace tenon::train
