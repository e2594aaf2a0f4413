#include "tenon/lineage.hpp"

#include "data/support.hpp"

namespace tenon {
namespace {

using data_test::counted;

std::vector<std::string> actions(const std::vector<LineageEvent>& events) {
  std::vector<std::string> words;
  for (const LineageEvent& event : events) {
    static const char* const kWords[] = {"created", "changed", "renamed", "removed"};
    words.push_back(std::string(kWords[static_cast<int>(event.action)]) + " " + event.key + " by " +
                    event.stage.name);
  }
  return words;
}

TEST(Lineage, FollowsAKeyBackThroughRenames) {
  const Dataset dataset =
      counted(2).dataset.scale({"image"}, 0.5).rename({{"image", "Small"}}).batch(2);
  EXPECT_EQ(actions(dataset.lineage().of("Small")),
            (std::vector<std::string>{"created image by function", "changed image by scale",
                                      "renamed Small by rename", "changed Small by batch"}));
  const auto last = dataset.lineage().of("Small").back();
  EXPECT_EQ(last.before->to_string(), "f32 (4, 6, 3)");
  EXPECT_EQ(last.after->to_string(), "f32 (B, 4, 6, 3)");
  EXPECT_EQ(last.stage.index, 2);
}

TEST(Lineage, EndsWhereAKeyWasDropped) {
  const Dataset dataset = counted(2).dataset.drop({"image"});
  EXPECT_EQ(actions(dataset.lineage().of("image")),
            (std::vector<std::string>{"created image by function", "removed image by drop"}));
}

TEST(Lineage, TellsWhereANameWasGivenUp) {
  const Dataset dataset = counted(2).dataset.rename({{"image", "Small"}});
  EXPECT_EQ(actions(dataset.lineage().of("image")),
            (std::vector<std::string>{"created image by function", "renamed Small by rename"}));
}

TEST(Lineage, KeepsSwappedKeysApart) {
  const Dataset dataset = counted(2).dataset.rename({{"image", "id"}, {"id", "image"}});
  EXPECT_TRUE(dataset.diagnostics().empty());
  const auto image = dataset.lineage().of("image");
  ASSERT_EQ(image.size(), 2U);
  EXPECT_EQ(image[0].key, "id");
  const auto id = dataset.lineage().of("id");
  ASSERT_EQ(id.size(), 2U);
  EXPECT_EQ(id[0].key, "image");
}

TEST(Lineage, ACopyIsCreatedOutOfItsOrigin) {
  const Dataset dataset = counted(2).dataset.copy("image", "again");
  const auto events = dataset.lineage().of("again");
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].previous, "image");
}

/// Uses as "key by stage".
std::vector<std::string> words_of(const std::vector<LineageUse>& uses) {
  std::vector<std::string> words;
  for (const LineageUse& use : uses) words.push_back(use.key + " by " + use.stage.name);
  return words;
}

TEST(Lineage, TellsWhoUsesAKeyAndLeavesItAsItIs) {
  const Dataset dataset = counted(2)
                              .dataset.copy("image", "again")
                              .scale({"again"}, 0.5)
                              .filter("id", {.min = 0.0})
                              .select({"id", "again"})
                              .rename({{"id", "number"}});
  EXPECT_EQ(words_of(dataset.lineage().uses),
            (std::vector<std::string>{"image by copy", "id by filter", "id by select",
                                      "again by select"}))
      << "scale and rename touch their keys, which is more than using them";
  EXPECT_EQ(dataset.lineage().uses[0].spec.to_string(), "u8 (4, 6, 3)");
}

TEST(Lineage, HasEveryStageAlsoThoseWithoutEvents) {
  const Dataset dataset = counted(2).dataset.shuffle(4).map([](Record&) {}).take(1);
  const auto& stages = dataset.lineage().stages;
  ASSERT_EQ(stages.size(), 4U);
  EXPECT_EQ(stages[0].stage.index, -1);
  EXPECT_EQ(stages[1].stage.name, "shuffle");
  EXPECT_FALSE(stages[1].opaque);
  EXPECT_TRUE(stages[2].opaque);
  EXPECT_FALSE(dataset.observed().lineage().stages[2].opaque);
}

TEST(Lineage, TheSampleIndexIsTheSourcesAndWentThroughBatch) {
  const Lineage lineage = counted(4).dataset.batch(2).copy("sample_index", "number").lineage();
  EXPECT_EQ(actions(lineage.of("sample_index")),
            (std::vector<std::string>{"created sample_index by function",
                                      "changed sample_index by batch"}));
  EXPECT_EQ(lineage.of("sample_index")[1].after->to_string(), "i64 (B,)");
  EXPECT_TRUE(std::is_sorted(
      lineage.events.begin(), lineage.events.end(),
      [](const LineageEvent& a, const LineageEvent& b) { return a.stage.index < b.stage.index; }))
      << "events stay in the order of the stages";
}

TEST(Lineage, AnObservedMapTellsWhatItReadChangedAndMade) {
  const auto function = [](Record& record) {
    const auto id = record.at("id").item<std::int64_t>();
    record.at("image").data<std::uint8_t>()[0] = 255;
    record.set("twice", Tensor::scalar(2 * id));
  };
  const Dataset dataset = counted(2).dataset.map(function, {.name = "mine"}, {"train.cpp", 7});
  EXPECT_TRUE(dataset.lineage().uses.empty()) << "not known yet";
  const Lineage lineage = dataset.observed().lineage();
  EXPECT_EQ(words_of(lineage.uses), std::vector<std::string>{"id by mine"});
  EXPECT_EQ(actions(lineage.of("twice")), std::vector<std::string>{"created twice by mine"});
  EXPECT_EQ(actions(lineage.of("image")),
            (std::vector<std::string>{"created image by function", "changed image by mine"}));
  EXPECT_EQ(lineage.of("image")[1].before->to_string(), "u8 (4, 6, 3)");
  EXPECT_EQ(lineage.of("image")[1].stage.location.line, 7);
}

TEST(Lineage, AMapThatTouchesNothingHasNoEvents) {
  const Lineage lineage = counted(2).dataset.map([](Record&) {}).observed().lineage();
  EXPECT_EQ(lineage.events.size(), 2U);
  EXPECT_TRUE(lineage.uses.empty());
}

TEST(Lineage, StoriesFollowKeysThroughSwapsAndReusedNames) {
  const Lineage lineage = counted(2)
                              .dataset.rename({{"image", "id"}, {"id", "image"}})
                              .filter("image", {.min = 0.0})
                              .drop({"image"})
                              .copy("id", "image")
                              .lineage();
  const std::vector<KeyStory> stories = lineage.stories();
  ASSERT_EQ(stories.size(), 3U);
  EXPECT_EQ(actions(stories[0].events),
            (std::vector<std::string>{"created id by function", "renamed image by rename",
                                      "removed image by drop"}));
  EXPECT_FALSE(stories[0].alive);
  EXPECT_EQ(words_of(stories[0].uses), std::vector<std::string>{"image by filter"});
  EXPECT_EQ(stories[1].key, "id");
  EXPECT_TRUE(stories[1].alive);
  EXPECT_EQ(words_of(stories[1].uses), std::vector<std::string>{"id by copy"});
  EXPECT_EQ(actions(stories[2].events), std::vector<std::string>{"created image by copy"});
  EXPECT_TRUE(stories[2].alive);
}

TEST(Lineage, OfANameThatNeverWasIsEmpty) {
  EXPECT_TRUE(counted(2).dataset.lineage().of("nothing").empty());
}

}  // namespace
}  // namespace tenon
