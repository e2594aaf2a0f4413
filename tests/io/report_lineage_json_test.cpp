#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "io/report_support.hpp"

namespace tenon {
namespace {

nlohmann::json lineage_of(const Dataset& dataset) {
  return nlohmann::json::parse(lineage_json(dataset.lineage()));
}

TEST(LineageJson, IsOneObjectOfKeysStagesAndEvents) {
  const nlohmann::json json = lineage_of(report_test::told_stream());
  ASSERT_EQ(json.size(), 3U);
  EXPECT_EQ(json.at("stages").size(), 9U) << "the source, and stages without events too";
  EXPECT_EQ(json.at("stages").at(0), nlohmann::json::parse(
                                         R"({"index": -1, "name": "tensors", "file": "train.cpp",
                                             "line": 10, "opaque": false})"));
  EXPECT_EQ(json.at("stages").at(7).at("name"), "shuffle");
  EXPECT_EQ(json.at("keys").size(), 5U);
}

TEST(LineageJson, EventsAreInTheOrderOfTheStagesAndKeysPointToTheirs) {
  const nlohmann::json json = lineage_of(report_test::told_stream());
  const nlohmann::json& events = json.at("events");
  for (std::size_t i = 1; i < events.size(); ++i) {
    EXPECT_LE(events.at(i - 1).at("stage").get<int>(), events.at(i).at("stage").get<int>());
  }
  const nlohmann::json& small = json.at("keys").at(0);
  EXPECT_EQ(small.at("key"), "Small");
  EXPECT_EQ(small.at("alive"), true);
  EXPECT_EQ(small.at("used_by"), nlohmann::json::parse("[0]"));
  EXPECT_EQ(small.at("spec").at("text"), "u8 (B, 6, 6, 3)");
  EXPECT_EQ(small.at("spec").at("shape"), nlohmann::json::parse("[null, 6, 6, 3]"));
  ASSERT_EQ(small.at("events").size(), 3U);
  const nlohmann::json& renamed = events.at(small.at("events").at(1).get<std::size_t>());
  EXPECT_EQ(renamed.at("action"), "renamed");
  EXPECT_EQ(renamed.at("key"), "Small");
  EXPECT_EQ(renamed.at("previous"), "image");
  EXPECT_EQ(renamed.at("before"), renamed.at("after"));
}

TEST(LineageJson, ADroppedKeyHasNoSpecAtTheEnd) {
  const nlohmann::json json = lineage_of(report_test::told_stream());
  const nlohmann::json& name = json.at("keys").at(1);
  EXPECT_EQ(name.at("key"), "name");
  EXPECT_EQ(name.at("alive"), false);
  EXPECT_TRUE(name.at("spec").is_null());
  const nlohmann::json& end = json.at("events").at(name.at("events").back().get<std::size_t>());
  EXPECT_EQ(end.at("action"), "removed");
  EXPECT_EQ(end.at("stage"), 5);
  EXPECT_EQ(end.at("before").at("dtype"), "string");
  EXPECT_TRUE(end.at("after").is_null());
}

TEST(LineageJson, KeysAreToTheLetter) {
  const nlohmann::json json = lineage_of(report_test::hostile_stream());
  std::vector<std::string> keys;
  for (const nlohmann::json& key : json.at("keys")) keys.push_back(key.at("key"));
  EXPECT_EQ(keys.at(0), "a<b>&\"c'");
  EXPECT_EQ(keys.at(1), "back\\slash\\n");
  EXPECT_EQ(keys.at(2), "&amp;");
  EXPECT_EQ(keys.at(5), "byte\uFFFD");
}

}  // namespace
}  // namespace tenon
