// The command as a user runs it: exit status, what it prints, what it writes.
#include "cli/command_fixture.hpp"
#include "io/readers/image_writer.hpp"

namespace tenon::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

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

TEST_F(Command, BFloat16ThatWouldBeEmulatedIsRefusedWithTheReason) {
#if !defined(__x86_64__)
  GTEST_SKIP() << "skipped: DNNL_MAX_CPU_ISA names instruction sets of x86";
#endif
  const std::string train =
      "train exp.toml -q --set fit.precision='\"mixed_bfloat16\"' --set fit.engine=";
  ::setenv("DNNL_MAX_CPU_ISA", "AVX2", 1);
  const Outcome refused = run(train + "'\"onednn\"'");
  const Outcome anywhere = run(train + "'\"reference\"'");
  ::unsetenv("DNNL_MAX_CPU_ISA");
  if (refused.err.find("libdnnl-dev") != std::string::npos) GTEST_SKIP() << "skipped: no oneDNN";
  EXPECT_NE(refused.status, 0);
  EXPECT_THAT(refused.err, HasSubstr("E001"));
  EXPECT_THAT(refused.err, HasSubstr("no AVX512_BF16, or DNNL_MAX_CPU_ISA forbids it"));
  EXPECT_THAT(refused.err, HasSubstr(".precision = \"float32\""));
  EXPECT_EQ(anywhere.status, 0) << anywhere.err;
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

TEST_F(Command, PeekSaysThatThereAreNoSamples) {
  save_npz((folder_ / "train.npz").string(), {{"Small", Tensor(DType::kFloat32, {0, 8, 8, 3})}});
  const Outcome none = run("peek exp.toml");
  EXPECT_EQ(none.status, 0) << none.err;
  EXPECT_EQ(none.out, "no samples: [data.train] gives none\n");
  EXPECT_EQ(nlohmann::json::parse(run("peek exp.toml --format json").out).at("samples").size(), 0U);
  const Outcome picture = run("peek exp.toml --output grid.png");
  EXPECT_EQ(picture.status, 1);
  EXPECT_THAT(picture.err, HasSubstr("no samples"));
}

TEST_F(Command, SummaryExplainAndVersion) {
  EXPECT_THAT(run("summary model.json").out, HasSubstr("Total params:"));
  EXPECT_THAT(run("explain k003").out, HasSubstr("# K003"));
  EXPECT_EQ(run("explain K0O3").status, 2);
  EXPECT_THAT(run("--version").out, HasSubstr("tenon 0.1.0"));
}

TEST_F(Command, SummaryPlanShowsWhatRuns) {
  const Outcome model = run("summary model.json --plan --batch 8");
  ASSERT_EQ(model.status, 0) << model.err;
  EXPECT_THAT(model.out, HasSubstr("Plan of \"pair\": predict, batch 8"));
  const Outcome training = run("summary exp.toml --plan");
  ASSERT_EQ(training.status, 0) << training.err;
  EXPECT_THAT(training.out, HasSubstr("Plan of \"pair\": train, batch 4"));
  EXPECT_THAT(training.out, HasSubstr("adam_update"));
  EXPECT_THAT(training.out, testing::ContainsRegex("needs [0-9.]+ [kM]B at batch 4: activations"));
  EXPECT_THAT(run("summary exp.toml --plan --set data.stages.0.size=6").out, HasSubstr("batch 6"));
  EXPECT_THAT(run("summary exp.toml").out, HasSubstr("Total params:"));
  EXPECT_EQ(run("summary model.json --batch 8").status, 2);
}

TEST_F(Command, TrainForecastsMemoryAndTellsTheWait) {
  const Outcome outcome = run("train exp.toml");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.err, testing::ContainsRegex("needs [0-9.]+ [kM]B at batch 4\n"));
  EXPECT_THAT(outcome.out,
              testing::ContainsRegex(
                  "the model waited [0-9]+ % of the time for data; batch is the slowest stage"));
  EXPECT_THAT(run("train exp.toml --quiet").err, Not(HasSubstr("needs")));
}

TEST_F(Command, BadSamplesAreListedWithSplitTableAndRow) {
  const auto write = [&](const std::string& name, const std::string& text) {
    write_file_atomically((folder_ / name).string(), text);
  };
  readers::write_png((folder_ / "good.png").string(), Tensor(DType::kUInt8, {2, 2, 3}));
  write("broken.png", "no image");
  write("cells.csv", "file,y\ngood.png,1\nbroken.png,0\ngood.png,1\ngood.png,0\n");
  auto image = Input({2, 2, 3}, {.name = "image"});
  write("cells.json", Model(image, Dense(1, {.name = "y"})(Flatten()(image))).to_json());
  write("cells.toml", R"toml([model]
path = "cells.json"
[data]
stages = [
  { op = "load_image", from = "file", to = "image" },
  { op = "select", keys = ["image", "y"] },
  { op = "cast", keys = ["image"], dtype = "float32" },
  { op = "batch", size = 2 },
]
[data.train]
source = { kind = "csv", path = "cells.csv" }
on_bad_sample = "quarantine"
max_bad = 1.0
[data.test]
source = { kind = "csv", path = "cells.csv" }
on_bad_sample = "skip"
max_bad = 1.0
[fit]
loss = "mse"
output = "cells"
)toml");
  const Outcome outcome = run("train cells.toml --set data.stages.0.root=.");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(read_file((folder_ / "cells" / "bad_samples.csv").string()),
              testing::StartsWith("split,file,row,id,source,source_row,stage,reason\ntrain," +
                                  (folder_ / "broken.png").string() + ",,row 3," +
                                  (folder_ / "cells.csv").string() + ",3,load_image,"));
  EXPECT_THAT(outcome.err, HasSubstr("\n2/2 \u2501")) << "as many steps as there can be";
  EXPECT_THAT(run("predict cells.toml --set data.stages.0.root=. --output y.npz").err,
              HasSubstr("  left out: sample 1 \"row 3\" (cells.csv:3): "));
}

}  // namespace
}  // namespace tenon::cli
