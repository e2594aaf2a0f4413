#include <gtest/gtest.h>

#include "tenon/diagnostic.hpp"

namespace tenon {
namespace {

TensorSpec image(std::int64_t size) {
  return TensorSpec(DType::kFloat32, {size, size, 3}, "HWC").with_batch();
}

Diagnostic renamed_key() {
  Diagnostic diagnostic = make_diagnostic(
      "K005", "model input \"Small\" has no data",
      {"\"small·\" was made by stage 3 rename (train.cpp:41) out of \"Small\" (stage 1 load_image, "
       "train.cpp:38)"},
      "remove the rename at train.cpp:41, or add .rename({{\"small \", \"Small\"}}) after it");
  diagnostic.stage = StageReference{3, "rename", {"src/train.cpp", 41}};
  diagnostic.comparison = {
      "model `two_scale` expects",
      "train data gives",
      {{"Large", image(64), "Large", image(64), ""},
       {"Small", image(32), "small ", image(32), "case, and 1 blank at the end"}}};
  diagnostic.datasets = {"train", "validation"};
  return diagnostic;
}

TEST(RenderText, LooksAsTheContractShows) {
  EXPECT_EQ(render_text(renamed_key()),
            R"(error[K005]: model input "Small" has no data
  model `two_scale` expects      train data gives
    Large  f32 (B, 64, 64, 3)      Large   f32 (B, 64, 64, 3)
    Small  f32 (B, 32, 32, 3)      small·  f32 (B, 32, 32, 3)   <- case, and 1 blank at the end
  "small·" was made by stage 3 rename (train.cpp:41) out of "Small" (stage 1 load_image, train.cpp:38)
  fix: remove the rename at train.cpp:41, or add .rename({{"small ", "Small"}}) after it
  same in: validation data
)");
}

TEST(RenderText, AlignsRowsOfUnequalLengthAndEmptySides) {
  Diagnostic diagnostic = make_diagnostic("K001", "no data");
  diagnostic.comparison = {"a title that is longer than its rows",
                           "gives",
                           {{"x", TensorSpec(DType::kInt8, {}), "", std::nullopt, "missing"},
                            {"", std::nullopt, "größe", TensorSpec(DType::kFloat32, {2, 2}), ""},
                            {"", std::nullopt, "", TensorSpec(DType::kBool, {}), "unused"}}};
  EXPECT_EQ(render_text(diagnostic),
            "error[K001]: no data\n"
            "  a title that is longer than its rows    gives\n"
            "    x  i8 ()                                                        <- missing\n"
            "                                            größe      f32 (2, 2)\n"
            "                                            (unnamed)  bool ()      <- unused\n");
}

TEST(RenderText, ColoursOnlyWhenAsked) {
  const Diagnostic diagnostic = make_diagnostic("G001", "the data ends", {}, "add .repeat()");
  EXPECT_EQ(render_text(diagnostic).find('\x1b'), std::string::npos);
  EXPECT_EQ(render_text(diagnostic, {.color = true}),
            "\x1b[1;31merror[G001]:\x1b[0m \x1b[1mthe data ends\x1b[0m\n"
            "  \x1b[1;32mfix:\x1b[0m add .repeat()\n");
}

TEST(RenderText, TellsStageAndSampleUnlessTold) {
  Diagnostic diagnostic = make_diagnostic("G003", "the stage threw");
  diagnostic.stage = StageReference{2, "map", {"train.cpp", 40}};
  diagnostic.sample = SampleIdentity{16, "row 17", "cells.csv", 18};
  EXPECT_EQ(render_text(diagnostic),
            "error[G003]: the stage threw\n"
            "  at stage 2 map (train.cpp:40)\n"
            "  in sample 16 \"row 17\" (cells.csv:18)\n");
  diagnostic.notes = {"stage 2 map (train.cpp:40) threw at sample 16 \"row 17\" (cells.csv:18)"};
  EXPECT_EQ(render_text(diagnostic),
            "error[G003]: the stage threw\n"
            "  stage 2 map (train.cpp:40) threw at sample 16 \"row 17\" (cells.csv:18)\n");
}

TEST(RenderText, FurtherLinesAreIndented) {
  const Diagnostic diagnostic =
      make_diagnostic("A001", "one\ntwo", {"note\nmore\n"}, "write\n  this");
  EXPECT_EQ(render_text(diagnostic),
            "error[A001]: one\n  two\n  note\n  more\n  fix: write\n         this\n");
}

TEST(RenderText, ShowsWhatCanBePastedOnce) {
  Diagnostic diagnostic = make_diagnostic("K010", "unused");
  diagnostic.fixes.push_back({"drop it with .drop({\"x\"})", ".drop({\"x\"})", "", {}});
  diagnostic.fixes.push_back({"drop it", ".drop({\"x\"})", "", {}});
  diagnostic.fixes.push_back(
      {"drop it", ".drop({\"x\"})", "[[data.stage]]\nop = \"drop\"", Edit{"exp.toml", 3, 2, ""}});
  diagnostic.fixes.push_back({"", ".drop({\"x\"})", "", {}});
  EXPECT_EQ(render_text(diagnostic),
            "error[K010]: unused\n"
            "  fix: drop it with .drop({\"x\"})\n"
            "  fix: drop it\n"
            "       .drop({\"x\"})\n"
            "  fix: drop it\n"
            "       [[data.stage]]\n"
            "       op = \"drop\"\n"
            "  fix: .drop({\"x\"})\n");
}

TEST(RenderText, DisarmsWhatATerminalWouldObey) {
  const Diagnostic diagnostic = make_diagnostic("F001", "a\x1b]0;b\r\u202E", {"\xFFz"});
  EXPECT_EQ(render_text(diagnostic), "error[F001]: a\\u001b]0;b\\r\\u202e\n  \\xffz\n");
}

TEST(RenderText, SeparatesSeveralByABlankLine) {
  std::vector<Diagnostic> both = {make_diagnostic("K001", "a"), make_diagnostic("D003", "b")};
  both[1].severity = Severity::kWarning;
  EXPECT_EQ(render_text(both), "error[K001]: a\n\nwarning[D003]: b\n");
  EXPECT_EQ(render_text(std::vector<Diagnostic>{}), "");
}

}  // namespace
}  // namespace tenon
