#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "backend/api/engine.hpp"
#include "goldens.hpp"

// Ops of the reference engine against what Keras 3 gave for the layers that are little more than
// one op: outputs, gradients of inputs and weights, moving averages.

namespace tenon::backend {
namespace {

using nlohmann::json;
using ops::ActivationAttributes;
using ops::ActivationKind;
using ops::NoAttributes;
using ops::OpKind;
using ops::ValueId;

/// Keras computed in float32, as this does, in another order of summation.
constexpr double kTolerance = 5e-6;

/// One layer being built: its inputs, its weights (inputs too, but moving averages), its config.
struct Layer {
  ops::Builder& builder;
  const json& config;
  bool training;
  std::vector<ValueId> x;
  std::vector<ValueId> w;

  ValueId apply(OpKind kind, ops::Attributes attributes, std::vector<ValueId> inputs) const {
    return builder.apply(kind, std::move(attributes), std::move(inputs), "layer");
  }
  const Shape& shape() const { return builder.shape(x[0]); }
};

ops::PerAxis numbers(const json& value) { return value.get<ops::PerAxis>(); }

/// TensorFlow's "same": the output has ⌈size / stride⌉ places, an odd rest of padding goes behind.
template <class Attributes>
void set_padding(Attributes& attributes, const json& config, const Shape& x,
                 const ops::PerAxis& window, const ops::PerAxis& dilation) {
  attributes.pad_before.assign(window.size(), 0);
  attributes.pad_after.assign(window.size(), 0);
  if (config["padding"] != "same") return;
  for (std::size_t i = 0; i < window.size(); ++i) {
    const std::int64_t places = (x[i + 1] + attributes.strides[i] - 1) / attributes.strides[i];
    const std::int64_t total = std::max<std::int64_t>(
        0, (places - 1) * attributes.strides[i] + (window[i] - 1) * dilation[i] + 1 - x[i + 1]);
    attributes.pad_before[i] = total / 2;
    attributes.pad_after[i] = total - total / 2;
  }
}

ops::ConvolutionAttributes convolution_attributes(const Layer& layer, const Shape& image) {
  ops::ConvolutionAttributes attributes;
  attributes.strides = numbers(layer.config["strides"]);
  attributes.dilation = numbers(layer.config["dilation_rate"]);
  attributes.groups = layer.config.value("groups", std::int64_t{1});
  set_padding(attributes, layer.config, image, numbers(layer.config["kernel_size"]),
              attributes.dilation);
  return attributes;
}

const std::map<std::string, ActivationAttributes>& activations() {
  static const std::map<std::string, ActivationAttributes> all = {
      {"linear", {.kind = ActivationKind::kLinear}},
      {"relu", {.kind = ActivationKind::kRelu}},
      {"relu6", {.kind = ActivationKind::kRelu, .max_value = 6.0F, .has_max_value = true}},
      {"sigmoid", {.kind = ActivationKind::kSigmoid}},
      {"tanh", {.kind = ActivationKind::kTanh}},
      {"elu", {.kind = ActivationKind::kElu}},
      {"selu", {.kind = ActivationKind::kSelu}},
      {"gelu", {.kind = ActivationKind::kGelu}},
      {"silu", {.kind = ActivationKind::kSilu}},
      {"softplus", {.kind = ActivationKind::kSoftplus}},
      {"softsign", {.kind = ActivationKind::kSoftsign}},
      {"exponential", {.kind = ActivationKind::kExponential}},
      {"leaky_relu", {.kind = ActivationKind::kLeakyRelu, .beta = 0.2F}},
      {"hard_sigmoid", {.kind = ActivationKind::kHardSigmoid}},
      {"hard_silu", {.kind = ActivationKind::kHardSilu}},
      {"mish", {.kind = ActivationKind::kMish}},
  };
  return all;
}

ValueId activate(const Layer& layer, const std::string& name, ValueId x) {
  if (name == "softmax") return layer.apply(OpKind::kSoftmax, ops::AxisAttributes{-1}, {x});
  if (name == "log_softmax") return layer.apply(OpKind::kLogSoftmax, ops::AxisAttributes{-1}, {x});
  return layer.apply(OpKind::kActivation, activations().at(name), {x});
}

ValueId activation(const Layer& layer) {
  return activate(layer, layer.config["activation"], layer.x[0]);
}

ValueId dense(const Layer& layer) {
  const Shape x = layer.shape();
  const std::int64_t units = layer.config["units"];
  const ValueId rows = layer.apply(
      OpKind::kReshape, ops::ShapeAttributes{{x.element_count() / x.dim(-1), x.dim(-1)}}, layer.x);
  std::vector<ValueId> ports = {rows};
  ports.insert(ports.end(), layer.w.begin(), layer.w.end());
  const ValueId y = activate(layer, layer.config["activation"],
                             layer.apply(OpKind::kDense, NoAttributes{}, ports));
  Shape wide = x;
  wide[wide.dims().size() - 1] = units;
  return layer.apply(OpKind::kReshape, ops::ShapeAttributes{wide}, {y});
}

ValueId convolution(const Layer& layer) {
  const ValueId y = layer.apply(OpKind::kConvolution, convolution_attributes(layer, layer.shape()),
                                {layer.x[0], layer.w[0], layer.w[1]});
  return activate(layer, layer.config["activation"], y);
}

/// (height, width, in, multiplier) is (height, width, 1, in · multiplier) with one group a channel.
ValueId depthwise(const Layer& layer, ops::ConvolutionAttributes attributes, ValueId bias) {
  const Shape kernel = layer.builder.shape(layer.w[0]);
  const ValueId grouped = layer.apply(
      OpKind::kReshape, ops::ShapeAttributes{{kernel[0], kernel[1], 1, kernel[2] * kernel[3]}},
      {layer.w[0]});
  attributes.groups = kernel[2];
  return layer.apply(OpKind::kConvolution, attributes, {layer.x[0], grouped, bias});
}
ValueId depthwise_convolution(const Layer& layer) {
  return depthwise(layer, convolution_attributes(layer, layer.shape()), layer.w[1]);
}
ValueId separable_convolution(const Layer& layer) {
  const ValueId deep =
      depthwise(layer, convolution_attributes(layer, layer.shape()), ops::kNoValue);
  return layer.apply(OpKind::kConvolution, ops::ConvolutionAttributes{},
                     {deep, layer.w[1], layer.w[2]});
}

ValueId transposed_convolution(const Layer& layer) {
  const Shape x = layer.shape();
  const Shape kernel = layer.builder.shape(layer.w[0]);
  Shape y{x[0], 0, 0, kernel[2]};
  const auto strides = numbers(layer.config["strides"]);
  for (std::size_t i = 0; i < 2; ++i) {
    y[i + 1] = layer.config["padding"] == "same"
                   ? x[i + 1] * strides[i]
                   : x[i + 1] * strides[i] + std::max<std::int64_t>(kernel[i] - strides[i], 0);
  }
  auto attributes = convolution_attributes(layer, y);
  attributes.input_shape = y;
  const ValueId made =
      layer.apply(OpKind::kConvolutionBackwardData, attributes, {layer.x[0], layer.w[0]});
  return layer.apply(OpKind::kAdd, NoAttributes{}, {made, layer.w[1]});
}

ops::PoolingAttributes pooling_attributes(const Layer& layer) {
  ops::PoolingAttributes attributes;
  attributes.window = numbers(layer.config["pool_size"]);
  attributes.strides = numbers(layer.config["strides"]);
  set_padding(attributes, layer.config, layer.shape(), numbers(layer.config["pool_size"]), {1, 1});
  return attributes;
}

ValueId maximum_pooling(const Layer& layer) {
  return layer.builder.append(OpKind::kMaxPooling, pooling_attributes(layer), layer.x, "layer")[0];
}

/// x with its first and last row (axis 1) or column (axis 2) repeated.
ValueId repeat_border(const Layer& layer, ValueId x, std::size_t axis, std::int64_t before,
                      std::int64_t after) {
  const Shape shape = layer.builder.shape(x);
  ops::RangeAttributes first{{0, 0, 0, 0}, shape.dims()};
  ops::RangeAttributes last = first;
  first.end[axis] = 1;
  last.begin[axis] = shape[axis] - 1;
  std::vector<ValueId> parts(static_cast<std::size_t>(before),
                             layer.apply(OpKind::kSlice, first, {x}));
  parts.push_back(x);
  parts.insert(parts.end(), static_cast<std::size_t>(after),
               layer.apply(OpKind::kSlice, last, {x}));
  return layer.apply(OpKind::kConcatenate, ops::AxisAttributes{static_cast<int>(axis)}, parts);
}

/// The fixtures come from Keras on torch, which (unlike Keras on TensorFlow and JAX) repeats the
/// border where "same" pads unevenly and averages over that too. Even padding is left out of the
/// average on all of them, as the op does.
ValueId average_pooling(const Layer& layer) {
  ops::PoolingAttributes attributes = pooling_attributes(layer);
  ValueId x = layer.x[0];
  if (attributes.pad_before != attributes.pad_after) {
    for (std::size_t i = 0; i < 2; ++i) {
      x = repeat_border(layer, x, i + 1, attributes.pad_before[i], attributes.pad_after[i]);
    }
    attributes.pad_before = attributes.pad_after = {0, 0};
  }
  return layer.apply(OpKind::kAveragePooling, attributes, {x});
}

template <OpKind kKind>
ValueId global_pooling(const Layer& layer) {
  const Shape x = layer.shape();
  const ops::PoolingAttributes attributes{.window = {x[1], x[2]}, .strides = {1, 1}};
  const ValueId pooled = layer.builder.append(kKind, attributes, layer.x, "layer")[0];
  return layer.apply(OpKind::kReshape, ops::ShapeAttributes{{x[0], x[3]}}, {pooled});
}

ValueId batch_normalization(const Layer& layer) {
  const ops::NormalizationAttributes attributes{layer.config["epsilon"].get<double>()};
  if (!layer.training) {
    return layer.apply(OpKind::kBatchNormalizationInference, attributes,
                       {layer.x[0], layer.w[0], layer.w[1], layer.w[2], layer.w[3]});
  }
  const auto made = layer.builder.append(OpKind::kBatchNormalizationTraining, attributes,
                                         {layer.x[0], layer.w[0], layer.w[1]}, "layer");
  const ops::MovingAverageAttributes moving{layer.config["momentum"].get<double>()};
  layer.builder.append(OpKind::kMovingAverageUpdate, moving, {layer.w[2], made[1]}, "layer");
  layer.builder.append(OpKind::kMovingAverageUpdate, moving, {layer.w[3], made[2]}, "layer");
  return made[0];
}

ValueId up_sampling(const Layer& layer) {
  return layer.apply(OpKind::kUpSampling,
                     ops::UpSamplingAttributes{numbers(layer.config["size"]),
                                               layer.config["interpolation"] == "bilinear"},
                     layer.x);
}

ValueId zero_padding(const Layer& layer) {
  const auto rows = numbers(layer.config["padding"][0]);
  const auto columns = numbers(layer.config["padding"][1]);
  return layer.apply(OpKind::kPad,
                     ops::RangeAttributes{{0, rows[0], columns[0], 0}, {0, rows[1], columns[1], 0}},
                     layer.x);
}

ValueId cropping(const Layer& layer) {
  const Shape& x = layer.shape();
  const auto rows = numbers(layer.config["cropping"][0]);
  const auto columns = numbers(layer.config["cropping"][1]);
  return layer.apply(OpKind::kSlice,
                     ops::RangeAttributes{{0, rows[0], columns[0], 0},
                                          {x[0], x[1] - rows[1], x[2] - columns[1], x[3]}},
                     layer.x);
}

ValueId permute(const Layer& layer) {
  ops::PermutationAttributes attributes{{0}};
  for (const json& axis : layer.config["dims"]) attributes.axes.push_back(axis.get<int>());
  return layer.apply(OpKind::kTranspose, attributes, layer.x);
}

ValueId concatenate(const Layer& layer) {
  return layer.apply(OpKind::kConcatenate, ops::AxisAttributes{layer.config["axis"].get<int>()},
                     layer.x);
}

template <OpKind kKind>
ValueId binary(const Layer& layer) {
  return layer.apply(kKind, NoAttributes{}, layer.x);
}

ValueId average(const Layer& layer) {
  const ValueId sum = layer.apply(OpKind::kAddN, NoAttributes{}, layer.x);
  return layer.apply(OpKind::kAffine, ops::AffineAttributes{{0.5F}, {0.0F}}, {sum});
}

ValueId rescaling(const Layer& layer) {
  return layer.apply(OpKind::kAffine,
                     ops::AffineAttributes{{layer.config["scale"].get<float>()},
                                           {layer.config["offset"].get<float>()}},
                     layer.x);
}

ValueId relu(const Layer& layer) {
  ActivationAttributes attributes{.kind = ActivationKind::kRelu,
                                  .beta = layer.config["negative_slope"].get<float>(),
                                  .threshold = layer.config["threshold"].get<float>()};
  attributes.has_max_value = layer.config["max_value"].is_number();
  if (attributes.has_max_value) attributes.max_value = layer.config["max_value"].get<float>();
  return layer.apply(OpKind::kActivation, attributes, layer.x);
}
ValueId leaky_relu(const Layer& layer) {
  return layer.apply(OpKind::kActivation,
                     ActivationAttributes{.kind = ActivationKind::kLeakyRelu,
                                          .beta = layer.config["negative_slope"].get<float>()},
                     layer.x);
}
ValueId elu(const Layer& layer) {
  return layer.apply(OpKind::kActivation,
                     ActivationAttributes{.kind = ActivationKind::kElu,
                                          .alpha = layer.config["alpha"].get<float>()},
                     layer.x);
}
ValueId softmax(const Layer& layer) {
  return layer.apply(OpKind::kSoftmax, ops::AxisAttributes{layer.config["axis"].get<int>()},
                     layer.x);
}

using BuildLayer = ValueId (*)(const Layer&);

const std::map<std::string, BuildLayer>& layer_builders() {
  static const std::map<std::string, BuildLayer> all = {
      {"Activation", activation},
      {"Add", binary<OpKind::kAdd>},
      {"Average", average},
      {"AveragePooling2D", average_pooling},
      {"BatchNormalization", batch_normalization},
      {"Concatenate", concatenate},
      {"Conv2D", convolution},
      {"Conv3D", convolution},
      {"Conv2DTranspose", transposed_convolution},
      {"Cropping2D", cropping},
      {"Dense", dense},
      {"DepthwiseConv2D", depthwise_convolution},
      {"ELU", elu},
      {"GlobalAveragePooling2D", global_pooling<OpKind::kAveragePooling>},
      {"GlobalMaxPooling2D", global_pooling<OpKind::kMaxPooling>},
      {"LeakyReLU", leaky_relu},
      {"MaxPooling2D", maximum_pooling},
      {"Maximum", binary<OpKind::kMaximum>},
      {"Minimum", binary<OpKind::kMinimum>},
      {"Multiply", binary<OpKind::kMultiply>},
      {"Permute", permute},
      {"ReLU", relu},
      {"Rescaling", rescaling},
      {"SeparableConv2D", separable_convolution},
      {"Softmax", softmax},
      {"Subtract", binary<OpKind::kSubtract>},
      {"UpSampling2D", up_sampling},
      {"ZeroPadding2D", zero_padding},
  };
  return all;
}

/// A golden layer as a program with the loss Σ y · gy, so that the gradients are Keras's.
class GoldenLayer {
 public:
  explicit GoldenLayer(const json& entry)
      : entry_(entry), prefix_("L" + std::to_string(entry["i"].get<int>()) + "_") {}

  void check() {
    build();
    const auto variables = reference_engine().create_variables(specs_);
    for (std::size_t slot = 0; slot < specs_.size(); ++slot) {
      variables->write(static_cast<std::int32_t>(slot), goldens::tensor(specs_[slot].name));
    }
    const auto plan = reference_engine().compile(program_, variables);
    for (std::size_t i = 0; i < program_.inputs.size(); ++i) {
      plan->bind_input(i, goldens::tensor(program_.inputs[i].name));
    }
    plan->run({});
    for (std::size_t i = 0; i < program_.outputs.size(); ++i) {
      const std::string& name = program_.outputs[i].name;
      goldens::expect_near(plan->output(i), goldens::tensor(name), kTolerance, name);
    }
    for (std::size_t slot = 0; slot < specs_.size(); ++slot) {
      const std::string name = prefix_ + "s" + std::to_string(slot);
      goldens::expect_near(variables->read(static_cast<std::int32_t>(slot)), goldens::tensor(name),
                           kTolerance, name);
    }
  }

 private:
  void build() {
    ops::Builder builder(program_);
    Layer layer{builder, entry_["config"], entry_["training"].get<bool>(), {}, {}};
    for (int i = 0; goldens::has(prefix_ + "x" + std::to_string(i)); ++i) {
      layer.x.push_back(add(builder, "x" + std::to_string(i), true));
    }
    const std::size_t trainable = entry_["trainable"].size();
    for (std::size_t i = 0; i < entry_["weights"].size(); ++i) {
      layer.w.push_back(add(builder, "w" + std::to_string(i), i < trainable));
    }
    const ValueId y = layer_builders().at(entry_["class"])(layer);
    builder.output(prefix_ + "y", y);
    const ValueId gy = builder.input(prefix_ + "gy", DType::kFloat32, builder.shape(y));
    const ValueId product = layer.apply(OpKind::kMultiply, NoAttributes{}, {y, gy});
    const ValueId loss = layer.apply(OpKind::kReduceSum, ops::ShapeAttributes{Shape{}}, {product});
    const auto gradients = append_gradients(program_, loss, targets_);
    for (std::size_t i = 0; i < gradients.size(); ++i) {
      builder.output(prefix_ + "g" + target_names_[i], gradients[i]);
    }
  }

  /// An input whose gradient is checked, or a variable (a moving average).
  ValueId add(ops::Builder& builder, const std::string& name, bool differentiated) {
    const Tensor& value = goldens::tensor(prefix_ + name);
    if (!differentiated) {
      specs_.push_back({prefix_ + name, value.shape()});
      return builder.variable(static_cast<std::int32_t>(specs_.size() - 1), prefix_ + name,
                              value.shape());
    }
    targets_.push_back(builder.input(prefix_ + name, value.dtype(), value.shape()));
    target_names_.push_back(name);
    return targets_.back();
  }

  const json& entry_;
  std::string prefix_;
  ops::Program program_;
  std::vector<VariableSpec> specs_;
  std::vector<ValueId> targets_;
  std::vector<std::string> target_names_;
};

TEST(ReferenceLayersGolden, EqualsKeras) {
  if (!goldens::available()) GTEST_SKIP() << goldens::kSkipReason;
  int checked = 0;
  for (const json& entry : goldens::index()["layers"]) {
    const std::string name = entry["class"];
    if (!layer_builders().contains(name)) continue;  // Made of several ops by the room graph.
    SCOPED_TRACE("L" + std::to_string(entry["i"].get<int>()) + " " + name);
    GoldenLayer(entry).check();
    ++checked;
  }
  EXPECT_EQ(checked, 65);
}

}  // namespace
}  // namespace tenon::backend
