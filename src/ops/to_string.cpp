#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iterator>
#include <string>
#include <type_traits>

#include "ops/descriptor.hpp"
#include "ops/program.hpp"

namespace tenon::ops {
namespace {

std::string describe(const NoAttributes& /*attributes*/) { return ""; }
std::string describe(const ConvolutionAttributes& a) {
  return fmt::format("strides {}, padding {} {}, dilation {}, groups {}", a.strides, a.pad_before,
                     a.pad_after, a.dilation, a.groups);
}
std::string describe(const PoolingAttributes& a) {
  return fmt::format("window {}, strides {}, padding {} {}", a.window, a.strides, a.pad_before,
                     a.pad_after);
}
std::string describe(const ShapeAttributes& a) { return a.shape.to_string(); }
std::string describe(const PermutationAttributes& a) { return fmt::format("axes {}", a.axes); }
std::string describe(const AxisAttributes& a) { return fmt::format("axis {}", a.axis); }
std::string describe(const RangeAttributes& a) { return fmt::format("{} {}", a.begin, a.end); }
std::string describe(const AffineAttributes& a) {
  return fmt::format("scale {}, offset {}", a.scale, a.offset);
}
std::string describe(const NormalizationAttributes& a) {
  return fmt::format("epsilon {}{}", a.epsilon, a.synchronized ? ", synchronized" : "");
}
std::string describe(const MovingAverageAttributes& a) {
  return fmt::format("momentum {}", a.momentum);
}
std::string describe(const DropoutAttributes& a) { return fmt::format("rate {}", a.rate); }
std::string describe(const PenaltyAttributes& a) { return fmt::format("l1 {}, l2 {}", a.l1, a.l2); }
std::string describe(const UpSamplingAttributes& a) {
  return fmt::format("{} {}", a.bilinear ? "bilinear" : "nearest", a.size);
}
std::string describe(const ClipAttributes& a) { return fmt::format("limit {}", a.limit); }
std::string describe(const CastAttributes& a) { return std::string(tenon::name_of(a.dtype)); }
std::string describe(const OptimizerAttributes& a) {
  return a.weight_decay == 0.0 ? "" : fmt::format("weight_decay {}", a.weight_decay);
}
std::string describe(const ActivationAttributes& a) { return std::string(name_of(a.kind)); }
std::string describe(const LossAttributes& a) {
  return fmt::format("{}, weight {}", name_of(a.kind), a.weight);
}

std::string reference(const Program& program, ValueId id) {
  if (id == kNoValue) return "-";
  const Value& value = program.value(id);
  switch (value.kind) {
    case ValueKind::kVariable:
    case ValueKind::kInput:
      return value.name;
    case ValueKind::kConstant:
      return fmt::format("{}", value.constant);
    case ValueKind::kIntermediate:
      break;
  }
  return fmt::format("%{}", id);
}

std::string result(const Program& program, ValueId id) {
  if (id == kNoValue) return "-";
  const Value& value = program.value(id);
  return value.opaque
             ? fmt::format("%{} opaque", id)
             : fmt::format("%{} {} {}", id, short_name_of(value.dtype), value.shape.to_string());
}

std::string line(const Program& program, const Node& node) {
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  for (const ValueId id : node.inputs) inputs.push_back(reference(program, id));
  for (const ValueId id : node.outputs) outputs.push_back(result(program, id));
  const std::string attributes =
      std::visit([](const auto& alternative) { return describe(alternative); }, node.attributes);
  return fmt::format("{}{}{}({}){}  # {}\n", fmt::join(outputs, ", "), outputs.empty() ? "" : " = ",
                     name_of(node.kind), fmt::join(inputs, ", "),
                     attributes.empty() ? "" : " [" + attributes + "]", node.name);
}

}  // namespace

std::string to_string(const Program& program) {
  std::string text;
  for (const auto& [name, id] : program.inputs) {
    text += fmt::format("input {} {} {}\n", name, short_name_of(program.value(id).dtype),
                        program.value(id).shape.to_string());
  }
  for (const Node& node : program.nodes) text += line(program, node);
  for (const auto& [name, id] : program.outputs) {
    text += fmt::format("output {} = {}\n", name, reference(program, id));
  }
  return text;
}

}  // namespace tenon::ops
