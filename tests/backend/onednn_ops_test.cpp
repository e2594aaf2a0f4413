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
}

TEST_P(OnednnOps, GivesTheSameForOneThread) {
  expect_like_reference(forward_program(GetParam()), GetParam().name + " on one thread", 1);
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
