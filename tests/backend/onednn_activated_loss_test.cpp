// A sigmoid or softmax and its cross-entropy, which the engine does in one.
#include <algorithm>
#include <ostream>

#include "onednn_compare.hpp"
#include "tenon/error.hpp"
#include "tenon/random.hpp"

namespace tenon::backend::cases {
namespace {

using ops::LossAttributes;
using ops::LossKind;
using ops::LossReduction;
using ops::OpKind;

struct LossChain {
  std::string name;
  Shape logits;
  LossAttributes attributes;
  bool weighted = false;
  float range = 4.0F;  ///< Of the logits.
};

void PrintTo(const LossChain& chain, std::ostream* out) { *out << chain.name; }

std::vector<LossChain> loss_chains() {
  std::vector<LossChain> list;
  for (const std::int64_t classes : {1, 2, 8, 20, 33, 100}) {
    for (const LossKind kind : {LossKind::kBinaryCrossentropy, LossKind::kCategoricalCrossentropy,
                                LossKind::kSparseCategoricalCrossentropy}) {
      const std::string name = std::string(ops::name_of(kind)) + "_" + std::to_string(classes);
      list.push_back({name, {21, classes}, {.kind = kind}});
      list.push_back({name + "_smoothed",
                      {5, 3, classes},
                      {.kind = kind, .label_smoothing = 0.1, .weight = 0.7},
                      true});
      // So far out that Keras clips the probabilities.
      list.push_back({name + "_clipped", {40, classes}, {.kind = kind}, false, 40.0F});
    }
  }
  list.push_back({"sum",
                  {18, 5},
                  {.kind = LossKind::kBinaryCrossentropy, .reduction = LossReduction::kSum},
                  true});
  list.push_back({"mean_by_weight",
                  {18, 5},
                  {.kind = LossKind::kCategoricalCrossentropy,
                   .reduction = LossReduction::kMeanWithSampleWeight},
                  true});
  list.push_back(
      {"many_rows", {40, 32, 32, 4}, {.kind = LossKind::kSparseCategoricalCrossentropy}});
  return list;
}

/// With the gradient by the logits, or without.
CaseProgram program_of(const LossChain& chain, bool backward) {
  CaseProgram result;
  ops::Builder builder(result.program);
  const bool sparse = chain.attributes.kind == LossKind::kSparseCategoricalCrossentropy;
  const auto x = builder.input("logits", DType::kFloat32, chain.logits);
  result.inputs.push_back(random_uniform(chain.logits, 1, -chain.range, chain.range));
  const Shape rows(std::vector<std::int64_t>(chain.logits.begin(), chain.logits.end() - 1));
  const Shape target = sparse ? rows : chain.logits;
  std::vector<ops::ValueId> ports{
      x, builder.input("target", sparse ? DType::kInt32 : DType::kFloat32, target)};
  result.inputs.push_back(
      sparse ? random_integers(target, 2, 0, chain.logits.dim(-1)).cast(DType::kInt32)
             : random_uniform(target, 2));
  if (chain.weighted) {
    ports.push_back(builder.input("weight", DType::kFloat32, {chain.logits[0]}));
    result.inputs.push_back(random_uniform({chain.logits[0]}, 3, 0.1F, 3.0F));
  }
  if (chain.attributes.kind == LossKind::kBinaryCrossentropy) {
    ports[0] = builder.apply(OpKind::kActivation,
                             ops::ActivationAttributes{.kind = ops::ActivationKind::kSigmoid}, {x},
                             "sigmoid");
  } else {
    ports[0] = builder.apply(OpKind::kSoftmax, ops::AxisAttributes{-1}, {x}, "softmax");
  }
  builder.output("prediction", ports[0]);
  const auto made = builder.append(OpKind::kLoss, chain.attributes, ports, "loss");
  builder.output("loss", made[0]);
  builder.output("each", made[1]);
  if (backward) {
    builder.output("gradient", append_gradients(result.program, made[0], {x}).front());
  }
  return result;
}

class OnednnActivatedLoss : public OnednnTestWithParam<LossChain> {};

TEST_P(OnednnActivatedLoss, IsOneStepAndGivesWhatTheReferenceGives) {
  for (const bool backward : {true, false}) {
    const CaseProgram program = program_of(GetParam(), backward);
    const auto plan =
        onednn_engine().compile(program.program, onednn_engine().create_variables({}));
    const auto& steps = plan->report().steps;
    EXPECT_EQ(std::ranges::count(steps, "own:activated_loss", &PlanStep::implementation), 1);
    EXPECT_EQ(steps.size(), 1U);
    for (const int threads : {1, 2}) {
      expect_like_reference(program, GetParam().name, threads,
                            {.absolute = 1e-6, .relative = 2e-4, .of_largest = 2e-6});
    }
  }
}

std::string loss_chain_name(const testing::TestParamInfo<LossChain>& info) {
  return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(Chains, OnednnActivatedLoss, testing::ValuesIn(loss_chains()),
                         loss_chain_name);

using OnednnActivatedLossAlone = OnednnTest;

TEST_F(OnednnActivatedLossAlone, TellsAClassThatThereIsNot) {
  CaseProgram program =
      program_of({"wrong", {3, 4}, {.kind = LossKind::kSparseCategoricalCrossentropy}}, true);
  program.inputs[1].data<std::int32_t>()[1] = 4;
  try {
    run_case(onednn_engine(), program);
    FAIL() << "class 4 of 4 was taken";
  } catch (const DataError& error) {
    EXPECT_NE(std::string(error.what()).find("the target of row 1 is class 4"), std::string::npos);
  }
}

}  // namespace
}  // namespace tenon::backend::cases
