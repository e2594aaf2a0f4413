#include "tenon/source_location.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tenon {
namespace {

int line_of_call(SourceLocation location = SourceLocation::current()) { return location.line; }

TEST(SourceLocation, IsTheCallersLine) {
  const int here = __LINE__ + 1;
  EXPECT_EQ(line_of_call(), here);
  EXPECT_TRUE(std::string(SourceLocation::current().file).ends_with("source_location_test.cpp"));
  EXPECT_FALSE(SourceLocation().known());
}

TEST(InternFile, EqualPathsShareOneCopy) {
  const char* kept = nullptr;
  {
    const std::string path = std::string("folder/") + "exp.toml";
    kept = intern_file(path.c_str());
  }
  EXPECT_STREQ(kept, "folder/exp.toml");
  EXPECT_EQ(kept, intern_file("folder/exp.toml"));
  EXPECT_NE(kept, intern_file("folder/other.toml"));
  EXPECT_STREQ(intern_file(nullptr), "");
}

}  // namespace
}  // namespace tenon
