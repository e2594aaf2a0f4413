#include "goldens/layer_golden.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "graph/lower.hpp"

namespace tenon {
namespace {

constexpr double kTolerance = 1e-5;

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

/// The layer called once, and the program that computes all that is wanted.
struct LayerProgram {
  explicit LayerProgram(const LayerGolden& golden) {
    layer =
        graph::layer_from_config({{"class_name", golden.class_name}, {"config", golden.config}});
    std::vector<SymbolicTensor> inputs;
    std::vector<Shape> shapes;
    while (golden.arrays.contains("x" + std::to_string(shapes.size()))) {
      shapes.push_back(golden.arrays.at("x" + std::to_string(shapes.size())).shape());
      const Shape sample = shapes.back().without_batch();
      inputs.push_back(Input(std::vector<Dim>(sample.begin(), sample.end())));
    }
    const auto call = layer->call(inputs, inputs.size() > 1, SourceLocation{});
    const Model model(inputs, SymbolicTensor(call, 0));
    lower(model, shapes, golden);
  }

  std::shared_ptr<graph::LayerObject> layer;
  ops::Program program;
  std::vector<std::string> outputs;  ///< Names of arrays: "y", "gx0", "gw0", …

 private:
  void lower(const Model& model, const std::vector<Shape>& shapes, const LayerGolden& golden) {
    ops::Builder builder(program);
    const graph::LoweredModel lowered =
        graph::lower(model, builder, shapes, std::vector<DType>(shapes.size(), DType::kFloat32),
                     {.training = golden.training});
    const ops::ValueId y = lowered.outputs.front();
    const ops::ValueId upstream =
        builder.input("upstream", DType::kFloat32, golden.arrays.at("gy").shape());
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
                                               const LayerProgram& layer,
                                               const LayerGolden& golden) {
  std::vector<backend::VariableSpec> specs;
  for (const auto& weight : layer.layer->weights()) {
    specs.push_back({weight->path(), weight->shape(), DType::kFloat32});
  }
  auto variables = engine.create_variables(specs);
  for (std::size_t i = 0; i < specs.size(); ++i) {
    variables->write(static_cast<std::int32_t>(i), golden.arrays.at("w" + std::to_string(i)));
  }
  return variables;
}

void expect_states(const LayerProgram& layer, const backend::Variables& variables,
                   const LayerGolden& golden) {
  int state = 0;
  const auto weights = layer.layer->weights();
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (weights[i]->trainable()) continue;
    const std::string name = "s" + std::to_string(state++);
    expect_near(variables.read(static_cast<std::int32_t>(i)), golden.arrays.at(name), name);
  }
}

}  // namespace

void expect_layer(const backend::Engine& engine, const LayerGolden& golden) {
  const LayerProgram layer(golden);
  const auto variables = weights_on(engine, layer, golden);
  const auto plan = engine.compile(layer.program, variables);
  std::size_t input = 0;
  for (; golden.arrays.contains("x" + std::to_string(input)); ++input) {
    plan->bind_input(input, golden.arrays.at("x" + std::to_string(input)));
  }
  plan->bind_input(input, golden.arrays.at("gy"));
  plan->run({});
  for (std::size_t i = 0; i < layer.outputs.size(); ++i) {
    expect_near(plan->output(i), golden.arrays.at(layer.outputs[i]), layer.outputs[i]);
  }
  expect_states(layer, *variables, golden);
}

}  // namespace tenon
