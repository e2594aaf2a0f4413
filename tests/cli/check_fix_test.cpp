// Every fix that `tenon check` offers has been tried; --fix shows it, --write writes it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "cli/experiment_check.hpp"
#include "tenon/file.hpp"
#include "tenon/layers.hpp"
#include "tenon/model.hpp"
#include "tenon/npz.hpp"

namespace tenon::cli {
namespace {

namespace fs = std::filesystem;

class CheckFix : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("tenon_check_fix_" + std::to_string(::getpid()));
    fs::create_directories(folder_);
    Tensor label(DType::kInt64, {16});
    save_npz((folder_ / "train.npz").string(), {{"Small", random_uniform({16, 8, 8, 3}, 1)},
                                                {"Large", random_uniform({16, 16, 16, 3}, 2)},
                                                {"cell", label}});
    auto small = Input({8, 8, 3}, {.name = "Small"});
    auto large = Input({16, 16, 3}, {.name = "Large"});
    auto x = Concatenate()({GlobalAveragePooling2D()(small), GlobalAveragePooling2D()(large)});
    Model model({small, large}, Dense(2, {.activation = "softmax", .name = "cell"})(x),
                {.name = "pair"});
    write_file_atomically((folder_ / "model.json").string(), model.to_json());
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string experiment(const std::string& stages, const std::string& fit) const {
    return "[model]\npath = \"model.json\"\n[data]\nstages = [\n" + stages +
           "]\n[data.train]\nsource = { kind = \"npz\", path = \"train.npz\" }\n"
           "[data.validation]\nsource = { kind = \"npz\", path = \"train.npz\" }\n[fit]\n" +
           fit;
  }

  struct Case {
    const char* code;
    const char* stages;
    const char* fit;
    const char* mended;  ///< Stands in the mended file.
  };
  void expect_mended(const Case& each) const {
    ExperimentChecker checker((folder_ / "exp.toml").string(), {});
    const std::string text = experiment(each.stages, each.fit);
    const auto problems = checker.problems(text);
    ASSERT_FALSE(problems.empty()) << each.code;
    EXPECT_EQ(problems.front().code, each.code) << render_text(problems);
    ASSERT_FALSE(problems.front().fixes.empty()) << render_text(problems);
    ASSERT_TRUE(problems.front().fixes.front().edit) << render_text(problems);
    const std::string after = mended(checker, text);
    EXPECT_THAT(after, ::testing::HasSubstr(each.mended)) << each.code;
    for (const Diagnostic& left : checker.problems(after))
      EXPECT_NE(left.severity, Severity::kError) << each.code << "\n" << render_text(left) << after;
  }

  fs::path folder_;
};

constexpr const char* kBatch = "  { op = \"batch\", size = 4 },\n";
constexpr const char* kLoss = "loss = { cell = \"sparse_categorical_crossentropy\" }\n";

TEST_F(CheckFix, TheFirstFixMendsTheFile) {
  const Case cases[] = {
      {"K005", "{ op = \"rename\", map = { Small = \"small\" } },\n{ op = \"batch\", size = 4 },\n",
       kLoss, "stages = [\n{ op = \"batch\""},
      {"K005", "{ op = \"drop\", keys = [\"Small\"] },\n{ op = \"batch\", size = 4 },\n", kLoss,
       "stages = [\n{ op = \"batch\""},
      {"K005",
       "{ op = \"select\", keys = [\"Small\", \"cell\"] },\n{ op = \"batch\", size = 4 },\n", kLoss,
       "keys = [\"Small\", \"cell\", \"Large\"]"},
      {"K007",
       "{ op = \"scale\", keys = [\"Smal\"], factor = 2.0 },\n{ op = \"batch\", size = 4 },\n",
       kLoss, "keys = [\"Small\"]"},
      {"K010",
       "{ op = \"copy\", from = \"Small\", to = \"more\" },\n{ op = \"batch\", size = 4 },\n",
       kLoss, "{ op = \"drop\", keys = [\"more\"] }"},
      {"K011", kBatch, "loss = { cel = \"sparse_categorical_crossentropy\" }\n", "{ cell = "},
      {"S001", "", kLoss, "{ op = \"batch\", size = 32 }"},
      {"S001", "{ op = \"batch\", size = 4, only = [\"train\"] },\n", kLoss,
       "only = [\"train\", \"validation\"]"},
      {"S002",
       "{ op = \"resize\", keys = [\"Small\"], size = [9, 9] },\n{ op = \"batch\", size = 4 "
       "},\n",
       kLoss, "size = [8, 8]"},
      {"S003",
       "{ op = \"rename\", map = { Small = \"Large\", Large = \"Small\" } },\n{ op = "
       "\"batch\", size = 4 },\n",
       kLoss, "stages = [\n{ op = \"batch\""},
      {"S004",
       "{ op = \"transpose\", keys = [\"Small\"], permutation = [2, 0, 1] },\n{ op = "
       "\"batch\", size = 4 },\n",
       kLoss, "stages = [\n{ op = \"batch\""},
      {"S007", kBatch, "loss = { cell = \"categorical_crossentropy\" }\n",
       "\"sparse_categorical_crossentropy\""},
      {"C002", kBatch,
       "loss = \"sparse_categorical_crossentropy\"\ncallbacks = [{ name = \"early_stopping\", "
       "monitor = \"val_los\" }]\n",
       "monitor = \"val_loss\""},
      {"G001", kBatch, "loss = \"sparse_categorical_crossentropy\"\nsteps_per_epoch = 100\n",
       "{ op = \"repeat\", only = [\"train\"] }"},
      {"C001", "{ op = \"batsh\", size = 4 },\n", kLoss, "op = \"batch\""},
      {"C001", kBatch, "loss = \"sparse_categorical_crossentropi\"\n",
       "loss = \"sparse_categorical_crossentropy\""},
  };
  for (const Case& each : cases) expect_mended(each);
}

TEST_F(CheckFix, SeveralFaultsAreMendedOneAfterTheOther) {
  expect_mended({"K005",
                 "{ op = \"rename\", map = { Large = \"large \" } },\n{ op = \"copy\", from = "
                 "\"Small\", to = \"more\" },\n{ op = \"batch\", size = 4 },\n",
                 "loss = { cel = \"sparse_categorical_crossentropy\" }\n", "{ cell = "});
}

TEST_F(CheckFix, NothingIsOfferedThatDoesNotMend) {
  ExperimentChecker checker((folder_ / "exp.toml").string(), {});
  const auto problems = checker.problems(
      experiment("  { op = \"resize\", keys = [\"Small\", \"Large\"], size = [8, 8] "
                 "},\n  { op = \"batch\", size = 4 },\n",
                 kLoss));
  ASSERT_EQ(problems.front().code, "S002");
  // The stage is not told another size, for that would break the other key.
  for (const Fix& fix : problems.front().fixes)
    EXPECT_THAT(fix.text, ::testing::Not(::testing::HasSubstr("set size"))) << fix.text;
}

}  // namespace
}  // namespace tenon::cli
