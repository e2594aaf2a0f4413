#include "data/schema_editor.hpp"

#include "data/support.hpp"

namespace tenon {
namespace {

using data_test::collect;
using data_test::counted;
using data_test::values_of;
using ::testing::HasSubstr;

std::string text_of(const Dataset& dataset) { return render_text(dataset.diagnostics()); }

TEST(SchemaEditor, AMissingKeyNamesStageKeysAndNearest) {
  const Dataset dataset = counted(2).dataset.scale({"imgae"}, 1.0, 0.0, {"train.cpp", 41});
  ASSERT_EQ(dataset.diagnostics().size(), 1U);
  const Diagnostic& problem = dataset.diagnostics()[0];
  EXPECT_EQ(problem.code, "K007");
  EXPECT_EQ(problem.candidate, "image");
  EXPECT_EQ(problem.stage->name, "scale");
  EXPECT_EQ(problem.stage->location.line, 41);
  EXPECT_THAT(text_of(dataset),
              HasSubstr("stage 0 scale (train.cpp:41): there is no key \"imgae\""));
  EXPECT_THAT(text_of(dataset), HasSubstr("the keys are: \"id\" and \"image\""));
  EXPECT_THAT(text_of(dataset), HasSubstr("the nearest is \"image\""));
}

TEST(SchemaEditor, AMissingKeyNamesTheStageThatDroppedIt) {
  const Dataset dataset = counted(2)
                              .dataset.drop({"image"}, {"train.cpp", 39})
                              .scale({"image"}, 1.0, 0.0, {"train.cpp", 41});
  ASSERT_EQ(dataset.diagnostics().size(), 1U);
  EXPECT_THAT(text_of(dataset), HasSubstr("\"image\" was dropped by stage 0 drop (train.cpp:39)"));
}

TEST(SchemaEditor, AMissingKeyNamesTheStageThatRenamedIt) {
  const Dataset dataset = counted(2)
                              .dataset.rename({{"image", "Small"}}, {"train.cpp", 39})
                              .scale({"image"}, 1.0, 0.0, {"train.cpp", 41});
  ASSERT_EQ(dataset.diagnostics().size(), 1U);
  EXPECT_EQ(dataset.diagnostics()[0].candidate, "Small");
  EXPECT_THAT(text_of(dataset),
              HasSubstr("\"image\" was renamed to \"Small\" by stage 0 rename (train.cpp:39)"));
}

TEST(SchemaEditor, WhatFollowsFromAProblemIsNotToldAgain) {
  const Dataset dataset = counted(2)
                              .dataset.copy("imgae", "Small")
                              .scale({"Small"}, 0.5)
                              .rename({{"imgae", "Large"}})
                              .scale({"Large", "imgae"}, 0.5)
                              .resize({"Small"}, {8, 8});
  ASSERT_EQ(dataset.diagnostics().size(), 1U) << text_of(dataset);
  EXPECT_EQ(dataset.diagnostics()[0].stage->index, 0);
}

TEST(SchemaEditor, TwoMissingKeysAreTwoProblems) {
  const Dataset dataset = counted(2).dataset.select({"imgae", "di"});
  EXPECT_EQ(dataset.diagnostics().size(), 2U);
}

TEST(SchemaEditor, WritingAKeyThatExistsNamesItsMaker) {
  const Dataset dataset = counted(2).dataset.copy("image", "id", {"train.cpp", 7});
  ASSERT_EQ(dataset.diagnostics().size(), 1U);
  EXPECT_EQ(dataset.diagnostics()[0].code, "K012");
  EXPECT_THAT(text_of(dataset),
              HasSubstr("stage 0 copy (train.cpp:7): the key \"id\" is there already"));
  EXPECT_THAT(text_of(dataset), HasSubstr("\"id\" was made by source function"));
}

TEST(SchemaEditor, RenamingToAKeyThatExistsIsK012) {
  const Dataset dataset = counted(2).dataset.rename({{"image", "id"}});
  ASSERT_EQ(dataset.diagnostics().size(), 1U);
  EXPECT_EQ(dataset.diagnostics()[0].code, "K012");
  // Else it would be told again as a key that nothing uses.
  EXPECT_FALSE(dataset.schema().contains("image"));
}

TEST(SchemaEditor, TwoKeysRenamedToOneIsK012) {
  const Dataset dataset = counted(2).dataset.rename({{"image", "x"}, {"id", "x"}});
  ASSERT_EQ(dataset.diagnostics().size(), 1U);
  EXPECT_EQ(dataset.diagnostics()[0].code, "K012");
}

TEST(SchemaEditor, IteratingABrokenPipelineThrowsAllProblems) {
  const Dataset dataset = counted(2).dataset.select({"imgae"}).copy("id", "id");
  const auto error = data_test::thrown_by<KeyError>([&] { static_cast<void>(dataset.iterate()); });
  EXPECT_EQ(error.diagnostics().size(), dataset.diagnostics().size());
  EXPECT_THAT(error.what(), HasSubstr("imgae"));
}

TEST(SchemaEditor, SampleIndexIsNoKeyUnlessAsked) {
  EXPECT_FALSE(counted(2).dataset.schema().contains("sample_index"));
  EXPECT_FALSE(counted(2).dataset.select({"id"}).schema().contains("sample_index"));
}

TEST(SchemaEditor, SampleIndexIsAKeyWhereASelectAsksForIt) {
  const Dataset dataset = counted(5).dataset.skip(2).select({"sample_index"});
  EXPECT_TRUE(dataset.diagnostics().empty());
  EXPECT_EQ(dataset.schema().keys(), std::vector<std::string>{"sample_index"});
  EXPECT_EQ(values_of<std::int64_t>(collect(dataset), "sample_index"),
            (std::vector<std::int64_t>{2, 3, 4}));
}

TEST(SchemaEditor, SampleIndexOfABatchHasOneEntryPerRow) {
  const Dataset dataset = counted(5).dataset.batch(2).copy("sample_index", "number");
  EXPECT_EQ(dataset.schema().spec("number").to_string(), "i64 (B,)");
  EXPECT_EQ(values_of<std::int64_t>(collect(dataset), "number"),
            (std::vector<std::int64_t>{0, 1, 2, 3, 4}));
}

TEST(SchemaEditor, ASampleIndexThatWasDroppedIsMissing) {
  const Dataset dataset =
      counted(2).dataset.copy("sample_index", "x").drop({"sample_index"}).select({"sample_index"});
  ASSERT_EQ(dataset.diagnostics().size(), 1U);
  EXPECT_EQ(dataset.diagnostics()[0].code, "K007");
}

}  // namespace
}  // namespace tenon
