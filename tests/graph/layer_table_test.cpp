#include "graph/layer_table.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace tenon {
namespace {

TEST(LayerTable, OfTheDocsIsTrue) {
  std::ifstream file(TENON_SOURCE_DIR "/docs/layers.md");
  const std::string docs{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  EXPECT_NE(docs.find(graph::layer_table()), std::string::npos)
      << "docs/layers.md should hold this table:\n"
      << graph::layer_table();
}

}  // namespace
}  // namespace tenon
