#include "io/readers/csv_scan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/readers_temporary_folder.hpp"
#include "tenon/error.hpp"
#include "tenon/file.hpp"

namespace tenon::readers {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

CsvScan scan_of(const std::string& text, char separator = ',') {
  const testing::TemporaryFolder folder;
  write_file_atomically(folder.path("t.csv"), text);
  return scan_csv(folder.path("t.csv"), separator);
}

std::string scan_error(const std::string& text) {
  try {
    scan_of(text);
  } catch (const FormatError& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(CsvScan, NamesAreKeptToTheLetter) {
  EXPECT_THAT(scan_of("Small ,\"a,b\", c\n1,2,3\n").names, ElementsAre("Small ", "a,b", " c"));
}

TEST(CsvScan, AByteOrderMarkIsNoPartOfTheFirstName) {
  const CsvScan scan = scan_of("\xEF\xBB\xBFx,y\n1,2\n");
  EXPECT_THAT(scan.names, ElementsAre("x", "y"));
  EXPECT_THAT(scan.offsets, ElementsAre(7U, 11U));
}

TEST(CsvScan, EveryLineEndAndAMissingLastOne) {
  for (const std::string end : {"\n", "\r\n", "\r"}) {
    const CsvScan scan = scan_of("a,b" + end + "1,2" + end + "3,4");
    EXPECT_EQ(scan.count(), 2);
    EXPECT_THAT(scan.types, ElementsAre(DType::kInt64, DType::kInt64));
    EXPECT_EQ(scan.line_of(0), 2);
    EXPECT_EQ(scan.line_of(1), 3);
  }
}

TEST(CsvScan, LinesAreTheFilesOwnWhereRowsAreNotOneLineEach) {
  const CsvScan scan = scan_of("a,b\n1,2\n\n3,\"x\ny\n\"\n4,5\n6,7\n");
  ASSERT_EQ(scan.count(), 4);
  EXPECT_EQ(scan.line_of(0), 2);
  EXPECT_EQ(scan.line_of(1), 4);
  EXPECT_EQ(scan.line_of(2), 7);
  EXPECT_EQ(scan.line_of(3), 8);
}

TEST(CsvScan, RowsOfAWrongLengthSayNothingOfTheColumns) {
  const CsvScan scan = scan_of("a,b\n1,2\nonly text\n3,4\n");
  EXPECT_EQ(scan.count(), 3);
  EXPECT_THAT(scan.types, ElementsAre(DType::kInt64, DType::kInt64));
}

TEST(CsvScan, AHeaderAloneIsAFileOfNoRows) {
  EXPECT_EQ(scan_of("a,b\n").count(), 0);
  EXPECT_EQ(scan_of("a,b").count(), 0);
}

TEST(CsvScan, SaysWhatIsWrongWithTheFile) {
  EXPECT_THAT(scan_error(""), HasSubstr("a header with the names of the columns"));
  EXPECT_THAT(scan_error("\n\n"), HasSubstr("a header with the names of the columns"));
  EXPECT_THAT(scan_error("a,,c\n"), HasSubstr("column 2 of 3 has no name"));
  EXPECT_THAT(scan_error("a,b\n1,2\n3,\"x\n4,5\n"),
              HasSubstr("a quote in the row of line 3 is never closed"));
  EXPECT_THAT(scan_error("\xFF\xFE"
                         "a"),
              HasSubstr("UTF-16"));
  EXPECT_THROW(scan_csv("no_such_file.csv", ','), FormatError);
}

TEST(CsvScan, PiecesOfReadingLeaveNoMark) {
  std::string text = "number,text\n";
  const int rows = 60000;
  for (int row = 0; row < rows; ++row) {
    text += std::to_string(row) + ",\"some \"\"quoted\"\" text,\r\nsecond line\"\r\n";
  }
  const CsvScan scan = scan_of(text);
  EXPECT_EQ(scan.count(), rows);
  EXPECT_THAT(scan.types, ElementsAre(DType::kInt64, DType::kString));
  EXPECT_EQ(scan.line_of(rows - 1), 2 + 2 * (rows - 1));
}

TEST(CsvScan, CutOffAtEveryByteIsAnErrorOrFewerRows) {
  const std::string text = "\xEF\xBB\xBFname,size\r\n\"a\"\"b\",1\r\n\"c\r\nd\",2.5\r\n";
  for (std::size_t length = 0; length < text.size(); ++length) {
    try {
      EXPECT_LE(scan_of(text.substr(0, length)).count(), 2) << length;
    } catch (const FormatError& error) {
      EXPECT_EQ(error.code(), "F001");
    }
  }
}

}  // namespace
}  // namespace tenon::readers
