// The fixes that fit offers in C++ were tried on copies of its data sets.
#include "train/fit_workbench.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "data/change.hpp"
#include "tenon/tenon.hpp"

namespace tenon::train {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Model small_and_large() {
  auto small = Input({8, 8, 3}, {.name = "Small"});
  auto large = Input({16, 16, 3}, {.name = "Large"});
  auto both = Concatenate()({GlobalAveragePooling2D()(small), GlobalAveragePooling2D()(large)});
  Model model({small, large}, Dense(3, {.activation = "softmax", .name = "cell"})(both),
              {.name = "two_scale"});
  model.compile({.loss = "sparse_categorical_crossentropy", .engine = "reference"});
  return model;
}

Dataset samples(const std::string& small = "Small") {
  return Dataset::from_tensors({{small, Tensor(DType::kFloat32, {8, 8, 8, 3})},
                                {"Large", Tensor(DType::kFloat32, {8, 16, 16, 3})},
                                {"cell", Tensor(DType::kInt64, {8})}},
                               {"train.cpp", 38});
}

/// The texts of the first problem's fixes.
std::vector<std::string> fixes_of(const Dataset& data, FitArguments arguments = {}) {
  std::vector<std::string> texts;
  const auto problems = small_and_large().check(data, arguments);
  if (problems.empty()) return texts;
  for (const Fix& fix : problems.front().fixes) texts.push_back(fix.text);
  return texts;
}

TEST(FitWorkbench, ARenamedKeyIsMendedInTwoWays) {
  const Dataset data =
      samples().rename({{"Small", "small "}}, {"train.cpp", 41}).batch(4, {}, {"train.cpp", 42});
  EXPECT_THAT(fixes_of(data),
              ElementsAre("remove the rename at train.cpp:41",
                          R"(add .rename({{"small ", "Small"}}) at the end of the stages)"));
}

TEST(FitWorkbench, ASelectIsGivenTheKeyAndCanBePasted) {
  const Dataset data = samples().select({"Large", "cell"}, {"train.cpp", 40}).batch(4);
  const auto problems = small_and_large().check(data);
  ASSERT_EQ(problems.front().code, "K005");
  EXPECT_EQ(problems.front().fixes.front().text,
            R"(add "Small" to the keys of the select at train.cpp:40)");
  EXPECT_EQ(problems.front().fixes.front().cpp, R"(.select({"Large", "cell", "Small"}))");
}

TEST(FitWorkbench, LeakageIsToldBesideAnError) {
  const Dataset all = samples("small");
  const auto problems =
      small_and_large().check(all.take(6).batch(2), {.validation_data = all.skip(4).batch(2)});
  std::vector<std::string> codes;
  for (const Diagnostic& problem : problems) codes.push_back(problem.code);
  EXPECT_THAT(codes, ElementsAre("K002", "L001"));
}

TEST(FitWorkbench, WhatDoesNotMendIsNotOffered) {
  // Without the stage, or with another size of it, one of the two inputs would not fit.
  const Dataset data = Dataset::from_tensors({{"Small", Tensor(DType::kFloat32, {8, 12, 12, 3})},
                                              {"Large", Tensor(DType::kFloat32, {8, 12, 12, 3})},
                                              {"cell", Tensor(DType::kInt64, {8})}})
                           .resize({"Small", "Large"}, {16, 16}, {}, {"train.cpp", 40})
                           .batch(4);
  EXPECT_THAT(fixes_of(data), ElementsAre(HasSubstr(R"(.resize({"Small"}, {8, 8}))")));
}

TEST(FitWorkbench, BothSplitsAreMendedTogetherOrTheOneThatNeedsIt) {
  FitArguments arguments;
  arguments.validation_data = samples("small").batch(4);
  const auto problems = small_and_large().check(samples().batch(4), arguments);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_THAT(problems.front().datasets, ElementsAre("validation"));
  EXPECT_THAT(problems.front().fixes.front().cpp, R"(.rename({{"small", "Small"}}))");
}

TEST(FitWorkbench, SettingsOfTheTrainingAreTriedToo) {
  EXPECT_THAT(fixes_of(samples().batch(4), {.steps_per_epoch = 5}),
              ElementsAre(HasSubstr("add .repeat()"), "set .steps_per_epoch = 2"));
  EXPECT_THAT(fixes_of(samples().batch(4), {.callbacks = {EarlyStopping({.monitor = "los"})}}),
              ElementsAre("watch \"loss\""));
  EXPECT_THAT(fixes_of(samples().one_hot({"cell"}, 3).batch(4)),
              ElementsAre(HasSubstr("one_hot"), HasSubstr("categorical_crossentropy")));
}

TEST(FitWorkbench, AdviceThatNobodyCanTryStays) {
  const Dataset data = Dataset::from_tensors({{"cell", Tensor(DType::kInt64, {8})},
                                              {"Large", Tensor(DType::kFloat32, {8, 16, 16, 3})}})
                           .batch(4);
  EXPECT_THAT(fixes_of(data),
              ElementsAre("give it data under this name, or rename the input of the model"));
}

TEST(WithChange, StagesAreMovedRemovedAndReplaced) {
  const Dataset data = samples().scale({"Small"}, 2.0).batch(4).drop({"cell"});
  Change change;
  change.kind = Change::Kind::kMoveStage;
  change.stage = 2;
  change.place = 0;
  const auto moved = data::with_change(data, change);
  ASSERT_TRUE(moved);
  EXPECT_EQ(moved->stages()[1].name, "drop");
  EXPECT_EQ(moved->stages()[3].name, "batch");
  change.kind = Change::Kind::kRemoveStage;
  EXPECT_TRUE(data::with_change(data, change)->schema().contains("cell"));
  change.kind = Change::Kind::kAddItems;
  change.op = "drop";
  change.arguments = {{"keys", text_list({"cell", "Small"})}};
  EXPECT_FALSE(data::with_change(data, change)->schema().contains("Small"));
  change.stage = 9;
  EXPECT_FALSE(data::with_change(data, change));
}

}  // namespace
}  // namespace tenon::train
