// Trainings of several processes that mpirun starts.
#include "cli/ranks_fixture.hpp"

namespace tenon::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

TEST_F(RanksCommand, TrainAsOneProcessDoesAndRankZeroAloneTellsAndWrites) {
  ASSERT_EQ(run("train exp.toml --quiet").status, 0);
  fs::rename(folder_ / "run", folder_ / "alone");
  for (const int size : {2, 4}) {
    const Outcome outcome = run_line(ranks(size, "train exp.toml"));
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_EQ(count(outcome.out, "2 epochs - loss"), 1U) << outcome.out;
    EXPECT_EQ(count(outcome.err, "needs "), 1U) << outcome.err;
    const Model one = load_model((folder_ / "alone" / "model.keras").string());
    const Model all = load_model((folder_ / "run" / "model.keras").string());
    ASSERT_EQ(one.weights().size(), all.weights().size());
    for (std::size_t i = 0; i < one.weights().size(); ++i) {
      const Tensor a = one.weights()[i]->value();
      const Tensor b = all.weights()[i]->value();
      for (std::size_t k = 0; k < a.data<float>().size(); ++k)
        ASSERT_NEAR(a.data<float>()[k], b.data<float>()[k], 1e-4);
    }
    fs::remove_all(folder_ / "run");
  }
}

TEST_F(RanksCommand, DifferencesBetweenRanksAreToldWithBothSides) {
  const std::string tenon = TENON_BINARY_DIR "/tenon train exp.toml";
  const Outcome outcome =
      run_line(mpirun() + "-n 1 " + tenon + " : -n 1 " + tenon + " --set seed=2", 60.0);
  EXPECT_NE(outcome.status, 0);
  EXPECT_EQ(count(outcome.err, "error[R001]"), 1U) << outcome.err;
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("ranks 0 and 1 are not about to train the same: seed"),
                                 HasSubstr("rank 0: 3"), HasSubstr("rank 1: 2")));
}

TEST_F(RanksCommand, DifferentCommandsAreTold) {
  const std::string tenon = TENON_BINARY_DIR "/tenon ";
  const auto differ = [&](const std::string& one, const std::string& other) {
    return run_line(mpirun() + "-n 1 " + tenon + one + " : -n 1 " + tenon + other, 60.0);
  };
  const Outcome resumed = differ("train exp.toml --resume", "train exp.toml");
  EXPECT_NE(resumed.status, 0);
  EXPECT_THAT(resumed.err,
              AllOf(HasSubstr("error[R001]: ranks 0 and 1 were started for different"),
                    HasSubstr("rank 0: tenon train --resume"), HasSubstr("rank 1: tenon train")));
  EXPECT_THAT(differ("train exp.toml", "evaluate exp.toml").err,
              HasSubstr("rank 1: tenon evaluate"));
}

TEST_F(RanksCommand, TasksOfSrunWithoutMpiAreWarned) {
  const std::string command = TENON_BINARY_DIR "/tenon train exp.toml --quiet";
  const Outcome apart = run_line("env SLURM_STEP_NUM_TASKS=3 " + command);
  EXPECT_EQ(apart.status, 0);
  EXPECT_THAT(apart.err, AllOf(HasSubstr("warning[R002]: srun started 3 tasks without MPI"),
                               HasSubstr("srun --mpi=pmix")));
  // Those that mpirun starts inside of a job know each other.
  const Outcome together =
      run_line("env SLURM_STEP_NUM_TASKS=3 " + ranks(2, "train exp.toml --quiet"));
  EXPECT_EQ(together.status, 0);
  EXPECT_EQ(together.err, "");
}

TEST_F(RanksCommand, ATableThatDiffersOnOneRankIsToldAndACopyIsNot) {
  const auto x = Input({4}, {.name = "x"});
  const auto write = [&](const std::string& name, const std::string& text) {
    std::filesystem::create_directories((folder_ / name).parent_path());
    write_file_atomically((folder_ / name).string(), text);
  };
  write("table.json", Model({x}, Dense(1, {.name = "y"})(x)).to_json());
  write("one/t.csv", "x,y\n0,1\n1,2\n2,3\n3,4\n");
  write("copy/t.csv", "x,y\n0,1\n1,2\n2,3\n3,4\n");
  write("two/t.csv", "x,y\n0,1\n1,2\n3,4\n2,3\n");
  write("table.toml", R"(seed = 3
[model]
path = "table.json"
[data]
stages = [{ op = "one_hot", keys = ["x"], depth = 4 }, { op = "batch", size = 2 }]
[data.train]
source = { kind = "csv", path = "one/t.csv" }
[fit]
loss = { y = "mse" }
output = "run"
)");
  const std::string tenon = TENON_BINARY_DIR "/tenon train table.toml --quiet";
  const auto with = [&](const char* path) {
    return run_line(
        mpirun() + "-n 1 " + tenon + " : -n 1 " + tenon + " --set data.train.source.path=" + path,
        60.0);
  };
  const Outcome other = with("two/t.csv");
  EXPECT_NE(other.status, 0);
  EXPECT_THAT(
      other.err,
      AllOf(HasSubstr("ranks 0 and 1 are not about to train the same: training data"),
            HasSubstr("rank 0: t.csv: 4 samples, "), HasSubstr("rank 1: t.csv: 4 samples, ")));
  const Outcome copy = with("copy/t.csv");
  EXPECT_EQ(copy.status, 0) << copy.err;
}

TEST_F(RanksCommand, WhatIsWrongOnOneRankAloneEndsAll) {
  const std::string tenon = TENON_BINARY_DIR "/tenon train ";
  const Outcome outcome =
      run_line(mpirun() + "-n 1 " + tenon + "exp.toml : -n 1 " + tenon + "missing.toml", 60.0);
  EXPECT_NE(outcome.status, 0);
  EXPECT_EQ(count(outcome.err, "missing.toml"), count(outcome.err, "error[F001]")) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("it happened on rank 1 of 2"));
}

TEST_F(RanksCommand, SigtermToAnyRankEndsAllWithAState) {
  const std::string options =
      "train exp.toml --quiet --set fit.epochs=1000000 --set fit.save_freq=7";
  const pid_t job = start(ranks(2, options));
  const auto told = process_of(1);
  ASSERT_TRUE(told);
  ::kill(*told, SIGTERM);
  const auto status = wait(job, 60.0);
  ASSERT_TRUE(status) << "the job hangs";
  EXPECT_EQ(*status, 4) << text_of("stderr.txt");
  EXPECT_TRUE(std::filesystem::exists(folder_ / "run" / "interrupted.keras"));
  EXPECT_TRUE(has_state());
}

TEST_F(RanksCommand, OneProcessGoesOnFromAStateOfRanksAndRanksFromItsState) {
  const std::string options =
      "train exp.toml --set fit.epochs=1000000 --set fit.save_freq=7 --resume";
  const auto steps = [&] {
    const std::string table = text_of("run/steps.csv");
    return std::count(table.begin(), table.end(), '\n');
  };
  std::ptrdiff_t before = 0;
  for (const int size : {2, 0, 3, 2}) {
    const pid_t job =
        start(size == 0 ? TENON_BINARY_DIR "/tenon " + options : ranks(size, options));
    std::error_code ignored;
    for (int tries = 0; tries < 2000; ++tries) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      if (std::filesystem::exists(folder_ / "run" / "steps.csv", ignored) && steps() > before + 20)
        break;
    }
    const auto told = size == 0 ? std::optional(job) : find_process_of(0);
    ASSERT_TRUE(told) << text_of("stderr.txt");
    ::kill(*told, SIGTERM);
    const auto status = wait(job, 60.0);
    ASSERT_TRUE(status) << "the job hangs";
    EXPECT_EQ(*status, 4) << size << " ranks: " << text_of("stderr.txt");
    EXPECT_TRUE(has_state());
    EXPECT_GT(steps(), before + 20) << size;
    before = steps();
  }
}

}  // namespace
}  // namespace tenon::cli
