#include "io/readers/csv_row.hpp"

#include <gtest/gtest.h>

namespace tenon::readers {
namespace {

using Cells = std::vector<std::string>;

Cells cells_of(const std::string& text, char separator = ',') {
  Cells cells{"left over", "from", "another", "row"};
  EXPECT_EQ(split_csv_row(text, separator, cells), "");
  return cells;
}

TEST(CsvRow, CellsAreKeptToTheLetter) {
  EXPECT_EQ(cells_of("a, b ,,c"), (Cells{"a", " b ", "", "c"}));
  EXPECT_EQ(cells_of(""), (Cells{""}));
  EXPECT_EQ(cells_of("a,"), (Cells{"a", ""}));
  EXPECT_EQ(cells_of("a;b,c", ';'), (Cells{"a", "b,c"}));
}

TEST(CsvRow, QuotedCellsHoldSeparatorsLineEndsAndQuotes) {
  EXPECT_EQ(cells_of(R"("a,b","say ""hi""","two)"
                     "\r\n"
                     R"(lines")"),
            (Cells{"a,b", "say \"hi\"", "two\r\nlines"}));
  EXPECT_EQ(cells_of(R"("")"), (Cells{""}));
}

TEST(CsvRow, AQuoteInsideOfAPlainCellIsACharacter) {
  EXPECT_EQ(cells_of("5\" disk,x"), (Cells{"5\" disk", "x"}));
}

TEST(CsvRow, EndsAtTheFirstLineEnd) {
  EXPECT_EQ(cells_of("a,b\nc,d"), (Cells{"a", "b"}));
  EXPECT_EQ(cells_of("a,b\r\nc,d"), (Cells{"a", "b"}));
  EXPECT_EQ(cells_of("a,b\rc,d"), (Cells{"a", "b"}));
}

TEST(CsvRow, TellsWhatIsWrong) {
  Cells cells;
  EXPECT_EQ(split_csv_row("a,\"b", ',', cells), "the quote that opens cell 2 is never closed");
  EXPECT_EQ(split_csv_row("\"a\"b,c", ',', cells),
            "there is text behind the closing quote of cell 1");
}

}  // namespace
}  // namespace tenon::readers
