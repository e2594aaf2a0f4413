#include <fmt/format.h>

#include <algorithm>

#include "graph/layer_declaration.hpp"
#include "graph/sliding_window.hpp"

// A transposed convolution maps what a convolution gives to what it was given: it is computed as
// that convolution's backward over the data. Keras's kernel (…, filters, channels) is the
// convolution's (…, in, out).

namespace tenon::graph {
namespace {

template <class Size>
struct ConvTransposeSettings : ConvTransposeOptions<Size> {
  std::int64_t filters = 1;
  Size kernel_size = 1;
};

/// Along one axis.
struct Stretch {
  std::int64_t stride = 1;
  std::int64_t extent = 1;  ///< Of the window, with its dilation.
  /// The output is (in − 1)·stride + tail.
  std::int64_t tail = 1;
};

/// As Keras on every backend: "valid" gives (in − 1)·stride + max(extent, stride), "same"
/// in·stride; output_padding says how much behind (in − 1)·stride + extent, or + extent mod 2 for
/// "same".
template <class Size>
std::vector<Stretch> stretches_of(const ConvTransposeSettings<Size>& settings) {
  const ops::PerAxis strides = per_axis(settings.strides);
  const ops::PerAxis kernel = per_axis(settings.kernel_size);
  const ops::PerAxis dilation = per_axis(settings.dilation_rate);
  std::vector<Stretch> stretches;
  for (std::size_t i = 0; i < strides.size(); ++i) {
    Stretch along{strides[i], (kernel[i] - 1) * dilation[i] + 1};
    const bool same = settings.padding == "same";
    if (settings.output_padding) {
      const std::int64_t base = same ? along.extent % 2 : along.extent;
      along.tail = base + per_axis(*settings.output_padding)[i];
    } else {
      along.tail = same ? along.stride : std::max(along.extent, along.stride);
    }
    stretches.push_back(along);
  }
  return stretches;
}

template <class Size>
std::string conflict(const ConvTransposeSettings<Size>& settings) {
  if (settings.strides != Size(1) && settings.dilation_rate != Size(1)) {
    return "strides and dilation_rate are both more than 1; only one of them may be";
  }
  if (!settings.output_padding) return {};
  const ops::PerAxis padding = per_axis(*settings.output_padding);
  const ops::PerAxis strides = per_axis(settings.strides);
  for (std::size_t i = 0; i < strides.size(); ++i) {
    if (padding[i] < strides[i]) continue;
    return fmt::format("output_padding is {} where strides is {}; it must be less", padding[i],
                       strides[i]);
  }
  return {};
}

template <class Size>
std::vector<WeightDeclaration> weights(const ConvTransposeSettings<Size>& settings,
                                       const CallContext& call) {
  std::vector<std::int64_t> kernel = per_axis(settings.kernel_size);
  kernel.push_back(settings.filters);
  kernel.push_back(call.require_size(-1, "the channel axis"));
  std::vector<WeightDeclaration> weights = {{"kernel", Shape(std::move(kernel)),
                                             settings.kernel_initializer,
                                             settings.kernel_regularizer}};
  if (settings.use_bias) {
    weights.push_back(
        {"bias", {settings.filters}, settings.bias_initializer, settings.bias_regularizer});
  }
  return weights;
}

Dim stretched(const CallContext& call, const Dim& input, const Stretch& along,
              std::string_view axis_name) {
  if (!input.known()) return {};
  if (input.size() == 1 && along.tail < 1) {
    call.refuse(fmt::format("its output would have no {}", axis_name),
                fmt::format("a {} of at least 2, or a larger output_padding", axis_name));
  }
  return call.sum(call.product(input.size() - 1, along.stride), along.tail);
}

template <class Size>
TensorSpec output(const ConvTransposeSettings<Size>& settings, const CallContext& call) {
  const std::vector<Stretch> stretches = stretches_of(settings);
  require_image(call, stretches.size());
  std::vector<Dim> dims = {call.dim(0)};
  for (std::size_t i = 0; i < stretches.size(); ++i) {
    dims.push_back(stretched(call, call.dim(static_cast<int>(i) + 1), stretches[i],
                             ops::spatial_axis_name(i, stretches.size())));
  }
  dims.push_back(settings.filters);
  return output_spec(std::move(dims));
}

/// The attributes of the convolution whose backward this is. Of what the output lacks to
/// (in − 1)·stride + extent, the smaller half is cut off before; an output that is longer ends with
/// zeros.
template <class Size>
ops::ConvolutionAttributes attributes_of(const ConvTransposeSettings<Size>& settings,
                                         const Shape& x) {
  const std::vector<Stretch> stretches = stretches_of(settings);
  ops::ConvolutionAttributes attributes;
  attributes.strides = per_axis(settings.strides);
  attributes.dilation = per_axis(settings.dilation_rate);
  attributes.pad_before.clear();
  attributes.pad_after.clear();
  std::vector<std::int64_t> y = {x[0]};
  for (std::size_t i = 0; i < stretches.size(); ++i) {
    const Stretch& along = stretches[i];
    y.push_back((x[i + 1] - 1) * along.stride + along.tail);
    const std::int64_t cut = std::max<std::int64_t>(along.extent - along.tail, 0);
    attributes.pad_before.push_back(cut / 2);
    attributes.pad_after.push_back(cut - cut / 2);
  }
  y.push_back(settings.filters);
  attributes.input_shape = Shape(std::move(y));
  return attributes;
}

template <class Size>
ops::ValueId lower(const ConvTransposeSettings<Size>& settings, LowerContext& context) {
  ops::ValueId y = context.apply(ops::OpKind::kConvolutionBackwardData,
                                 attributes_of(settings, context.shape(context.input())),
                                 {context.input(), context.weight("kernel")});
  if (settings.use_bias) y = context.apply(ops::OpKind::kAdd, {}, {y, context.weight("bias")});
  return context.activation(settings.activation, y);
}

template <class Size>
LayerDescriptor conv_transpose_descriptor(const char* class_name, const char* description) {
  using Settings = ConvTransposeSettings<Size>;
  return LayerDeclaration<Settings>(class_name, description)
      .positional("filters", &Settings::filters, at_least(1))
      .positional("kernel_size", &Settings::kernel_size, at_least(1))
      .argument("strides", &Settings::strides, at_least(1))
      .argument("padding", &Settings::padding, one_of({"valid", "same"}))
      .argument("output_padding", &Settings::output_padding, at_least(0))
      .fixed("data_format", "\"channels_last\"")
      .argument("dilation_rate", &Settings::dilation_rate, at_least(1))
      .argument("activation", &Settings::activation, activation_word())
      .argument("use_bias", &Settings::use_bias)
      .argument("kernel_initializer", &Settings::kernel_initializer)
      .argument("bias_initializer", &Settings::bias_initializer)
      .argument("kernel_regularizer", &Settings::kernel_regularizer, at_least(0))
      .argument("bias_regularizer", &Settings::bias_regularizer, at_least(0))
      .fixed("activity_regularizer", "null")
      .fixed("kernel_constraint", "null")
      .fixed("bias_constraint", "null")
      .conflict(conflict<Size>)
      .weights(weights<Size>)
      .output(output<Size>)
      .lower(lower<Size>)
      .done();
}

}  // namespace

LayerDescriptor conv2d_transpose_descriptor() {
  return conv_transpose_descriptor<Pair>(
      "Conv2DTranspose", "The way back through a convolution over height and width: upwards.");
}
LayerDescriptor conv3d_transpose_descriptor() {
  return conv_transpose_descriptor<Triple>(
      "Conv3DTranspose",
      "The way back through a convolution over depth, height and width: upwards.");
}

}  // namespace tenon::graph

namespace tenon {

Conv2DTranspose::Conv2DTranspose(std::int64_t filters, Pair kernel_size,
                                 Conv2DTransposeOptions options)
    : Layer(graph::make_layer("Conv2DTranspose", graph::ConvTransposeSettings<Pair>{
                                                     std::move(options), filters, kernel_size})) {}
Conv3DTranspose::Conv3DTranspose(std::int64_t filters, Triple kernel_size,
                                 Conv3DTransposeOptions options)
    : Layer(graph::make_layer("Conv3DTranspose", graph::ConvTransposeSettings<Triple>{
                                                     std::move(options), filters, kernel_size})) {}

}  // namespace tenon
