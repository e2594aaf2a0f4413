// What ends a run in the middle says where that was, and leaves what was trained.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "tenon/error.hpp"
#include "train/small_models.hpp"
#include "train/state.hpp"

namespace tenon {
namespace {

using ::testing::HasSubstr;

Example pair_of(float value) {
  return Example(inputs("x", Tensor::from<float>({1, 2}, {value, value})),
                 Tensor::from<float>({1, 1}, {value}));
}

/// Five good elements, then what `end` says.
Generator five_and(std::string end) {
  for (int i = 0; i < 5; ++i) co_yield pair_of(0.1F);
  if (end == "throws") throw std::runtime_error("the disk is gone");
  if (end == "changes") {
    const Tensor wide(DType::kFloat32, {1, 3});
    const Tensor y(DType::kFloat32, {1, 1});
    co_yield {inputs("x", wide), y};
  }
}

/// The first diagnostic of a run of 2 epochs of 3 steps over five_and(end).
Diagnostic ended_with(const std::string& end, Model& model) {
  model = testing::line_model();
  model.initialize(7);
  model.compile({.optimizer = Adam({}), .loss = "mse", .engine = "reference"});
  try {
    model.fit_generator(five_and(end), {.steps_per_epoch = 3, .epochs = 2, .verbose = 0});
  } catch (const DataError& error) {
    return error.diagnostics().front();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

TEST(RunPlace, IsToldInTextAndJsonAndTheStepsBeforeAreKept) {
  const std::pair<const char*, const char*> cases[] = {
      {"ends", "G001"}, {"changes", "G002"}, {"throws", "G003"}};
  for (const auto& [end, code] : cases) {
    Model model = testing::line_model();
    const Diagnostic problem = ended_with(end, model);
    EXPECT_EQ(problem.code, code);
    EXPECT_EQ(problem.run, (RunPlace{"train", 1, 2})) << end;
    const std::string text = render_text(problem);
    EXPECT_THAT(text, HasSubstr("5 steps were trained before; the model keeps their weights"));
    EXPECT_THAT(text, HasSubstr("epoch 2"));
    EXPECT_THAT(render_json({&problem, 1}), HasSubstr("\"epoch\": 1,"));
    EXPECT_EQ(train::optimizer_state(model)->iterations, 5) << end;
    if (problem.code == "G001") {
      EXPECT_THAT(text, HasSubstr("5 batches came, 3 steps × 2 epochs are 6"));
    } else {
      EXPECT_EQ(problem.sample->id, "element 5");
      EXPECT_EQ(problem.stage->name, "generator");
    }
  }
}

TEST(RunPlace, OfAValidationIsTheValidations) {
  Model model = testing::line_model();
  model.compile({.optimizer = "sgd", .loss = "mse", .engine = "reference"});
  NamedTensors data = testing::line_data(8);
  const Dataset validation = Dataset::from_tensors(data)
                                 .map([](Record& record) {
                                   if (record.sample().index == 5) throw std::runtime_error("no");
                                 })
                                 .batch(2);
  try {
    model.fit(Dataset::from_tensors(testing::line_data(12, 9)).batch(4),
              {.epochs = 2, .validation_data = validation, .verbose = 0});
    ADD_FAILURE() << "nothing was thrown";
  } catch (const DataError& error) {
    EXPECT_EQ(error.diagnostics()[0].run, (RunPlace{"validation", 0, 2}));
    EXPECT_EQ(error.diagnostics()[0].sample->index, 5);
  }
}

}  // namespace
}  // namespace tenon
