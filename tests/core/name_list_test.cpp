#include "core/name_list.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace tenon {
namespace {

TEST(NameList, QuotesAndJoins) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(list_names(Names{}), "none");
  EXPECT_EQ(list_names(Names{"a"}), "\"a\"");
  EXPECT_EQ(list_names(Names{"a", "b "}), "\"a\" and \"b·\"");
  EXPECT_EQ(list_names(Names{"a", "b", "c"}), "\"a\", \"b\" and \"c\"");
}

TEST(NameList, IsCutWithACount) {
  const std::vector<std::string> names = {"a", "b", "c", "d", "e"};
  EXPECT_EQ(list_names(names, 2), "\"a\", \"b\" and 3 more");
  EXPECT_EQ(list_names(names, 5), "\"a\", \"b\", \"c\", \"d\" and \"e\"");
  EXPECT_EQ(list_names(std::vector<std::string>(17, "x")).find("and 5 more"), 59U);
}

}  // namespace
}  // namespace tenon
