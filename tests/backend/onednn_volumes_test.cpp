// No step of a training over volumes runs in one of oneDNN's reference kernels, at the sizes that
// such models have.
#include <gtest/gtest.h>

#include "graph/lower.hpp"
#include "onednn_compare.hpp"
#include "support/volume_models.hpp"

namespace tenon::backend::cases {
namespace {

struct VolumeModel {
  std::string name;
  Model (*make)(std::int64_t side);
};

void PrintTo(const VolumeModel& model, std::ostream* out) { *out << model.name; }

class OnednnVolumes : public OnednnTestWithParam<VolumeModel> {};

/// The model's output summed, and the gradients of all weights.
PlanReport report_of(const Model& model, std::int64_t batch, std::int64_t side) {
  ops::Program program;
  ops::Builder builder(program);
  const graph::LoweredModel lowered = graph::lower(model, builder, {{batch, side, side, side, 1}},
                                                   {DType::kFloat32}, {.training = true});
  const ops::ValueId loss = builder.apply(ops::OpKind::kReduceSum, ops::ShapeAttributes{Shape{}},
                                          {lowered.outputs.front()}, "loss");
  std::vector<ops::ValueId> weights;
  std::vector<VariableSpec> specs;
  for (std::size_t i = 0; i < lowered.variables.size(); ++i) {
    const ops::Value& value = program.value(lowered.variables[i]);
    specs.push_back({value.name, value.shape, DType::kFloat32});
    if (lowered.trainable[i]) weights.push_back(lowered.variables[i]);
  }
  const std::vector<ops::ValueId> gradients = ops::append_gradients(program, loss, weights);
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    builder.output("gradient " + std::to_string(i), gradients[i]);
  }
  return onednn_engine().compile(program, onednn_engine().create_variables(specs))->report();
}

TEST_P(OnednnVolumes, TakeNoReferenceKernel) {
  const PlanReport report = report_of(GetParam().make(32), 2, 32);
  int convolutions = 0;
  for (const PlanStep& step : report.steps) {
    EXPECT_EQ(step.implementation.find("ref"), std::string::npos)
        << step.op << " (" << step.name << ") runs as " << step.implementation;
    if (step.op.starts_with("convolution")) ++convolutions;
  }
  EXPECT_GT(convolutions, 5);
}

INSTANTIATE_TEST_SUITE_P(Models, OnednnVolumes,
                         ::testing::Values(VolumeModel{"Classifier",
                                                       tenon::testing::volume_classifier},
                                           VolumeModel{"UNet", tenon::testing::volume_u_net}),
                         [](const auto& model) { return model.param.name; });

}  // namespace
}  // namespace tenon::backend::cases
