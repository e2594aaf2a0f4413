#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backend/api/engine.hpp"
#include "tenon/error.hpp"

namespace tenon::backend {
namespace {

using ops::OpKind;
using ops::ValueId;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Tensor floats(const Shape& shape, std::vector<float> values) { return Tensor::from(shape, values); }

std::vector<float> list(const Tensor& tensor) {
  const auto values = tensor.data<float>();
  return {values.begin(), values.end()};
}

template <class E, class Body>
void expect_error(Body body, const std::string& code, const std::string& text) {
  try {
    body();
    FAIL() << "no error; expected: " << text;
  } catch (const E& error) {
    EXPECT_EQ(error.code(), code);
    EXPECT_THAT(error.what(), HasSubstr(text));
  }
}

/// y = x · w + 1, then w −= rate · x.
ops::Program step_program() {
  ops::Program program;
  ops::Builder builder(program);
  const ValueId x = builder.input("Small", DType::kFloat32, {2});
  const ValueId w = builder.variable(0, "scale/w", {2});
  const ValueId product = builder.apply(OpKind::kMultiply, ops::NoAttributes{}, {x, w}, "scale");
  const ValueId one = builder.constant(1.0F, {2});
  builder.output("y", builder.apply(OpKind::kAdd, ops::NoAttributes{}, {product, one}, "add"));
  builder.append(OpKind::kSgdUpdate, ops::OptimizerAttributes{}, {w, x}, "update");
  return program;
}

std::shared_ptr<Variables> step_variables() {
  auto variables = reference_engine().create_variables({{"scale/w", {2}}});
  variables->write(0, floats({2}, {10, 20}));
  return variables;
}

TEST(ReferenceEngine, SaysWhatItIs) {
  EXPECT_EQ(reference_engine().name(), "reference");
  EXPECT_THAT(reference_engine().description(), HasSubstr("plain loops"));
  EXPECT_TRUE(reference_engine().supports(Precision::kFloat32));
  EXPECT_TRUE(reference_engine().supports(Precision::kFloat64));
  EXPECT_TRUE(reference_engine().supports(Precision::kMixedBFloat16));
}

TEST(ReferenceEngine, RunsAStepAndUpdatesVariables) {
  const auto variables = step_variables();
  const auto plan = reference_engine().compile(step_program(), variables);
  plan->bind_input(0, floats({2}, {1, 2}));
  plan->run({.learning_rate = 1.0F});
  EXPECT_THAT(list(plan->output(0)), ElementsAre(11, 41));
  EXPECT_THAT(list(variables->read(0)), ElementsAre(9, 18));
  // A binding lasts, and constants are still there.
  plan->run({.learning_rate = 1.0F});
  EXPECT_THAT(list(plan->output(0)), ElementsAre(10, 37));
}

TEST(ReferenceEngine, PlansOfSeveralBatchSizesShareVariables) {
  const auto variables = step_variables();
  const auto first = reference_engine().compile(step_program(), variables);
  const auto second = reference_engine().compile(step_program(), variables);
  first->bind_input(0, floats({2}, {1, 1}));
  second->bind_input(0, floats({2}, {1, 1}));
  first->run({.learning_rate = 1.0F});
  second->run({.learning_rate = 1.0F});
  EXPECT_THAT(list(variables->read(0)), ElementsAre(8, 18));
}

TEST(ReferenceEngine, DoubleModeConvertsAtTheBorder) {
  const auto variables = step_variables();
  const auto plan =
      reference_engine().compile(step_program(), variables, {.precision = Precision::kFloat64});
  plan->bind_input(0, Tensor::from(Shape{2}, std::vector<double>{1.0 + 1e-12, 2.0}));
  plan->run({.learning_rate = 1.0F});
  const Tensor y = plan->output(0);
  ASSERT_EQ(y.dtype(), DType::kFloat64);
  EXPECT_NEAR(y.data<double>()[0] - 11.0, 1e-11, 1e-14);
  EXPECT_THAT(list(variables->read(0)), ElementsAre(9, 18));
  plan->bind_input(0, floats({2}, {0, 0}));
  plan->run({});
  EXPECT_EQ(plan->output(0).data<double>()[0], 1.0);
}

TEST(ReferenceEngine, ReadsWhatIsInTheBoundMemoryAtTheRun) {
  const auto variables = step_variables();
  const auto plan = reference_engine().compile(step_program(), variables);
  Tensor x = floats({2}, {0, 0});
  plan->bind_input(0, x);
  x.data<float>()[1] = 1.0F;
  plan->run({});
  EXPECT_THAT(list(plan->output(0)), ElementsAre(1, 21));
}

TEST(ReferenceEngine, ReportsItsSteps) {
  const auto plan = reference_engine().compile(step_program(), step_variables());
  const PlanReport& report = plan->report();
  ASSERT_EQ(report.steps.size(), 3U);
  EXPECT_EQ(report.steps[0].op, "multiply");
  EXPECT_EQ(report.steps[0].name, "scale");
  EXPECT_EQ(report.steps[0].implementation, "reference");
  EXPECT_GT(report.arena_bytes, 0U);
}

TEST(ReferenceEngine, CountsTheBytesThatAStepMoves) {
  const auto plan = reference_engine().compile(step_program(), step_variables());
  // x (2), w (2) -> y (2), float32.
  EXPECT_EQ(plan->report().steps[0].bytes, 3 * 2 * sizeof(float));
}

TEST(ReferenceEngine, ProfilingIsARunWithTimes) {
  const auto variables = step_variables();
  const auto plan = reference_engine().compile(step_program(), variables);
  plan->bind_input(0, floats({2}, {0, 1}));
  EXPECT_EQ(plan->profile({}).size(), plan->report().steps.size());
  EXPECT_THAT(list(plan->output(0)), ElementsAre(1, 21));
}

TEST(ReferenceEngine, MemoryOfDeadValuesIsUsedAgain) {
  ops::Program program;
  ops::Builder builder(program);
  ValueId x = builder.input("x", DType::kFloat32, {1024});
  for (int i = 0; i < 20; ++i) {
    x = builder.apply(OpKind::kAffine, ops::AffineAttributes{{2.0F}, {0.0F}}, {x}, "double");
  }
  builder.output("y", x);
  const auto plan = reference_engine().compile(program, nullptr);
  EXPECT_LE(plan->report().arena_bytes, 2 * 1024 * sizeof(float));
  plan->bind_input(0, floats({1024}, std::vector<float>(1024, 1.0F)));
  plan->run({});
  EXPECT_EQ(plan->output(0).data<float>()[1023], 1048576.0F);
}

TEST(ReferenceEngine, UnboundInputIsNamed) {
  const auto plan = reference_engine().compile(step_program(), step_variables());
  expect_error<EngineError>([&] { plan->run({}); }, "E001",
                            "input `Small` of the plan is not bound");
}

TEST(ReferenceEngine, WrongBindingSaysWhatCameAndWhatWasExpected) {
  const auto plan = reference_engine().compile(step_program(), step_variables());
  expect_error<ShapeError>(
      [&] {
        plan->bind_input(0, floats({3}, {1, 2, 3}));
      },
      "S002", "input `Small` of the plan is float32 (2,), but float32 (3,) came");
  expect_error<ShapeError>([&] { plan->bind_input(0, Tensor(DType::kInt32, Shape{2})); }, "S002",
                           "input `Small` of the plan is float32 (2,), but int32 (2,) came");
  expect_error<ShapeError>([&] { plan->bind_input(0, Tensor()); }, "S002", "an undefined tensor");
  expect_error<EngineError>([&] { plan->bind_input(7, Tensor()); }, "E001",
                            "input 7 of the plan does not exist; there are 1");
  expect_error<EngineError>([&] { (void)plan->output(1); }, "E001",
                            "output 1 of the plan does not exist; there are 1");
}

TEST(ReferenceEngine, WrongWeightsAreRefused) {
  const auto variables = step_variables();
  expect_error<ShapeError>(
      [&] {
        variables->write(0, floats({3}, {1, 2, 3}));
      },
      "W001", "weights of float32 (3,) came for `scale/w`, which is float32 (2,)");
  EXPECT_THAT(list(variables->read(0)), ElementsAre(10, 20));
  expect_error<EngineError>([&] { (void)variables->read(4); }, "E001",
                            "variable 4 does not exist; there are 1");
}

TEST(ReferenceEngine, VariablesMustFitTheProgram) {
  expect_error<ShapeError>(
      [] {
        reference_engine().compile(step_program(),
                                   reference_engine().create_variables({{"other", {5}}}));
      },
      "W001", "the program takes `scale/w` as float32 (2,), but variable 0 is float32 (5,)");
  expect_error<EngineError>([] { reference_engine().compile(step_program(), nullptr); }, "E001",
                            "the program uses the variable `scale/w`, but none were given");
}

class OtherVariables final : public Variables {
 public:
  const std::vector<VariableSpec>& specs() const noexcept override { return specs_; }
  Tensor read(std::int32_t) const override { return {}; }
  void write(std::int32_t, const Tensor&) override {}

 private:
  std::vector<VariableSpec> specs_;
};

TEST(ReferenceEngine, VariablesOfAnotherEngineAreRefused) {
  expect_error<EngineError>(
      [] { reference_engine().compile(step_program(), std::make_shared<OtherVariables>()); },
      "E001", "made by another engine than `reference`");
}

TEST(ReferenceEngine, ArithmeticInBFloat16IsRefusedAtCompile) {
  ops::Program program;
  ops::Builder builder(program);
  const ValueId x = builder.input("x", DType::kBFloat16, {2});
  builder.output("y", builder.apply(OpKind::kAdd, ops::NoAttributes{}, {x, x}, "sum"));
  expect_error<EngineError>([&] { reference_engine().compile(program, nullptr); }, "E001",
                            "cannot run add (`sum`): port 0 is bfloat16");
}

TEST(ReferenceEngine, Float64ValuesOfAProgramAreComputedInDouble) {
  ops::Program program;
  ops::Builder builder(program);
  const ValueId x = builder.input("x", DType::kFloat64, {1});
  builder.output("y", builder.apply(OpKind::kAdd, ops::NoAttributes{}, {x, x}, "sum"));
  const auto plan = reference_engine().compile(program, nullptr);
  plan->bind_input(0, Tensor::from(Shape{1}, std::vector<double>{1e-300}));
  plan->run({});
  EXPECT_EQ(plan->output(0).item<double>(), 2e-300);
}

}  // namespace
}  // namespace tenon::backend
