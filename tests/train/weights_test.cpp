// Class weights, sample weights, and what they do to losses and metrics.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tenon/error.hpp"
#include "train/engines_under_test.hpp"
#include "train/small_models.hpp"

namespace tenon {
namespace {

using ::testing::AllOf;
using testing::cell_arguments;
using testing::cell_data;
using testing::cell_model;
using ::testing::HasSubstr;

class Weights : public testing::OnEveryEngine {
 protected:
  Model model() const {
    Model out = cell_model();
    out.initialize(2);
    CompileArguments arguments = cell_arguments(GetParam());
    arguments.optimizer = SGD({.learning_rate = 0.1});
    arguments.metrics = {{"cell", Metrics{"accuracy"}}};
    arguments.weighted_metrics = {{"cell", Metrics{"accuracy"}}};
    out.compile(arguments);
    return out;
  }
};

TEST_P(Weights, ClassWeightsActAsWeightsOfTheirRows) {
  NamedTensors data = cell_data(12);
  Tensor weight(DType::kFloat32, {12});
  const std::vector<double> class_weights{1.0, 4.0, 0.5};
  for (std::size_t i = 0; i < 12; ++i) {
    weight.data<float>()[i] = static_cast<float>(
        class_weights[static_cast<std::size_t>(data[2].second.data<std::int64_t>()[i])]);
  }
  Model by_class = model();
  const History first = by_class.fit(Dataset::from_tensors(data).batch(6),
                                     {.class_weight = {{"cell", class_weights}}, .verbose = 0});
  data.emplace_back("importance", weight);
  Model by_row = model();
  const History second = by_row.fit(Dataset::from_tensors(data).batch(6),
                                    {.sample_weight = {{"cell", "importance"}}, .verbose = 0});
  EXPECT_EQ(first.of("loss"), second.of("loss"));
  EXPECT_TRUE(by_class.weights()[0]->value().equals(by_row.weights()[0]->value()));
  Model unweighted = model();
  data.pop_back();
  unweighted.fit(Dataset::from_tensors(data).batch(6), {.verbose = 0});
  EXPECT_FALSE(unweighted.weights()[0]->value().equals(by_row.weights()[0]->value()));
}

TEST_P(Weights, ARowOfWeightZeroDoesNotCount) {
  NamedTensors data = cell_data(4);
  Tensor weight = Tensor::from<float>({4}, {1, 1, 1, 0});
  Model first = model();
  const auto logs_of = [&](Model& model, const NamedTensors& named, const Tensor& weights) {
    return model.test_on_batch(Example(inputs("Small", named[0].second, "Large", named[1].second),
                                       targets("cell", named[2].second, "age", named[3].second),
                                       sample_weights("cell", weights)));
  };
  const Logs before = logs_of(first, data, weight);
  Tensor ids = data[2].second.clone();
  ids.data<std::int64_t>()[3] = (ids.data<std::int64_t>()[3] + 1) % 3;
  data[2].second = ids;
  const Logs after = logs_of(first, data, weight);
  EXPECT_EQ(before.at("cell_loss"), after.at("cell_loss"));
  EXPECT_EQ(before.at("cell_weighted_accuracy"), after.at("cell_weighted_accuracy"));
}

TEST_P(Weights, ClassWeightsForOtherClassesThanTheOutputHasAreRefused) {
  for (const ClassWeights& weights : {ClassWeights{1.0, 2.0}, ClassWeights{1.0, 2.0, 1.0, 1.0}}) {
    Model wrong = model();
    try {
      wrong.fit(testing::cell_dataset(12, 6), {.class_weight = {{"cell", weights}}, .verbose = 0});
      FAIL();
    } catch (const ContractError& error) {
      EXPECT_EQ(error.code(), "A001");
      EXPECT_THAT(error.what(), AllOf(HasSubstr("class_weight of output \"cell\" has"),
                                      HasSubstr("one for each of its 3 classes")));
    }
  }
}

TEST_P(Weights, ClassWeightsOfAnUnknownOutputAreK011) {
  Model wrong = model();
  try {
    wrong.fit(testing::cell_dataset(12, 6), {.class_weight = {{"cel", {1.0}}}, .verbose = 0});
    FAIL();
  } catch (const ContractError& error) {
    EXPECT_EQ(error.code(), "K011");
    EXPECT_THAT(error.what(), HasSubstr("class_weight names \"cel\""));
  }
}

TENON_ON_EVERY_ENGINE(Weights);

}  // namespace
}  // namespace tenon
