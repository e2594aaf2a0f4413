#include <fmt/format.h>

#include "ops/families.hpp"
#include "ops/shape_rule.hpp"

namespace tenon::ops {
namespace {

void infer_clip(InferContext& context) {
  const double limit = attributes_of<ClipAttributes>(context).limit;
  if (!(limit > 0.0)) {
    fail_attribute(context, fmt::format("the limit is {}, expected more than 0", limit));
  }
  const DType dtype = require_one_floating_dtype(context);
  for (std::size_t i = 0; i < context.node.inputs.size(); ++i) {
    set_output(context, i, dtype, input_shape(context, i));
  }
}

void infer_update(InferContext& context) {
  attributes_of<OptimizerAttributes>(context);
  require_one_floating_dtype(context);
  for (std::size_t i = 1; i < context.node.inputs.size(); ++i) {
    if (has_input(context, i)) require_input_shape(context, i, input_shape(context, 0));
  }
}

/// An optional slot is there exactly when the attributes ask for it.
void require_slot(const InferContext& context, std::size_t port, bool wanted,
                  std::string_view reason) {
  if (has_input(context, port) == wanted) return;
  fail_attribute(context,
                 fmt::format("the slot {} is {}, but {} is {}",
                             port_at(descriptor(context.node.kind).inputs, port).name,
                             wanted ? "missing" : "connected", reason, wanted ? "on" : "off"));
}

void infer_sgd(InferContext& context) {
  infer_update(context);
  require_slot(context, 2, attributes_of<OptimizerAttributes>(context).momentum != 0.0, "momentum");
}

void infer_adam(InferContext& context) {
  infer_update(context);
  require_slot(context, 4, attributes_of<OptimizerAttributes>(context).amsgrad, "amsgrad");
}

void infer_rmsprop(InferContext& context) {
  infer_update(context);
  const auto& attributes = attributes_of<OptimizerAttributes>(context);
  require_slot(context, 3, attributes.momentum != 0.0, "momentum");
  require_slot(context, 4, attributes.centered, "centered");
}

double weight_elements(const Program& program, const Node& node) {
  return static_cast<double>(program.value(node.inputs[0]).shape.element_count());
}
double sgd_operations(const Program& program, const Node& node) {
  return 4.0 * weight_elements(program, node);
}
double adam_operations(const Program& program, const Node& node) {
  return 12.0 * weight_elements(program, node);
}
double rmsprop_operations(const Program& program, const Node& node) {
  return 10.0 * weight_elements(program, node);
}
double norm_operations(const Program& program, const Node& node) {
  double count = 0.0;
  for (const ValueId id : node.inputs) {
    count += 3.0 * static_cast<double>(program.value(id).shape.element_count());
  }
  return count;
}

Descriptor clip(OpKind kind, std::string_view name,
                double (*operations)(const Program&, const Node&)) {
  const bool variadic = kind == OpKind::kClipByGlobalNorm;
  return {.kind = kind,
          .name = name,
          .inputs = {{.name = "g", .variadic = variadic}},
          .outputs = {{.name = "clipped", .variadic = variadic}},
          .infer = infer_clip,
          .floating_point_operations = operations};
}

Port slot(std::string_view name) { return {.name = name, .written = true}; }
Port optional_slot(std::string_view name) {
  return {.name = name, .optional = true, .written = true};
}

}  // namespace

std::vector<Descriptor> optimizer_descriptors() {
  return {
      clip(OpKind::kClipByValue, "clip_by_value", nullptr),
      clip(OpKind::kClipByNorm, "clip_by_norm", norm_operations),
      clip(OpKind::kClipByGlobalNorm, "clip_by_global_norm", norm_operations),
      {.kind = OpKind::kSgdUpdate,
       .name = "sgd_update",
       .inputs = {slot("w"), {"g"}, optional_slot("momentum")},
       .outputs = {},
       .infer = infer_sgd,
       .floating_point_operations = sgd_operations},
      {.kind = OpKind::kAdamUpdate,
       .name = "adam_update",
       .inputs = {slot("w"), {"g"}, slot("m"), slot("v"), optional_slot("vhat")},
       .outputs = {},
       .infer = infer_adam,
       .floating_point_operations = adam_operations},
      {.kind = OpKind::kRmspropUpdate,
       .name = "rmsprop_update",
       .inputs = {slot("w"),
                  {"g"},
                  slot("velocity"),
                  optional_slot("momentum"),
                  optional_slot("average_gradient")},
       .outputs = {},
       .infer = infer_rmsprop,
       .floating_point_operations = rmsprop_operations},
  };
}

}  // namespace tenon::ops
