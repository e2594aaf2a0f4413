#include "cli/toml_editor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/experiment_check.hpp"

namespace tenon::cli {
namespace {

// The umlaut holds columns, which count characters, apart from bytes.
constexpr const char* kInline = R"(# über alles
[data]
stages = [  # in order
  { op = "rename", map = { "ä" = "Small", b = "Large" } },  # the first
  { op = "select", keys = ["Small", "Large"] }, { op = "batch", size = 4 },
  { op = "prefetch", batches = 2 }
]
[fit]
loss = { cell = "mse" }
callbacks = [{ name = "early_stopping", monitor = "val_los" }]
)";

constexpr const char* kBlocks = R"([[data.stages]]
op = "drop"
keys = ["a",
        "b"]

[[data.stages]]
op = "batch"
size = 4

[fit]
loss = "mse"
)";

std::string changed(const char* before, const std::optional<std::string>& after) {
  return after ? unified_diff(before, *after, "f") : "no place";
}

TEST(TomlEditor, AStageIsPutInBeforeAnotherOnItsOwnLine) {
  const TomlEditor editor(kInline, "f");
  const auto after = editor.insert_stage(1, {{"op", {std::string("repeat"), 0}}});
  EXPECT_EQ(changed(kInline, after),
            "--- f\n+++ f\n@@ -2,6 +2,7 @@\n [data]\n stages = [  # in order\n"
            "   { op = \"rename\", map = { \"ä\" = \"Small\", b = \"Large\" } },  # the first\n"
            "+  { op = \"repeat\" },\n"
            "   { op = \"select\", keys = [\"Small\", \"Large\"] }, { op = \"batch\", size = 4 },\n"
            "   { op = \"prefetch\", batches = 2 }\n ]\n");
}

TEST(TomlEditor, AStageIsPutInAtTheEndAndOnACommonLine) {
  const TomlEditor editor(kInline, "f");
  EXPECT_THAT(*editor.insert_stage(9, {{"op", {std::string("repeat"), 0}}}),
              ::testing::HasSubstr("batches = 2 },\n  { op = \"repeat\" }\n]"));
  EXPECT_THAT(*editor.insert_stage(2, {{"op", {std::string("repeat"), 0}}}),
              ::testing::HasSubstr("\"Large\"] }, { op = \"repeat\" }, { op = \"batch\""));
}

TEST(TomlEditor, BlocksStayBlocks) {
  const TomlEditor editor(kBlocks, "f");
  const ArgumentMap stage{{"op", {std::string("repeat"), 0}}};
  EXPECT_THAT(
      *editor.insert_stage(1, stage),
      ::testing::HasSubstr("\"b\"]\n\n[[data.stages]]\nop = \"repeat\"\n\n[[data.stages]]"));
  EXPECT_THAT(*editor.insert_stage(2, stage),
              ::testing::HasSubstr("size = 4\n\n[[data.stages]]\nop = \"repeat\"\n\n[fit]"));
  EXPECT_EQ(*editor.remove_stage(0),
            "\n[[data.stages]]\nop = \"batch\"\nsize = 4\n\n[fit]\nloss = "
            "\"mse\"\n");
  EXPECT_THAT(*editor.set_argument(1, "padded", {true, 0}),
              ::testing::HasSubstr("size = 4\npadded = true\n"));
}

TEST(TomlEditor, ARemovedStageTakesItsLineAlong) {
  const TomlEditor editor(kInline, "f");
  EXPECT_THAT(changed(kInline, editor.remove_stage(0)),
              ::testing::HasSubstr("\n-  { op = \"rename\""));
  EXPECT_THAT(*editor.remove_stage(0), ::testing::Not(::testing::HasSubstr("the first")));
  EXPECT_THAT(*editor.remove_stage(2),
              ::testing::HasSubstr("\"Large\"] }, \n  { op = \"prefetch\""));
  EXPECT_EQ(editor.remove_stage(7), std::nullopt);
}

TEST(TomlEditor, ArgumentsAreSetAndListsLengthened) {
  const TomlEditor editor(kInline, "f");
  EXPECT_THAT(*editor.set_argument(2, "size", {std::int64_t{8}, 0}),
              ::testing::HasSubstr("{ op = \"batch\", size = 8 }"));
  EXPECT_THAT(*editor.set_argument(2, "padded", {true, 0}),
              ::testing::HasSubstr("{ op = \"batch\", size = 4, padded = true }"));
  EXPECT_THAT(*editor.add_items(1, "keys", {"cell"}),
              ::testing::HasSubstr("[\"Small\", \"Large\", \"cell\"]"));
  EXPECT_THAT(*editor.remove_items(1, "keys", {"Small"}),
              ::testing::HasSubstr("keys = [\"Large\"]"));
  EXPECT_THAT(*editor.remove_items(0, "map", {"ä"}),
              ::testing::HasSubstr("map = { b = \"Large\" }"));
  EXPECT_EQ(editor.remove_items(1, "keys", {"cell"}), std::nullopt);
}

TEST(TomlEditor, TextsAndKeysOfAStageAreReplaced) {
  const TomlEditor editor(kInline, "f");
  EXPECT_THAT(*editor.replace_text(0, "ä", "a"), ::testing::HasSubstr("{ a = \"Small\""));
  EXPECT_THAT(*editor.replace_text(0, "Large", "big one"),
              ::testing::HasSubstr("b = \"big one\" }"));
  EXPECT_EQ(editor.replace_text(0, "rename", "drop"), std::nullopt);
}

TEST(TomlEditor, SettingsAreMadeChangedAndRenamed) {
  const TomlEditor editor(kInline, "f");
  EXPECT_THAT(*editor.set_setting({"fit", "steps_per_epoch"}, {std::int64_t{8}, 0}),
              ::testing::EndsWith("\"val_los\" }]\nsteps_per_epoch = 8\n"));
  EXPECT_THAT(*editor.set_setting({"fit", "loss", "cell"}, {std::string("mae"), 0}),
              ::testing::HasSubstr("loss = { cell = \"mae\" }"));
  EXPECT_THAT(*editor.rename_setting({"fit", "loss", "cell"}, "type"),
              ::testing::HasSubstr("loss = { type = \"mse\" }"));
  EXPECT_THAT(*editor.replace_setting({"fit", "callbacks"}, "val_los", "val_loss"),
              ::testing::HasSubstr("monitor = \"val_loss\""));
  const TomlEditor single(kBlocks, "f");
  EXPECT_THAT(*single.set_setting({"fit", "loss", "cell"}, {std::string("mae"), 0}),
              ::testing::HasSubstr("loss = \"mae\"\n"));
}

TEST(TomlEditor, AnEditGivesTheSameTextAgain) {
  const TomlEditor editor(kInline, "f");
  for (const auto& after :
       {editor.remove_stage(0), editor.insert_stage(9, {{"op", {std::string("repeat"), 0}}}),
        editor.set_argument(2, "size", {std::int64_t{8}, 0})}) {
    EXPECT_EQ(applied(edit_between(kInline, *after, "f"), kInline), *after);
  }
}

}  // namespace
}  // namespace tenon::cli
