#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "ops/op.hpp"

namespace tenon::ops {

/// Index of a value in Program::values.
using ValueId = std::int32_t;
inline constexpr ValueId kNoValue = -1;  ///< An optional port that is not connected.

enum class ValueKind : std::uint8_t { kIntermediate, kInput, kVariable, kConstant };

/// A tensor of the program, of known dtype and shape. Opaque values (workspaces, masks) have the
/// shape (0) and a size that the engine decides.
struct Value {
  ValueKind kind = ValueKind::kIntermediate;
  DType dtype = DType::kFloat32;
  Shape shape;
  std::string name;        ///< Where it came from, for people: "small_conv/kernel".
  std::int32_t slot = -1;  ///< kInput: index of Program::inputs; kVariable: index of the variable.
  float constant = 0.0F;   ///< kConstant: the value of every element.
  bool opaque = false;
};

/// One operation. Single assignment: every intermediate value is the output of one node, which
/// stands behind the nodes of its inputs. Variables are written only by the update ops.
struct Node {
  OpKind kind = OpKind::kReshape;
  Attributes attributes;
  std::vector<ValueId> inputs;
  std::vector<ValueId> outputs;
  std::string name;  ///< The layer or the role it came from: "small_conv", "loss/cell".
};

struct NamedValue {
  std::string name;
  ValueId value = kNoValue;
};

/// A list of nodes in order, for one batch size: forward only, or forward, loss, backward and
/// update.
struct Program {
  /// A deque: references to values (and their shapes) stay valid while more are added.
  std::deque<Value> values;
  std::vector<Node> nodes;
  std::vector<NamedValue> inputs;   ///< To be bound before each run: "Small", "target/cell", …
  std::vector<NamedValue> outputs;  ///< To be read after a run: "cell", "loss", "loss/cell", …

  const Value& value(ValueId id) const { return values[static_cast<std::size_t>(id)]; }
};

/// Appends nodes with their outputs' shapes and dtypes inferred. Every function throws ShapeError
/// (with the node's name) where inputs do not fit the op. Layers and losses lower through this.
class Builder {
 public:
  explicit Builder(Program& program) : program_(program) {}

  /// Throws ModelError (M001) if an input of that name exists.
  ValueId input(std::string name, DType dtype, Shape shape);
  /// The value of variable `slot`; asked for again, the same value. Throws ModelError if it was of
  /// another shape or dtype then.
  ValueId variable(std::int32_t slot, std::string name, Shape shape, DType dtype = DType::kFloat32);
  ValueId constant(float value, Shape shape, DType dtype = DType::kFloat32);
  /// Throws ModelError (M001) if an output of that name exists.
  void output(std::string name, ValueId value);

  /// Appends a node; the outputs are made by the op's shape rule. `wanted_outputs` tells for ops
  /// with optional outputs which are wanted (empty: all); the others are kNoValue. Optional inputs
  /// at the end may be left out: the node gets kNoValue for them, so that its inputs follow its
  /// ports one to one.
  std::vector<ValueId> append(OpKind kind, Attributes attributes, std::vector<ValueId> inputs,
                              std::string name, std::vector<bool> wanted_outputs = {});
  /// … with all outputs, and returns the first; kNoValue for an op that has none. Optional outputs
  /// that nobody reads are taken away by remove_dead_nodes.
  ValueId apply(OpKind kind, Attributes attributes, std::vector<ValueId> inputs, std::string name);

  const Shape& shape(ValueId id) const { return program_.value(id).shape; }
  DType dtype(ValueId id) const { return program_.value(id).dtype; }
  Program& program() noexcept { return program_; }

 private:
  Program& program_;
};

/// Appends the backward pass: gradients of the scalar `loss` with respect to each of `targets`
/// (variables or inputs). One result per target, kNoValue where the loss does not depend on it.
/// Gradients of a value that is used several times are added with one kAddN.
std::vector<ValueId> append_gradients(Program& program, ValueId loss,
                                      const std::vector<ValueId>& targets);

/// Checks the invariants of single assignment, order, arity and shapes; throws ModelError.
void validate(const Program& program);

/// For people: a line per node.
std::string to_string(const Program& program);

/// Removes nodes whose outputs nobody reads and that write no variable; keeps the order and the
/// ids of values. An optional output of a kept node becomes kNoValue where nobody reads it.
void remove_dead_nodes(Program& program);

}  // namespace tenon::ops
