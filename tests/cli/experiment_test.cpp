#include "cli/experiment.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "tenon/error.hpp"
#include "tenon/file.hpp"

namespace tenon::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr const char* kGood = R"toml(name = "cells"
seed = 7
[model]
path = "model.json"
[data]
stages = [
  { op = "rename", map = { small = "Small" } },
  { op = "shuffle", buffer = 64, only = ["train"] },
  { op = "batch", size = 4 },
]
[data.train]
source = { kind = "npz", path = "train.npz" }
on_bad_sample = "quarantine"
max_bad = 0.5
[fit]
epochs = 3
steps_per_epoch = 2
class_weight = { cell = [1.0, 4.0] }
optimizer = { name = "adam", learning_rate = 0.01 }
loss = { cell = "sparse_categorical_crossentropy" }
metrics = { cell = ["accuracy", { name = "recall", class_id = 1 }] }
callbacks = [ { name = "early_stopping", monitor = "loss", patience = 2 } ]
output = "run"
)toml";

class ExperimentFile : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("tenon_experiment_" + std::to_string(::getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  Experiment load(const std::string& text, const std::vector<std::string>& sets = {}) {
    const std::string file = (folder_ / "experiment.toml").string();
    write_file_atomically(file, text);
    return load_experiment(file, sets);
  }
  std::string refusal(const std::string& text, const std::vector<std::string>& sets = {}) {
    try {
      load(text, sets);
    } catch (const FormatError& error) {
      for (const Diagnostic& each : error.diagnostics()) EXPECT_EQ(each.code, "C001");
      return error.what();
    }
    return "";
  }
  static std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  }
  fs::path folder_;
};

TEST_F(ExperimentFile, ReadsEveryTable) {
  const Experiment experiment = load(kGood);
  EXPECT_EQ(experiment.name, "cells");
  EXPECT_EQ(experiment.seed, 7U);
  EXPECT_EQ(experiment.model_path, (folder_ / "model.json").string());
  ASSERT_EQ(experiment.stages.size(), 3U);
  EXPECT_EQ(experiment.stages[1].only, std::vector<std::string>{"train"});
  EXPECT_EQ(experiment.stages[1].line, 8);
  const SplitTable* train = experiment.split("train");
  ASSERT_NE(train, nullptr);
  EXPECT_EQ(train->bad_samples.policy, BadSamplePolicy::kQuarantine);
  EXPECT_EQ(train->bad_samples.max_bad, 0.5);
  ASSERT_TRUE(experiment.fit);
  EXPECT_EQ(experiment.fit->fit.epochs, 3);
  EXPECT_EQ(experiment.fit->fit.steps_per_epoch, 2);
  EXPECT_EQ(experiment.fit->compile.optimizer.learning_rate, 0.01);
  EXPECT_EQ(experiment.fit->compile.metrics.by_name().front().second.size(), 2U);
  EXPECT_EQ(experiment.fit->fit.callbacks.size(), 1U);
  EXPECT_EQ(experiment.fit->output, (folder_ / "run").string());
}

TEST_F(ExperimentFile, FoldersOfAStageAreBelowTheFileOrAddresses) {
  write_file_atomically((folder_ / "table.csv").string(), "a\none.png\n");
  const auto told = [&](const std::string& root) {
    std::string text =
        replaced(kGood, R"({ op = "rename", map = { small = "Small" } })",
                 R"({ op = "load_image", from = "a", to = "b", root = ")" + root + R"(" })");
    text = replaced(text, R"(kind = "npz", path = "train.npz")",
                    R"(kind = "csv", path = "table.csv")");
    const Experiment experiment = load(text);
    const Dataset dataset = build_dataset(experiment, *experiment.split("train"));
    try {
      Record record;
      dataset.on_bad_sample({}).iterate().next(record);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("nothing was thrown");
  };
  EXPECT_THAT(told("images"), HasSubstr((folder_ / "images/one.png").string()));
  // Refused before anything is asked of a server.
  ::setenv("AWS_ACCESS_KEY_ID", "me", 1);
  ::unsetenv("AWS_SECRET_ACCESS_KEY");
  EXPECT_THAT(told("s3://scans/images"), HasSubstr(": s3://scans/images/one.png: AWS_ACCESS_KEY"));
  ::unsetenv("AWS_ACCESS_KEY_ID");
}

TEST_F(ExperimentFile, SetChangesAValueAndMakesTables) {
  const Experiment experiment = load(kGood, {"fit.epochs=9", "data.stages.2.size=16",
                                             "fit.optimizer.learning_rate=0.5", "name=other"});
  EXPECT_EQ(experiment.fit->fit.epochs, 9);
  EXPECT_EQ(experiment.fit->compile.optimizer.learning_rate, 0.5);
  EXPECT_EQ(experiment.name, "other");
}

TEST_F(ExperimentFile, AnUnknownOpNamesLineAndNearest) {
  const std::string text = refusal(replaced(kGood, "op = \"rename\"", "op = \"renam\""));
  EXPECT_THAT(text, HasSubstr("experiment.toml:7: unknown op \"renam\""));
  EXPECT_THAT(text, HasSubstr("write \"rename\""));
}

TEST_F(ExperimentFile, OnlyOfASplitThatIsNotThereSaysSo) {
  const std::string told =
      refusal(replaced(kGood, "only = [\"train\"]", "only = [\"train\", \"test\"]"));
  EXPECT_THAT(told, HasSubstr("experiment.toml:8: only of shuffle names \"test\", and there is no "
                              "[data.test]; there is \"train\""));
  EXPECT_THAT(told, HasSubstr("take \"test\" out of only, or write [data.test]"));
  const std::string misspelt = refusal(replaced(kGood, "only = [\"train\"]", "only = [\"trian\"]"));
  EXPECT_THAT(misspelt, HasSubstr("unknown split in only \"trian\""));
  EXPECT_THAT(misspelt, HasSubstr("write \"train\""));
}

TEST_F(ExperimentFile, KnownKeysAreListedOnceEach) {
  const std::string told = refusal(kGood, {"fit.qqqqqq=3"});
  const std::string word = "\"precision\"";
  const std::size_t at = told.find(word);
  ASSERT_NE(at, std::string::npos) << told;
  EXPECT_EQ(told.find(word, at + 1), std::string::npos) << told;
}

TEST_F(ExperimentFile, AProblemOfASourceNamesItsLine) {
  const std::string text = replaced(
      kGood, "[data.train]\nsource = { kind = \"npz\", path = \"train.npz\" }\n",
      "[data.train]\nmax_bad = 0.5\nsource = { kind = \"npz\", path = \"none-{0.npz\" }\n");
  const Experiment experiment = load(replaced(text, "max_bad = 0.5\n[fit]", "[fit]"));
  EXPECT_EQ(experiment.split("train")->line, 11);
  try {
    build_dataset(experiment, *experiment.split("train"));
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("experiment.toml:13: "));
  }
}

TEST_F(ExperimentFile, AnUnknownArgumentNamesLineAndNearest) {
  const std::string text = refusal(replaced(kGood, "buffer = 64", "bufer = 64"));
  EXPECT_THAT(text, HasSubstr(":8"));
  EXPECT_THAT(text, HasSubstr("\"bufer\""));
  EXPECT_THAT(text, HasSubstr("buffer"));
}

TEST_F(ExperimentFile, AnUnknownTableNamesTheNearest) {
  const std::string text = refusal(replaced(kGood, "[fit]", "[fitt]"));
  EXPECT_THAT(text, HasSubstr("unknown key of the file \"fitt\""));
  EXPECT_THAT(text, HasSubstr("write \"fit\""));
}

TEST_F(ExperimentFile, AnUnknownKeyOfFitNamesTheNearest) {
  EXPECT_THAT(refusal(replaced(kGood, "epochs = 3", "epoch = 3")), HasSubstr("write \"epochs\""));
}

TEST_F(ExperimentFile, AWrongTypeSaysWhatCameAndWhatIsExpected) {
  EXPECT_THAT(refusal(replaced(kGood, "epochs = 3", "epochs = \"three\"")),
              HasSubstr("epochs of fit is a text where a whole number is expected"));
}

TEST_F(ExperimentFile, UnknownWordsOfTrainingNameTheLine) {
  EXPECT_THAT(refusal(replaced(kGood, "\"adam\"", "\"adan\"")), HasSubstr("experiment.toml:19:"));
  EXPECT_THAT(refusal(replaced(kGood, "sparse_categorical_crossentropy", "sparse_crossentropy")),
              HasSubstr("experiment.toml:20:"));
  EXPECT_THAT(refusal(replaced(kGood, "early_stopping", "early_stoping")),
              HasSubstr("write \"early_stopping\""));
}

TEST_F(ExperimentFile, AllProblemsAreToldAtOnce) {
  std::string text = replaced(kGood, "epochs = 3", "epoch = 3");
  text = replaced(text, "op = \"rename\"", "op = \"renam\"");
  text = replaced(text, "\"quarantine\"", "\"quarantin\"");
  const std::string told = refusal(text);
  EXPECT_THAT(told, HasSubstr("\"epoch\""));
  EXPECT_THAT(told, HasSubstr("\"renam\""));
  EXPECT_THAT(told, HasSubstr("\"quarantin\""));
}

TEST_F(ExperimentFile, WhatIsNoTomlNamesTheLine) {
  EXPECT_THAT(refusal("name = \"cells\"\nseed = = 3\n"),
              HasSubstr("experiment.toml:2: this is not TOML"));
}

TEST_F(ExperimentFile, AMissingFitIsToldOnlyWhereItIsNeeded) {
  const std::string text = std::string(kGood).substr(0, std::string(kGood).find("[fit]"));
  EXPECT_THAT(refusal(text), HasSubstr("there is no [fit]"));
  const std::string file = (folder_ / "experiment.toml").string();
  EXPECT_NO_THROW(load_experiment(file, {}, {.model = false, .fit = false}));
}

TEST_F(ExperimentFile, ASetThatGoesThroughAValueIsRefused) {
  EXPECT_THAT(refusal(kGood, {"seed.deep=1"}), HasSubstr("is no table"));
  EXPECT_THAT(refusal(kGood, {"fit.epochs"}), HasSubstr("there is no path=value"));
}

TEST(ExperimentPage, TheExampleOfC001IsAnsweredWithC001) {
  const std::string page = read_file(TENON_SOURCE_DIR "/docs/diagnostics/C001.md");
  const std::size_t begin = page.find("```toml\n") + 8;
  const std::string text = page.substr(begin, page.find("```", begin) - begin);
  try {
    parse_experiment(text, "page.toml", {}, {.model = false, .fit = false});
    FAIL() << "nothing was thrown";
  } catch (const FormatError& error) {
    EXPECT_EQ(error.diagnostics().front().code, "C001");
    EXPECT_NE(error.diagnostics().front().message.find("relabel"), std::string::npos);
  }
}

}  // namespace
}  // namespace tenon::cli
