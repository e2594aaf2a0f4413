// Every layer of ../shared/fixtures/keras/golden.json that we have, against what Keras gave for it:
// output, gradients of inputs and weights, and moving averages; on each engine.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "goldens/layer_golden.hpp"
#include "graph/layer_descriptor.hpp"
#include "tenon/npz.hpp"

namespace tenon {
namespace {

std::filesystem::path fixture(const char* name) {
  return std::filesystem::path(TENON_SOURCE_DIR) / ".." / "shared" / "fixtures" / "keras" / name;
}

/// Of the layers that we have.
std::vector<LayerGolden> load_goldens() {
  std::ifstream file(fixture("golden.json"));
  std::vector<LayerGolden> goldens;
  std::map<std::string, std::size_t> places;  // of "L7" in the list
  const graph::Json document = graph::Json::parse(file);
  for (const graph::Json& entry : document["layers"]) {
    const auto class_name = entry["class"].get<std::string>();
    if (graph::find_layer(class_name) == nullptr) continue;
    places["L" + entry["i"].dump()] = goldens.size();
    goldens.push_back({class_name, entry["config"], entry["training"].get<bool>(), {}});
  }
  for (auto& [name, tensor] : load_npz(fixture("golden.npz").string())) {
    const auto found = places.find(name.substr(0, name.find('_')));
    if (found == places.end()) continue;
    goldens[found->second].arrays[name.substr(name.find('_') + 1)] = tensor.cast(DType::kFloat32);
  }
  return goldens;
}

void run_all_on(const backend::Engine& engine) {
  constexpr std::size_t kOurs = 62;  // of 87; the other classes are not here yet
  const std::vector<LayerGolden> goldens = load_goldens();
  EXPECT_EQ(goldens.size(), kOurs);
  for (const LayerGolden& golden : goldens) {
    SCOPED_TRACE(golden.class_name + " " + golden.config.dump());
    expect_layer(engine, golden);
  }
}

bool no_fixtures() { return !std::filesystem::exists(fixture("golden.npz")); }

TEST(LayersGolden, ReferenceEngineGivesWhatKerasGives) {
  if (no_fixtures()) GTEST_SKIP() << "skipped: no ../shared/fixtures/keras";
  run_all_on(backend::reference_engine());
}

TEST(LayersGolden, OnednnEngineGivesWhatKerasGives) {
  if (no_fixtures()) GTEST_SKIP() << "skipped: no ../shared/fixtures/keras";
  if (!backend::has_onednn_engine()) GTEST_SKIP() << "skipped: built without oneDNN";
  run_all_on(backend::onednn_engine());
}

}  // namespace
}  // namespace tenon
