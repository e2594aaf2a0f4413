// What the command tells of the pipeline, and the folder of its cache.
#include <limits>

#include "cli/command_fixture.hpp"

namespace tenon::cli {
namespace {

using ::testing::HasSubstr;

TEST_F(Command, PeekCountsWhatIsNoNumber) {
  Tensor small = random_uniform({16, 8, 8, 3}, 1);
  small.data<float>()[5] = std::numeric_limits<float>::quiet_NaN();
  save_npz((folder_ / "train.npz").string(), {{"Small", small},
                                              {"Large", random_uniform({16, 16, 16, 3}, 2)},
                                              {"cell", Tensor(DType::kInt64, {16})}});
  EXPECT_THAT(run("peek exp.toml --count 1").out, HasSubstr(", 1 NaN"));
  const auto json = nlohmann::json::parse(run("peek exp.toml --count 1 --format json").out);
  EXPECT_EQ(json.at("samples").at(0).at("keys").at("Small").at("nan"), 1);
}

TEST_F(Command, PeekProfileTellsWhatTheStagesTake) {
  const Outcome text = run("peek exp.toml --profile");
  ASSERT_EQ(text.status, 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr("batch                           4 "));
  EXPECT_THAT(text.out, HasSubstr("4 elements in "));
  EXPECT_THAT(text.out, HasSubstr(" is the slowest "));
  const Outcome json = run("peek exp.toml --profile --count 4 --format json");
  const auto profile = nlohmann::json::parse(json.out).at("profile");
  EXPECT_EQ(profile.at("elements"), 1);
  EXPECT_EQ(profile.at("stages").at(0).at("name"), "batch");
  EXPECT_EQ(profile.at("stages").at(0).at("calls"), 1);
}

TEST_F(Command, OptionsOfTheDataAreChecked) {
  EXPECT_EQ(run("peek exp.toml --set 'data.ram_budget=\"1 MB\"'").status, 0);
  const Outcome budget = run("peek exp.toml --set 'data.ram_budget=\"much\"'");
  EXPECT_EQ(budget.status, 2);
  EXPECT_THAT(budget.err, HasSubstr("a text like \"1 GB\""));
  const Outcome time = run("peek exp.toml --set data.stall_timeout=-1");
  EXPECT_EQ(time.status, 2);
  EXPECT_THAT(time.err, HasSubstr("stall_timeout is -1 where seconds are expected"));
}

TEST_F(Command, CacheListsAndPrunesItsFolder) {
  const std::string toml = read_file((folder_ / "exp.toml").string());
  const std::string stage = "{ op = \"cache\", folder = \"kept\", budget = \"1 GB\" },";
  const std::size_t at = toml.find("{ op = \"batch\"");
  ASSERT_NE(at, std::string::npos) << toml;
  write_file_atomically((folder_ / "cached.toml").string(),
                        toml.substr(0, at) + stage + toml.substr(at));
  const Outcome peeked = run("peek cached.toml --count 16");
  ASSERT_EQ(peeked.status, 0) << peeked.err;
  EXPECT_EQ(peeked.out, run("peek cached.toml --count 16").out);
  EXPECT_EQ(peeked.out, run("peek exp.toml --count 16").out);
  EXPECT_THAT(run("cache ls kept").out, HasSubstr("16 samples, "));
  const auto listed = nlohmann::json::parse(run("cache ls kept --format json").out);
  EXPECT_EQ(listed.at("pipelines").at(0).at("samples"), 16);
  EXPECT_THAT(run("cache prune kept").out, HasSubstr("0 samples removed")) << "no file has changed";
  EXPECT_THAT(run("cache prune kept --budget 1GB").out, HasSubstr("0 samples removed"));
  EXPECT_THAT(run("cache prune kept --budget lots").err, HasSubstr("is no number of bytes"));
  EXPECT_THAT(run("cache prune kept --all").out, HasSubstr("16 samples removed"));
  const Outcome wrong = run("cache ls .");
  EXPECT_EQ(wrong.status, 2);
  EXPECT_THAT(wrong.err, HasSubstr("it is no folder of a cache"));
}

}  // namespace
}  // namespace tenon::cli
