// What the engine does not compute at all: operations on constants, and reshapes that are views.
#include <algorithm>

#include "onednn_compare.hpp"
#include "tenon/random.hpp"

namespace tenon::backend::cases {
namespace {

using ops::OpKind;

using OnednnFolds = OnednnTest;

std::size_t steps_of(const CaseProgram& program, const std::vector<std::string>& without) {
  return onednn_engine()
      .compile(program.program, onednn_engine().create_variables({}), {.without_passes = without})
      ->report()
      .steps.size();
}

// (x · (2 · 3 - relu(-1)) + 0) · 1, and a constant that is an output.
CaseProgram constants() {
  CaseProgram result;
  ops::Builder builder(result.program);
  const auto x = builder.input("x", DType::kFloat32, {4, 5});
  result.inputs.push_back(random_uniform({4, 5}, 1));
  const auto apply = [&](OpKind kind, ops::Attributes attributes,
                         std::vector<ops::ValueId> inputs) {
    return builder.apply(kind, std::move(attributes), std::move(inputs), "folded");
  };
  const auto number = [&](float value, const Shape& shape = {}) {
    return builder.constant(value, shape);
  };
  const auto six = apply(OpKind::kMultiply, ops::NoAttributes{}, {number(2.0F), number(3.0F, {5})});
  const auto relu =
      apply(OpKind::kActivation, ops::ActivationAttributes{.kind = ops::ActivationKind::kRelu},
            {number(-1.0F)});
  const auto factor = apply(OpKind::kSubtract, ops::NoAttributes{}, {six, relu});
  auto y = apply(OpKind::kMultiply, ops::NoAttributes{}, {x, factor});
  y = apply(OpKind::kAdd, ops::NoAttributes{}, {y, number(0.0F, {5})});
  y = apply(OpKind::kMultiply, ops::NoAttributes{}, {number(1.0F), y});
  y = apply(OpKind::kAffine, ops::AffineAttributes{.scale = {1.0F}, .offset = {0.0F}}, {y});
  y = apply(OpKind::kActivation, ops::ActivationAttributes{.kind = ops::ActivationKind::kTanh},
            {y});
  builder.output("y", y);
  builder.output("factor", factor);
  return result;
}

TEST_F(OnednnFolds, ConstantsAreComputedOnce) {
  const CaseProgram program = constants();
  EXPECT_EQ(steps_of(program, {}), 2U);  // The product with x, and the tanh.
  EXPECT_EQ(steps_of(program, {"fold_constants"}), 8U);
  expect_like_reference(program, "constants");
  expect_like_reference(program, "constants", 0, {}, Precision::kFloat32, {"fold_constants"});
}

// What broadcasts is no copy: x + 0 of more rows than x stays.
TEST_F(OnednnFolds, WhatBroadcastsStays) {
  CaseProgram program;
  ops::Builder builder(program.program);
  const auto x = builder.input("x", DType::kFloat32, {1, 5});
  program.inputs.push_back(random_uniform({1, 5}, 1));
  builder.output("y", builder.apply(OpKind::kAdd, ops::NoAttributes{},
                                    {x, builder.constant(0.0F, {4, 5})}, "broadcast"));
  EXPECT_EQ(steps_of(program, {}), 1U);
  expect_like_reference(program, "broadcast");
}

// Images through a flattening and back, by way of a transposition of an axis of one element.
CaseProgram reshapes() {
  CaseProgram result;
  ops::Builder builder(result.program);
  const auto x = builder.input("x", DType::kFloat32, {3, 4, 1, 5});
  result.inputs.push_back(random_uniform({3, 4, 1, 5}, 1));
  const auto reshape = [&](ops::ValueId from, const Shape& shape) {
    return builder.apply(OpKind::kReshape, ops::ShapeAttributes{shape}, {from}, "reshape");
  };
  const auto tangent = [&](ops::ValueId from) {
    return builder.apply(OpKind::kActivation,
                         ops::ActivationAttributes{.kind = ops::ActivationKind::kTanh}, {from},
                         "tanh");
  };
  auto y = reshape(reshape(reshape(tangent(x), {60}), {12, 5}), {3, 4, 1, 5});
  y = builder.apply(OpKind::kTranspose, ops::PermutationAttributes{{0, 2, 1, 3}}, {y}, "transpose");
  y = tangent(y);
  builder.output("y", y);
  builder.output("moved", builder.apply(OpKind::kTranspose,
                                        ops::PermutationAttributes{{0, 3, 2, 1}}, {y}, "moved"));
  builder.output("same", reshape(y, {3, 1, 4, 5}));
  return result;
}

TEST_F(OnednnFolds, ReshapesAreViews) {
  const CaseProgram program = reshapes();
  EXPECT_EQ(steps_of(program, {}), 3U);  // Two tanh and what moves elements.
  EXPECT_EQ(steps_of(program, {"fold_reshapes"}), 4U);
  expect_like_reference(program, "reshapes");
  expect_like_reference(program, "reshapes", 0, {}, Precision::kFloat32, {"fold_reshapes"});
}

}  // namespace
}  // namespace tenon::backend::cases
