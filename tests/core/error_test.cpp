#include "tenon/error.hpp"

#include <gtest/gtest.h>

#include "core/throws.hpp"

namespace tenon {
namespace {

TEST(Error, WhatIsTheTextWithoutColour) {
  const KeyError error(std::vector<Diagnostic>{make_diagnostic("K001", "first"),
                                               make_diagnostic("K010", "second", {"a note"})});
  EXPECT_STREQ(error.what(), "error[K001]: first\n\nerror[K010]: second\n  a note");
  EXPECT_EQ(error.code(), "K001");
  EXPECT_EQ(error.diagnostics().size(), 2U);
}

TEST(Error, IsNeverEmpty) {
  const Error error(std::vector<Diagnostic>{});
  EXPECT_EQ(error.diagnostics().size(), 1U);
  EXPECT_EQ(error.code(), "A001");
}

TEST(Error, ClassesStandUnderTheirBases) {
  EXPECT_THROW(throw KeyError(make_diagnostic("K001", "")), ContractError);
  EXPECT_THROW(throw ShapeError(make_diagnostic("S001", "")), ContractError);
  EXPECT_THROW(throw ModelError(make_diagnostic("M001", "")), ContractError);
  EXPECT_THROW(throw FormatError(make_diagnostic("F001", "")), Error);
}

TEST(ThrowArgumentError, SaysWhereWhatAndWhy) {
  EXPECT_EQ(text_thrown<ContractError>([]() -> int {
              throw_argument_error("Conv2D", "filters is -3", "a number above 0", "give 32");
            }),
            "error[A001]: Conv2D: filters is -3\n"
            "  expected: a number above 0\n"
            "  fix: give 32");
}

TEST(ThrowFileError, NamesTheFileWithOddCharactersShown) {
  EXPECT_EQ(text_thrown<FormatError>(
                []() -> int { throw_file_error("a\x1b[31m.npy", "is empty", "an array"); }),
            "error[F001]: a\\u001b[31m.npy: is empty\n  expected: an array");
}

}  // namespace
}  // namespace tenon
