#include "core/diagnostic_json.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

namespace tenon {
namespace {

using Json = nlohmann::json;

Json rendered(const Diagnostic& diagnostic) {
  const Json object = Json::parse(render_json(std::vector<Diagnostic>{diagnostic}));
  return object.at("diagnostics").at(0);
}

TEST(RenderJson, OkWithoutErrors) {
  EXPECT_EQ(Json::parse(render_json({})), Json::parse(R"({"ok": true, "diagnostics": []})"));
  Diagnostic warning = make_diagnostic("D003", "scale");
  warning.severity = Severity::kWarning;
  EXPECT_TRUE(Json::parse(render_json(std::vector<Diagnostic>{warning})).at("ok"));
  const std::vector<Diagnostic> both = {warning, make_diagnostic("K001", "x")};
  EXPECT_FALSE(Json::parse(render_json(both)).at("ok"));
}

TEST(RenderJson, HasAllFieldsAndNullsWhereNothingIsKnown) {
  EXPECT_EQ(rendered(make_diagnostic("G001", "too short")), Json::parse(R"({
    "code": "G001", "severity": "error", "key": null, "role": "data", "message": "too short",
    "expected": null, "actual": null, "candidate": null, "stage": null, "sample": null, "run": null,
    "notes": [], "fixes": [], "datasets": [], "keys": []})"));
}

TEST(RenderJson, TakesKeyAndSpecsFromTheFirstKey) {
  Diagnostic diagnostic = make_diagnostic("K005", "no data");
  diagnostic.candidate = "small ";
  diagnostic.stage = StageReference{3, "rename", {"exp.toml", 12}};
  diagnostic.keys.push_back({"Small", Role::kInput,
                             TensorSpec(DType::kFloat32, {32, Dim::unknown()}).with_batch(),
                             TensorSpec::of_unknown_rank(DType::kUInt8), std::nullopt});
  diagnostic.keys.push_back({"y", Role::kTarget, {}, {}, StageReference{-1, "npz", {}}});
  const Json json = rendered(diagnostic);
  EXPECT_EQ(json.at("key"), "Small");
  EXPECT_EQ(json.at("role"), "input");
  EXPECT_EQ(json.at("candidate"), "small ");
  EXPECT_EQ(json.at("expected"), Json::parse(R"({"dtype": "float32", "shape": [null, 32, null]})"));
  EXPECT_EQ(json.at("actual"), Json::parse(R"({"dtype": "uint8", "shape": null})"));
  const Json stage =
      Json::parse(R"({"index": 3, "name": "rename", "file": "exp.toml", "line": 12})");
  EXPECT_EQ(json.at("stage"), stage);
  EXPECT_EQ(json.at("keys").at(0).at("stage"), stage) << "key and stage are those of keys[0]";
  EXPECT_EQ(json.at("keys").at(1), Json::parse(R"({"key": "y", "role": "target", "expected": null,
    "actual": null, "stage": {"index": -1, "name": "npz", "file": null, "line": null}})"));
}

TEST(RenderJson, StageOfTheFirstKeyStandsInForAMissingOne) {
  Diagnostic diagnostic = make_diagnostic("S003", "swapped");
  diagnostic.keys.push_back({"a", Role::kInput, {}, {}, StageReference{1, "map", {"t.cpp", 4}}});
  EXPECT_EQ(rendered(diagnostic).at("stage").at("index"), 1);
}

TEST(RenderJson, WritesFixesSamplesAndDatasets) {
  Diagnostic diagnostic = make_diagnostic("D002", "values");
  diagnostic.fixes.push_back({"drop", ".drop()", "op = 1", Edit{"exp.toml", 4, 3, "line\n"}});
  diagnostic.fixes.push_back({"other", "", "", {}});
  diagnostic.sample = SampleIdentity{16, "row 17", "c.csv", 18};
  diagnostic.datasets = {"train", "validation"};
  const Json json = rendered(diagnostic);
  EXPECT_EQ(json.at("fixes").at(0), Json::parse(R"j({"text": "drop", "cpp": ".drop()",
    "toml": "op = 1", "edit": {
    "file" : "exp.toml", "first_line" : 4, "last_line" : 3, "replacement" : "line\n"}
})j"));
  EXPECT_EQ(json.at("fixes").at(1).at("edit"), nullptr);
  EXPECT_EQ(json.at("sample"), Json::parse(R"({"index": 16, "id": "row 17", "file": "c.csv"})"));
  EXPECT_EQ(json.at("datasets"), Json::parse(R"(["train", "validation"])"));
  diagnostic.sample = SampleIdentity{};
  EXPECT_EQ(rendered(diagnostic).at("sample"),
            Json::parse(R"({"index": null, "id": null, "file": null})"));
}

TEST(RenderJson, StaysValidWithBytesThatAreNoUtf8) {
  EXPECT_EQ(rendered(make_diagnostic("K001", "a\xFF")).at("message"), "a\uFFFD");
}

}  // namespace
}  // namespace tenon
