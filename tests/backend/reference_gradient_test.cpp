#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <span>
#include <string>

#include "backend/reference/kernel.hpp"
#include "op_cases.hpp"
#include "ops/descriptor.hpp"

namespace tenon::backend {
namespace {

/// A step at which the error of the difference (h² · third derivative) and that of rounding
/// (1e-16 · loss / h) are both far below the tolerance.
constexpr double kStep = 1e-5;
constexpr double kTolerance = 1e-6;

/// The plan of a case in double, bound to double inputs that can be moved.
class DoubleCase {
 public:
  explicit DoubleCase(const cases::OpCase& op_case) : case_(cases::gradient_program(op_case)) {
    variables_ = reference_engine().create_variables({});
    plan_ =
        reference_engine().compile(case_.program, variables_, {.precision = Precision::kFloat64});
    for (std::size_t i = 0; i < case_.inputs.size(); ++i) {
      const Tensor& given = case_.inputs[i];
      inputs_.push_back(given.dtype() == DType::kFloat32 ? given.cast(DType::kFloat64) : given);
      plan_->bind_input(i, inputs_.back());
    }
  }

  std::size_t num_gradients() const { return case_.differentiated.size(); }
  const std::string& input_name(std::size_t gradient) const {
    return case_.program.inputs[case_.differentiated[gradient]].name;
  }
  std::span<double> input(std::size_t gradient) {
    return inputs_[case_.differentiated[gradient]].data<double>();
  }
  double loss() {
    plan_->run(cases::case_numbers());
    return plan_->output(0).item<double>();
  }
  Tensor gradient(std::size_t index) {
    plan_->run(cases::case_numbers());
    return plan_->output(index + 1).clone();
  }

 private:
  cases::CaseProgram case_;
  std::shared_ptr<Variables> variables_;
  std::unique_ptr<Plan> plan_;
  std::vector<Tensor> inputs_;
};

double central_difference(DoubleCase& run, double& x) {
  const double start = x;
  x = start + kStep;
  const double above = run.loss();
  x = start - kStep;
  const double below = run.loss();
  x = start;
  return (above - below) / (2.0 * kStep);
}

std::vector<cases::OpCase> differentiable_cases() {
  std::vector<cases::OpCase> some;
  for (cases::OpCase& one : cases::op_cases()) {
    if (cases::is_differentiable(one)) {
      some.push_back(std::move(one));
    }
  }
  return some;
}

class ReferenceGradient : public ::testing::TestWithParam<cases::OpCase> {};

TEST_P(ReferenceGradient, EqualsFiniteDifferences) {
  DoubleCase run(GetParam());
  ASSERT_GT(run.num_gradients(), 0U);
  double largest = 0.0;
  for (std::size_t i = 0; i < run.num_gradients(); ++i) {
    const Tensor computed = run.gradient(i);
    const auto values = computed.data<double>();
    const std::span<double> x = run.input(i);
    ASSERT_EQ(values.size(), x.size());
    for (std::size_t j = 0; j < x.size(); ++j) {
      const double expected = central_difference(run, x[j]);
      ASSERT_NEAR(values[j], expected, kTolerance * std::max(1.0, std::abs(expected)))
          << "of " << run.input_name(i) << "[" << j << "]";
      largest = std::max(largest, std::abs(values[j]));
    }
  }
  EXPECT_GT(largest, 1e-3) << "a gradient of nothing but zeros shows nothing";
}

INSTANTIATE_TEST_SUITE_P(Ops, ReferenceGradient, ::testing::ValuesIn(differentiable_cases()),
                         cases::test_name);

TEST(ReferenceCases, EveryOpWithAGradientRuleHasADifferentiableCase) {
  std::set<ops::OpKind> covered;
  for (const cases::OpCase& one : differentiable_cases()) {
    covered.insert(one.kind);
  }
  for (const ops::Descriptor& descriptor : ops::all_descriptors()) {
    if (descriptor.gradient != nullptr) {
      EXPECT_TRUE(covered.contains(descriptor.kind))
          << descriptor.name << " has a gradient rule but no case in op_cases";
    }
  }
}

TEST(ReferenceCases, EveryOpRunsInSomeCase) {
  std::set<ops::OpKind> covered;
  const auto collect = [&covered](const ops::Program& program) {
    for (const ops::Node& node : program.nodes) {
      covered.insert(node.kind);
    }
  };
  for (const cases::OpCase& one : cases::op_cases()) {
    collect(cases::forward_program(one).program);
  }
  for (const cases::OpCase& one : differentiable_cases()) {
    collect(cases::gradient_program(one).program);
  }
  for (const ops::Descriptor& descriptor : ops::all_descriptors()) {
    EXPECT_TRUE(covered.contains(descriptor.kind)) << descriptor.name << " runs in no case";
  }
}

TEST(ReferenceCases, EveryOpHasAKernel) {
  for (int i = 0; i < ops::kOpCount; ++i) {
    const auto kind = static_cast<ops::OpKind>(i);
    const reference::KernelEntry* kernels = reference::find_kernels(kind);
    ASSERT_NE(kernels, nullptr) << ops::name_of(kind) << " has no kernel";
    EXPECT_EQ(kernels->kind, kind);
    EXPECT_NE(kernels->float32, nullptr) << ops::name_of(kind);
    EXPECT_NE(kernels->float64, nullptr) << ops::name_of(kind);
  }
  EXPECT_EQ(reference::find_kernels(ops::OpKind::kCount), nullptr);
}

TEST(ReferenceCases, NamesAreUnique) {
  std::set<std::string> names;
  for (const cases::OpCase& one : cases::op_cases()) {
    EXPECT_TRUE(names.insert(one.name).second) << one.name;
  }
}

/// The float32 run must agree with the double run up to float32's rounding.
TEST(ReferenceCases, Float32AgreesWithFloat64) {
  for (const cases::OpCase& one : cases::op_cases()) {
    const cases::CaseProgram program = cases::forward_program(one);
    const auto single = cases::run_case(reference_engine(), program);
    const auto twice =
        cases::run_case(reference_engine(), program, {.precision = Precision::kFloat64});
    ASSERT_EQ(single.size(), twice.size());
    for (std::size_t i = 0; i < single.size(); ++i) {
      const Tensor a = single[i].cast(DType::kFloat64);
      const Tensor b = twice[i].cast(DType::kFloat64);
      for (std::int64_t j = 0; j < a.size(); ++j) {
        const double expected = b.data<double>()[static_cast<std::size_t>(j)];
        ASSERT_NEAR(a.data<double>()[static_cast<std::size_t>(j)], expected,
                    2e-5 * std::max(1.0, std::abs(expected)))
            << one.name << " result " << i << "[" << j << "]";
      }
    }
  }
}

}  // namespace
}  // namespace tenon::backend
