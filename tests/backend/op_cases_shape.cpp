#include <string>

#include "op_cases.hpp"

namespace tenon::backend::cases {
namespace {

using ops::AxisAttributes;
using ops::CastAttributes;
using ops::OpKind;
using ops::PermutationAttributes;
using ops::RangeAttributes;
using ops::ShapeAttributes;

OpCase make(const std::string& name, OpKind kind, const ops::Attributes& attributes,
            const std::vector<Shape>& shapes) {
  std::vector<InputSpec> inputs;
  for (const Shape& shape : shapes) {
    inputs.push_back({.name = "x" + std::to_string(inputs.size()), .shape = shape});
  }
  return simple_case(std::string(ops::name_of(kind)) + "/" + name, kind, attributes, inputs);
}

/// Class ids and pixels to float: nothing to differentiate.
OpCase cast_from(DType dtype) {
  OpCase one = simple_case("cast/from_" + std::string(name_of(dtype)), OpKind::kCast,
                           CastAttributes{DType::kFloat32},
                           {{.name = "x",
                             .shape = {3, 4},
                             .low = 0.0F,
                             .high = 100.0F,
                             .differentiable = false,
                             .dtype = dtype}});
  auto build = one.build;
  one.build = [build](ops::Builder& builder, const std::vector<ops::ValueId>& values) {
    return CaseOutputs{{}, build(builder, values).differentiable};
  };
  return one;
}

}  // namespace

std::vector<OpCase> shape_cases() {
  return {
      make("flatten", OpKind::kReshape, ShapeAttributes{{2, 24}}, {{2, 2, 3, 4}}),
      make("split", OpKind::kReshape, ShapeAttributes{{2, 3, 2, 2}}, {{2, 12}}),
      make("two_axes", OpKind::kTranspose, PermutationAttributes{{1, 0}}, {{3, 4}}),
      make("cyclic", OpKind::kTranspose, PermutationAttributes{{0, 3, 1, 2}}, {{2, 3, 4, 5}}),
      make("last_axis", OpKind::kConcatenate, AxisAttributes{-1}, {{2, 3}, {2, 4}}),
      make("middle_axis", OpKind::kConcatenate, AxisAttributes{1}, {{2, 3, 4}, {2, 5, 4}}),
      make("three", OpKind::kConcatenate, AxisAttributes{3},
           {{2, 2, 3, 3}, {2, 2, 3, 1}, {2, 2, 3, 8}}),
      make("crop", OpKind::kSlice, RangeAttributes{{0, 1, 2, 0}, {2, 4, 4, 3}}, {{2, 5, 5, 3}}),
      make("column", OpKind::kSlice, RangeAttributes{{0, 2}, {4, 3}}, {{4, 5}}),
      make("uneven", OpKind::kPad, RangeAttributes{{0, 1, 0, 0}, {0, 2, 3, 0}}, {{2, 3, 3, 2}}),
      make("causal", OpKind::kPad, RangeAttributes{{0, 2, 0}, {0, 0, 0}}, {{2, 4, 3}}),
      make("float", OpKind::kCast, CastAttributes{DType::kFloat32}, {{2, 3}}),
      cast_from(DType::kInt32),
      cast_from(DType::kUInt8),
      cast_from(DType::kInt64),
  };
}

}  // namespace tenon::backend::cases
