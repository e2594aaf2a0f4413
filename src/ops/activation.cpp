#include "ops/families.hpp"
#include "ops/shape_rule.hpp"

namespace tenon::ops {
namespace {

void infer_forward(InferContext& context) {
  attributes_of<ActivationAttributes>(context);
  set_output(context, 0, require_one_floating_dtype(context), input_shape(context, 0));
}

void infer_backward(InferContext& context) {
  attributes_of<ActivationAttributes>(context);
  const DType dtype = require_one_floating_dtype(context);
  require_input_shape(context, 1, input_shape(context, 0));
  set_output(context, 0, dtype, input_shape(context, 0));
}

std::vector<ValueId> forward_gradient(Builder& builder, const Node& node,
                                      const std::vector<ValueId>& output_gradients,
                                      const std::vector<bool>& /*wanted*/) {
  const auto& attributes = attributes_of<ActivationAttributes>(node);
  if (attributes.kind == ActivationKind::kLinear) return {output_gradients[0]};
  const ValueId source = activation_uses_output(attributes) ? node.outputs[0] : node.inputs[0];
  return {builder.apply(OpKind::kActivationBackward, attributes, {source, output_gradients[0]},
                        gradient_name(node))};
}

}  // namespace

bool activation_uses_output(const ActivationAttributes& attributes) noexcept {
  switch (attributes.kind) {
    case ActivationKind::kRelu:
      return attributes.threshold == 0.0F && attributes.beta >= 0.0F;
    case ActivationKind::kLeakyRelu:
      return attributes.beta >= 0.0F;
    case ActivationKind::kElu:
      return attributes.alpha >= 0.0F;
    case ActivationKind::kLinear:
    case ActivationKind::kSigmoid:
    case ActivationKind::kTanh:
    case ActivationKind::kSelu:
    case ActivationKind::kExponential:
      return true;
    default:
      return false;
  }
}

std::string_view name_of(ActivationKind kind) noexcept {
  switch (kind) {
    case ActivationKind::kLinear:
      return "linear";
    case ActivationKind::kRelu:
      return "relu";
    case ActivationKind::kSigmoid:
      return "sigmoid";
    case ActivationKind::kTanh:
      return "tanh";
    case ActivationKind::kElu:
      return "elu";
    case ActivationKind::kSelu:
      return "selu";
    case ActivationKind::kGelu:
      return "gelu";
    case ActivationKind::kGeluTanh:
      return "gelu_tanh";
    case ActivationKind::kSilu:
      return "silu";
    case ActivationKind::kLeakyRelu:
      return "leaky_relu";
    case ActivationKind::kSoftplus:
      return "softplus";
    case ActivationKind::kSoftsign:
      return "softsign";
    case ActivationKind::kExponential:
      return "exponential";
    case ActivationKind::kHardSigmoid:
      return "hard_sigmoid";
    case ActivationKind::kHardSilu:
      return "hard_silu";
    case ActivationKind::kMish:
      return "mish";
    case ActivationKind::kLogSigmoid:
      return "log_sigmoid";
  }
  return "(no activation)";
}

std::vector<Descriptor> activation_descriptors() {
  return {
      {.kind = OpKind::kActivation,
       .name = "activation",
       .inputs = {{"x"}},
       .outputs = {{"y"}},
       .infer = infer_forward,
       .gradient = forward_gradient},
      {.kind = OpKind::kActivationBackward,
       .name = "activation_backward",
       .inputs = {{"y or x"}, {"dy"}},
       .outputs = {{"dx"}},
       .infer = infer_backward},
  };
}

}  // namespace tenon::ops
