#include "train/model_plan.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tenon/error.hpp"
#include "train/engines_under_test.hpp"
#include "train/small_models.hpp"
#include "train/trainer.hpp"

namespace tenon {
namespace {

using testing::cell_arguments;
using testing::cell_dataset;
using testing::cell_model;
using ::testing::HasSubstr;
using testing::line_dataset;
using testing::line_model;

class ModelPlanOn : public testing::OnEveryEngine {
 protected:
  ModelPlanOn() : model_(cell_model()) { model_.compile(cell_arguments(GetParam())); }
  Model model_;
};

TEST_P(ModelPlanOn, TellsTheStepsOfATraining) {
  const ModelPlan plan = model_.plan({.batch_size = 16});
  EXPECT_EQ(plan.model, "cells");
  EXPECT_EQ(plan.mode, "train");
  EXPECT_EQ(plan.batch_size, 16);
  EXPECT_EQ(plan.precision, "float32");
  EXPECT_EQ(plan.threads, 1) << "a small step";
  ASSERT_FALSE(plan.steps.empty());
  double operations = 0.0;
  std::int64_t bytes = 0;
  bool dense = false;
  for (const PlannedStep& step : plan.steps) {
    EXPECT_FALSE(step.operation.empty());
    EXPECT_FALSE(step.kernel.empty());
    dense = dense || (step.layer == "hidden" && step.operation.starts_with("dense"));
    operations += step.operations;
    bytes += step.bytes;
  }
  EXPECT_TRUE(dense);
  EXPECT_EQ(plan.operations(), operations);
  EXPECT_EQ(plan.bytes(), bytes);
  EXPECT_GT(plan.bytes(), 0);
}

TEST_P(ModelPlanOn, ForecastsTheMemoryOfItsParts) {
  const ModelPlan plan = model_.plan({.batch_size = 16});
  const auto parameters = model_.count_params();
  EXPECT_EQ(plan.memory.weights, 4 * parameters);
  EXPECT_EQ(plan.memory.optimizer, 2 * 4 * parameters) << "Adam's two slots";
  const backend::PlanReport& report = *train::trainer_of(model_, "test").last_report();
  EXPECT_EQ(plan.memory.activations, static_cast<std::int64_t>(report.arena_bytes));
  EXPECT_EQ(plan.memory.scratch, static_cast<std::int64_t>(report.scratch_bytes));
  // Small (4), Large (6), cell (an id), age (1): 12 numbers of 4 bytes a row, in two batches.
  EXPECT_EQ(plan.memory.batches, 2 * 16 * 12 * 4);
  const MemoryForecast& memory = plan.memory;
  EXPECT_EQ(memory.total(), memory.weights + memory.optimizer + memory.activations +
                                memory.scratch + memory.batches + memory.engine);
  // Gradients of weights are there for every batch; the rest grows with it.
  const ModelPlan larger = model_.plan({.batch_size = 1024});
  const ModelPlan largest = model_.plan({.batch_size = 2048});
  EXPECT_NEAR(static_cast<double>(largest.memory.activations),
              2.0 * static_cast<double>(larger.memory.activations),
              0.1 * static_cast<double>(largest.memory.activations));
}

TEST_P(ModelPlanOn, ForPredictionHasNeitherLossNorUpdates) {
  const ModelPlan plan = cell_model().plan({.batch_size = 8});
  EXPECT_EQ(plan.mode, "predict");
  EXPECT_EQ(plan.memory.optimizer, 0);
  for (const PlannedStep& step : plan.steps) {
    EXPECT_THAT(step.operation, ::testing::Not(HasSubstr("update")));
  }
  EXPECT_LT(plan.operations(), model_.plan({.batch_size = 8}).operations());
}

/// Counts plans, and the steps before the first of them.
class PlanListener : public Callback {
 public:
  std::string name() const override { return "PlanListener"; }
  void on_plan(TrainingControl&, const ModelPlan& plan) override {
    plans.push_back(plan);
    if (steps > 0) late = true;
  }
  void on_train_batch_end(TrainingControl&, const StepInfo&, const Logs&) override { ++steps; }
  std::vector<ModelPlan> plans;
  int steps = 0;
  bool late = false;
};

TEST_P(ModelPlanOn, IsToldOnceBeforeTheFirstStep) {
  const auto listener = std::make_shared<PlanListener>();
  model_.fit(cell_dataset(30, 8), {.epochs = 2, .callbacks = {listener}, .verbose = 0});
  ASSERT_EQ(listener->plans.size(), 1U);
  EXPECT_FALSE(listener->late);
  EXPECT_EQ(listener->plans[0].batch_size, 8);
  EXPECT_EQ(listener->plans[0].mode, "train");
}

TEST_P(ModelPlanOn, BatchesThatAreKeptReadyAreCounted) {
  const auto listener = std::make_shared<PlanListener>();
  for (const Dataset& data : {cell_dataset(30, 8), cell_dataset(30, 8).prefetch(5)}) {
    model_.fit(data, {.callbacks = {listener}, .verbose = 0, .data_threads = 1});
  }
  ASSERT_EQ(listener->plans.size(), 2U);
  EXPECT_EQ(listener->plans[1].memory.batches - listener->plans[0].memory.batches, 5 * 8 * 12 * 4);
}

TENON_ON_EVERY_ENGINE(ModelPlanOn);

TEST(ModelPlan, IsATable) {
  ModelPlan plan;
  plan.model = "pair";
  plan.mode = "train";
  plan.engine = "oneDNN 2.6.3";
  plan.precision = "float32";
  plan.threads = 2;
  plan.batch_size = 32;
  plan.steps = {{"convolution_2d+relu", "conv2d", "jit:avx512_core", 2.5e9, 12'000'000, false},
                {"adam_update", "update", "own:update", 900.0, 2'500, false}};
  plan.memory.weights = 1'000'000;
  plan.memory.optimizer = 2'000'000;
  plan.memory.activations = 3'100'000'000;
  EXPECT_EQ(plan.to_string(),
            "Plan of \"pair\": train, batch 32, float32, 2 threads\noneDNN 2.6.3\n\n"
            "step                 layer   kernel           operations   bytes\n"
            "convolution_2d+relu  conv2d  jit:avx512_core   2.5 GFLOP   12 MB\n"
            "adam_update          update  own:update        0.9 kFLOP  2.5 kB\n"
            "2 steps                                        2.5 GFLOP   12 MB\n\n"
            "needs 3.1 GB at batch 32: activations 3.1 GB, weights 1 MB, optimizer 2 MB");
}

TEST(ModelPlan, IsJson) {
  ModelPlan plan;
  plan.steps = {{"dense", "y", "own:dense_few", 6.0, 24, true}};
  plan.memory.scratch = 7;
  const auto json = nlohmann::json::parse(plan.to_json());
  EXPECT_EQ(json.at("memory").at("total"), 7);
  EXPECT_EQ(json.at("steps").at(0).at("kernel"), "own:dense_few");
  EXPECT_EQ(json.at("steps").at(0).at("reorder"), true);
  EXPECT_EQ(json.at("bytes"), 24);
}

TEST(ModelPlan, BytesAreReadable) {
  EXPECT_EQ(byte_text(0), "0 B");
  EXPECT_EQ(byte_text(999), "999 B");
  EXPECT_EQ(byte_text(1'500), "1.5 kB");
  EXPECT_EQ(byte_text(48'400'000), "48.4 MB");
  EXPECT_EQ(byte_text(999'900'000), "1.0 GB");
  EXPECT_EQ(byte_text(3'140'000'000), "3.1 GB");
}

template <class E>
std::string message_of(Model model, const PlanOptions& options) {
  try {
    model.plan(options);
  } catch (const E& error) {
    return error.what();
  }
  return "no error";
}

TEST(ModelPlan, SaysWhatItCannotPlan) {
  EXPECT_THAT(message_of<ContractError>(line_model(), {.mode = "train"}),
              HasSubstr("not compiled"));
  EXPECT_THAT(message_of<ContractError>(line_model(), {.mode = "test"}),
              HasSubstr(R"("train" or "predict")"));
  EXPECT_THAT(message_of<ContractError>(line_model(), {.batch_size = 0}),
              HasSubstr("batch_size = 0"));
  const SymbolicTensor image = Input({Dim(), Dim(), 3}, {.name = "image"});
  const Model open(image, GlobalAveragePooling2D()(image));
  EXPECT_THAT(message_of<ContractError>(open, {}), HasSubstr(".input_shapes = {{\"image\", {…}}}"));
  EXPECT_EQ(message_of<ContractError>(open, {.input_shapes = {{"image", {8, 8, 3}}}}), "no error");
  EXPECT_THAT(message_of<ContractError>(open, {.input_shapes = {{"image", {8, 8, 4}}}}),
              HasSubstr("(8, 8, 4)"));
}

}  // namespace
}  // namespace tenon
