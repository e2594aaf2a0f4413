#include "ops/families.hpp"
#include "ops/shape_rule.hpp"

namespace tenon::ops {
namespace {

void infer_forward(InferContext& context) {
  const int axis = attributes_of<AxisAttributes>(context).axis;
  const DType dtype = require_one_floating_dtype(context);
  require_axis(context, axis, input_shape(context, 0).rank());
  set_output(context, 0, dtype, input_shape(context, 0));
}

void infer_backward(InferContext& context) {
  infer_forward(context);
  require_input_shape(context, 1, input_shape(context, 0));
}

std::vector<ValueId> forward_gradient(Builder& builder, const Node& node,
                                      const std::vector<ValueId>& output_gradients,
                                      const std::vector<bool>& /*wanted*/) {
  const OpKind backward =
      node.kind == OpKind::kSoftmax ? OpKind::kSoftmaxBackward : OpKind::kLogSoftmaxBackward;
  return {builder.apply(backward, node.attributes, {node.outputs[0], output_gradients[0]},
                        gradient_name(node))};
}

Descriptor forward(OpKind kind, std::string_view name) {
  return {.kind = kind,
          .name = name,
          .inputs = {{"x"}},
          .outputs = {{"y"}},
          .infer = infer_forward,
          .gradient = forward_gradient};
}

Descriptor backward(OpKind kind, std::string_view name) {
  return {.kind = kind,
          .name = name,
          .inputs = {{"y"}, {"dy"}},
          .outputs = {{"dx"}},
          .infer = infer_backward};
}

}  // namespace

std::vector<Descriptor> softmax_descriptors() {
  return {
      forward(OpKind::kSoftmax, "softmax"),
      backward(OpKind::kSoftmaxBackward, "softmax_backward"),
      forward(OpKind::kLogSoftmax, "log_softmax"),
      backward(OpKind::kLogSoftmaxBackward, "log_softmax_backward"),
  };
}

}  // namespace tenon::ops
