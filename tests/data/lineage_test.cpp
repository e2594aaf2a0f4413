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

TEST(Lineage, OfANameThatNeverWasIsEmpty) {
  EXPECT_TRUE(counted(2).dataset.lineage().of("nothing").empty());
}

}  // namespace
}  // namespace tenon
