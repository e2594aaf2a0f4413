#include "graph/lower_context.hpp"

#include "graph/activations.hpp"

namespace tenon::graph {

ops::ValueId LowerContext::weight(std::string_view name) const {
  for (const auto& variable : layer_.weights()) {
    if (variable->name() == name) return value_of_(*variable);
  }
  return ops::kNoValue;
}

ops::ValueId LowerContext::apply(ops::OpKind kind, ops::Attributes attributes,
                                 std::vector<ops::ValueId> inputs) {
  return builder_.apply(kind, std::move(attributes), std::move(inputs), layer_.name());
}

std::vector<ops::ValueId> LowerContext::append(ops::OpKind kind, ops::Attributes attributes,
                                               std::vector<ops::ValueId> inputs) {
  return builder_.append(kind, std::move(attributes), std::move(inputs), layer_.name());
}

ops::ValueId LowerContext::reshape(ops::ValueId value, const Shape& shape) {
  if (builder_.shape(value) == shape) return value;
  return apply(ops::OpKind::kReshape, ops::ShapeAttributes{shape}, {value});
}

ops::ValueId LowerContext::activation(const std::string& word, ops::ValueId value) {
  return append_activation(builder_, word, value, layer_.name());
}

}  // namespace tenon::graph
