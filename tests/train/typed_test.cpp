#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "data/pipeline.hpp"
#include "tenon/error.hpp"
#include "tenon/static.hpp"
#include "train/small_models.hpp"

namespace tenon {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using typed::AsInput;
using typed::AsTarget;
using typed::AsWeight;

TENON_KEY(Small);
TENON_KEY(Large);
TENON_KEY(cell);
TENON_KEY(age);
TENON_KEY(extra);
TENON_KEY(x);
TENON_KEY(y);
TENON_KEY(xmin);
TENON_KEY(ymin);
TENON_KEY(xmax);
TENON_KEY(ymax);
TENON_KEY(sample_index);
TENON_KEY_TEXT(large_, "large ");
TENON_KEY_TEXT(also_small, "Small");
TENON_KEY_TEXT(y_weight, "sample_weight:y");

using Cells = typed::Model<typed::Inputs<Small, Large>, typed::Outputs<cell, age>>;
using Line = typed::Model<typed::Inputs<x>, typed::Outputs<y>>;
using Given = typed::Dataset<Small, Large, cell, age>;

Cells typed_cells() {
  Cells model(testing::cell_model());
  model.untyped().initialize(1);
  model.compile(testing::cell_arguments());
  return model;
}

Line typed_line() {
  Line model(testing::line_model());
  model.untyped().initialize(7);
  model.compile({.optimizer = SGD({.learning_rate = 0.1}), .loss = "mse", .engine = "reference"});
  return model;
}

void expect_same_weights(const Model& a, const Model& b) {
  ASSERT_EQ(a.weights().size(), b.weights().size());
  for (std::size_t i = 0; i < a.weights().size(); ++i) {
    EXPECT_TRUE(a.weights()[i]->value().equals(b.weights()[i]->value())) << i;
  }
}

std::string key_error_of(const std::function<void()>& run) {
  try {
    run();
  } catch (const KeyError& error) {
    return error.what();
  }
  return "no KeyError";
}

/// The list that the compiler made is the schema that the stages made.
template <class... Entries>
void expect_true_list(const typed::Dataset<Entries...>& data) {
  EXPECT_EQ(data.untyped().diagnostics().size(), 0U);
  EXPECT_NO_THROW(typed::Dataset<Entries...>(data.untyped()));
}

TEST(Typed, TrainsAsTheUntypedModelDoes) {
  const FitArguments arguments{.epochs = 3, .verbose = 0, .seed = 5};
  Model untyped = testing::cell_model();
  untyped.initialize(1);
  untyped.compile(testing::cell_arguments());
  FitArguments with_validation = arguments;
  with_validation.validation_data = testing::cell_dataset(40, 20, 9);
  const History expected = untyped.fit(
      Dataset::from_tensors(testing::cell_data(60)).shuffle(60).batch(16), with_validation);

  Cells model = typed_cells();
  const Given train(Dataset::from_tensors(testing::cell_data(60)));
  const Given validation(testing::cell_dataset(40, 20, 9));
  const History history = model.fit(train.shuffle(60).batch(16), validation, arguments);
  EXPECT_EQ(history.names(), expected.names());
  EXPECT_EQ(history.of("val_loss"), expected.of("val_loss"));
  expect_same_weights(model.untyped(), untyped);
  EXPECT_EQ(model.evaluate(validation).at("loss"),
            untyped.evaluate(testing::cell_dataset(40, 20, 9)).at("loss"));
}

Generator line_batches() {
  for (std::uint64_t step = 0;; ++step) {
    NamedTensors data = testing::line_data(8, step);
    co_yield {inputs("x", data[0].second), data[1].second};
  }
}

typed::Generator<x, AsTarget<y>> typed_line_batches() {
  for (std::uint64_t step = 0;; ++step) {
    NamedTensors data = testing::line_data(8, step);
    co_yield typed::values<y, x>(data[1].second, data[0].second);
  }
}

TEST(Typed, AGeneratorTrainsAsTheUntypedOneDoes) {
  const FitArguments arguments{.steps_per_epoch = 5, .epochs = 2, .verbose = 0};
  Model untyped = testing::line_model();
  untyped.initialize(7);
  untyped.compile({.optimizer = SGD({.learning_rate = 0.1}), .loss = "mse", .engine = "reference"});
  untyped.fit_generator(line_batches(), arguments);
  Line model = typed_line();
  model.fit_generator(typed_line_batches(), arguments);
  expect_same_weights(model.untyped(), untyped);
}

typed::Generator<x, AsTarget<typed::Unnamed>, AsWeight<y_weight>> weighted_batches() {
  const NamedTensors data = testing::line_data(8);
  Tensor weights = Tensor::from<float>({8}, {1, 1, 1, 1, 0, 0, 0, 0});
  co_yield typed::values<x, typed::Unnamed, y_weight>(data[0].second, data[1].second, weights);
  throw std::runtime_error("the disk is full");
}

TEST(Typed, AGeneratorHandsOnRolesAndErrors) {
  Generator generator = weighted_batches().untyped();
  Example example;
  ASSERT_TRUE(generator.next(example));
  EXPECT_EQ(example.inputs.tensors.at(0).first, "x");
  EXPECT_EQ(example.target_values.at(0).first, "");
  EXPECT_EQ(example.weight_values.at(0).first, "y") << "by output";
  EXPECT_THROW(generator.next(example), std::runtime_error);
}

TEST(Typed, AWrongDeclarationIsRefused) {
  const Dataset data = Dataset::from_tensors(testing::cell_data(4)).drop({"age"});
  EXPECT_THAT(
      key_error_of([&] { typed::Dataset<Small, large_, cell> wrong(data); }),
      AllOf(HasSubstr(R"(the typed dataset (typed_test.cpp:)"),
            HasSubstr(R"(there is no key "large·")"), HasSubstr(R"(the nearest is "Large")")));
  EXPECT_THAT(key_error_of([&] { typed::Dataset<Small, cell> wrong(data); }),
              HasSubstr(R"("Large" is there and not declared)"));
  EXPECT_THAT(key_error_of([&] { typed::Dataset<Small, Large, AsTarget<cell>> wrong(data); }),
              HasSubstr(R"("cell" is declared as target, and is data here)"));
  EXPECT_NO_THROW((typed::Dataset<cell, Large, Small>(data))) << "in any order";
}

TEST(Typed, AWrongModelIsRefused) {
  using Other = typed::Model<typed::Inputs<Small, large_>, typed::Outputs<cell, age>>;
  EXPECT_THAT(key_error_of([] { Other wrong(testing::cell_model()); }),
              AllOf(HasSubstr("the inputs of the typed model `cells`"),
                    HasSubstr(R"(there is no key "large·")")));
  using Fewer = typed::Model<typed::Inputs<Small, Large>, typed::Outputs<cell>>;
  EXPECT_THAT(key_error_of([] { Fewer wrong(testing::cell_model()); }),
              AllOf(HasSubstr("the outputs of the typed model `cells`"),
                    HasSubstr(R"("age" is there and not declared)")));
}

TEST(Typed, WhatIsWrongAlreadyIsToldAtTheDeclaration) {
  const Dataset data = Dataset::from_tensors(testing::cell_data(4)).drop({"agee"});
  try {
    const Given wrong(data);
    FAIL() << "must throw";
  } catch (const ContractError& error) {
    EXPECT_EQ(error.code(), "K007");
    EXPECT_THAT(error.what(), HasSubstr(R"("agee")"));
  }
}

TEST(Typed, TheRuntimeChecksStayOn) {
  Cells model = typed_cells();
  const Given data(Dataset::from_tensors(testing::cell_data(4)));
  EXPECT_THAT(key_error_of([&] { model.fit(data.copy<Small, extra>().batch(2)); }),
              HasSubstr(R"(nothing uses the data key "extra")"));
  EXPECT_THROW(model.fit(data), ContractError) << "S001: no batch axis";
}

TEST(Typed, AnOutputWithoutALossNeedsNoTarget) {
  typed::Model<typed::Inputs<Small, Large>, typed::Outputs<cell, typed::Untrained<age>>> model(
      testing::cell_model());
  model.compile({.loss = {{"cell", "sparse_categorical_crossentropy"}}, .engine = "reference"});
  const Given data(testing::cell_dataset(8, 4));
  EXPECT_EQ(model.fit(data.drop<age>(), {.verbose = 0}).logs.size(), 1U);
  EXPECT_EQ(model.predict(data.drop<age, cell>()).outputs.size(), 2U) << "predict needs no targets";
}

TEST(Typed, StagesOnKeysKeepTheListTrue) {
  const Given data(Dataset::from_tensors(testing::cell_data(6)));
  expect_true_list(data.rename<Small, Large, Large, Small>());
  expect_true_list(data.rename<Small, x, cell, y>().drop<x>().rename<y, Small>());
  expect_true_list(data.drop<age, Large>());
  expect_true_list(data.select<cell, Small>());
  expect_true_list(data.copy<Large, extra>().drop<Large>().copy<extra, Large>());
  expect_true_list(data.select<Small, sample_index>());
  expect_true_list(data.copy<sample_index, extra>());
  expect_true_list(data.drop<also_small>());
  const typed::Dataset<Large, cell> narrowed = data.drop<Small, age>().shuffle(3);
  EXPECT_EQ(narrowed.untyped().schema().size(), 2U);
}

TEST(Typed, StagesOnValuesKeepTheListTrue) {
  const auto corner = [](float value) { return Tensor::from<float>({2}, {value, value}); };
  const typed::Dataset<x, xmin, ymin, xmax, ymax, cell> images(
      Dataset::from_tensors({{"x", random_uniform({2, 8, 8, 3}, 1)},
                             {"xmin", corner(1)},
                             {"ymin", corner(2)},
                             {"xmax", corner(6)},
                             {"ymax", corner(7)},
                             {"cell", Tensor::from<std::int64_t>({2}, {0, 1})}}));
  expect_true_list(images.crop_box<x, Small, xmin, ymin, xmax, ymax>({.size = {4, 4}}));
  const auto cut =
      images.crop_around<x, x, xmin, ymin, xmax, ymax>({4, 4}).drop<xmin, ymin, xmax, ymax>();
  expect_true_list(cut);
  expect_true_list(cut.resize<x>({2, 2}).pad<x>({3, 3}).random_flip<x>({"width"}));
  expect_true_list(cut.scale<x>(0.5).normalize<x>({0.5}, {0.5}).transpose<x>({2, 0, 1}));
  expect_true_list(cut.cast<cell>(DType::kInt64).one_hot<cell>(2));
  expect_true_list(cut.encode<cell, y>({"1"}).encode<y, y>({"0"}));
  expect_true_list(cut.filter<cell>({.min = 0.0}).filter([](const Record&) { return true; }));
  expect_true_list(cut.take(2).skip(1).repeat(2).on_bad_sample({}).batch(2).prefetch(1));
}

TEST(Typed, AMapIsHeldToItsResult) {
  const Given data(Dataset::from_tensors(testing::cell_data(4)));
  const auto twice = [](Record& record) {
    for (float& value : record.at("Small").data<float>()) value *= 2;
  };
  expect_true_list(data.map(twice));
  const auto removes = [](Record& record) {
    record.set("extra", record.at("age"));
    record.remove("age");
  };
  expect_true_list(data.map<Small, Large, cell, extra>(removes));
  EXPECT_THAT(key_error_of([&] { data.map(removes); }), HasSubstr(R"(there is no key "age")"));
}

TEST(Typed, AStageOfOnesOwnIsHeldToItsResult) {
  const Dataset untyped = Dataset::from_tensors(testing::cell_data(4));
  const auto drop = untyped.drop({"age"}).pipeline()->stages().back().stage;
  const Given data(untyped);
  expect_true_list(data.stage<Small, Large, cell>(drop));
  EXPECT_THAT(key_error_of([&] { data.stage(drop); }), HasSubstr(R"(there is no key "age")"));
}

}  // namespace
}  // namespace tenon
