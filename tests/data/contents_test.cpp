#include "data/contents.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tenon::data {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

FileContents contents_of(const std::string& name, const std::vector<std::string>& rows) {
  FileContents file{name, static_cast<std::int64_t>(rows.size()), {}};
  for (const std::string& row : rows) file.hash.add(std::string_view(row));
  return file;
}

std::vector<std::string> told(const std::vector<FileContents>& then,
                              const std::vector<FileContents>& now) {
  return contents_differences(contents_texts(then), contents_texts(now));
}

TEST(Contents, ACopyElsewhereIsTheSame) {
  EXPECT_THAT(told({contents_of("a/t.csv", {"1", "2"})}, {contents_of("/b/copy.csv", {"1", "2"})}),
              IsEmpty());
}

TEST(Contents, SayWhatHasChangedInAFile) {
  const std::vector<FileContents> then{contents_of("old/t.csv", {"1", "2", "3"})};
  EXPECT_THAT(told(then, {contents_of("new/t.csv", {"1", "2"})}),
              ElementsAre("new/t.csv: it had 3 samples, and has 2 now"));
  EXPECT_THAT(told(then, {contents_of("new/t.csv", {"3", "1", "2"})}),
              ElementsAre("new/t.csv: its 3 samples stand in another order"));
  EXPECT_THAT(told(then, {contents_of("new/t.csv", {"1", "2", "4"})}),
              ElementsAre("new/t.csv: it has 3 samples as before, but not the same ones"));
  EXPECT_THAT(told(then, {contents_of("u.csv", {"1", "2", "4"})}),
              ElementsAre(HasSubstr("u.csv (it was old/t.csv): it has 3 samples as before")));
}

TEST(Contents, NameFilesThatCameWentOrMoved) {
  const FileContents a = contents_of("a.csv", {"1"});
  const FileContents b = contents_of("b.csv", {"2"});
  const FileContents c = contents_of("c.csv", {"3"});
  EXPECT_THAT(told({a, b}, {a, b, c}), ElementsAre("c.csv was not among the files"));
  EXPECT_THAT(told({a, b, c}, {a, c}), ElementsAre("b.csv is no longer among the files"));
  EXPECT_THAT(told({a, b}, {b, a}),
              ElementsAre("the files stand in another order: b.csv is number 1, and was number 2"));
}

TEST(Contents, FilesOfOneNameInSeveralFoldersAreToldApart) {
  const auto file = [](const char* name, const char* row) { return contents_of(name, {row}); };
  EXPECT_THAT(told({file("a/t.csv", "1"), file("b/t.csv", "2")},
                   {file("x/t.csv", "1"), file("y/t.csv", "3")}),
              ElementsAre(HasSubstr("y/t.csv: it has 1 samples as before")));
}

TEST(Contents, OfVeryManyFilesAreOneText) {
  std::vector<FileContents> many;
  for (int i = 0; i < 1000; ++i)
    many.push_back(contents_of(fmt::format("s/{}.npz", i), {std::to_string(i)}));
  EXPECT_EQ(contents_texts(many).size(), 1U);
  EXPECT_THAT(told(many, many), IsEmpty());
  std::vector<FileContents> swapped = many;
  std::swap(swapped[3], swapped[700]);
  EXPECT_THAT(told(many, swapped),
              ElementsAre(AllOf(HasSubstr("1000 files from s/0.npz"), HasSubstr("another order"))));
  std::vector<FileContents> fewer(many.begin(), many.begin() + 2);
  EXPECT_THAT(told(many, fewer),
              ElementsAre("the files were 1000 files from s/0.npz (1000 samples), and are 2 files "
                          "from s/0.npz (2 samples)"));
}

TEST(Contents, AreNotToldWithoutEnd) {
  std::vector<FileContents> then;
  std::vector<FileContents> now;
  for (int i = 0; i < 40; ++i) {
    then.push_back(contents_of(fmt::format("{}.csv", i), {"a"}));
    now.push_back(contents_of(fmt::format("{}.csv", i), {"b"}));
  }
  const auto lines = told(then, now);
  ASSERT_EQ(lines.size(), 6U);
  EXPECT_EQ(lines.back(), "… and 35 more");
}

TEST(Contents, TextsOfAnotherHandAreDifferencesAndNoCrash) {
  const std::vector<std::string> now = contents_texts({contents_of("a.csv", {"1"})});
  for (const char* odd : {"", " ", "x", "1 2", "99999999999999999999 a b c"})
    EXPECT_FALSE(contents_differences(std::vector<std::string>{odd}, now).empty()) << odd;
}

TEST(ContentHash, TellsLengthsAndPlacesApart) {
  const auto hash = [](std::initializer_list<std::string_view> texts) {
    ContentHash all;
    for (const std::string_view text : texts) all.add(text);
    return all.value();
  };
  EXPECT_NE(hash({"ab"}), hash({"a", "b"}));
  EXPECT_NE(hash({std::string_view("a\0", 2)}), hash({"a"}));
  EXPECT_NE(hash({"12345678"}), hash({"12345678", ""}));
  EXPECT_NE(hash({"123456789"}), hash({"123456780"}));
  EXPECT_EQ(hash({"a"}), 9536649156594199416U)
      << "states keep it: the same on every machine, in every version";
}

}  // namespace
}  // namespace tenon::data
