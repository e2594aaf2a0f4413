// Trainings that are killed or stopped, and gone on with by --resume.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <chrono>
#include <csignal>
#include <functional>
#include <random>
#include <thread>

#include "cli/command_fixture.hpp"
#include "io/models/zip_archive.hpp"
#include "support/steps_csv.hpp"
#include "train/state.hpp"

namespace tenon::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class ResumeCommand : public Command {
 protected:
  void SetUp() override {
    Command::SetUp();
    write_experiment(kRandomStages);
  }

  /// Starts the command; it is killed after `seconds` unless it has ended by then. Its status, or
  /// nothing.
  std::optional<int> run_for(const std::string& arguments, double seconds, int signal) const {
    const pid_t child = ::fork();
    if (child == 0) {
      ::setpgid(0, 0);
      const std::string line = "cd " + folder_.string() + " && exec " TENON_BINARY_DIR "/tenon " +
                               arguments + " >/dev/null 2>stderr.txt";
      ::execl("/bin/sh", "sh", "-c", line.c_str(), nullptr);
      ::_exit(127);
    }
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    int status = 0;
    while (::waitpid(child, &status, WNOHANG) == 0) {
      if (std::chrono::steady_clock::now() >= end) {
        ::kill(child, signal);
        ::waitpid(child, &status, 0);
        break;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return WIFEXITED(status) ? std::optional(WEXITSTATUS(status)) : std::nullopt;
  }

  void expect_same_run(const std::string& one, const std::string& other) const {
    const Model a = load_model((folder_ / one / "model.keras").string());
    const Model b = load_model((folder_ / other / "model.keras").string());
    for (std::size_t i = 0; i < a.weights().size(); ++i)
      EXPECT_TRUE(a.weights()[i]->value().equals(b.weights()[i]->value()));
    EXPECT_EQ(train::optimizer_state(a)->iterations, train::optimizer_state(b)->iterations);
    EXPECT_EQ(read_file((folder_ / one / "history.csv").string()),
              read_file((folder_ / other / "history.csv").string()));
    EXPECT_EQ(testing::without_seconds(read_file((folder_ / one / "steps.csv").string())),
              testing::without_seconds(read_file((folder_ / other / "steps.csv").string())));
  }
};

TEST_F(ResumeCommand, KilledAtAnyMomentItEndsAsIfUndisturbed) {
  const std::string options = "train exp.toml --quiet --set fit.epochs=2500 --set fit.save_freq=7";
  ASSERT_EQ(run(options).status, 0);
  fs::rename(folder_ / "run", folder_ / "undisturbed");
  std::mt19937 random(5);
  int kills = 0;
  for (;; ++kills) {
    // The first ones are killed; then it may end.
    const double seconds =
        kills < 8 ? 0.05 + 0.25 * static_cast<double>(random() % 1000) / 1000.0 : 300.0;
    const auto status = run_for(options + (kills > 0 ? " --resume" : ""), seconds, SIGKILL);
    if (!status) continue;
    ASSERT_EQ(*status, 0) << read_file((folder_ / "stderr.txt").string());
    break;
  }
  EXPECT_GE(kills, 4);
  expect_same_run("run", "undisturbed");
  EXPECT_FALSE(fs::exists(folder_ / "run" / "state"));
  const Outcome again = run("train exp.toml --resume");
  EXPECT_EQ(again.status, 0);
  EXPECT_THAT(again.err, HasSubstr("the training has ended"));
}

TEST_F(ResumeCommand, StoppedBetweenStatesItGoesOnWhereItStopped) {
  const std::string options = "train exp.toml --set fit.epochs=1500 --set fit.save_freq=100000";
  ASSERT_EQ(run(options + " --quiet").status, 0);
  fs::rename(folder_ / "run", folder_ / "undisturbed");
  const auto stopped = run_for(options, 0.2, SIGTERM);
  if (stopped == 0) GTEST_SKIP() << "it had ended before it was stopped";
  EXPECT_EQ(stopped, 4);
  EXPECT_THAT(read_file((folder_ / "stderr.txt").string()), HasSubstr("--resume"));
  EXPECT_TRUE(fs::exists(folder_ / "run" / "state" / "state.keras"));
  EXPECT_TRUE(fs::exists(folder_ / "run" / "interrupted.keras"));
  ASSERT_EQ(run(options + " --quiet --resume").status, 0);
  expect_same_run("run", "undisturbed");
  EXPECT_FALSE(fs::exists(folder_ / "run" / "interrupted.keras")) << "the run has ended";
}

TEST_F(ResumeCommand, AStateOfAnotherTrainingIsRefused) {
  const std::string options = "train exp.toml --quiet --set fit.epochs=100000";
  ASSERT_EQ(run_for(options, 0.5, SIGTERM), 4);
  const Outcome seed = run(options + " --resume --set seed=4");
  EXPECT_EQ(seed.status, 2);
  EXPECT_THAT(seed.err, HasSubstr("a training with seed 3, and this one has 4"));
  const Outcome loss = run(options + " --resume --set fit.optimizer=\"sgd\"");
  EXPECT_EQ(loss.status, 2);
  EXPECT_THAT(loss.err, HasSubstr("another optimizer, loss or metrics"));
  EXPECT_THAT(loss.err, HasSubstr("optimizer: was \"Adam\", is \"SGD\""));
  EXPECT_THAT(loss.err, Not(HasSubstr("the state before it is used")));
  const Outcome weights = run(options + " --resume --set fit.class_weight='{cell=[1.0,2.0]}'");
  EXPECT_EQ(weights.status, 2);
  EXPECT_THAT(weights.err, AllOf(HasSubstr("a training with other class weights"),
                                 HasSubstr("was none, is [[1.0,2.0]]")));
  write_experiment("  { op = \"shuffle\", buffer = 4 },\n");
  const Outcome data = run(options + " --resume");
  EXPECT_EQ(data.status, 2);
  EXPECT_THAT(data.err, HasSubstr("a training on another pipeline"));
  EXPECT_THAT(data.err,
              HasSubstr("its stage 0 was shuffle(buffer=8), here it is shuffle(buffer=4)"));
  const Outcome anew = run("train exp.toml --resume --set fit.output=\"other\"");
  EXPECT_EQ(anew.status, 0);
  EXPECT_THAT(anew.err, HasSubstr("there is no state in"));
}

/// A training on a table of ids and numbers.
class ResumeOnTable : public ResumeCommand {
 protected:
  static constexpr int kRows = 64;

  void SetUp() override {
    ResumeCommand::SetUp();
    const auto x = Input({4}, {.name = "x"});
    write("model.json", Model({x}, Dense(1, {.name = "y"})(x)).to_json());
    write_table("train.csv", rows());
    write_table("validation.csv", rows());
    write("exp.toml", R"(seed = 3
[model]
path = "model.json"
[data]
stages = [
  { op = "one_hot", keys = ["x"], depth = 4 },
  { op = "shuffle", buffer = 16 },
  { op = "batch", size = 8 },
]
[data.train]
source = { kind = "csv", path = "train.csv" }
[data.validation]
source = { kind = "csv", path = "validation.csv" }
[fit]
epochs = 100000
optimizer = "sgd"
loss = { y = "mse" }
metrics = ["mae"]
output = "run"
)");
  }

  void write(const std::string& name, const std::string& text) const {
    write_file_atomically((folder_ / name).string(), text);
  }
  static std::vector<std::string> rows() {
    std::vector<std::string> rows;
    for (int i = 0; i < kRows; ++i)
      rows.push_back(std::to_string(i % 4) + "," + std::to_string(i) + ".5");
    return rows;
  }
  void write_table(const std::string& name, const std::vector<std::string>& rows,
                   const std::string& end = "\n") const {
    std::string text = "x,y" + end;
    for (const std::string& row : rows) text += row + end;
    write(name, text);
  }
  /// In the state's JSON.
  void change_state(const std::function<void(nlohmann::ordered_json&)>& change) const {
    const std::string file = (folder_ / "run" / "state" / "state.keras").string();
    auto members = models::read_zip(file);
    auto json = nlohmann::ordered_json::parse(members.at("tenon/state.json"));
    change(json);
    members["tenon/state.json"] = json.dump();
    write_file_atomically(file, models::write_zip({members.begin(), members.end()}, file));
  }
  /// To the end of the epoch that the state is in.
  Outcome resume(const std::string& more = "") const {
    std::int64_t epoch = 0;
    change_state([&](const nlohmann::ordered_json& state) { epoch = state.at("epoch"); });
    return run("train exp.toml --resume --set fit.epochs=" + std::to_string(epoch + 1) + " " +
               more);
  }
};

TEST_F(ResumeOnTable, RowsThatChangedMovedOrCameAreTold) {
  ASSERT_EQ(run_for("train exp.toml --quiet", 0.5, SIGTERM), 4);
  fs::copy(folder_ / "run", folder_ / "kept", fs::copy_options::recursive);
  const auto told = [&](const std::vector<std::string>& rows) {
    write_table("train.csv", rows);
    const Outcome outcome = resume();
    EXPECT_EQ(outcome.status, 2);
    EXPECT_THAT(outcome.err, HasSubstr("error[F001]: the files of the training data have changed "
                                       "since the state was saved"));
    EXPECT_THAT(outcome.err, HasSubstr("put the files back as they were"));
    return outcome.err;
  };
  std::vector<std::string> other = rows();
  std::swap(other[3], other[40]);
  EXPECT_THAT(told(other), HasSubstr("train.csv: its 64 samples stand in another order"));
  other = rows();
  other[3] += "1";
  EXPECT_THAT(told(other), HasSubstr("train.csv: it has 64 samples as before, but not the same"));
  other.pop_back();
  EXPECT_THAT(told(other), HasSubstr("train.csv: it had 64 samples, and has 63 now"));

  write_table("train.csv", rows(), "\r\n");
  write_table("copy.csv", rows());
  for (const char* same : {"", "--set data.train.source.path=copy.csv"}) {
    fs::remove_all(folder_ / "run");
    fs::copy(folder_ / "kept", folder_ / "run", fs::copy_options::recursive);
    const Outcome outcome = resume(same);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_EQ(outcome.err.find("F001"), std::string::npos) << outcome.err;
  }
}

TEST_F(ResumeOnTable, OtherValidationDataAreAWarning) {
  ASSERT_EQ(run_for("train exp.toml --quiet", 0.5, SIGTERM), 4);
  std::vector<std::string> other = rows();
  other[0] = "0,17";
  write_table("validation.csv", other);
  const Outcome outcome = resume();
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.err,
              HasSubstr("warning[F001]: the files of the validation data have changed"));
  EXPECT_THAT(outcome.err, HasSubstr("validation.csv: it has 64 samples as before, but not the"));
}

TEST_F(ResumeOnTable, AStateOfAnOlderVersionGoesOnWithANote) {
  ASSERT_EQ(run_for("train exp.toml --quiet", 0.5, SIGTERM), 4);
  const std::string source = fmt::format("csv({} ',';x: i64 ();y: f32 ();count={})",
                                         (folder_ / "train.csv").string(), kRows);
  change_state([&](nlohmann::ordered_json& state) {
    const auto age = [&](auto& json) {
      json.erase("contents");
      json.at("pipeline").at(0) = source;
    };
    age(state);
    state.erase("validation_contents");
    const auto data = state.at("data").get<std::string>();
    if (data.empty()) return;
    auto iterator = nlohmann::ordered_json::parse(data);
    age(iterator);
    state["data"] = iterator.dump();
  });
  const Outcome outcome = resume();
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.err,
              HasSubstr("the state does not say what the files of the training data held"));
}

TEST_F(ResumeOnTable, MetricsMayBeGivenByOutput) {
  ASSERT_EQ(run_for("train exp.toml --quiet", 0.5, SIGTERM), 4);
  const Outcome outcome = resume("--set 'fit.metrics={y=[\"mae\"]}' --set fit.loss=mse");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
}

TEST_F(ResumeCommand, WhatHasNotEndedIsPutAsideAndCanStillBeGoneOnWith) {
  const std::string options = "train exp.toml --set fit.epochs=300 --set fit.save_freq=5";
  ASSERT_EQ(run(options + " --quiet").status, 0);
  fs::rename(folder_ / "run", folder_ / "undisturbed");
  ASSERT_EQ(run_for(options + " --set fit.epochs=100000", 0.4, SIGTERM), 4);
  const Outcome anew = run("train exp.toml");
  EXPECT_EQ(anew.status, 0);
  EXPECT_THAT(anew.err, HasSubstr("a training that has not ended was put aside"));
  EXPECT_TRUE(fs::exists(folder_ / "run" / "steps.previous.csv"));
  const std::string from = "train exp.toml --quiet --resume-from run/state.previous ";
  EXPECT_EQ(run_for(from + "--set fit.epochs=100000", 0.4, SIGTERM), 4);
  const Outcome fewer = run(from + "--set fit.epochs=1");
  EXPECT_EQ(fewer.status, 2);
  EXPECT_THAT(fewer.err, AllOf(HasSubstr("the state is in epoch"), HasSubstr("and epochs is 1")));
  const Outcome missing = run("train exp.toml --resume-from nowhere.keras");
  EXPECT_EQ(missing.status, 2);
  EXPECT_THAT(missing.err, HasSubstr("nowhere.keras"));
}

TEST_F(ResumeCommand, TwoTrainingsDoNotWriteIntoOneFolder) {
  fs::create_directories(folder_ / "run");
  const int held = ::open((folder_ / "run").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  ASSERT_EQ(::flock(held, LOCK_EX), 0);
  const Outcome second = run("train exp.toml");
  EXPECT_EQ(second.status, 2);
  EXPECT_THAT(second.err, HasSubstr("another training is writing into it"));
  ::close(held);
  EXPECT_EQ(run("train exp.toml --quiet").status, 0);
}

TEST_F(ResumeCommand, ACheckpointIsGoneOnFrom) {
  const std::string options =
      "train exp.toml --quiet --set fit.epochs=6 --set "
      "fit.callbacks='[{name=\"model_checkpoint\",filepath=\"c{epoch}.keras\"}]'";
  const Outcome whole = run(options);
  ASSERT_EQ(whole.status, 0) << whole.err;
  fs::copy(folder_ / "run", folder_ / "undisturbed");
  const Outcome again = run(options + " --resume-from undisturbed/c3.keras");
  ASSERT_EQ(again.status, 0) << again.err;
  expect_same_run("run", "undisturbed");
}

TEST_F(ResumeCommand, AStateThatCannotBeWrittenDoesNotEndTheRun) {
  fs::create_directories(folder_ / "run");
  write_file_atomically((folder_ / "run" / "state").string(), "a file where a folder is wanted");
  const Outcome outcome = run("train exp.toml");
  EXPECT_EQ(outcome.status, 3);
  EXPECT_THAT(outcome.err, HasSubstr("the training goes on"));
  EXPECT_THAT(outcome.err, HasSubstr("error[F001]"));
  const Model model = load_model((folder_ / "run" / "stopped.keras").string());
  EXPECT_EQ(train::optimizer_state(model)->iterations, 8) << "both epochs were trained";
}

/// Runs `line` in a shell in which the folder `mounted` is a file system of its own.
class OnOwnDisk : public ResumeCommand {
 protected:
  void SetUp() override {
    ResumeCommand::SetUp();
    if (std::system("unshare -rm mount -t tmpfs none /tmp >/dev/null 2>&1") != 0)
      GTEST_SKIP() << "skipped: no file system can be mounted here (unshare -rm)";
    fs::create_directories(folder_ / "run" / "state");
  }
  int run_on_disk(const std::string& mounts, const std::string& arguments) const {
    const std::string line = "cd " + folder_.string() + " && unshare -rm sh -c '" + mounts +
                             " && " TENON_BINARY_DIR "/tenon " + arguments + "; status=$?; " +
                             "cp -r run kept; exit $status' >stdout.txt 2>stderr.txt";
    const int status = std::system(line.c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  std::string told() const { return read_file((folder_ / "stderr.txt").string()); }
  std::int64_t steps_trained() const {
    const Model model = load_model((folder_ / "kept" / "stopped.keras").string());
    return train::optimizer_state(model)->iterations;
  }
};

TEST_F(OnOwnDisk, AFullDiskKeepsTheLastState) {
  // Room for one state and the next one's half.
  ASSERT_EQ(run("train exp.toml --quiet --set fit.output=sized").status, 0);
  const auto bytes = fs::file_size(folder_ / "sized" / "model.keras");
  const std::string size = std::to_string(bytes * 7 / 4 / 1024);
  EXPECT_EQ(run_on_disk("mount -t tmpfs -o size=" + size + "k none run/state", "train exp.toml"),
            3);
  EXPECT_THAT(told(), HasSubstr("No space left on device"));
  EXPECT_THAT(told(), HasSubstr("the training goes on; the last state that was written stays"));
  EXPECT_EQ(steps_trained(), 8);
  fs::remove_all(folder_ / "run");
  fs::rename(folder_ / "kept", folder_ / "run");
  const Outcome resumed = run("train exp.toml --quiet --resume");
  EXPECT_EQ(resumed.status, 0) << resumed.err;
  ASSERT_EQ(run("train exp.toml --quiet --set fit.output=undisturbed").status, 0);
  expect_same_run("run", "undisturbed");
}

TEST_F(OnOwnDisk, AFolderThatMayOnlyBeReadIsTold) {
  EXPECT_EQ(run_on_disk("mount -t tmpfs -o ro none run/state", "train exp.toml"), 3);
  EXPECT_THAT(told(), HasSubstr("Read-only file system"));
  EXPECT_EQ(steps_trained(), 8);
}

TEST_F(OnOwnDisk, AQuotaIsTold) {
  // 512 bytes are a block of sh's.
  EXPECT_EQ(run_on_disk("ulimit -f 8", "train exp.toml"), 3);
  EXPECT_THAT(told(), HasSubstr("File too large"));
  EXPECT_THAT(told(), HasSubstr("the training goes on"));
}

TEST_F(OnOwnDisk, RowsWaitForRoom) {
  // A disk that has room for no row: everything but the run's numbers is elsewhere.
  EXPECT_EQ(run_on_disk("mount -t tmpfs -o size=4k none run && dd if=/dev/zero of=run/filler "
                        "bs=1k count=4 2>/dev/null",
                        "train exp.toml"),
            3);
  EXPECT_THAT(told(), HasSubstr("steps.csv: cannot be written: No space left on device"));
  EXPECT_THAT(told(), HasSubstr("history.csv: rows are missing"));
}

}  // namespace
}  // namespace tenon::cli
