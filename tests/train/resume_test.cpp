#include "train/resume.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "support/steps_csv.hpp"
#include "tenon/error.hpp"
#include "tenon/file.hpp"
#include "tenon/message.hpp"
#include "train/small_models.hpp"
#include "train/training_state.hpp"

namespace tenon::train {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

/// Two inputs, dropout and batch normalisation; initialised alike every time.
Model resumable_model(const std::string& activation = "relu") {
  const SymbolicTensor small = Input({4}, {.name = "Small"});
  const SymbolicTensor large = Input({6}, {.name = "Large"});
  const SymbolicTensor joined = Concatenate({.name = "joined"})({small, large});
  SymbolicTensor hidden = Dense(8, {.activation = activation, .name = "hidden"})(joined);
  hidden = BatchNormalization({.name = "norm"})(hidden);
  hidden = Dropout(0.3, {.name = "dropout"})(hidden);
  return Model({small, large},
               {Dense(3, {.activation = "softmax", .name = "cell"})(hidden),
                Dense(1, {.name = "age"})(hidden)},
               {.name = "cells"});
}

/// As if the machine had failed: nothing is written, nobody is told.
struct Killed {};
class KillAfter : public Callback {
 public:
  explicit KillAfter(std::int64_t steps) : left_(steps) {}
  std::string name() const override { return "KillAfter"; }
  void on_train_batch_end(TrainingControl&, const StepInfo&, const Logs&) override {
    if (left_-- == 0) throw Killed();
  }

 private:
  std::int64_t left_;
};

struct Result {
  std::vector<Tensor> weights;
  History history;
  std::string epochs;  ///< Of CSVLogger.
  std::string steps;   ///< Of StepsLogger, without its columns of seconds.
};

struct Case {
  const char* engine;
  bool steps_per_epoch;
  int data_threads;
  const char* save_freq;
};

class Resume : public ::testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    const std::string test = ::testing::UnitTest::GetInstance()->current_test_info()->name();
    folder_ = fs::temp_directory_path() / ("tenon_resume_" + std::to_string(::getpid()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  static Dataset data(bool repeat) {
    const Dataset samples = Dataset::from_tensors(testing::cell_data(50)).shuffle(16);
    return (repeat ? samples.repeat() : samples).batch(8);
  }

  /// A program that trains, from its beginning, until it ends or is killed.
  Result program(const std::string& name, std::int64_t kill_after,
                 BackupAndRestoreOptions options = {}, Callbacks more = {}) const {
    const Case& one = GetParam();
    Model model = resumable_model();
    model.initialize(5);
    model.compile({.optimizer = "adam",
                   .loss = {{"cell", "sparse_categorical_crossentropy"}, {"age", "mse"}},
                   .metrics = {{"cell", {"accuracy"}}, {"age", {"mae"}}},
                   .engine = one.engine});
    options.save_freq = one.save_freq;
    FitArguments arguments;
    arguments.epochs = 4;
    if (one.steps_per_epoch) arguments.steps_per_epoch = 6;
    arguments.validation_data = Dataset::from_tensors(testing::cell_data(20, 9)).batch(8);
    arguments.verbose = 0;
    arguments.seed = 11;
    arguments.data_threads = one.data_threads;
    arguments.callbacks = {
        EarlyStopping({.patience = 9, .restore_best_weights = true}),
        CSVLogger(path(name + "_epochs.csv")), StepsLogger(path(name + "_steps.csv")),
        BackupAndRestore(path(name), options), std::make_shared<KillAfter>(kill_after)};
    arguments.callbacks.insert(arguments.callbacks.begin(), more.begin(), more.end());
    Result result;
    result.history = model.fit(data(one.steps_per_epoch), arguments);
    for (const auto& weight : model.weights()) result.weights.push_back(weight->value());
    result.epochs = read_file(path(name + "_epochs.csv"));
    result.steps = testing::without_seconds(read_file(path(name + "_steps.csv")));
    return result;
  }

  fs::path folder_;
};

constexpr std::int64_t kNever = 1 << 20;
/// Of all weights in states/version_1.keras.
constexpr double kSumOfVersion1 = 6.436130;

void expect_same(const Result& a, const Result& b) {
  ASSERT_EQ(a.weights.size(), b.weights.size());
  for (std::size_t i = 0; i < a.weights.size(); ++i) EXPECT_TRUE(a.weights[i].equals(b.weights[i]));
  EXPECT_EQ(a.history.epoch, b.history.epoch);
  ASSERT_EQ(a.history.logs.size(), b.history.logs.size());
  for (std::size_t i = 0; i < a.history.logs.size(); ++i)
    EXPECT_EQ(a.history.logs[i].entries(), b.history.logs[i].entries());
  EXPECT_EQ(a.epochs, b.epochs);
  EXPECT_EQ(a.steps, b.steps);
}

TEST_P(Resume, EndsAsIfItHadNotBeenKilled) {
  const Result undisturbed = program("undisturbed", kNever);
  ASSERT_EQ(undisturbed.history.logs.size(), 4U);
  int kills = 0;
  for (const std::int64_t after : {2, 9, 5, 7, 3, 8, 11}) {
    try {
      program("killed", after);
      break;
    } catch (const Killed&) {
      ++kills;
    }
  }
  EXPECT_GE(kills, 3);
  expect_same(program("killed", kNever), undisturbed);
  EXPECT_FALSE(fs::exists(folder_ / "killed" / "state.keras")) << "the training has ended";
}

INSTANTIATE_TEST_SUITE_P(Trainings, Resume,
                         ::testing::Values(Case{"reference", false, 1, "1"},
                                           Case{"reference", true, 2, "3"},
                                           Case{"onednn", false, 2, "2"},
                                           Case{"onednn", true, 1, "epoch"}));

class ResumeOnce : public Resume {};
INSTANTIATE_TEST_SUITE_P(Once, ResumeOnce, ::testing::Values(Case{"onednn", false, 1, "1"}));

TEST_P(ResumeOnce, ADamagedStateIsToldAndTheOneBeforeUsed) {
  const Result undisturbed = program("undisturbed", kNever);
  EXPECT_THROW(program("killed", 9), Killed);
  std::string bytes = read_file(path("killed/state.keras"));
  bytes[bytes.size() / 2] = static_cast<char>(~bytes[bytes.size() / 2]);
  write_file_atomically(path("killed/state.keras"), bytes);
  std::vector<std::string> told;
  const MessageSink before =
      set_message_sink([&](const Diagnostic& message) { told.push_back(message.message); });
  expect_same(program("killed", kNever), undisturbed);
  set_message_sink(before);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_THAT(told[0], HasSubstr("state.keras"));
}

TEST_P(ResumeOnce, ALoggerThatIsNewBeginsAFileOfItsOwn) {
  const Result undisturbed = program("undisturbed", kNever);
  EXPECT_THROW(program("killed", 16), Killed);  // In the third epoch.
  expect_same(program("killed", kNever, {}, {CSVLogger(path("new.csv"))}), undisturbed);
  const std::string rows = read_file(path("new.csv"));
  EXPECT_EQ(std::ranges::count(rows, '\n'), 3) << rows;  // The header, and what was yet to come.
  EXPECT_THAT(rows, HasSubstr("\n2,"));
}

/// Weights and history of a training that writes checkpoints, from its beginning or from one.
Result with_checkpoints(const std::string& pattern, const std::string& save_freq,
                        const std::optional<std::string>& from) {
  Model model = resumable_model();
  model.initialize(from ? 6 : 5);  // The checkpoint has the weights.
  model.compile(
      {.optimizer = "adam", .loss = {{"cell", "sparse_categorical_crossentropy"}, {"age", "mse"}}});
  FitArguments arguments;
  arguments.epochs = 3;
  arguments.verbose = 0;
  arguments.seed = 11;
  arguments.data_threads = 2;
  arguments.validation_data = Dataset::from_tensors(testing::cell_data(20, 9)).batch(8);
  arguments.callbacks = {EarlyStopping({.patience = 9}),
                         ModelCheckpoint(pattern, {.save_freq = save_freq})};
  if (from) arguments.resume = ResumeFrom{*from};
  Result result;
  result.history =
      model.fit(Dataset::from_tensors(testing::cell_data(50)).shuffle(16).batch(8), arguments);
  for (const auto& weight : model.weights()) result.weights.push_back(weight->value());
  return result;
}

/// Of a checkpoint of the format's first version; how it was made is in resume_test.cpp.
Model model_of_fixture() {
  Model model = resumable_model();
  model.initialize(6);
  model.compile(
      {.optimizer = "adam", .loss = {{"cell", "sparse_categorical_crossentropy"}, {"age", "mse"}}});
  return model;
}

TEST_P(ResumeOnce, EveryCheckpointCanBeGoneOnFrom) {
  const Result undisturbed = with_checkpoints(path("{epoch}-{batch}.keras"), "5", std::nullopt);
  // 7 steps an epoch: behind 5, 10, 15 and 20 of 21.
  for (const char* file : {"1-5.keras", "2-3.keras", "3-1.keras", "3-6.keras"}) {
    ASSERT_TRUE(fs::exists(path(file))) << file;
    expect_same(with_checkpoints(path("again.keras"), "5", path(file)), undisturbed);
  }
  with_checkpoints(path("e{epoch}-{val_loss:.3f}.keras"), "epoch", std::nullopt);
  int checkpoints = 0;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    if (!entry.path().filename().string().starts_with("e")) continue;
    ++checkpoints;
    expect_same(with_checkpoints(path("again.keras"), "epoch", entry.path().string()), undisturbed);
  }
  EXPECT_EQ(checkpoints, 3);
}

TEST_P(ResumeOnce, OfAnotherModelAStateIsRefused) {
  with_checkpoints(path("{epoch}.keras"), "epoch", std::nullopt);
  Model same = model_of_fixture();
  EXPECT_NO_THROW(default_state_store().read(path("2.keras"), same));
  Model other = resumable_model("tanh");
  other.compile(
      {.optimizer = "adam", .loss = {{"cell", "sparse_categorical_crossentropy"}, {"age", "mse"}}});
  try {
    default_state_store().read(path("2.keras"), other);
    FAIL() << "it was read";
  } catch (const OtherTrainingError& error) {
    EXPECT_THAT(error.what(), HasSubstr("a training of another model"));
    EXPECT_THAT(error.what(), HasSubstr(".config.activation: was \"relu\", is \"tanh\""));
  }
}

class Remembers : public Callback {
 public:
  explicit Remembers(std::string file = "") : file_(std::move(file)) {}
  std::string name() const override { return "Remembers"; }
  void save_state(CallbackState& state) const override {
    if (!file_.empty()) state.texts.emplace_back(kFileOfCallback, file_);
  }
  void restore_state(const CallbackState& state) override { value = state.integer("value"); }
  std::optional<std::int64_t> value;

 private:
  std::string file_;
};

/// What the callbacks get of states whose values are 1, 2, …; `files`: of the states.
std::vector<std::optional<std::int64_t>> restored(
    const std::vector<std::string>& files, const std::vector<std::shared_ptr<Remembers>>& to) {
  TrainingState state;
  for (std::size_t i = 0; i < files.size(); ++i) {
    CallbackState saved;
    if (!files[i].empty()) saved.texts.emplace_back(kFileOfCallback, files[i]);
    saved.numbers.emplace_back("value", static_cast<double>(i + 1));
    state.callbacks.emplace_back("Remembers", saved);
  }
  restore_callbacks(Callbacks(to.begin(), to.end()), state);
  std::vector<std::optional<std::int64_t>> values;
  for (const auto& callback : to) values.push_back(callback->value);
  return values;
}

TEST(RestoreCallbacks, GivesEachWhatOneOfItsNameAndFileSaved) {
  const auto any = [] { return std::make_shared<Remembers>(); };
  const auto of = [](const char* file) { return std::make_shared<Remembers>(file); };
  using Values = std::vector<std::optional<std::int64_t>>;
  EXPECT_EQ(restored({"", ""}, {any(), any()}), (Values{1, 2}));
  EXPECT_EQ(restored({"a", "b"}, {of("b"), of("a")}), (Values{2, 1}));
  EXPECT_EQ(restored({"a"}, {of("new"), of("a")}), (Values{std::nullopt, 1}));
  // Of a folder that was moved, and of states from before there were files in them.
  EXPECT_EQ(restored({"run/a", "run/b"}, {of("x/a"), of("x/b")}), (Values{1, 2}));
  EXPECT_EQ(restored({"", ""}, {of("a"), of("b")}), (Values{1, 2}));
  EXPECT_EQ(restored({""}, {any(), any()}), (Values{std::nullopt, std::nullopt}));
}

/// States of every version stay readable: the files are what that version wrote, and are never
/// made anew.
TEST(StateFiles, OfVersion1AreRead) {
  const std::string file = TENON_SOURCE_DIR "/tests/train/states/version_1.keras";
  if (const char* make = std::getenv("TENON_MAKE_STATE"); make != nullptr) {
    with_checkpoints(make, "10", std::nullopt);
    GTEST_SKIP() << "skipped: " << make << " was made";
  }
  Model model = model_of_fixture();
  const auto state = default_state_store().read(file, model);
  EXPECT_EQ(state->epoch, 1);
  EXPECT_EQ(state->step, 3);
  EXPECT_EQ(state->steps_done, 10);
  EXPECT_EQ(state->iterations, 10);
  EXPECT_EQ(state->seed, 11U);
  EXPECT_EQ(state->engine, "onednn");
  ASSERT_EQ(state->history.logs.size(), 1U);
  EXPECT_NE(state->history.logs[0].find("val_cell_loss"), std::nullopt);
  ASSERT_EQ(state->callbacks.size(), 2U);
  EXPECT_EQ(state->callbacks[0].first, "EarlyStopping");
  EXPECT_NE(state->callbacks[0].second.number("best"), std::nullopt);
  EXPECT_EQ(state->callbacks[1].second.integer("steps"), 10);
  double sum = 0.0;
  for (const auto& weight : model.weights()) {
    const Tensor value = weight->value();
    for (const float one : value.data<float>()) sum += one;
  }
  EXPECT_NEAR(sum, kSumOfVersion1, 1e-4);
  const fs::path other =
      fs::temp_directory_path() / ("again_" + std::to_string(::getpid()) + ".keras");
  EXPECT_EQ(with_checkpoints(other.string(), "1000", file).history.logs.size(), 3U)
      << "the training can go on from it";
}

/// What is said of a model of outputs a, and b with `two`, compiled with `now`, where a state is of
/// one compiled with `then`.
std::string told_of_compiled(bool two, const CompileArguments& then, const CompileArguments& now) {
  const SymbolicTensor x = Input({3}, {.name = "x"});
  const SymbolicTensor a = Dense(2, {.name = "a"})(x);
  const SymbolicTensor b = Dense(1, {.name = "b"})(x);
  Model model = two ? Model({x}, {a, b}) : Model({x}, {a});
  model.compile(then);
  TrainingState state;
  fill_state(state, model, *model.trainer(), {});
  model.compile(now);
  try {
    require_same_training(state, model);
  } catch (const OtherTrainingError& error) {
    return error.what();
  }
  return "";
}

TEST(SameTraining, WhateverWayItIsSaid) {
  const CompileArguments alone{.loss = "mse", .metrics = {"mae", "mse"}};
  const CompileArguments by_name{.loss = {{"a", "mse"}},
                                 .loss_weights = {{"a", 1.0}},
                                 .metrics = {{"a", Metrics{"mae", "mse"}}},
                                 .weighted_metrics = {{"a", Metrics{}}}};
  EXPECT_EQ(told_of_compiled(false, alone, by_name), "");
  EXPECT_EQ(told_of_compiled(false, by_name, alone), "");
  const CompileArguments a_first{.loss = {{"a", "mse"}, {"b", "mae"}},
                                 .loss_weights = {{"b", 0.5}},
                                 .metrics = {{"a", Metrics{"mae"}}, {"b", Metrics{"mse"}}}};
  const CompileArguments b_first{.loss = {{"b", "mae"}, {"a", "mse"}},
                                 .loss_weights = {{"b", 0.5}, {"a", 1.0}},
                                 .metrics = {{"b", Metrics{"mse"}}, {"a", Metrics{"mae"}}}};
  EXPECT_EQ(told_of_compiled(true, a_first, b_first), "");
}

TEST(SameTraining, OtherMetricsAreToldByOutput) {
  const CompileArguments then{.loss = "mse", .metrics = {"mae", "mse"}};
  EXPECT_THAT(told_of_compiled(false, then, {.loss = "mse", .metrics = {"mse", "mae"}}),
              HasSubstr(R"(metrics.a[0]: was "mae", is "mse")"))
      << "sums that are kept stand in this order";
  EXPECT_THAT(told_of_compiled(false, then, {.loss = "mse"}),
              HasSubstr(R"(metrics.a: was ["mae","mse"], is null)"));
  const char* const cross = "categorical_crossentropy";
  EXPECT_THAT(told_of_compiled(false, {.loss = cross, .metrics = {"accuracy", "per_class_recall"}},
                               {.loss = cross, .metrics = {"per_class_recall", "accuracy"}}),
              HasSubstr(R"(all_metrics.a[0]: was "accuracy)"))
      << "also of metrics that Keras does not have";
  EXPECT_THAT(told_of_compiled(false, {.loss = losses::Sum({"mse", "mae"}, {1.0, 2.0})},
                               {.loss = losses::Sum({"mse", "mae"}, {1.0, 3.0})}),
              HasSubstr("loss_terms.a[1].weight: was 2.0, is 3.0"));
  EXPECT_THAT(told_of_compiled(false, then,
                               {.loss = "mse", .loss_weights = 2.0, .metrics = {"mae", "mse"}}),
              HasSubstr("loss_weights.a: was null, is 2.0"));
}

}  // namespace
}  // namespace tenon::train
