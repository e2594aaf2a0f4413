#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "tenon/npz.hpp"
#include "tenon/tensor.hpp"

namespace tenon::testing {

/// What real Keras computed (see the README beside the files); absent in a plain checkout.
inline std::filesystem::path keras_fixtures() {
  return std::filesystem::path(TENON_SOURCE_DIR) / ".." / "shared" / "fixtures" / "keras";
}
inline bool has_keras_fixtures() {
  return std::filesystem::exists(keras_fixtures() / "golden.npz");
}

inline const std::map<std::string, Tensor>& golden_arrays() {
  static const std::map<std::string, Tensor> arrays = [] {
    std::map<std::string, Tensor> out;
    for (auto& [name, tensor] : load_npz((keras_fixtures() / "golden.npz").string())) {
      out.emplace(name, tensor);
    }
    return out;
  }();
  return arrays;
}

inline const nlohmann::json& golden_json() {
  static const nlohmann::json json = [] {
    std::ifstream file(keras_fixtures() / "golden.json");
    return nlohmann::json::parse(file);
  }();
  return json;
}

}  // namespace tenon::testing

#define TENON_NEEDS_KERAS_FIXTURES()           \
  if (!::tenon::testing::has_keras_fixtures()) \
  GTEST_SKIP() << "skipped: no ../shared/fixtures/keras beside this checkout"
