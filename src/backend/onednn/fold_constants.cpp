#include <algorithm>
#include <optional>

#include "backend/onednn/kernels/activation.hpp"
#include "backend/onednn/passes.hpp"

namespace tenon::backend::onednn {
namespace {

using ops::OpKind;
using ops::ValueId;

float combined(OpKind kind, float a, float b) {
  switch (kind) {
    case OpKind::kSubtract:
      return a - b;
    case OpKind::kMultiply:
      return a * b;
    case OpKind::kMaximum:
      return std::max(a, b);
    case OpKind::kMinimum:
      return std::min(a, b);
    default:
      return a + b;
  }
}

bool is_binary(OpKind kind) {
  return kind == OpKind::kAdd || kind == OpKind::kSubtract || kind == OpKind::kMultiply ||
         kind == OpKind::kMaximum || kind == OpKind::kMinimum;
}

bool only_moves(OpKind kind) {
  return kind == OpKind::kReshape || kind == OpKind::kTranspose || kind == OpKind::kSlice;
}

// Constants of the program are of one number in every element, and so is what is made of them here.
class ConstantFold {
 public:
  explicit ConstantFold(Graph& graph) : graph_(graph), renaming_(graph) {
    for (const ops::Value& value : graph.program->values) {
      graph.constants.push_back(value.kind == ops::ValueKind::kConstant
                                    ? std::optional<float>(value.constant)
                                    : std::nullopt);
    }
  }

  void run() {
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      const GraphNode& node = graph_.nodes[i];
      if (node.kind != NodeKind::kSingle || node.op.outputs.size() != 1) continue;
      const ValueId made = node.op.outputs[0];
      if (made == ops::kNoValue || graph_.value(made).dtype != DType::kFloat32) continue;
      if (const std::optional<float> number = value_of(node.op)) {
        graph_.constants[static_cast<std::size_t>(made)] = number;
        renaming_.remove(i);
      } else if (const ValueId same = same_as(node.op); same != ops::kNoValue) {
        renaming_.replace(i, made, same);
      }
    }
    renaming_.apply();
  }

 private:
  std::optional<float> constant(ValueId id) const {
    const bool is_float = id != ops::kNoValue && graph_.value(id).dtype == DType::kFloat32;
    return is_float ? graph_.constants[static_cast<std::size_t>(id)] : std::nullopt;
  }

  std::optional<float> value_of(const ops::Node& op) const {
    if (op.inputs.empty()) return std::nullopt;
    const std::optional<float> first = constant(op.inputs[0]);
    if (!first) return std::nullopt;
    if (only_moves(op.kind)) return first;
    if (op.kind == OpKind::kAffine) return affine(op, *first);
    if (op.kind == OpKind::kActivation) {
      float y = 0.0F;
      activation_forward(std::get<ops::ActivationAttributes>(op.attributes), 1, &*first, &y, 1);
      return y;
    }
    if (!is_binary(op.kind) && op.kind != OpKind::kAddN) return std::nullopt;
    float sum = *first;
    for (std::size_t i = 1; i < op.inputs.size(); ++i) {
      const std::optional<float> next = constant(op.inputs[i]);
      if (!next) return std::nullopt;
      sum = combined(op.kind, sum, *next);
    }
    return sum;
  }

  static std::optional<float> affine(const ops::Node& op, float x) {
    const auto& attributes = std::get<ops::AffineAttributes>(op.attributes);
    if (attributes.scale.size() != 1 || attributes.offset.size() != 1) return std::nullopt;
    return x * attributes.scale[0] + attributes.offset[0];
  }

  /// The input that the op gives unchanged: x · 1, x + 0, x - 0.
  ValueId same_as(const ops::Node& op) const {
    if (op.kind == OpKind::kAffine) {
      const auto& attributes = std::get<ops::AffineAttributes>(op.attributes);
      const auto all = [](const std::vector<float>& list, float wanted) {
        return std::ranges::all_of(list, [&](float number) { return number == wanted; });
      };
      return all(attributes.scale, 1.0F) && all(attributes.offset, 0.0F) ? op.inputs[0]
                                                                         : ops::kNoValue;
    }
    if (op.kind != OpKind::kAdd && op.kind != OpKind::kSubtract && op.kind != OpKind::kMultiply) {
      return ops::kNoValue;
    }
    const float neutral = op.kind == OpKind::kMultiply ? 1.0F : 0.0F;
    const Shape& shape = graph_.value(op.outputs[0]).shape;
    for (const std::size_t side : {std::size_t{0}, std::size_t{1}}) {
      if (side == 1 && op.kind == OpKind::kSubtract) break;
      const ValueId kept = op.inputs[side];
      if (constant(op.inputs[1 - side]) == neutral && graph_.value(kept).shape == shape) {
        return kept;
      }
    }
    return ops::kNoValue;
  }

  Graph& graph_;
  Renaming renaming_;
};

}  // namespace

void fold_constants(Graph& graph) { ConstantFold(graph).run(); }

}  // namespace tenon::backend::onednn
