#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tenon/error.hpp"
#include "tenon/message.hpp"
#include "tenon/progress.hpp"
#include "train/engines_under_test.hpp"
#include "train/small_models.hpp"

namespace tenon {
namespace {

using ::testing::AllOf;
using testing::cell_arguments;
using testing::cell_data;
using testing::cell_dataset;
using testing::cell_model;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::line_data;
using testing::line_dataset;
using testing::line_model;
using ::testing::Lt;

Model compiled_line(const Optimizer& optimizer = SGD({.learning_rate = 0.1})) {
  Model model = line_model();
  model.initialize(7);
  model.compile({.optimizer = optimizer, .loss = "mse", .engine = "reference"});
  return model;
}

/// x = (value, value), y = value.
Example one_row(float value) {
  return Example(inputs("x", Tensor::from<float>({1, 2}, {value, value})),
                 Tensor::from<float>({1, 1}, {value}));
}

/// Keeps what it is told.
class Recorder : public Callback {
 public:
  std::string name() const override { return "Recorder"; }
  void on_train_begin(TrainingControl& control) override {
    events.push_back("begin");
    names = control.log_names();
  }
  void on_epoch_begin(TrainingControl&, std::int64_t epoch) override {
    events.push_back("epoch " + std::to_string(epoch));
  }
  void on_train_batch_end(TrainingControl& control, const StepInfo& info,
                          const Logs& logs) override {
    steps.push_back(info);
    running.push_back(logs);
    if (steps.size() == stop_after) control.stop_training();
  }
  void on_epoch_end(TrainingControl&, std::int64_t, const Logs& logs) override {
    events.push_back("end");
    epochs.push_back(logs);
  }
  void on_train_end(TrainingControl&, const Logs&) override { events.push_back("done"); }

  std::vector<std::string> events;
  std::vector<std::string> names;
  std::vector<StepInfo> steps;
  std::vector<Logs> running;
  std::vector<Logs> epochs;
  std::size_t stop_after = 0;
};

class Fit : public testing::OnEveryEngine {};

TEST_P(Fit, LearnsALine) {
  Model model = line_model();
  model.compile({.optimizer = SGD({.learning_rate = 0.5}), .loss = "mse", .engine = GetParam()});
  const History history = model.fit(line_dataset(64, 16), {.epochs = 30, .verbose = 0});
  ASSERT_EQ(history.logs.size(), 30U);
  EXPECT_LT(history.of("loss").back(), 1e-6);
  const Tensor kernel = model.weights()[0]->value();
  EXPECT_NEAR(kernel.data<float>()[0], 3.0F, 1e-2F);
  EXPECT_NEAR(kernel.data<float>()[1], -2.0F, 1e-2F);
}

TEST_P(Fit, TellsWhereTheTimeOfItsStepsWent) {
  Model model = line_model();
  model.compile({.optimizer = "sgd", .loss = "mse", .engine = GetParam()});
  const auto recorder = std::make_shared<Recorder>();
  const History history = model.fit(line_dataset(64, 16).prefetch(2),
                                    {.epochs = 3, .callbacks = {recorder}, .verbose = 0});
  ASSERT_EQ(recorder->steps.size(), 12U);
  double data = 0.0;
  double compute = 0.0;
  for (const StepInfo& info : recorder->steps) {
    EXPECT_GE(info.seconds_data, 0.0);
    EXPECT_GT(info.seconds_compute, 0.0);
    data += info.seconds_data;
    compute += info.seconds_compute;
  }
  EXPECT_DOUBLE_EQ(history.seconds_data, data);
  EXPECT_DOUBLE_EQ(history.seconds_compute, compute);
}

TEST_P(Fit, TwoOutputsHaveKerasNames) {
  Model model = cell_model();
  model.initialize(1);
  CompileArguments arguments = cell_arguments(GetParam());
  arguments.loss_weights = {{"cell", 1.0}, {"age", 0.25}};
  arguments.metrics = {{"cell", Metrics{"accuracy"}}, {"age", Metrics{"mae", "mae"}}};
  model.compile(arguments);
  const History history =
      model.fit(cell_dataset(90, 30),
                {.epochs = 20, .validation_data = cell_dataset(40, 20, 9), .verbose = 0});
  EXPECT_THAT(history.names(),
              ElementsAre("loss", "cell_loss", "age_loss", "cell_accuracy", "age_mae", "age_mae_1",
                          "val_loss", "val_cell_loss", "val_age_loss", "val_cell_accuracy",
                          "val_age_mae", "val_age_mae_1"));
  const Logs& last = history.logs.back();
  EXPECT_NEAR(last.at("loss"), last.at("cell_loss") + 0.25 * last.at("age_loss"), 1e-5)
      << "the losses of outputs are told without their weights";
  EXPECT_LT(history.of("cell_loss").back(), history.of("cell_loss").front());
  EXPECT_LT(history.of("age_loss").back(), history.of("age_loss").front());
  EXPECT_GT(last.at("val_cell_accuracy"), 0.5);
}

TENON_ON_EVERY_ENGINE(Fit);

TEST(FitLoop, TellsCallbacksInOrder) {
  Model model = compiled_line();
  const auto recorder = std::make_shared<Recorder>();
  model.fit(line_dataset(10, 4), {.epochs = 2, .callbacks = {recorder}, .verbose = 0});
  EXPECT_THAT(recorder->events, ElementsAre("begin", "epoch 0", "end", "epoch 1", "end", "done"));
  ASSERT_EQ(recorder->steps.size(), 6U);
  EXPECT_EQ(recorder->steps[2].examples, 2) << "the last batch is smaller";
  EXPECT_EQ(recorder->steps[3].epoch, 1);
  EXPECT_EQ(recorder->steps[3].step, 0);
}

TEST(FitLoop, EpochMeansWeighBatchesByTheirRows) {
  Model model = compiled_line(SGD({.learning_rate = 0.0}));
  const auto recorder = std::make_shared<Recorder>();
  model.fit(line_dataset(10, 4), {.callbacks = {recorder}, .verbose = 0});
  const auto loss = [&](std::size_t i) { return recorder->steps[i].batch.at("loss"); };
  EXPECT_NEAR(recorder->epochs[0].at("loss"), (4 * loss(0) + 4 * loss(1) + 2 * loss(2)) / 10,
              1e-12);
  EXPECT_NEAR(recorder->running[1].at("loss"), (loss(0) + loss(1)) / 2, 1e-12);
  EXPECT_NEAR(model.evaluate(line_dataset(10, 5)).at("loss"), recorder->epochs[0].at("loss"), 1e-6);
}

TEST(FitLoop, AStepsNumbersAreOfBeforeItsUpdate) {
  Model model = compiled_line();
  const NamedTensors data = line_data(4);
  const Example example(inputs("x", data[0].second), data[1].second);
  const double before = model.test_on_batch(example).at("loss");
  EXPECT_NEAR(model.train_on_batch(example).at("loss"), before, 1e-6);
  EXPECT_LT(model.test_on_batch(example).at("loss"), before);
}

TEST(FitLoop, TheSameSeedGivesTheSameWeightsBitForBit) {
  const auto train = [] {
    const SymbolicTensor x = Input({2}, {.name = "x"});
    const SymbolicTensor hidden = Dropout(0.5)(Dense(16, {.activation = "relu"})(x));
    Model model(x, Dense(1, {.name = "y"})(hidden));
    model.initialize(5);
    model.compile({.optimizer = "adam", .loss = "mse", .engine = "reference", .threads = 1});
    model.fit(Dataset::from_tensors(line_data(50)).shuffle(50).batch(8),
              {.epochs = 3, .verbose = 0, .seed = 11});
    return model.weights()[0]->value();
  };
  EXPECT_TRUE(train().equals(train()));
}

TEST(FitLoop, StepsPerEpochDrawOnOneStream) {
  Model model = compiled_line();
  const auto recorder = std::make_shared<Recorder>();
  const auto seen = std::make_shared<std::vector<float>>();
  const auto batches = [](std::shared_ptr<std::vector<float>> given) -> Generator {
    for (float i = 0.0F; i < 6.0F; i += 1.0F) {
      given->push_back(i);
      co_yield one_row(i);
    }
  };
  model.fit_generator(batches(seen),
                      {.steps_per_epoch = 3, .epochs = 2, .callbacks = {recorder}, .verbose = 0});
  EXPECT_EQ(recorder->steps.size(), 6U);
  EXPECT_THAT(*seen, ElementsAre(0, 1, 2, 3, 4, 5)) << "each batch once, none twice";
}

std::string thrown_by(const std::function<void()>& run, const std::string& code) {
  try {
    run();
  } catch (const Error& error) {
    std::vector<std::string> codes;
    for (const Diagnostic& diagnostic : error.diagnostics()) codes.push_back(diagnostic.code);
    EXPECT_THAT(codes, Contains(code)) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

TEST(FitLoop, AGeneratorThatEndsTooEarlyIsG001AndNothingIsReplayed) {
  Model model = compiled_line();
  int yielded = 0;
  const auto batches = [](int* count) -> Generator {
    for (; *count < 4; ++*count) {
      co_yield one_row(0.0F);
    }
  };
  const auto recorder = std::make_shared<Recorder>();
  const std::string text = thrown_by(
      [&] {
        model.fit_generator(
            batches(&yielded),
            {.steps_per_epoch = 3, .epochs = 2, .callbacks = {recorder}, .verbose = 0});
      },
      "G001");
  EXPECT_THAT(text, AllOf(HasSubstr("epoch 2"), HasSubstr("after 1 step,"), HasSubstr("repeat")));
  EXPECT_EQ(recorder->steps.size(), 4U);
}

TEST(FitLoop, AGeneratorThatRunsOnceIsRefusedForSeveralEpochs) {
  Model model = compiled_line();
  const auto batches = []() -> Generator { co_yield one_row(0.0F); };
  const std::string text =
      thrown_by([&] { model.fit_generator(batches(), {.epochs = 2, .verbose = 0}); }, "G001");
  EXPECT_THAT(text, HasSubstr("runs once, and 2 passes are asked for"));
}

TEST(FitLoop, AllProblemsComeAtOnceAndBeforeAnyStep) {
  Model model = cell_model();
  CompileArguments arguments = cell_arguments();
  arguments.metrics = {{"cel", Metrics{"accuracy"}}};
  model.compile(arguments);
  NamedTensors data = cell_data(12);
  data[0].first = "small";
  NamedTensors validation = cell_data(12);
  validation[1].first = "Large ";
  const auto recorder = std::make_shared<Recorder>();
  try {
    model.fit(Dataset::from_tensors(data).batch(4),
              {.validation_data = Dataset::from_tensors(validation).batch(4),
               .callbacks = {recorder, EarlyStopping({.monitor = "val_los"})},
               .verbose = 0});
    FAIL();
  } catch (const ContractError& error) {
    std::vector<std::string> codes;
    for (const Diagnostic& diagnostic : error.diagnostics()) codes.push_back(diagnostic.code);
    EXPECT_THAT(codes, ::testing::UnorderedElementsAre("C002", "K011", "K002", "K003"));
    EXPECT_THAT(error.what(), HasSubstr("\"val_loss\""));
  }
  EXPECT_TRUE(recorder->events.empty());
}

TEST(FitLoop, CheckTellsTheSameAndThrowsNothing) {
  Model model = cell_model();
  model.compile(cell_arguments());
  NamedTensors data = cell_data(12);
  EXPECT_THAT(model.check(Dataset::from_tensors(data).batch(4)), ::testing::IsEmpty());
  data[0].first = "small";
  const auto problems = model.check(Dataset::from_tensors(data).batch(4));
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].code, "K002");
}

TEST(FitLoop, AMisspeltLossIsToldOnce) {
  Model model = cell_model();
  model.compile({.loss = {{"cells", "sparse_categorical_crossentropy"}, {"age", "mse"}},
                 .engine = "reference"});
  const auto problems = model.check(cell_dataset(12, 4));
  ASSERT_EQ(problems.size(), 1U) << render_text(problems);
  EXPECT_EQ(problems[0].code, "K011");
  EXPECT_EQ(problems[0].candidate, "cell");
}

TEST(FitLoop, OneLossForTwoOutputsIsRefused) {
  Model model = cell_model();
  model.compile({.loss = "mse", .engine = "reference"});
  const std::string text =
      thrown_by([&] { model.fit(cell_dataset(12, 4), {.verbose = 0}); }, "K011");
  EXPECT_THAT(text, AllOf(HasSubstr("loss is given once"), HasSubstr("\"cell\" and \"age\"")));
}

TEST(FitLoop, WithoutCompileOrLossItSaysWhatToDo) {
  Model model = line_model();
  EXPECT_THAT(thrown_by([&] { model.fit(line_dataset(4, 2)); }, "A001"),
              HasSubstr("call compile("));
  model.compile({.engine = "reference"});
  EXPECT_THAT(thrown_by([&] { model.fit(line_dataset(4, 2)); }, "A001"),
              HasSubstr("compiled without a loss"));
}

TEST(FitLoop, WrongArgumentsAreAllTold) {
  Model model = compiled_line();
  const std::string text = thrown_by(
      [&] {
        model.fit(line_dataset(4, 2),
                  {.epochs = 0, .validation_freq = 0, .verbose = 3, .data_threads = -4});
      },
      "A001");
  EXPECT_THAT(text, AllOf(HasSubstr("epochs is 0"), HasSubstr("validation_freq is 0"),
                          HasSubstr("verbose is 3"), HasSubstr("fit: data_threads is -4")));
  const EvaluateArguments evaluate{.data_threads = 500'000};
  EXPECT_THAT(thrown_by([&] { model.evaluate(line_dataset(4, 2), evaluate); }, "A001"),
              HasSubstr("evaluate: data_threads is 500000 where at most"));
  EXPECT_THAT(thrown_by([&] { model.predict(line_dataset(4, 2), {.data_threads = -1}); }, "A001"),
              HasSubstr("predict: data_threads is -1"));
}

TEST(FitLoop, NaNInTheDataIsFoundBeforeTheUpdate) {
  Model model = compiled_line();
  NamedTensors data = line_data(8);
  data[0].second.data<float>()[13] = std::numeric_limits<float>::quiet_NaN();
  const std::string text =
      thrown_by([&] { model.fit(Dataset::from_tensors(data).batch(4), {.verbose = 0}); }, "D002");
  EXPECT_THAT(text, AllOf(HasSubstr("\"x\""), HasSubstr("step 2")));
  for (const float value : model.weights()[0]->value().data<float>()) {
    EXPECT_TRUE(std::isfinite(value));
  }
}

TEST(FitLoop, ALossThatBlowsUpIsD002WithItsStep) {
  Model model = compiled_line(SGD({.learning_rate = 1e20}));
  const std::string text =
      thrown_by([&] { model.fit(line_dataset(40, 4), {.verbose = 0}); }, "D002");
  EXPECT_THAT(text, AllOf(HasSubstr("the loss became"), HasSubstr("epoch 1, step"),
                          HasSubstr("learning rate")));
}

TEST(FitLoop, TerminateOnNanEndsInPlaceOfTheError) {
  Model model = compiled_line(SGD({.learning_rate = 1e20}));
  const MessageSink before = set_message_sink([](const Diagnostic&) {});
  const History history =
      model.fit(line_dataset(40, 4), {.epochs = 5, .callbacks = {TerminateOnNaN()}, .verbose = 0});
  set_message_sink(before);
  EXPECT_TRUE(history.stopped_early);
  EXPECT_EQ(history.logs.size(), 1U);
}

TEST(FitLoop, ACallbackMayStopInTheMiddleOfAnEpoch) {
  Model model = compiled_line();
  const auto recorder = std::make_shared<Recorder>();
  recorder->stop_after = 3;
  const History history =
      model.fit(line_dataset(40, 4), {.epochs = 9, .callbacks = {recorder}, .verbose = 0});
  EXPECT_EQ(recorder->steps.size(), 3U);
  EXPECT_EQ(recorder->events.back(), "done");
  EXPECT_TRUE(history.stopped_early);
}

TEST(FitLoop, EarlyStoppingEndsARun) {
  Model model = compiled_line(SGD({.learning_rate = 0.0}));
  const History history =
      model.fit(line_dataset(8, 4), {.epochs = 20,
                                     .validation_data = line_dataset(8, 4, 2),
                                     .callbacks = {EarlyStopping({.patience = 2})},
                                     .verbose = 0});
  EXPECT_EQ(history.logs.size(), 3U);
}

TEST(FitLoop, ValidationRunsAsOftenAsAsked) {
  Model model = compiled_line();
  const History history = model.fit(line_dataset(8, 4), {.epochs = 4,
                                                         .validation_data = line_dataset(8, 4, 2),
                                                         .validation_steps = 1,
                                                         .validation_freq = 2,
                                                         .verbose = 0});
  EXPECT_FALSE(history.logs[0].find("val_loss").has_value());
  EXPECT_TRUE(history.logs[1].find("val_loss").has_value());
  EXPECT_EQ(history.of("val_loss").size(), 2U);
}

TEST(FitLoop, TheFirstEpochCountsFromInitialEpoch) {
  Model model = compiled_line();
  const History history =
      model.fit(line_dataset(8, 4), {.epochs = 5, .initial_epoch = 3, .verbose = 0});
  EXPECT_THAT(history.epoch, ElementsAre(3, 4));
}

TEST(FitLoop, TellsTheProgressSink) {
  std::vector<ProgressEvent> told;
  const ProgressSink before =
      set_progress_sink([&](const ProgressEvent& event) { told.push_back(event); });
  Model model = compiled_line();
  model.fit(line_dataset(8, 4), {.validation_data = line_dataset(4, 4, 2)});
  model.fit(line_dataset(8, 4), {.verbose = 0});
  set_progress_sink(before);
  ASSERT_EQ(told.size(), 4U) << "begin, two steps, end; and nothing where verbose is 0";
  EXPECT_EQ(told[1].step, 1);
  EXPECT_EQ(told[1].steps, 2);
  EXPECT_EQ(told[3].kind, ProgressEvent::Kind::kEnd);
  EXPECT_TRUE(told[3].logs.find("val_loss").has_value());
}

TEST(FitLoop, AnUnknownEngineOrPrecisionIsToldWhenCompiling) {
  Model model = line_model();
  const auto compile = [&](CompileArguments arguments) {
    return thrown_by(
        [&] { model.compile(arguments); },
        arguments.engine == "reference" && arguments.precision == "float" ? "A001" : "E001");
  };
  EXPECT_THAT(compile({.loss = "mse", .engine = "one_dnn"}), HasSubstr("\"onednn\""));
  EXPECT_THAT(compile({.loss = "mse", .engine = "reference", .precision = "float"}),
              HasSubstr("\"float32\""));
}

}  // namespace
}  // namespace tenon
