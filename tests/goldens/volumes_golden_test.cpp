// Layers over volumes and transposed convolutions against PyTorch: volumes.json, which volumes.py
// writes. Output and gradients, on each engine.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "goldens/layer_golden.hpp"

namespace tenon {
namespace {

/// volumes.py draws the same.
Tensor eighths(const Shape& shape, std::int64_t seed) {
  Tensor tensor(DType::kFloat32, shape);
  const auto values = tensor.data<float>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto n = static_cast<std::int64_t>(i);
    values[i] = static_cast<float>((n * n * 5 + n * 7 + seed * 11) % 251 % 17 - 8) / 8.0F;
  }
  return tensor;
}
Tensor distinct(const Shape& shape) {
  Tensor tensor(DType::kFloat32, shape);
  const auto values = tensor.data<float>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(static_cast<std::int64_t>(i) * 37 % 251 - 125) / 64.0F;
  }
  return tensor;
}

Tensor tensor_of(const graph::Json& numbers, const Shape& shape, double times) {
  Tensor tensor(DType::kFloat32, shape);
  const auto values = tensor.data<float>();
  EXPECT_EQ(numbers.size(), values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(numbers.at(i).get<double>() / times);
  }
  return tensor;
}

Shape shape_of(const graph::Json& dims) { return Shape(dims.get<std::vector<std::int64_t>>()); }

LayerGolden golden_of(const graph::Json& entry, double times) {
  LayerGolden golden{entry["class"], entry["config"], false, {}};
  const Shape x = shape_of(entry["x"]);
  const Shape y = shape_of(entry["y_shape"]);
  const bool maximum = golden.class_name.find("Max") != std::string::npos;
  golden.arrays["x0"] = maximum ? distinct(x) : eighths(x, 1);
  golden.arrays["gx0"] = tensor_of(entry["gx"], x, times);
  for (std::size_t i = 0; i < entry["weights"].size(); ++i) {
    const Shape shape = shape_of(entry["weights"][i]);
    golden.arrays["w" + std::to_string(i)] = eighths(shape, static_cast<std::int64_t>(i) + 2);
    golden.arrays["gw" + std::to_string(i)] = tensor_of(entry["gw"][i], shape, times);
  }
  golden.arrays["gy"] = eighths(y, 9);
  golden.arrays["y"] = tensor_of(entry["y"], y, times);
  return golden;
}

void run_volumes_on(const backend::Engine& engine) {
  std::ifstream file(TENON_SOURCE_DIR "/tests/goldens/volumes.json");
  const graph::Json goldens = graph::Json::parse(file);
  EXPECT_EQ(goldens["cases"].size(), 22U);
  for (const graph::Json& entry : goldens["cases"]) {
    SCOPED_TRACE(entry["class"].dump() + " " + entry["config"].dump());
    expect_layer(engine, golden_of(entry, goldens["times"].get<double>()));
  }
}

TEST(VolumesGolden, ReferenceEngineGivesWhatPyTorchGives) {
  run_volumes_on(backend::reference_engine());
}

TEST(VolumesGolden, OnednnEngineGivesWhatPyTorchGives) {
  if (!backend::has_onednn_engine()) GTEST_SKIP() << "skipped: built without oneDNN";
  run_volumes_on(backend::onednn_engine());
}

}  // namespace
}  // namespace tenon
