#include "backend/api/precision.hpp"

#include <gtest/gtest.h>

#include "onednn_compare.hpp"

namespace tenon::backend {
namespace {

using ops::NoAttributes;
using ops::OpKind;
using ops::ValueId;

constexpr ops::ActivationAttributes kRelu{.kind = ops::ActivationKind::kRelu};
constexpr ops::ActivationAttributes kSigmoid{.kind = ops::ActivationKind::kSigmoid};

/// conv → batch normalisation → relu → flatten → dense → sigmoid → loss, and its training.
struct SmallStep {
  ops::Program program;
  ops::Builder builder{program};
  ValueId image, kernel, bias, convolved, normalized, mean, relu, flat, logits, probability, loss;
  std::vector<ValueId> gradients;  // of kernel, bias, gamma, dense kernel

  SmallStep() {
    image = builder.input("Small", DType::kFloat32, {2, 6, 6, 3});
    kernel = builder.variable(0, "conv/kernel", {3, 3, 3, 4});
    bias = builder.variable(1, "conv/bias", Shape{4});
    convolved = builder.apply(OpKind::kConvolution, ops::ConvolutionAttributes{},
                              {image, kernel, bias}, "conv");
    const ValueId gamma = builder.variable(2, "bn/gamma", Shape{4});
    const auto bn = builder.append(OpKind::kBatchNormalizationTraining,
                                   ops::NormalizationAttributes{}, {convolved, gamma}, "bn");
    normalized = bn[0];
    mean = bn[1];
    relu = builder.apply(OpKind::kActivation, kRelu, {normalized}, "relu");
    flat = builder.apply(OpKind::kReshape, ops::ShapeAttributes{{2, 64}}, {relu}, "flat");
    const ValueId dense = builder.variable(3, "dense/kernel", {64, 1});
    logits = builder.apply(OpKind::kDense, NoAttributes{}, {flat, dense}, "dense");
    probability = builder.apply(OpKind::kActivation, kSigmoid, {logits}, "dense");
    const ValueId target = builder.input("target", DType::kFloat32, {2, 1});
    loss = builder.append(OpKind::kLoss,
                          ops::LossAttributes{.kind = ops::LossKind::kBinaryCrossentropy},
                          {probability, target}, "loss")[0];
    gradients = ops::append_gradients(program, loss, {kernel, bias, gamma, dense});
    builder.append(OpKind::kSgdUpdate, ops::OptimizerAttributes{}, {kernel, gradients[0]}, "sgd");
  }

  std::vector<DType> assign(Precision precision = Precision::kMixedBFloat16,
                            const std::vector<ValueId>& guarded = {}) const {
    return assign_precision(program, precision, guarded);
  }
};

DType of(const std::vector<DType>& all, ValueId id) { return all[static_cast<std::size_t>(id)]; }

TEST(AssignPrecision, LeavesAllInFloat32Otherwise) {
  const SmallStep step;
  for (const DType dtype : step.assign(Precision::kFloat32)) EXPECT_EQ(dtype, DType::kFloat32);
}

TEST(AssignPrecision, HoldsActivationsInBFloat16) {
  const SmallStep step;
  const auto stored = step.assign();
  for (const ValueId id : {step.convolved, step.normalized, step.relu, step.flat}) {
    EXPECT_EQ(of(stored, id), DType::kBFloat16) << id;
  }
}

TEST(AssignPrecision, HoldsInputsWeightsAndStatisticsInFloat32) {
  const SmallStep step;
  const auto stored = step.assign();
  for (const ValueId id : {step.image, step.kernel, step.bias, step.mean}) {
    EXPECT_EQ(of(stored, id), DType::kFloat32) << id;
  }
}

TEST(AssignPrecision, HoldsTheLossAndWhatLeadsToItInFloat32) {
  const SmallStep step;
  const auto stored = step.assign();
  for (const ValueId id : {step.logits, step.probability, step.loss}) {
    EXPECT_EQ(of(stored, id), DType::kFloat32) << id;
  }
}

TEST(AssignPrecision, HoldsGradientsOfWeightsInFloat32AndOfActivationsInBFloat16) {
  const SmallStep step;
  const auto stored = step.assign();
  for (const ValueId id : step.gradients) EXPECT_EQ(of(stored, id), DType::kFloat32);
  int narrow = 0;
  for (const ops::Node& node : step.program.nodes) {
    const bool of_activation = node.kind == OpKind::kDenseBackwardData ||
                               (node.kind == OpKind::kActivationBackward && node.name != "dense") ||
                               node.kind == OpKind::kBatchNormalizationBackward;
    if (!of_activation) continue;
    if (of(stored, node.outputs[0]) == DType::kBFloat16) ++narrow;
  }
  EXPECT_EQ(narrow, 3) << ops::to_string(step.program);
}

TEST(AssignPrecision, KeepsOutputsAndGuardedValuesInFloat32) {
  SmallStep step;
  step.builder.output("features", step.flat);
  const auto stored = step.assign(Precision::kMixedBFloat16, {step.normalized});
  EXPECT_EQ(of(stored, step.normalized), DType::kFloat32);
  // A view, and with it what it is a view of.
  EXPECT_EQ(of(stored, step.flat), DType::kFloat32);
  EXPECT_EQ(of(stored, step.relu), DType::kFloat32);
  EXPECT_EQ(of(stored, step.convolved), DType::kBFloat16);
}

TEST(AssignPrecision, NarrowsNothingThatNoProductMade) {
  ops::Program program;
  ops::Builder builder(program);
  const ValueId x = builder.input("age", DType::kFloat32, {4, 2});
  const ValueId y = builder.apply(OpKind::kActivation, kRelu, {x}, "relu");
  builder.output("y", builder.apply(OpKind::kAdd, NoAttributes{}, {y, y}, "twice"));
  EXPECT_EQ(of(assign_precision(program, Precision::kMixedBFloat16), y), DType::kFloat32);
}

TEST(AssignPrecision, SoftmaxReadsFloat32AnywhereInTheModel) {
  ops::Program program;
  ops::Builder builder(program);
  const ValueId x = builder.input("x", DType::kFloat32, {4, 8});
  const ValueId kernel = builder.input("kernel", DType::kFloat32, {8, 8});
  const ValueId scores = builder.apply(OpKind::kDense, NoAttributes{}, {x, kernel}, "scores");
  const ValueId shares = builder.apply(OpKind::kSoftmax, ops::AxisAttributes{}, {scores}, "shares");
  builder.output("y", builder.apply(OpKind::kDense, NoAttributes{}, {shares, kernel}, "out"));
  EXPECT_EQ(of(assign_precision(program, Precision::kMixedBFloat16), scores), DType::kFloat32);
}

/// The reference in mixed bfloat16 stays near the reference in float32, and is not the same.
TEST(ReferenceInBFloat16, RoundsAndStaysNear) {
  int different = 0;
  for (const cases::OpCase& op_case : cases::op_cases()) {
    if (!cases::is_differentiable(op_case)) continue;
    const auto program = cases::forward_program(op_case, cases::Surroundings::kBetweenProducts);
    const auto exact = run_case(reference_engine(), program);
    const auto rounded =
        run_case(reference_engine(), program, {.precision = Precision::kMixedBFloat16});
    for (std::size_t i = 0; i < exact.size(); ++i) {
      if (exact[i].dtype() != DType::kFloat32) continue;
      if (!exact[i].equals(rounded[i])) ++different;
      cases::expect_close(rounded[i], exact[i], op_case.name,
                          {.absolute = 1e-6, .relative = 0.02, .of_largest = 0.02});
    }
  }
  EXPECT_GT(different, 100);
}

TEST(ReferenceInBFloat16, RoundsFactorsAndWhatIsMade) {
  ops::Program program;
  ops::Builder builder(program);
  const ValueId x = builder.input("x", DType::kFloat32, {1, 2});
  const ValueId kernel = builder.variable(0, "kernel", {2, 1});
  const ValueId y = builder.apply(OpKind::kDense, NoAttributes{}, {x, kernel}, "dense");
  builder.output("logits", y);
  const ValueId z = builder.apply(OpKind::kDense, NoAttributes{}, {x, kernel}, "hidden");
  const ValueId one = builder.input("one", DType::kFloat32, {1, 1});
  builder.output("z", builder.apply(OpKind::kDense, NoAttributes{}, {z, one}, "out"));
  auto variables = reference_engine().create_variables({{"kernel", {2, 1}}});
  // 1 + 2^-9 is a float, but no bfloat16: it becomes 1. 1 + 2^-7 stays.
  variables->write(0, Tensor::from<float>({2, 1}, {1.0F + 0x1p-9F, 0x1p-9F}));
  const auto plan =
      reference_engine().compile(program, variables, {.precision = Precision::kMixedBFloat16});
  const Tensor x_value = Tensor::from<float>({1, 2}, {1.0F + 0x1p-7F, 1.0F});
  const Tensor one_value = Tensor::from<float>({1, 1}, {1.0F});
  plan->bind_input(0, x_value);
  plan->bind_input(1, one_value);
  plan->run({});
  EXPECT_EQ(plan->output(0).item<float>(), 1.0F + 0x1p-7F + 0x1p-9F);  // the sum is a float
  EXPECT_EQ(plan->output(1).item<float>(), 1.0F + 0x1p-7F);            // … until it is held
  EXPECT_EQ(variables->read(0).data<float>()[0], 1.0F + 0x1p-9F) << "the master was rounded";
}

}  // namespace
}  // namespace tenon::backend
