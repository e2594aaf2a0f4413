#include "train/compile_config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tenon/error.hpp"
#include "tenon/layers.hpp"
#include "train/keras_fixtures.hpp"

namespace tenon {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

Model two_outputs() {
  const SymbolicTensor x = Input({3}, {.name = "x"});
  return Model(x, {{"a", Dense(2, {.name = "a"})(x)}, {"b", Dense(1, {.name = "b"})(x)}});
}

TEST(CompileConfig, ComesBackAsItWas) {
  CompileArguments arguments{.optimizer = SGD({.learning_rate = 0.5, .momentum = 0.9})};
  arguments.loss = {{"a", losses::CategoricalCrossentropy({.label_smoothing = 0.1})}, {"b", "mse"}};
  arguments.loss_weights = {{"a", 1.0}, {"b", 0.5}};
  arguments.metrics = {{"a", Metrics{"accuracy", metrics::AUC({.curve = "PR", .name = "pr"})}}};
  arguments.weighted_metrics = {{"b", Metrics{"mae"}}};
  Model model = two_outputs();
  model.compile(arguments);
  const CompileArguments back =
      train::compile_arguments_from_json(train::compile_config_json(model));
  EXPECT_EQ(back.optimizer, arguments.optimizer);
  EXPECT_EQ(back.loss.by_name(), arguments.loss.by_name());
  EXPECT_EQ(back.loss_weights.by_name(), arguments.loss_weights.by_name());
  EXPECT_EQ(back.metrics.by_name(), arguments.metrics.by_name());
  EXPECT_EQ(back.weighted_metrics.by_name(), arguments.weighted_metrics.by_name());
}

TEST(CompileConfig, IsWrittenAsKerasReadsIt) {
  Model model = two_outputs();
  model.compile({.optimizer = "adam", .loss = {{"a", "mse"}, {"b", "mae"}}});
  const auto json = nlohmann::json::parse(train::compile_config_json(model));
  EXPECT_EQ(json["optimizer"]["module"], "keras.optimizers");
  EXPECT_EQ(json["optimizer"]["class_name"], "Adam");
  EXPECT_EQ(json["optimizer"]["config"]["epsilon"], 1e-7);
  EXPECT_EQ(json["loss"]["a"], "mean_squared_error");
  EXPECT_TRUE(json["metrics"].is_null());
}

TEST(CompileConfig, LearningRateIsTheOneOfNow) {
  CompileArguments arguments{.optimizer = "adam", .loss = {{"a", "mse"}}};
  Model model = two_outputs();
  model.compile(arguments);
  EXPECT_EQ(
      train::compile_arguments_from_json(train::compile_config_json(model)).optimizer.learning_rate,
      0.001);
}

TEST(CompileConfig, ReadsWhatKerasWrote) {
  TENON_NEEDS_KERAS_FIXTURES();
  std::ifstream file(tenon::testing::keras_fixtures() / "config_examples.json");
  const auto examples = nlohmann::json::parse(file);
  const CompileArguments arguments = train::compile_arguments_from_json(
      examples["two_outputs_dict"]["config.json"]["compile_config"].dump());
  EXPECT_EQ(arguments.optimizer.class_name, "Adam");
  EXPECT_NEAR(arguments.optimizer.learning_rate, 0.001, 1e-9);
  EXPECT_EQ(arguments.loss.by_name().at(1).second, Loss("mae"));
  EXPECT_EQ(arguments.loss_weights.by_name().at(1).second, 0.5);
  EXPECT_EQ(arguments.metrics.by_name().at(0).second, Metrics{"mae"});
}

TEST(CompileConfig, ListsAreBoundToTheOutputsInTheirOrder) {
  const char* text = R"({"optimizer": "sgd", "loss": ["mse", "mae"], "metrics": [["mae"], null]})";
  const CompileArguments arguments = train::compile_arguments_from_json(text, {"a", "b"});
  EXPECT_EQ(arguments.loss.by_name().at(1), (std::pair<std::string, Loss>("b", "mae")));
  EXPECT_EQ(arguments.metrics.by_name().size(), 1U);
  EXPECT_THROW(train::compile_arguments_from_json(text, {"a", "b", "c"}), FormatError);
}

TEST(CompileConfig, TheOnlyOutputTakesAWordOrAList) {
  const CompileArguments arguments = train::compile_arguments_from_json(
      R"({"optimizer": "rmsprop", "loss": ["mse"], "metrics": ["accuracy", "auc"]})", {"y"});
  EXPECT_EQ(arguments.loss.single(), Loss("mse"));
  EXPECT_EQ(arguments.metrics.single()->size(), 2U);
}

TEST(CompileConfig, RefusesWhatItCannotHonour) {
  const auto message = [](const std::string& text) {
    try {
      train::compile_arguments_from_json(text);
    } catch (const Error& error) {
      return error.code() + " " + error.what();
    }
    return std::string();
  };
  EXPECT_THAT(message(R"({"optimizer": {"class_name": "Adam", "config": {"use_ema": true}}})"),
              AllOf(HasSubstr("A001"), HasSubstr("\"use_ema\" is true")));
  EXPECT_THAT(message(R"({"optimizer": {"class_name": "Nadam", "config": {}}})"),
              HasSubstr("there is no optimizer \"Nadam\""));
  EXPECT_THAT(message(R"({"optimizer": {"class_name": "SGD", "config": {"learning_rate":
               {"class_name": "CosineDecay", "config": {}}}}})"),
              AllOf(HasSubstr("\"learning_rate\""), HasSubstr("CosineDecay")));
  EXPECT_THAT(message("[1, 2]"), HasSubstr("F001"));
  EXPECT_THAT(message(R"({"optimizer": "sgd", "loss": 7})"), HasSubstr("a loss is 7"));
}

}  // namespace
}  // namespace tenon
