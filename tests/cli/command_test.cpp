// The command as a user runs it: exit status, what it prints, what it writes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tenon/file.hpp"
#include "tenon/layers.hpp"
#include "tenon/model.hpp"

namespace tenon::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

struct Outcome {
  int status = -1;
  std::string out;
  std::string err;
};

class Command : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("tenon_command_" + std::to_string(::getpid()));
    fs::create_directories(folder_);
    write_data("Small", "Large");
    write_model();
    write_experiment("");
  }
  void TearDown() override { fs::remove_all(folder_); }

  Outcome run(const std::string& arguments) const {
    const std::string err_file = (folder_ / "stderr.txt").string();
    const std::string line = TENON_BINARY_DIR "/tenon " + arguments + " 2>" + err_file;
    Outcome outcome;
    FILE* pipe = ::popen(("cd " + folder_.string() + " && " + line).c_str(), "r");
    for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe))
      outcome.out += static_cast<char>(c);
    outcome.status = WEXITSTATUS(::pclose(pipe));
    outcome.err = read_file(err_file);
    return outcome;
  }

  void write_data(const std::string& small, const std::string& large) const {
    Tensor label(DType::kInt64, {16});
    Tensor dark = random_uniform({16, 8, 8, 3}, 1);
    for (std::int64_t i = 0; i < 16; ++i) {
      label.data<std::int64_t>()[static_cast<std::size_t>(i)] = i % 2;
      Tensor one = dark.row(i);
      for (float& value : one.data<float>()) value *= i % 2 == 0 ? 0.2F : 1.0F;
    }
    save_npz((folder_ / "train.npz").string(),
             {{small, dark}, {large, random_uniform({16, 16, 16, 3}, 2)}, {"cell", label}});
  }

  void write_model() const {
    auto small = Input({8, 8, 3}, {.name = "Small"});
    auto large = Input({16, 16, 3}, {.name = "Large"});
    auto x = Concatenate()({GlobalAveragePooling2D()(Conv2D(4, {3, 3})(small)),
                            GlobalAveragePooling2D()(Conv2D(4, {3, 3})(large))});
    Model model({small, large}, Dense(2, {.activation = "softmax", .name = "cell"})(x),
                {.name = "pair"});
    write_file_atomically((folder_ / "model.json").string(), model.to_json());
  }

  void write_experiment(const std::string& stage) const {
    write_file_atomically(
        (folder_ / "exp.toml").string(),
        "seed = 3\n[model]\npath = \"model.json\"\n[data]\nstages = [\n" + stage +
            "  { op = \"batch\", size = 4 },\n]\n[data.train]\n"
            "source = { kind = \"npz\", path = \"train.npz\" }\n"
            "[data.test]\nsource = { kind = \"npz\", path = \"train.npz\" }\n"
            "[fit]\nepochs = 2\noptimizer = { name = \"adam\", learning_rate = 0.05 }\n"
            "loss = { cell = \"sparse_categorical_crossentropy\" }\n"
            "metrics = { cell = [\"accuracy\"] }\noutput = \"run\"\n");
  }

  fs::path folder_;
};

TEST_F(Command, CheckOfDataThatFitIsZero) {
  const Outcome outcome = run("check exp.toml");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("data and model `pair` fit"));
}

TEST_F(Command, CheckOfAWrongCaseIsOneWithTheJsonOfTheContract) {
  write_data("small", "Large");
  const Outcome outcome = run("check exp.toml --format json");
  EXPECT_EQ(outcome.status, 1);
  const nlohmann::json json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json.at("ok"), false);
  const nlohmann::json& problem = json.at("diagnostics").at(0);
  EXPECT_EQ(problem.at("code"), "K002");
  EXPECT_EQ(problem.at("severity"), "error");
  EXPECT_EQ(problem.at("key"), "Small");
  EXPECT_EQ(problem.at("role"), "input");
  EXPECT_EQ(problem.at("candidate"), "small");
  EXPECT_EQ(problem.at("expected").at("dtype"), "float32");
  EXPECT_EQ(problem.at("expected").at("shape"), nlohmann::json::parse("[null, 8, 8, 3]"));
  EXPECT_EQ(problem.at("datasets"), nlohmann::json::parse(R"(["train", "test"])"));
  EXPECT_THAT(problem.at("fixes").at(0).at("toml").get<std::string>(),
              HasSubstr("op = \"rename\""));
}

TEST_F(Command, TheFixOfCheckMends) {
  write_data("small", "Large");
  write_experiment("  { op = \"rename\", map = { \"small\" = \"Small\" } },\n");
  EXPECT_EQ(run("check exp.toml").status, 0);
}

TEST_F(Command, ADroppedKeyNamesTheLineOfTheFile) {
  write_experiment("  { op = \"drop\", keys = [\"Small\"] },\n");
  const Outcome outcome = run("check exp.toml");
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.err, HasSubstr("error[K005]"));
  EXPECT_THAT(outcome.err, HasSubstr("drop (exp.toml:6)"));
}

TEST_F(Command, ABadExperimentFileIsTwoWithTheJson) {
  write_experiment("  { op = \"bach\", size = 4 },\n");
  const Outcome outcome = run("check exp.toml --format json");
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(nlohmann::json::parse(outcome.out).at("diagnostics").at(0).at("code"), "C001");
}

TEST_F(Command, AMissingFileAndBadUsageAreTwo) {
  EXPECT_EQ(run("check none.toml").status, 2);
  EXPECT_EQ(run("chek exp.toml").status, 2);
  EXPECT_EQ(run("").status, 2);
}

TEST_F(Command, TrainWritesModelHistoryAndSteps) {
  const Outcome outcome = run("train exp.toml --set fit.epochs=3");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_TRUE(fs::exists(folder_ / "run" / "model.keras"));
  const std::string history = read_file((folder_ / "run" / "history.csv").string());
  EXPECT_EQ(std::count(history.begin(), history.end(), '\n'), 4);
  const std::string steps = read_file((folder_ / "run" / "steps.csv").string());
  EXPECT_THAT(steps, HasSubstr("epoch,step,loss,accuracy,examples,seconds_data,seconds_compute\n"));
  EXPECT_EQ(std::count(steps.begin(), steps.end(), '\n'), 13);
}

TEST_F(Command, NoStepRunsWhereTheContractFails) {
  write_data("small", "Large");
  const Outcome outcome = run("train exp.toml");
  EXPECT_EQ(outcome.status, 1);
  EXPECT_FALSE(fs::exists(folder_ / "run" / "model.keras"));
  EXPECT_THAT(outcome.err, HasSubstr("error[K002]"));
}

TEST_F(Command, EvaluateAndPredictUseWhatWasTrained) {
  ASSERT_EQ(run("train exp.toml --set fit.epochs=1").status, 0);
  const Outcome evaluated = run("evaluate exp.toml --format json");
  ASSERT_EQ(evaluated.status, 0) << evaluated.err;
  const nlohmann::json json = nlohmann::json::parse(evaluated.out);
  EXPECT_EQ(json.at("samples"), 16);
  EXPECT_TRUE(json.at("outputs").at("cell").at("recall").contains("0"));
  ASSERT_EQ(run("predict exp.toml --output y.npz").status, 0);
  const auto entries = list_npz((folder_ / "y.npz").string());
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].shape, (Shape{16, 2}));
  EXPECT_EQ(entries[1].name, "sample_index");
  const Outcome arrays = run("predict run/model.keras --inputs train.npz --output z.npz");
  EXPECT_EQ(arrays.status, 0) << arrays.err;
}

TEST_F(Command, PeekShowsTheFirstSamplesUnbatched) {
  const Outcome outcome = run("peek exp.toml --count 3 --output sample.npz");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("Small"));
  for (const NpzEntry& entry : list_npz((folder_ / "sample.npz").string()))
    EXPECT_EQ(entry.shape.dim(0), 3);
  EXPECT_EQ(run("peek exp.toml --count 3 --output grid.png").status, 0);
  EXPECT_THAT(read_file((folder_ / "grid.png").string()), HasSubstr("PNG"));
}

TEST_F(Command, SummaryExplainAndVersion) {
  EXPECT_THAT(run("summary model.json").out, HasSubstr("Total params:"));
  EXPECT_THAT(run("explain k003").out, HasSubstr("# K003"));
  EXPECT_EQ(run("explain K0O3").status, 2);
  EXPECT_THAT(run("--version").out, HasSubstr("tenon 0.1.0"));
}

}  // namespace
}  // namespace tenon::cli
