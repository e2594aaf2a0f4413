#include <algorithm>

#include "backend/onednn/lowering.hpp"

namespace tenon::backend::onednn {
namespace {

using ops::OpKind;
using ops::ValueId;

bool is_variable(const Graph& graph, ValueId id) {
  return id != ops::kNoValue && graph.value(id).kind == ops::ValueKind::kVariable;
}

/// The layout that a forward op wants its kernel in.
Layout kernel_layout(const Graph& graph, const GraphNode& node) {
  if (node.kind == NodeKind::kDenseFew) return dense_few_kernel_layout(graph, node);
  if (node.op.kind == OpKind::kConvolution) return convolution_kernel_layout(graph, node);
  return dense_kernel_layout(graph, node);
}

void settle_kernels(const Graph& graph, OnednnVariables& variables) {
  for (const GraphNode& node : graph.nodes) {
    const bool forward = node.kind == NodeKind::kDenseFew ||
                         (node.kind == NodeKind::kSingle &&
                          (node.op.kind == OpKind::kConvolution || node.op.kind == OpKind::kDense));
    if (!forward || !is_variable(graph, node.op.inputs[1])) continue;
    const std::int32_t slot = graph.value(node.op.inputs[1]).slot;
    if (!variables.settled(slot)) variables.settle(slot, kernel_layout(graph, node));
  }
}

// An optimizer's slots lie as their weight does. A slot that an earlier plan settled otherwise
// would be a slot of two weights, which no optimizer has.
void settle_slots(const Graph& graph, const ops::Node& update, OnednnVariables& variables) {
  const std::int32_t weight = graph.value(update.inputs[0]).slot;
  variables.settle(weight, std::nullopt);
  for (std::size_t port = 2; port < update.inputs.size(); ++port) {
    if (!is_variable(graph, update.inputs[port])) continue;
    variables.settle(graph.value(update.inputs[port]).slot, variables.layout(weight));
  }
}

// The weights of a group, and then each of its slots.
void gather_group(const Graph& graph, const GraphNode& group, OnednnVariables& variables,
                  const VariableMemory* home) {
  for (const std::size_t port : {0U, 2U, 3U, 4U}) {
    std::vector<std::int32_t> row;
    for (const ops::Node& update : group.group) {
      if (port >= update.inputs.size() || !is_variable(graph, update.inputs[port])) continue;
      row.push_back(graph.value(update.inputs[port]).slot);
    }
    variables.gather(row, home);
  }
}

// Of those that are like another, by when that one is settled.
void settle_alike(OnednnVariables& variables) {
  for (std::size_t slot = 0; slot < variables.specs().size(); ++slot) {
    const std::int32_t like = variables.specs()[slot].like;
    if (like < 0 || !variables.settled(like)) continue;
    variables.settle(static_cast<std::int32_t>(slot), variables.layout(like));
  }
}

}  // namespace

void settle_variables(const Graph& graph, OnednnVariables& variables, const VariableMemory* home) {
  settle_kernels(graph, variables);
  settle_alike(variables);
  for (const GraphNode& node : graph.nodes) {
    for (const ops::Node& update : updates_of(node)) settle_slots(graph, update, variables);
  }
  for (const ops::Value& value : graph.program->values) {
    if (value.kind == ops::ValueKind::kVariable) variables.settle(value.slot, std::nullopt);
  }
  for (const GraphNode& node : graph.nodes) {
    if (node.contiguous) gather_group(graph, node, variables, home);
  }
}

}  // namespace tenon::backend::onednn
