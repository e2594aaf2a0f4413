#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "ops/program.hpp"

namespace tenon::ops {

/// A port of an op.
struct Port {
  std::string_view name;
  bool optional = false;
  bool variadic = false;  ///< Stands for one or more values; only the last port may.
  bool written = false;   ///< A variable that the op updates in place.
  bool opaque = false;    ///< Only the op's backward twin can read it.
};

/// What a shape rule sees and fills. Throws ShapeError with what came and what was expected.
struct InferContext {
  const Program& program;
  const Node& node;
  std::vector<Value> outputs;  ///< One per output port, shape and dtype to be set.
  std::vector<bool> wanted;    ///< One per output port: false for an optional one that is left out.
};

/// Appends the nodes that compute the gradients of `node`'s inputs from those of its outputs.
/// `output_gradients[i]` is kNoValue where nothing flows back; returns one entry per input,
/// kNoValue where there is no gradient. `wanted[i]` tells which inputs' gradients are needed at
/// all.
using GradientRule = std::vector<ValueId> (*)(Builder& builder, const Node& node,
                                              const std::vector<ValueId>& output_gradients,
                                              const std::vector<bool>& wanted);

/// All facts of one primitive op, stated once.
struct Descriptor {
  OpKind kind;
  std::string_view name;
  std::vector<Port> inputs;
  std::vector<Port> outputs;
  void (*infer)(InferContext&);
  GradientRule gradient = nullptr;  ///< nullptr: not differentiable (backward ops, updates).
  /// Multiply-adds counted as two operations, for reports. nullptr: one per output element.
  double (*floating_point_operations)(const Program&, const Node&) = nullptr;
};

const Descriptor& descriptor(OpKind kind);
/// One per OpKind, in its order.
std::span<const Descriptor> all_descriptors();

/// The port that stands for input or output `index`: beyond the last, the variadic one.
const Port& port_at(const std::vector<Port>& ports, std::size_t index);
/// How many outputs `node` has: one per port; of a variadic port, as many as there are inputs.
std::size_t output_count(const Descriptor& descriptor, const Node& node);

/// Checks arity, ports and attributes of `node`, whose inputs are values of `program`, and gives
/// its outputs by the op's shape rule. Throws ShapeError (S002, A001).
std::vector<Value> infer_outputs(const Program& program, const Node& node,
                                 const std::vector<bool>& wanted);

/// The arithmetic of one run of `node`; multiply-adds count as two, moving data as none.
double floating_point_operations(const Program& program, const Node& node);

}  // namespace tenon::ops
