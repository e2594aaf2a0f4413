// evaluate and predict of several processes that mpirun starts, and the commands that only one of
// them does.
#include <limits>

#include "cli/mpirun_fixture.hpp"
#include "tenon/npz.hpp"
#include "tenon/volume_file.hpp"

namespace tenon::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

class RankPassesCommand : public MpirunCommand {
 protected:
  static void expect_near(const nlohmann::json& a, const nlohmann::json& b) {
    for (const auto& [name, value] : a.items())
      EXPECT_NEAR(value.get<double>(), b.at(name).get<double>(), 1e-6) << name;
  }
};

TEST_F(RankPassesCommand, EvaluateTellsOnceWhatOneProcessTells) {
  ASSERT_EQ(run("train exp.toml --quiet").status, 0);
  const Outcome one = run("evaluate exp.toml --format json --quiet");
  ASSERT_EQ(one.status, 0) << one.err;
  const auto expected = nlohmann::json::parse(one.out);
  const auto file = folder_ / "run" / "evaluate_test.json";
  fs::remove(file);
  for (const int size : {2, 4}) {
    const Outcome all = run_ranks(size, "evaluate exp.toml --format json --quiet");
    ASSERT_EQ(all.status, 0) << all.err;
    const auto found = nlohmann::json::parse(all.out);  // One object.
    expect_near(expected["metrics"], found["metrics"]);
    EXPECT_EQ(found["outputs"], expected["outputs"]);
    EXPECT_EQ(found["samples"], 16);
    EXPECT_EQ(found["model"], expected["model"]);
    EXPECT_EQ(nlohmann::json::parse(read_file(file.string())), found);
  }
}

TEST_F(RankPassesCommand, PredictWritesOneFileInTheOrderOfTheData) {
  ASSERT_EQ(run("train exp.toml --quiet").status, 0);
  ASSERT_EQ(run("predict exp.toml --output one.npz --quiet").status, 0);
  const NamedTensors one = load_npz((folder_ / "one.npz").string());
  for (const int size : {2, 4}) {
    const Outcome outcome = run_ranks(size, "predict exp.toml --output all.npz");
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("16 samples -> all.npz\n"));
    EXPECT_EQ(outcome.err.find("samples ->"), outcome.err.rfind("samples ->"));
    const NamedTensors all = load_npz((folder_ / "all.npz").string());
    ASSERT_EQ(all.size(), one.size());
    for (std::size_t i = 0; i < one.size(); ++i) {
      EXPECT_EQ(all[i].first, one[i].first);
      ASSERT_EQ(all[i].second.shape(), one[i].second.shape());
      if (one[i].second.dtype() != DType::kFloat32) {
        EXPECT_TRUE(all[i].second.equals(one[i].second));
        continue;
      }
      for (std::size_t k = 0; k < one[i].second.data<float>().size(); ++k)
        EXPECT_NEAR(all[i].second.data<float>()[k], one[i].second.data<float>()[k], 1e-6);
    }
    fs::remove(folder_ / "all.npz");
  }
}

TEST_F(RankPassesCommand, WhatIsWrongOnOneRankEndsAllAndIsToldOnce) {
  NamedTensors data = load_npz((folder_ / "train.npz").string());
  data[0].second.data<float>()[13 * 192] = std::numeric_limits<float>::quiet_NaN();
  save_npz((folder_ / "train.npz").string(), data);
  for (const std::string command : {"evaluate exp.toml", "predict exp.toml --output y.npz"}) {
    const Outcome outcome = run_ranks(4, command + " --quiet");
    EXPECT_NE(outcome.status, 0);
    EXPECT_NE(outcome.status, 124) << "it hangs";
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("error[D002]"), HasSubstr("sample 13")));
    EXPECT_EQ(outcome.err.find("error[D002]"), outcome.err.rfind("error[D002]")) << outcome.err;
    EXPECT_FALSE(fs::exists(folder_ / "y.npz"));
  }
}

TEST_F(RankPassesCommand, VolumesAreWrittenByTheRanksUnderTheNamesOfOneProcess) {
  auto image = Input({-1, -1, -1, 1}, {.name = "image"});
  write_file_atomically(
      (folder_ / "unet.json").string(),
      Model({image}, Conv3D(2, 3, {.padding = "same", .name = "mask"})(image)).to_json());
  std::string table = "image\n";
  for (int i = 0; i < 5; ++i) {
    Tensor volume = random_uniform({4, 5, 6 + i, 1}, static_cast<std::uint64_t>(i));
    Geometry geometry;
    geometry.origin = {static_cast<double>(i), 0.0, 0.0};
    volume.set_geometry(geometry);
    save_volume((folder_ / ("image" + std::to_string(i) + ".nii")).string(), volume);
    table += "image" + std::to_string(i) + ".nii\n";
  }
  write_file_atomically((folder_ / "scans.csv").string(), table);
  write_file_atomically((folder_ / "scans.toml").string(), R"(seed = 3
[model]
path = "unet.json"
[data]
stages = [
  { op = "load_volume", from = "image", to = "scan" },
  { op = "drop", keys = ["image"] },
  { op = "rename", map = { scan = "image" } },
  { op = "batch", size = 1 },
]
[data.test]
source = { kind = "csv", path = "scans.csv" }
)");
  ASSERT_EQ(run("predict scans.toml --output one/mask.nii --quiet").status, 0);
  const Outcome outcome = run_ranks(3, "predict scans.toml --output all/mask.nii --format json");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto told = nlohmann::json::parse(outcome.out);
  ASSERT_EQ(told["files"].size(), 5U);
  for (int i = 0; i < 5; ++i) {
    const std::string name = "mask_" + std::to_string(i) + ".nii";
    EXPECT_EQ(told["files"][static_cast<std::size_t>(i)]["path"], "all/" + name);
    EXPECT_EQ(read_file((folder_ / "all" / name).string()),
              read_file((folder_ / "one" / name).string()));
  }
  std::string text = read_file((folder_ / "scans.toml").string());
  const std::string batch = "  { op = \"batch\", size = 1 },\n";
  text.replace(text.find(batch), batch.size(), "  { op = \"repeat\", count = 2 },\n" + batch);
  write_file_atomically((folder_ / "twice.toml").string(), text);
  const Outcome twice = run_ranks(2, "predict twice.toml --output twice/mask.nii");
  EXPECT_NE(twice.status, 0);
  EXPECT_THAT(twice.err, HasSubstr("samples come more than once, and each is written by another"));
}

TEST_F(RankPassesCommand, OtherCommandsAreDoneByRankZeroAlone) {
  const std::vector<std::string> commands = {"check exp.toml",     "peek exp.toml --count 2",
                                             "summary model.json", "lineage exp.toml",
                                             "explain R001",       "--version",
                                             "train --help",       "chekc exp.toml",
                                             "check missing.toml"};
  for (const std::string& command : commands) {
    const Outcome one = run(command);
    const Outcome all = run_ranks(3, command);
    EXPECT_EQ(all.status, one.status) << command;
    EXPECT_EQ(all.out, one.out) << command;
    if (one.status == 0) {
      EXPECT_EQ(all.err, one.err) << command;
    } else {
      EXPECT_EQ(all.err.find("error["), all.err.rfind("error[")) << command << all.err;
      EXPECT_THAT(all.err, HasSubstr("error[")) << command;
    }
  }
}

/// With Open MPI by itself; with MPICH, which does not end the others for that, they do.
TEST_F(RankPassesCommand, ARankThatAloneWasStartedWronglyEndsTheJobWithAMessage) {
  if (!Mpirun::is_open_mpi()) ::setenv("TENON_MPI_START_SECONDS", "2", 1);
  const Outcome outcome =
      run_ranks(1, "train exp.toml --quiet : -n 1 " TENON_BINARY_DIR "/tenon trian exp.toml");
  ::unsetenv("TENON_MPI_START_SECONDS");
  EXPECT_NE(outcome.status, 0);
  EXPECT_NE(outcome.status, 124) << "it hangs";
  EXPECT_THAT(outcome.err, HasSubstr(Mpirun::is_open_mpi() ? "unknown command \"trian\""
                                                           : "MPI has not begun in 2 seconds"));
}

TEST_F(RankPassesCommand, ARankThatNeverBeginsIsNotWaitedForForEver) {
  ::setenv("TENON_MPI_START_SECONDS", "2", 1);
  const Outcome outcome = run_ranks(1, "train exp.toml --quiet : -n 1 sleep 100");
  ::unsetenv("TENON_MPI_START_SECONDS");
  EXPECT_NE(outcome.status, 0);
  EXPECT_NE(outcome.status, 124) << "it hangs";
  EXPECT_THAT(outcome.err,
              AllOf(HasSubstr("error[R002]"), HasSubstr("rank 0: MPI has not begun in 2 seconds")));
}

}  // namespace
}  // namespace tenon::cli
