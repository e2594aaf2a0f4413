// Batch normalisation, relu and maximum pooling, which the engine does in one.
#include <algorithm>
#include <ostream>

#include "onednn_compare.hpp"

namespace tenon::backend::cases {
namespace {

using ops::OpKind;

struct Chain {
  std::string name;
  Shape x;
  std::vector<std::int64_t> window;
  bool rectified = true;
  float slope = 0.0F;
};

void PrintTo(const Chain& chain, std::ostream* out) { *out << chain.name; }

std::vector<Chain> chains() {
  std::vector<Chain> list;
  for (const std::int64_t channels : {1, 3, 10, 16, 20, 33, 48}) {
    list.push_back({"channels_" + std::to_string(channels), {3, 8, 6, channels}, {2, 2}});
  }
  list.push_back({"odd_sides", {2, 9, 7, 16}, {2, 2}});
  list.push_back({"window_3", {2, 9, 10, 20}, {3, 3}});
  list.push_back({"window_3_by_1", {2, 7, 5, 8}, {3, 1}});
  list.push_back({"no_relu", {2, 6, 6, 18}, {2, 2}, false});
  list.push_back({"leaky", {2, 6, 6, 18}, {2, 2}, true, 0.2F});
  list.push_back({"volume", {2, 4, 6, 4, 20}, {2, 2, 2}});
  list.push_back({"volume_odd_sides", {1, 5, 4, 7, 3}, {2, 2, 3}});
  list.push_back({"large", {8, 32, 32, 32}, {2, 2}});
  return list;
}

OpCase case_of(const Chain& chain) {
  OpCase one;
  one.name = "normalized_pooling/" + chain.name;
  one.kind = OpKind::kBatchNormalizationTraining;
  const std::int64_t channels = chain.x.dim(-1);
  one.inputs = {{.name = "x", .shape = chain.x},
                {.name = "gamma", .shape = {channels}},
                {.name = "beta", .shape = {channels}}};
  one.build = [chain](ops::Builder& builder, const std::vector<ops::ValueId>& in) {
    ops::ValueId y = builder.apply(OpKind::kBatchNormalizationTraining,
                                   ops::NormalizationAttributes{}, in, "normalization");
    if (chain.rectified) {
      y = builder.apply(
          OpKind::kActivation,
          ops::ActivationAttributes{.kind = ops::ActivationKind::kRelu, .beta = chain.slope}, {y},
          "relu");
    }
    const std::vector<std::int64_t> none(chain.window.size(), 0);
    const ops::PoolingAttributes pooling{
        .window = chain.window, .strides = chain.window, .pad_before = none, .pad_after = none};
    return CaseOutputs{{builder.apply(OpKind::kMaxPooling, pooling, {y}, "pooling")}, {}};
  };
  return one;
}

class OnednnNormalizedPooling : public OnednnTestWithParam<Chain> {};

TEST_P(OnednnNormalizedPooling, IsOneStepEachWayAndGivesWhatTheReferenceGives) {
  const CaseProgram program = gradient_program(case_of(GetParam()));
  const auto plan = onednn_engine().compile(program.program, onednn_engine().create_variables({}));
  const auto& steps = plan->report().steps;
  EXPECT_EQ(std::ranges::count(steps, "own:normalized_pooling", &PlanStep::implementation), 2);
  for (const int threads : {1, 2}) {
    expect_like_reference(program, GetParam().name, threads,
                          {.absolute = 1e-5, .relative = 2e-4, .of_largest = 1e-5});
  }
  expect_like_reference(forward_program(case_of(GetParam())), GetParam().name);
}

std::string chain_name(const testing::TestParamInfo<Chain>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(Chains, OnednnNormalizedPooling, testing::ValuesIn(chains()), chain_name);

}  // namespace
}  // namespace tenon::backend::cases
