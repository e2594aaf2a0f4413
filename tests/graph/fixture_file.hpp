#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace tenon {

/// A file that real Keras wrote; empty if this checkout stands without its fixtures.
inline std::string keras_fixture(const std::string& name) {
  const auto path =
      std::filesystem::path(TENON_SOURCE_DIR) / ".." / "shared" / "fixtures" / "keras" / name;
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace tenon
