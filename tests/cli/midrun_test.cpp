// What the command does when a training ends in the middle, and what it says of leaking splits.
#include <cstdio>
#include <limits>

#include "cli/command_fixture.hpp"
#include "train/state.hpp"

namespace tenon::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

TEST_F(Command, WhatEndsATrainingInTheMiddleLeavesACheckpointAndSaysWhere) {
  Tensor small = random_uniform({16, 8, 8, 3}, 1);
  small.row(13).data<float>()[7] = std::numeric_limits<float>::quiet_NaN();
  save_npz((folder_ / "train.npz").string(), {{"Small", small},
                                              {"Large", random_uniform({16, 16, 16, 3}, 2)},
                                              {"cell", Tensor(DType::kInt64, {16})}});
  const Outcome outcome = run("train exp.toml --quiet");
  EXPECT_EQ(outcome.status, 3);
  EXPECT_THAT(outcome.err, HasSubstr("error[D002]: model input \"Small\" holds NaN"));
  EXPECT_THAT(outcome.err, HasSubstr("train data, epoch 1, step 4"));
  EXPECT_THAT(outcome.err, HasSubstr("the optimizer's state after 3 steps are in "));
  EXPECT_THAT(outcome.err, HasSubstr("stopped.keras"));
  const Model stopped = load_model((folder_ / "run" / "stopped.keras").string());
  EXPECT_EQ(train::optimizer_state(stopped)->iterations, 3);
  const auto json = nlohmann::json::parse(run("train exp.toml --quiet --format json").out);
  const nlohmann::json& problem = json.at("diagnostics").at(0);
  EXPECT_EQ(problem.at("run"),
            nlohmann::json::parse(R"({"split": "train", "epoch": 0, "step": 3})"));
  EXPECT_EQ(problem.at("sample").at("index"), 13);
  EXPECT_EQ(problem.at("key"), "Small");
  EXPECT_EQ(problem.at("stage").at("name"), "npz");
}

TEST_F(Command, CtrlCEndsATrainingBehindItsStepAndKeepsTheWeights) {
  write_file_atomically((folder_ / "interrupt.sh").string(), TENON_BINARY_DIR
                        "/tenon train exp.toml --quiet --set fit.epochs=1000000 &\n"
                        "while [ ! -s run/steps.csv ] && kill -0 $! 2>/dev/null; do :; done\n"
                        "kill -INT $!\nwait $!\necho status $?\n");
  FILE* pipe = ::popen(("cd " + folder_.string() + " && sh interrupt.sh 2>&1").c_str(), "r");
  std::string out;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) out += static_cast<char>(c);
  ::pclose(pipe);
  EXPECT_THAT(out, HasSubstr("status 4"));
  const Model model = load_model((folder_ / "run" / "interrupted.keras").string());
  EXPECT_GE(train::optimizer_state(model)->iterations, 1);
}

TEST_F(Command, WhatIsInTwoSplitsIsAWarningAndTrainingGoesOn) {
  const Outcome same = run("train exp.toml");
  EXPECT_EQ(same.status, 0) << same.err;
  EXPECT_THAT(same.err, HasSubstr("warning[L001]: 16 samples are in both train and test"));
  EXPECT_THAT(run("train exp.toml --set fit.check_leakage=false").err, Not(HasSubstr("L001")));
  const Outcome unknown = run("train exp.toml --quiet --set 'data.group=\"cel\"'");
  EXPECT_EQ(unknown.status, 1);
  EXPECT_THAT(unknown.err, HasSubstr("error[K007]: group of the train data"));
  EXPECT_THAT(unknown.err, HasSubstr("the nearest is \"cell\""));
}

}  // namespace
}  // namespace tenon::cli
