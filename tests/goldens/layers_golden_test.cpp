// Every layer of ../shared/fixtures/keras/golden.json that we have, against what Keras gave for it:
// output, gradients of inputs and weights, and moving averages; on each engine.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "backend/api/engine.hpp"
#include "graph/config.hpp"
#include "graph/lower.hpp"
#include "tenon/npz.hpp"

namespace tenon {
namespace {

constexpr double kTolerance = 1e-5;

std::filesystem::path fixture(const char* name) {
  return std::filesystem::path(TENON_SOURCE_DIR) / ".." / "shared" / "fixtures" / "keras" / name;
}

struct Goldens {
  graph::Json layers;
  std::map<std::string, Tensor> arrays;

  const Tensor& array(int index, const std::string& suffix) const {
    return arrays.at("L" + std::to_string(index) + "_" + suffix);
  }
};

const Goldens& goldens() {
  static const Goldens kGoldens = [] {
    Goldens loaded;
    std::ifstream file(fixture("golden.json"));
    loaded.layers = graph::Json::parse(file)["layers"];
    for (auto& [name, tensor] : load_npz(fixture("golden.npz").string())) {
      loaded.arrays[name] = tensor.cast(DType::kFloat32);
    }
    return loaded;
  }();
  return kGoldens;
}

void expect_near(const Tensor& got, const Tensor& wanted, const std::string& what) {
  ASSERT_EQ(got.shape(), wanted.shape()) << what;
  const auto a = got.data<float>();
  const auto b = wanted.data<float>();
  double worst = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double difference = std::fabs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    const double scale = std::max(1.0, std::fabs(static_cast<double>(b[i])));
    worst = std::isnan(difference) ? INFINITY : std::max(worst, difference / scale);
  }
  EXPECT_LE(worst, kTolerance) << what;
}

/// The layer called once, its weights' values, and the program that computes all goldens.
struct LayerProgram {
  explicit LayerProgram(const graph::Json& entry) : index(entry["i"].get<int>()) {
    layer = graph::layer_from_config({{"class_name", entry["class"]}, {"config", entry["config"]}});
    std::vector<SymbolicTensor> inputs;
    std::vector<Shape> shapes;
    for (const graph::Json& dims : entry["inputs"]) {
      shapes.emplace_back(dims.get<std::vector<std::int64_t>>());
      const Shape sample = shapes.back().without_batch();
      inputs.push_back(Input(std::vector<Dim>(sample.begin(), sample.end())));
    }
    const auto call = layer->call(inputs, inputs.size() > 1, SourceLocation{});
    const Model model(inputs, SymbolicTensor(call, 0));
    lower(model, shapes, entry["training"].get<bool>());
  }

  int index;
  std::shared_ptr<graph::LayerObject> layer;
  ops::Program program;
  std::vector<std::string> outputs;  ///< Names of arrays: "y", "gx0", "gw0", …

 private:
  void lower(const Model& model, const std::vector<Shape>& shapes, bool training) {
    ops::Builder builder(program);
    const graph::LoweredModel lowered =
        graph::lower(model, builder, shapes, std::vector<DType>(shapes.size(), DType::kFloat32),
                     {.training = training});
    const ops::ValueId y = lowered.outputs.front();
    const ops::ValueId upstream =
        builder.input("upstream", DType::kFloat32, goldens().array(index, "gy").shape());
    const ops::ValueId product = builder.apply(ops::OpKind::kMultiply, {}, {y, upstream}, "loss");
    const ops::ValueId loss =
        builder.apply(ops::OpKind::kReduceSum, ops::ShapeAttributes{Shape{}}, {product}, "loss");
    add_output(builder, "y", y);
    add_gradients(builder, lowered, loss);
  }

  void add_gradients(ops::Builder& builder, const graph::LoweredModel& lowered, ops::ValueId loss) {
    std::vector<ops::ValueId> targets = lowered.inputs;
    for (std::size_t i = 0; i < lowered.variables.size(); ++i) {
      if (lowered.trainable[i]) targets.push_back(lowered.variables[i]);
    }
    const auto gradients = ops::append_gradients(program, loss, targets);
    for (std::size_t i = 0; i < gradients.size(); ++i) {
      const bool of_input = i < lowered.inputs.size();
      const std::size_t number = of_input ? i : i - lowered.inputs.size();
      ASSERT_NE(gradients[i], ops::kNoValue);
      add_output(builder, (of_input ? "gx" : "gw") + std::to_string(number), gradients[i]);
    }
  }

  void add_output(ops::Builder& builder, const std::string& name, ops::ValueId value) {
    builder.output(name, value);
    outputs.push_back(name);
  }
};

std::shared_ptr<backend::Variables> weights_on(const backend::Engine& engine,
                                               const LayerProgram& layer) {
  std::vector<backend::VariableSpec> specs;
  for (const auto& weight : layer.layer->weights()) {
    specs.push_back({weight->path(), weight->shape(), DType::kFloat32});
  }
  auto variables = engine.create_variables(specs);
  for (std::size_t i = 0; i < specs.size(); ++i) {
    variables->write(static_cast<std::int32_t>(i),
                     goldens().array(layer.index, "w" + std::to_string(i)));
  }
  return variables;
}

void expect_states(const LayerProgram& layer, const backend::Variables& variables) {
  int state = 0;
  const auto weights = layer.layer->weights();
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (weights[i]->trainable()) continue;
    const std::string name = "s" + std::to_string(state++);
    expect_near(variables.read(static_cast<std::int32_t>(i)), goldens().array(layer.index, name),
                name);
  }
}

void run_on(const backend::Engine& engine, const graph::Json& entry) {
  const LayerProgram layer(entry);
  const auto variables = weights_on(engine, layer);
  const auto plan = engine.compile(layer.program, variables);
  const std::size_t input_count = entry["inputs"].size();
  for (std::size_t i = 0; i < input_count; ++i) {
    plan->bind_input(i, goldens().array(layer.index, "x" + std::to_string(i)));
  }
  plan->bind_input(input_count, goldens().array(layer.index, "gy"));
  plan->run({});
  for (std::size_t i = 0; i < layer.outputs.size(); ++i) {
    expect_near(plan->output(i), goldens().array(layer.index, layer.outputs[i]), layer.outputs[i]);
  }
  expect_states(layer, *variables);
}

void run_all_on(const backend::Engine& engine) {
  constexpr int kOurs = 58;  // of 87; the other classes are not here yet
  int count = 0;
  for (const graph::Json& entry : goldens().layers) {
    if (graph::find_layer(entry["class"].get<std::string>()) == nullptr) continue;
    SCOPED_TRACE("L" + entry["i"].dump() + " " + entry["class"].dump());
    run_on(engine, entry);
    ++count;
  }
  EXPECT_EQ(count, kOurs);
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
