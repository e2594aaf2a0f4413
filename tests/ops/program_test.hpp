#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "ops/descriptor.hpp"
#include "ops/program.hpp"
#include "tenon/error.hpp"

namespace tenon::ops {

/// A program to build in, and what the tests of this room ask of it.
class ProgramTest : public ::testing::Test {
 protected:
  ValueId input(Shape shape, DType dtype = DType::kFloat32) {
    return builder.input("input " + std::to_string(program.inputs.size()), dtype, std::move(shape));
  }
  ValueId variable(const std::string& name, Shape shape, DType dtype = DType::kFloat32) {
    return builder.variable(next_slot_++, name, std::move(shape), dtype);
  }

  /// The scalar sum of `value`, a loss that depends on all of it.
  ValueId sum(ValueId value) {
    return builder.apply(OpKind::kReduceSum, ShapeAttributes{}, {value}, "sum");
  }
  /// d sum(value) / d target.
  ValueId gradient(ValueId value, ValueId target) {
    return append_gradients(program, sum(value), {target}).front();
  }

  std::ptrdiff_t count(OpKind kind) const {
    return std::count_if(program.nodes.begin(), program.nodes.end(),
                         [&](const Node& node) { return node.kind == kind; });
  }
  /// The last node of that kind.
  const Node& node_of(OpKind kind) const {
    const auto found = std::find_if(program.nodes.rbegin(), program.nodes.rend(),
                                    [&](const Node& node) { return node.kind == kind; });
    if (found == program.nodes.rend()) throw std::runtime_error("no such node");
    return *found;
  }
  double operations() const { return floating_point_operations(program, program.nodes.back()); }

  /// "S002: message" of the ShapeError that appending throws; "" if it throws none.
  std::string error_of(OpKind kind, Attributes attributes, std::vector<ValueId> inputs,
                       std::vector<bool> wanted = {}) {
    try {
      builder.append(kind, std::move(attributes), std::move(inputs), "layer", std::move(wanted));
    } catch (const ShapeError& error) {
      return error.code() + ": " + error.diagnostics().front().message;
    }
    return "";
  }
  template <class Function>
  static std::string model_error_of(Function function) {
    try {
      function();
    } catch (const ModelError& error) {
      return error.code() + ": " + error.diagnostics().front().message;
    }
    return "";
  }

  Program program;
  Builder builder{program};

 private:
  std::int32_t next_slot_ = 0;
};

}  // namespace tenon::ops
