// What a newcomer types, and what is told of it: words, places, exit statuses.
#include <fcntl.h>
#include <sys/stat.h>

#include <csignal>

#include "cli/command_fixture.hpp"

namespace tenon::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

class Usage : public Command {
 protected:
  /// Standard error of a run that must end with `status`.
  std::string told(const std::string& arguments, int status = 2) const {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.status, status) << arguments << "\n" << outcome.out << outcome.err;
    return outcome.err;
  }
  void replace(const std::string& from, const std::string& to) const {
    const std::string file = (folder_ / "exp.toml").string();
    std::string text = read_file(file);
    const std::size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    write_file_atomically(file, text.replace(at, from.size(), to));
  }
};

TEST_F(Usage, AMisspeltWordOfTheCommandLineGetsTheNearest) {
  EXPECT_EQ(told("trian exp.toml"),
            "error[C001]: tenon: unknown command \"trian\"\n  fix: write \"train\"\n");
  EXPECT_THAT(told("train exp.toml --formt json"), HasSubstr("write \"--format\""));
  EXPECT_THAT(told("train exp.toml --format yaml"),
              HasSubstr("\"yaml\" where text or json is expected"));
  EXPECT_THAT(told("demo --seed -1"), HasSubstr("-1 where 0 or more is expected"));
  EXPECT_THAT(told(""), HasSubstr("evaluate"));
}

TEST_F(Usage, FilesThatCannotBeMeantAreRefusedBeforeTheWork) {
  EXPECT_THAT(told("predict none.toml --output y.csv"), HasSubstr("end it with .npz"));
  const Outcome peek = run("peek exp.toml --output a.jpg");
  EXPECT_EQ(peek.status, 2);
  EXPECT_EQ(peek.out, "");
  EXPECT_THAT(peek.err, HasSubstr("end it with .npz or .png"));
  EXPECT_THAT(told("summary ."), HasSubstr("is a folder"));
  EXPECT_THAT(told("predict exp.toml --output y.npz --labels"),
              HasSubstr("--labels with --output y.npz"));
  EXPECT_EQ(run("peek exp.toml --profile --output a.npz").status, 2);
}

TEST_F(Usage, ValuesThatCannotWorkAreToldOfTheFileAndItsLine) {
  const std::string good = read_file((folder_ / "exp.toml").string());
  const std::vector<std::array<std::string, 3>> cases = {
      {"learning_rate = 0.05", "learning_rate = -1", "exp.toml:14: Adam: learning_rate is -1"},
      {"epochs = 2", "epochs = 2\nthreads = -4", "exp.toml:14: fit: threads is -4"},
      {"epochs = 2", "epochs = 2\nthreads = 500000",
       "exp.toml:14: fit: threads is 500000 where at most"},
      {"epochs = 2", "epochs = 2\ndata_threads = 500000", "exp.toml:14: fit: data_threads is 5000"},
      {"epochs = 2", "epochs = 2\nprecision = \"float16\"", "exp.toml:14: precision: there is no"},
      {"epochs = 2", "epochs = 2\nengine = \"cuda\"", "exp.toml:14: there is no engine \"cuda\""},
      {"size = 4", "size = 0", "exp.toml:6: batch: size = 0"},
      {"{ op = \"batch\"", "{ op = \"shuffle\", buffer = 0 },\n{ op = \"batch\"",
       "exp.toml:6: shuffle: buffer = 0"},
      {"seed = 3", "seed = -3", "exp.toml:1: seed is -3 where 0 or more"},
      {"[data.train]", "[data.valid]", "write \"validation\""},
      {"{ kind = \"npz\", path = \"train.npz\" }",
       "{ kind = \"csv\", path = \"t.csv\", types = { a = \"flota32\" } }",
       "types.a = \"flota32\""},
      {"loss = {", "callbacks = [{ name = \"early_stopping\", mode = \"mni\" }]\nloss = {",
       "exp.toml:15: EarlyStopping: mode is \"mni\""},
      {"loss = { cell = \"sparse_categorical_crossentropy\" }",
       "loss = { cell = { name = \"mse\", reduction = \"summ\" } }", "exp.toml:15: "},
  };
  for (const auto& [from, to, wanted] : cases) {
    write_file_atomically((folder_ / "exp.toml").string(), good);
    replace(from, to);
    for (const char* command : {"check", "train"}) {
      const std::string text = told(std::string(command) + " exp.toml");
      EXPECT_THAT(text, HasSubstr(wanted)) << command;
      EXPECT_THAT(text, HasSubstr("error[C001]")) << command;
    }
  }
  EXPECT_FALSE(fs::exists(folder_ / "run"));
}

TEST_F(Usage, UnknownWordsOfAllStagesAreToldAtOnceWithTheNearest) {
  write_experiment(
      "  { op = \"cast\", keys = [\"Small\"], dtype = \"flota32\" },\n"
      "  { op = \"resize\", keys = [\"Large\"], size = [16, 16], interpolation = \"nearst\" },\n"
      "  { op = \"random_flip\", keys = [\"Large\"], axes = [\"heigth\"] },\n");
  const std::string text = told("check exp.toml");
  EXPECT_THAT(text, HasSubstr("exp.toml:6: cast: dtype = \"flota32\""));
  EXPECT_THAT(text, HasSubstr("exp.toml:7: resize: interpolation = \"nearst\""));
  EXPECT_THAT(text, HasSubstr("exp.toml:8: random_flip: the axis \"heigth\""));
  for (const char* word : {"float32", "nearest", "height"})
    EXPECT_THAT(text, HasSubstr("write \"" + std::string(word) + "\""));
  EXPECT_EQ(run("check exp.toml --fix --write").status, 0);
  const std::string mended = read_file((folder_ / "exp.toml").string());
  EXPECT_THAT(mended, HasSubstr("dtype = \"float32\""));
  EXPECT_THAT(mended, HasSubstr("interpolation = \"nearest\""));
  EXPECT_THAT(mended, HasSubstr("axes = [\"height\"]"));
}

TEST_F(Usage, WhatASetDoesWrongNamesTheArgument) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"fit.epochs=three", "--set fit.epochs=three: epochs of fit is a text"},
      {"fit.epochs=0", "--set fit.epochs=0: epochs of fit is 0"},
      {"fit.epoch=3", "--set fit.epoch=3: unknown key of fit \"epoch\""},
      {"fitt.epochs=3", "--set fitt.epochs=3: unknown key of the file \"fitt\""},
      {"seed=-1", "--set seed=-1: seed is -1"},
      {"fit.optimizer.learning_rate=-1", "--set fit.optimizer.learning_rate=-1: Adam: learning"},
      {"data.stages.0.size=0", "--set data.stages.0.size=0: batch: size = 0"},
      {"data.stages.0.size=x", "--set data.stages.0.size=x: op batch: size = \"x\""},
      {"data.stages.7.size=1", "--set data.stages.7.size=1: \"7\" is no entry of a list of 1"},
      {"fit.threads=-4", "--set fit.threads=-4: fit: threads is -4"},
  };
  for (const auto& [set, wanted] : cases) {
    const std::string text = told("check exp.toml --set name=other --set " + set);
    EXPECT_THAT(text, HasSubstr(wanted));
    EXPECT_THAT(text, Not(HasSubstr(":0")));
  }
}

TEST_F(Usage, WithoutATrainingTheUntrainedModelIsSaid) {
  for (const std::string command : {"evaluate exp.toml", "evaluate exp.toml -q"}) {
    const std::string text = told(command, 0);
    EXPECT_THAT(text, HasSubstr("warning[F001]: no training has ended in "));
    EXPECT_THAT(text, HasSubstr("run: evaluating the untrained model "));
    EXPECT_THAT(text, HasSubstr("model.json"));
  }
  EXPECT_FALSE(fs::exists(folder_ / "run")) << "evaluate leaves nothing where nothing was trained";
  EXPECT_THAT(told("predict exp.toml --output y.npz", 0),
              HasSubstr("predicting with the untrained model"));
  ASSERT_EQ(run("train exp.toml -q").status, 0);
  EXPECT_THAT(told("evaluate exp.toml", 0), Not(HasSubstr("warning")));
  EXPECT_TRUE(fs::exists(folder_ / "run" / "evaluate_test.json"));
}

TEST_F(Usage, AnOldModelIsPutAsideWhenATrainingBegins) {
  ASSERT_EQ(run("train exp.toml -q").status, 0);
  const std::string first = read_file((folder_ / "run" / "model.keras").string());
  // A mistake that is found before the first step leaves everything as it was.
  ASSERT_EQ(run("train exp.toml -q --set fit.loss.cell=mse").status, 1);
  EXPECT_EQ(read_file((folder_ / "run" / "model.keras").string()), first);
  ASSERT_EQ(run("train exp.toml -q --set seed=4").status, 0);
  EXPECT_EQ(read_file((folder_ / "run" / "model.previous.keras").string()), first);
  EXPECT_NE(read_file((folder_ / "run" / "model.keras").string()), first);
  // The run's own beginning is not an older run's result.
  ASSERT_EQ(run("train exp.toml -q --set model.path=run/model.keras").status, 0);
  EXPECT_EQ(read_file((folder_ / "run" / "model.previous.keras").string()), first);
}

TEST_F(Usage, WhatARunLeftThatDidNotEndIsPutAsideWhenATrainingBegins) {
  fs::create_directories(folder_ / "run");
  for (const char* name : {"interrupted", "stopped"})
    write_file_atomically((folder_ / "run" / (std::string(name) + ".keras")).string(), name);
  ASSERT_EQ(run("train exp.toml -q").status, 0);
  for (const char* name : {"interrupted", "stopped"}) {
    EXPECT_FALSE(fs::exists(folder_ / "run" / (std::string(name) + ".keras"))) << name;
    EXPECT_EQ(read_file((folder_ / "run" / (std::string(name) + ".previous.keras")).string()),
              name);
  }
}

TEST_F(Usage, AMistakeInAStageOfTheTestSplitIsToldByTrainToo) {
  replace("stages = [", "stages = [\n  { op = \"take\", count = -1, only = [\"test\"] },");
  for (const char* command : {"check exp.toml", "train exp.toml -q"})
    EXPECT_THAT(told(command, 2), HasSubstr("count = -1")) << command;
}

TEST_F(Usage, StandardOutputThatTakesNothingIsAFailure) {
  for (const char* arguments :
       {"check exp.toml", "explain K003", "--version", "--help", "peek exp.toml --format json"}) {
    const Outcome outcome = run(std::string(arguments) + " >/dev/full");
    EXPECT_EQ(outcome.status, 3) << arguments;
    EXPECT_THAT(outcome.err, HasSubstr("standard output could not be written to")) << arguments;
  }
}

TEST_F(Usage, ADeviceIsNeverReplaced) {
  fs::create_symlink("/dev/full", folder_ / "y.npz");
  EXPECT_THAT(told("predict exp.toml --output y.npz"), HasSubstr("it is no regular file"));
  EXPECT_TRUE(fs::is_symlink(folder_ / "y.npz"));
  EXPECT_FALSE(fs::is_regular_file("/dev/full"));
}

/// Starts `arguments` on an experiment file that is a pipe, sends SIGINT while it is being read,
/// and gives the exit status.
int status_when_stopped(const fs::path& folder, std::vector<std::string> arguments) {
  const std::string pipe = (folder / "pipe.toml").string();
  ::mkfifo(pipe.c_str(), 0600);
  arguments.insert(arguments.begin(), "tenon");
  arguments.insert(arguments.begin() + 2, pipe);
  std::vector<char*> words;
  for (std::string& each : arguments) words.push_back(each.data());
  words.push_back(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    ::execv(TENON_BINARY_DIR "/tenon", words.data());
    ::_exit(99);
  }
  // Opening waits until the command has opened the other end; it then reads, and gets nothing.
  const int end = ::open(pipe.c_str(), O_WRONLY | O_CLOEXEC);
  ::kill(child, SIGINT);
  int status = 0;
  ::waitpid(child, &status, 0);
  ::close(end);
  ::unlink(pipe.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

TEST_F(Usage, InterruptedIsFour) {
  EXPECT_EQ(status_when_stopped(folder_, {"check"}), 4);
  EXPECT_EQ(status_when_stopped(folder_, {"evaluate"}), 4);
  EXPECT_EQ(status_when_stopped(folder_, {"predict", "--output", "y.npz"}), 4);
  EXPECT_EQ(status_when_stopped(folder_, {"peek"}), 4);
  EXPECT_EQ(status_when_stopped(folder_, {"train"}), 4);
}

}  // namespace
}  // namespace tenon::cli
