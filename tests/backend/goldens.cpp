#include "goldens.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "tenon/file.hpp"
#include "tenon/npz.hpp"

namespace tenon::backend::goldens {
namespace {

std::string path_of(const std::string& name) {
  return std::string(TENON_SOURCE_DIR) + "/../shared/fixtures/keras/" + name;
}

const std::map<std::string, Tensor>& tensors() {
  static const std::map<std::string, Tensor> all = [] {
    std::map<std::string, Tensor> loaded;
    for (auto& [name, value] : load_npz(path_of("golden.npz"))) {
      loaded.emplace(name, value);
    }
    return loaded;
  }();
  return all;
}

}  // namespace

bool available() { return std::filesystem::exists(path_of("golden.npz")); }

const nlohmann::json& index() {
  static const nlohmann::json json = nlohmann::json::parse(read_file(path_of("golden.json")));
  return json;
}

const Tensor& tensor(const std::string& name) { return tensors().at(name); }

bool has(const std::string& name) { return tensors().contains(name); }

void expect_near(const Tensor& actual, const Tensor& expected, double tolerance,
                 const std::string& what) {
  ASSERT_EQ(actual.shape(), expected.shape()) << what;
  for (std::size_t i = 0; i < static_cast<std::size_t>(expected.size()); ++i) {
    const auto wanted = static_cast<double>(expected.data<float>()[i]);
    ASSERT_NEAR(static_cast<double>(actual.data<float>()[i]), wanted,
                tolerance * std::max(1.0, std::abs(wanted)))
        << what << " [" << i << "]";
  }
}

}  // namespace tenon::backend::goldens
