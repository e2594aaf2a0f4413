#include <string>

#include "op_cases.hpp"

namespace tenon::backend::cases {
namespace {

using ops::ActivationAttributes;
using ops::ActivationKind;
using ops::AffineAttributes;
using ops::AxisAttributes;
using ops::DropoutAttributes;
using ops::NoAttributes;
using ops::OpKind;
using ops::PenaltyAttributes;
using ops::ShapeAttributes;

OpCase binary(const std::string& name, OpKind kind, const Shape& a, const Shape& b) {
  return simple_case(std::string(ops::name_of(kind)) + "/" + name, kind, NoAttributes{},
                     {{.name = "a", .shape = a}, {.name = "b", .shape = b}});
}

std::vector<OpCase> arithmetic_cases() {
  std::vector<OpCase> all;
  for (const OpKind kind :
       {OpKind::kAdd, OpKind::kSubtract, OpKind::kMultiply, OpKind::kMaximum, OpKind::kMinimum}) {
    all.push_back(binary("same", kind, {3, 4}, {3, 4}));
    all.push_back(binary("last_axis", kind, {2, 3, 4}, {4}));
    all.push_back(binary("both_ways", kind, {2, 1, 4}, {3, 1}));
    all.push_back(binary("per_image_and_channel", kind, {2, 3, 3, 5}, {2, 1, 1, 5}));
    all.push_back(binary("scalar", kind, {}, {2, 3}));
  }
  const auto input = [](const std::string& name, const Shape& shape) {
    return InputSpec{.name = name, .shape = shape};
  };
  const auto reduce = [&](const std::string& name, const Shape& x, const Shape& y) {
    return simple_case("reduce_sum/" + name, OpKind::kReduceSum, ShapeAttributes{y},
                       {input("x", x)});
  };
  all.push_back(simple_case("add_n/one", OpKind::kAddN, NoAttributes{}, {input("a", {2, 3})}));
  all.push_back(simple_case("add_n/three", OpKind::kAddN, NoAttributes{},
                            {input("a", {2, 5}), input("b", {2, 5}), input("c", {2, 5})}));
  all.push_back(reduce("to_scalar", {2, 3, 4}, {}));
  all.push_back(reduce("to_channels", {2, 3, 4, 5}, {5}));
  all.push_back(reduce("inner_axes", {2, 3, 4, 5}, {2, 1, 1, 5}));
  all.push_back(reduce("last_axis", {3, 4}, {3, 1}));
  all.push_back(simple_case("affine/one", OpKind::kAffine, AffineAttributes{{2.5F}, {-0.5F}},
                            {input("x", {2, 3, 4})}));
  all.push_back(simple_case("affine/per_channel", OpKind::kAffine,
                            AffineAttributes{{1.0F, -2.0F, 0.5F}, {0.1F, 0.2F, 0.3F}},
                            {input("x", {2, 2, 2, 3})}));
  return all;
}

OpCase activation(const std::string& name, const ActivationAttributes& attributes) {
  return simple_case("activation/" + name, OpKind::kActivation, attributes,
                     {{.name = "x", .shape = {3, 5, 7}, .low = -4.0F, .high = 4.0F}});
}

std::vector<OpCase> activation_cases() {
  return {
      activation("linear", {.kind = ActivationKind::kLinear}),
      activation("relu", {.kind = ActivationKind::kRelu}),
      activation("relu6",
                 {.kind = ActivationKind::kRelu, .max_value = 3.0F, .has_max_value = true}),
      activation("relu_all", {.kind = ActivationKind::kRelu,
                              .beta = 0.1F,
                              .threshold = 0.2F,
                              .max_value = 2.0F,
                              .has_max_value = true}),
      activation("relu_negative_slope", {.kind = ActivationKind::kRelu, .beta = -0.5F}),
      activation("relu_slope", {.kind = ActivationKind::kRelu, .beta = 0.25F}),
      activation("sigmoid", {.kind = ActivationKind::kSigmoid}),
      activation("tanh", {.kind = ActivationKind::kTanh}),
      activation("elu", {.kind = ActivationKind::kElu, .alpha = 0.7F}),
      activation("elu_negative_alpha", {.kind = ActivationKind::kElu, .alpha = -0.7F}),
      activation("selu", {.kind = ActivationKind::kSelu}),
      activation("gelu", {.kind = ActivationKind::kGelu}),
      activation("gelu_tanh", {.kind = ActivationKind::kGeluTanh}),
      activation("silu", {.kind = ActivationKind::kSilu}),
      activation("leaky_relu", {.kind = ActivationKind::kLeakyRelu, .beta = 0.2F}),
      activation("leaky_relu_negative", {.kind = ActivationKind::kLeakyRelu, .beta = -0.2F}),
      activation("softplus", {.kind = ActivationKind::kSoftplus}),
      activation("softsign", {.kind = ActivationKind::kSoftsign}),
      activation("exponential", {.kind = ActivationKind::kExponential}),
      activation("hard_sigmoid", {.kind = ActivationKind::kHardSigmoid}),
      activation("hard_silu", {.kind = ActivationKind::kHardSilu}),
      activation("mish", {.kind = ActivationKind::kMish}),
      activation("log_sigmoid", {.kind = ActivationKind::kLogSigmoid}),
  };
}

std::vector<OpCase> softmax_cases() {
  std::vector<OpCase> all;
  for (const OpKind kind : {OpKind::kSoftmax, OpKind::kLogSoftmax}) {
    const auto make = [&](const std::string& name, const Shape& x, int axis) {
      return simple_case(std::string(ops::name_of(kind)) + "/" + name, kind, AxisAttributes{axis},
                         {{.name = "x", .shape = x, .low = -3.0F, .high = 3.0F}});
    };
    all.push_back(make("rows", {4, 5}, -1));
    all.push_back(make("two_classes", {3, 2}, -1));
    all.push_back(make("middle_axis", {2, 3, 4}, 1));
    all.push_back(make("images", {2, 3, 2, 6}, 3));
  }
  return all;
}

std::vector<OpCase> dense_cases() {
  const auto make = [](const std::string& name, std::int64_t rows, std::int64_t inputs,
                       std::int64_t outputs, bool bias) {
    std::vector<InputSpec> specs = {{.name = "x", .shape = {rows, inputs}},
                                    {.name = "kernel", .shape = {inputs, outputs}}};
    if (bias) {
      specs.push_back({.name = "bias", .shape = {outputs}});
    }
    return simple_case("dense/" + name, OpKind::kDense, NoAttributes{}, specs);
  };
  return {make("bias", 3, 4, 5, true),     make("no_bias", 4, 7, 3, false),
          make("one_unit", 5, 9, 1, true), make("one_row", 1, 6, 8, true),
          make("wide", 2, 33, 17, true),   make("many_rows", 37, 5, 20, true)};
}

std::vector<OpCase> regularization_cases() {
  const auto dropout = [](const std::string& name, const Shape& x,
                          const DropoutAttributes& attributes) {
    return simple_case("dropout/" + name, OpKind::kDropout, attributes,
                       {{.name = "x", .shape = x}});
  };
  const auto penalty = [](const std::string& name, double l1, double l2) {
    return simple_case("l1_l2_penalty/" + name, OpKind::kL1L2Penalty, PenaltyAttributes{l1, l2},
                       {{.name = "w", .shape = {3, 4, 2}}});
  };
  return {
      dropout("half", {5, 13}, {.rate = 0.5, .seed = 7, .stream = 1}),
      dropout("none", {3, 4}, {.rate = 0.0}),
      dropout("most", {2, 3, 4, 5}, {.rate = 0.8, .seed = 1}),
      dropout("per_channel", {2, 3, 3, 4}, {.rate = 0.5, .stream = 2, .noise_shape = {2, 1, 1, 4}}),
      penalty("l1", 0.1, 0.0),
      penalty("l2", 0.0, 0.2),
      penalty("both", 0.3, 0.01),
  };
}

}  // namespace

std::vector<OpCase> element_cases() {
  std::vector<OpCase> all;
  for (auto* family :
       {arithmetic_cases, activation_cases, softmax_cases, dense_cases, regularization_cases}) {
    for (OpCase& one : family()) {
      all.push_back(std::move(one));
    }
  }
  return all;
}

}  // namespace tenon::backend::cases
