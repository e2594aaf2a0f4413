#include "tenon/diagnostic.hpp"

#include <gtest/gtest.h>

#include <set>

namespace tenon {
namespace {

TEST(Visible, ShowsWhatAnEyeWouldMiss) {
  EXPECT_EQ(visible("Small"), "Small");
  EXPECT_EQ(visible("small "), "small·");
  EXPECT_EQ(visible("  a b"), "··a b");
  EXPECT_EQ(visible("   "), "···");
  EXPECT_EQ(visible(""), "");
  EXPECT_EQ(visible("a\tb\n"), "a\\tb\\n");
  EXPECT_EQ(visible("a\u00A0"), "a\\u00a0");
  EXPECT_EQ(visible("a\u200B"), "a\\u200b");
  EXPECT_EQ(visible("Sm\u0430ll"), "Sm\\u0430ll");
  EXPECT_EQ(visible("\uFF33mall"), "\\uff33mall");
  EXPECT_EQ(visible("\U0001D400"), "\\U0001d400");
  EXPECT_EQ(visible("e\u0301"), "e\\u0301");
  EXPECT_EQ(visible("a\xFF"), "a\\xff");
  EXPECT_EQ(visible("a\u00B7"), "a\\u00b7") << "a real dot is not taken for a blank";
}

TEST(Visible, LeavesOtherScriptsReadable) {
  EXPECT_EQ(visible("größe"), "größe");
  EXPECT_EQ(visible("масса"), "масса");
  EXPECT_EQ(visible("画像"), "画像");
  EXPECT_EQ(visible("\u0430\u0441"), "\\u0430\\u0441") << "a word that reads as ASCII in full";
}

TEST(QuoteKey, PutsQuotes) { EXPECT_EQ(quote_key("small "), "\"small·\""); }

TEST(Names, OfSeverityAndRole) {
  EXPECT_EQ(name_of(Severity::kWarning), "warning");
  EXPECT_EQ(name_of(Severity::kNote), "note");
  EXPECT_EQ(name_of(Role::kTarget), "target");
}

TEST(ToString, OfStagesAndSamples) {
  StageReference stage{3, "rename", {"src/app/train.cpp", 41}};
  EXPECT_EQ(to_string(stage), "stage 3 rename (train.cpp:41)");
  stage.index = -1;
  stage.name = "from_csv";
  stage.location = {};
  EXPECT_EQ(to_string(stage), "source from_csv");
  SampleIdentity sample;
  EXPECT_EQ(to_string(sample), "sample");
  sample.index = 16;
  sample.id = "row 17";
  sample.file = "data/cells.csv";
  sample.row = 18;
  EXPECT_EQ(to_string(sample), "sample 16 \"row 17\" (cells.csv:18)");
}

TEST(Codes, AreSortedWithinTheirLetterAndHaveTitles) {
  std::set<std::string_view> codes;
  for (const CodeEntry& entry : diagnostic_codes()) {
    EXPECT_EQ(entry.code.size(), 4U);
    EXPECT_FALSE(entry.title.empty()) << entry.code;
    EXPECT_TRUE(codes.insert(entry.code).second) << entry.code;
  }
  for (const std::string_view code :
       {"K001", "K002", "K003", "K004", "K005", "K006", "K007", "K010", "K011", "K012", "S001",
        "S002", "S003", "S004", "S005", "S006", "S007", "S008", "D001", "D002", "D003", "G001",
        "G002", "G003", "M001", "C001", "C002", "W001", "A001", "F001", "E001", "R001", "R002"}) {
    EXPECT_TRUE(codes.contains(code)) << code;
  }
}

TEST(MakeDiagnostic, IsAnErrorWithNotesAndAFix) {
  const Diagnostic diagnostic = make_diagnostic("K010", "m", {"n"}, "f");
  EXPECT_EQ(diagnostic.severity, Severity::kError);
  EXPECT_EQ(diagnostic.notes, std::vector<std::string>{"n"});
  EXPECT_EQ(diagnostic.fixes.at(0).text, "f");
  EXPECT_TRUE(make_diagnostic("K010", "m").fixes.empty());
}

}  // namespace
}  // namespace tenon
