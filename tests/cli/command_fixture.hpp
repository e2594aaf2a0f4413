#pragma once

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

/// What a run of the command left.
struct Outcome {
  int status = -1;
  std::string out;
  std::string err;
};

/// Stages for write_experiment() that draw random numbers.
inline constexpr const char* kRandomStages =
    "  { op = \"shuffle\", buffer = 8 },\n"
    "  { op = \"random_flip\", keys = [\"Small\", \"Large\"], axes = [\"width\"] },\n";

/// A folder with an experiment of two inputs, and the command run in it.
class Command : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        std::filesystem::temp_directory_path() / ("tenon_command_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
    write_data("Small", "Large");
    write_model();
    write_experiment("");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

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

  std::filesystem::path folder_;
};

}  // namespace tenon::cli
