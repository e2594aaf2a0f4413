// --format json: one object on standard output, whatever happens.
#include "cli/command_fixture.hpp"

namespace tenon::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class JsonOutput : public Command {
 protected:
  nlohmann::json json(const std::string& arguments, int status) const {
    const Outcome outcome = run(arguments + " --format json");
    EXPECT_EQ(outcome.status, status) << outcome.err;
    return nlohmann::json::parse(outcome.out, nullptr, false);
  }
};

TEST_F(JsonOutput, OfTrainTellsTheLastEpochAndTheFolder) {
  const nlohmann::json out = json("train exp.toml", 0);
  EXPECT_EQ(out.at("ok"), true);
  EXPECT_EQ(out.at("interrupted"), false);
  EXPECT_EQ(out.at("epochs"), 2);
  EXPECT_TRUE(out.at("logs").at("accuracy").is_number());
  EXPECT_EQ(out.at("output"), (folder_ / "run").string());
  EXPECT_EQ(out.at("model"), (folder_ / "run" / "model.keras").string());
  EXPECT_EQ(out.at("bad_samples"), 0);
}

TEST_F(JsonOutput, OfEvaluateAndPredictNameTheModel) {
  ASSERT_EQ(run("train exp.toml -q").status, 0);
  const nlohmann::json evaluated = json("evaluate exp.toml", 0);
  EXPECT_EQ(evaluated.at("ok"), true);
  EXPECT_EQ(evaluated.at("split"), "test");
  EXPECT_EQ(evaluated.at("model"), (folder_ / "run" / "model.keras").string());
  const nlohmann::json predicted = json("predict exp.toml --output y.npz", 0);
  EXPECT_EQ(predicted.at("samples"), 16);
  EXPECT_EQ(predicted.at("output"), "y.npz");
  EXPECT_EQ(predicted.at("outputs").at("cell").at("shape"), nlohmann::json::parse("[16, 2]"));
  const nlohmann::json arrays =
      json("predict run/model.keras --inputs train.npz --output z.npz", 0);
  EXPECT_EQ(arrays.at("samples"), 16);
  EXPECT_EQ(arrays.at("model"), "run/model.keras");
}

TEST_F(JsonOutput, OfPeekHasEveryKeyOfEverySample) {
  const nlohmann::json out = json("peek exp.toml --count 2", 0);
  ASSERT_EQ(out.at("samples").size(), 2U);
  const nlohmann::json& second = out.at("samples").at(1);
  EXPECT_EQ(second.at("index"), 1);
  EXPECT_EQ(second.at("keys").at("Small").at("dtype"), "float32");
  EXPECT_EQ(second.at("keys").at("Small").at("shape"), nlohmann::json::parse("[8, 8, 3]"));
  EXPECT_EQ(second.at("keys").at("cell").at("min"), 1.0);
}

TEST_F(JsonOutput, OfExplainAndSummary) {
  const nlohmann::json page = json("explain k003", 0);
  EXPECT_EQ(page.at("code"), "K003");
  EXPECT_THAT(page.at("page").get<std::string>(), HasSubstr("# K003"));
  EXPECT_EQ(json("summary model.json", 0).at("class_name"), "Functional");
  const nlohmann::json plan = json("summary exp.toml --plan", 0);
  EXPECT_EQ(plan.at("mode"), "train");
  EXPECT_GT(plan.at("memory").at("total").get<double>(), 0.0);
  EXPECT_FALSE(plan.at("steps").empty());
}

TEST_F(JsonOutput, OfWrongUsageIsAnObjectToo) {
  for (const char* arguments :
       {"trian exp.toml", "train exp.toml --epochs 3", "train", "explain K0O3", "predict exp.toml",
        "summary model.yaml", "demo --seed -1"}) {
    const nlohmann::json out = json(arguments, 2);
    ASSERT_TRUE(out.is_object()) << arguments;
    EXPECT_EQ(out.at("ok"), false) << arguments;
  }
  EXPECT_EQ(json("trian exp.toml", 2).at("diagnostics").at(0).at("candidate"), "train");
}

}  // namespace
}  // namespace tenon::cli
