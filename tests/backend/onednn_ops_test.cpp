// Every op of the closed list on the oneDNN engine, forward and gradient, against the reference.
#include <gtest/gtest.h>

#include "onednn_compare.hpp"

namespace tenon::backend::cases {
namespace {

class OnednnOps : public OnednnTestWithParam<OpCase> {};

TEST_P(OnednnOps, GivesWhatTheReferenceGives) {
  expect_like_reference(forward_program(GetParam()), GetParam().name);
}

TEST_P(OnednnOps, GivesItsGradients) {
  const OpCase& op_case = GetParam();
  if (!is_differentiable(op_case)) return;
  expect_like_reference(gradient_program(op_case), op_case.name + " gradient");
  // Dense layers as small as these are oneDNN's only where they are told to be.
  if (op_case.kind != ops::OpKind::kDense) return;
  expect_like_reference(gradient_program(op_case), op_case.name + " gradient by oneDNN", 0, {},
                        Precision::kFloat32, {"small_products"});
}

TEST_P(OnednnOps, GivesTheSameForOneThread) {
  expect_like_reference(forward_program(GetParam()), GetParam().name + " on one thread", 1);
}

void expect_like_reference_in_bfloat16(const CaseProgram& program, const std::string& name) {
  if (!onednn_engine().supports(Precision::kMixedBFloat16)) {
    GTEST_SKIP() << "skipped: " << onednn_engine().obstacle(Precision::kMixedBFloat16);
  }
  // With the kernels that are faster here, and with those of bfloat16.
  for (const std::vector<std::string>& without :
       {std::vector<std::string>{}, std::vector<std::string>{"widen_products"}}) {
    expect_like_reference(program, name, 0, kBFloat16Tolerance, Precision::kMixedBFloat16, without);
  }
}

TEST_P(OnednnOps, GivesWhatTheReferenceGivesInBFloat16) {
  const OpCase& op_case = GetParam();
  expect_like_reference_in_bfloat16(forward_program(op_case), op_case.name);
  if (!is_differentiable(op_case)) return;
  expect_like_reference_in_bfloat16(forward_program(op_case, Surroundings::kBetweenProducts),
                                    op_case.name + " between products");
}

TEST_P(OnednnOps, GivesItsGradientsInBFloat16) {
  const OpCase& op_case = GetParam();
  if (!is_differentiable(op_case)) return;
  expect_like_reference_in_bfloat16(gradient_program(op_case), op_case.name + " gradient");
  expect_like_reference_in_bfloat16(gradient_program(op_case, Surroundings::kBetweenProducts),
                                    op_case.name + " gradient between products");
}

std::string test_name(const testing::TestParamInfo<OpCase>& info) {
  std::string name = info.param.name;
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Cases, OnednnOps, testing::ValuesIn(op_cases()), test_name);

}  // namespace
}  // namespace tenon::backend::cases
