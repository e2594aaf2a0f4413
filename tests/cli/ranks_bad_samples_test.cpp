// Bad samples of which one process of several, that mpirun starts, has all.
#include "cli/mpirun_fixture.hpp"
#include "io/readers/image_writer.hpp"

namespace tenon::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

class RanksBadSamplesCommand : public MpirunCommand {
 protected:
  void SetUp() override {
    MpirunCommand::SetUp();
    if (IsSkipped()) return;
    readers::write_png((folder_ / "good.png").string(), Tensor(DType::kUInt8, {2, 2, 3}));
    write_file_atomically((folder_ / "broken.png").string(), "no image");
    auto image = Input({2, 2, 3}, {.name = "image"});
    write_file_atomically((folder_ / "cells.json").string(),
                          Model(image, Dense(1, {.name = "y"})(Flatten()(image))).to_json());
    // 8 of 200 are bad: every one in the part of rank 1 of 2, and of 4.
    std::string table = "file,y\n";
    for (int row = 0; row < 200; ++row) {
      const bool bad = row > 100 && row < 165 && row % 8 == 5;
      table += bad ? "broken.png,0\n" : "good.png,1\n";
    }
    write_file_atomically((folder_ / "cells.csv").string(), table);
    write_file_atomically((folder_ / "cells.toml").string(), R"toml([model]
path = "cells.json"
[data]
stages = [
  { op = "load_image", from = "file", to = "image", root = "." },
  { op = "select", keys = ["image", "y"] },
  { op = "cast", keys = ["image"], dtype = "float32" },
  { op = "batch", size = 8 },
]
[data.train]
source = { kind = "csv", path = "cells.csv" }
on_bad_sample = "skip"
max_bad = 0.06
[data.test]
source = { kind = "csv", path = "cells.csv" }
on_bad_sample = "skip"
max_bad = 0.06
[fit]
loss = "mse"
output = "cells"
)toml");
  }

  std::string list() const { return read_file((folder_ / "cells" / "bad_samples.csv").string()); }

  static std::size_t count(const std::string& text, const std::string& part) {
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
      ++found;
    return found;
  }
};

TEST_F(RanksBadSamplesCommand, AreFewAmongThoseOfAllRanks) {
  ASSERT_EQ(run("train cells.toml --quiet").status, 0);
  const std::string expected = list();
  EXPECT_EQ(count(expected, "\ntrain,"), 8U) << expected;
  for (const int size : {2, 4}) {
    fs::remove_all(folder_ / "cells");
    const Outcome outcome = run_ranks(size, "train cells.toml --quiet");
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_EQ(list(), expected);
    const Outcome evaluated = run_ranks(size, "evaluate cells.toml --quiet --format json");
    ASSERT_EQ(evaluated.status, 0) << evaluated.err;
    EXPECT_EQ(nlohmann::json::parse(evaluated.out)["bad_samples"], 8);
    const Outcome predicted = run_ranks(size, "predict cells.toml --output y.npz --quiet");
    EXPECT_EQ(predicted.status, 0) << predicted.err;
  }
}

TEST_F(RanksBadSamplesCommand, EndAllRanksWhereTheyEndOneProcessAndAreListed) {
  const std::string many = "6 of 142 samples read are bad (4.23 %), more than max_bad = 4.00 %";
  const std::string of_train = " --quiet --set data.train.max_bad=0.04";
  const Outcome one = run("train cells.toml" + of_train);
  EXPECT_NE(one.status, 0);
  const auto told = AllOf(HasSubstr(many), HasSubstr("sample 101 \"row 103\" (broken.png)"),
                          HasSubstr("cells/bad_samples.csv names all of them"));
  EXPECT_THAT(one.err, told);
  const std::string expected = list();
  EXPECT_EQ(count(expected, "\ntrain,"), 6U) << expected;
  for (const int size : {2, 4}) {
    fs::remove_all(folder_ / "cells");
    const Outcome all = run_ranks(size, "train cells.toml" + of_train);
    EXPECT_EQ(all.status, one.status) << all.err;
    EXPECT_THAT(all.err, told);
    EXPECT_EQ(count(all.err, many), 1U) << all.err;
    EXPECT_EQ(list(), expected);
    EXPECT_TRUE(fs::exists(folder_ / "cells" / "stopped.keras"));
  }
  ASSERT_EQ(run("train cells.toml --quiet").status, 0);
  for (const std::string command : {"evaluate cells.toml", "predict cells.toml --output y.npz"}) {
    const Outcome all = run_ranks(2, command + " --quiet --set data.test.max_bad=0.04");
    EXPECT_NE(all.status, 0);
    EXPECT_NE(all.status, 124) << "it hangs";
    EXPECT_EQ(count(all.err, many), 1U) << all.err;
    EXPECT_FALSE(fs::exists(folder_ / "y.npz"));
  }
}

}  // namespace
}  // namespace tenon::cli
