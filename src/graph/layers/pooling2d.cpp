#include "graph/layer_declaration.hpp"
#include "graph/sliding_window.hpp"

namespace tenon::graph {
namespace {

struct Pooling2DSettings : Pooling2DOptions {
  Pair pool_size = 2;
};

SlidingWindow window_of(const Pooling2DSettings& settings) {
  return {per_axis(settings.pool_size), per_axis(*settings.strides), per_axis(1), settings.padding};
}

void settle(Pooling2DSettings& settings) {
  if (!settings.strides) settings.strides = settings.pool_size;
}

TensorSpec output(const Pooling2DSettings& settings, const CallContext& call) {
  call.require_rank(4, "(batch, height, width, channels)");
  return slide(call, window_of(settings), call.dim(3));
}

/// The row (axis 1) or column (axis 2) at `place`.
ops::ValueId line_at(LowerContext& context, ops::ValueId image, int axis, std::int64_t place) {
  ops::RangeAttributes range;
  range.begin.assign(4, 0);
  range.end = context.shape(image).dims();
  range.begin[static_cast<std::size_t>(axis)] = place;
  range.end[static_cast<std::size_t>(axis)] = place + 1;
  return context.append(ops::OpKind::kSlice, range, {image}).front();
}

/// The image with its first and last lines repeated.
ops::ValueId with_repeated_border(LowerContext& context, ops::ValueId image, int axis,
                                  std::int64_t before, std::int64_t after) {
  if (before == 0 && after == 0) return image;
  std::vector<ops::ValueId> parts;
  const auto repeat = [&](std::int64_t place, std::int64_t count) {
    if (count == 0) return;
    const ops::ValueId line = line_at(context, image, axis, place);
    parts.insert(parts.end(), static_cast<std::size_t>(count), line);
  };
  repeat(0, before);
  parts.push_back(image);
  repeat(context.shape(image).dim(axis) - 1, after);
  return context.append(ops::OpKind::kConcatenate, ops::AxisAttributes{axis}, parts).front();
}

/// Padding of a mean. Keras (on PyTorch, which the goldens come from) leaves it out of the mean
/// where both sides get the same; else it repeats the border and counts it.
ops::ValueId pad_for_mean(LowerContext& context, WindowPadding& padding) {
  ops::ValueId image = context.input();
  if (padding.before == padding.after) return image;
  for (const int axis : {1, 2}) {
    const auto i = static_cast<std::size_t>(axis - 1);
    image = with_repeated_border(context, image, axis, padding.before[i], padding.after[i]);
  }
  padding = {{0, 0}, {0, 0}};
  return image;
}

template <ops::OpKind kind>
ops::ValueId lower(const Pooling2DSettings& settings, LowerContext& context) {
  WindowPadding padding = padding_of(window_of(settings), context.shape(context.input()));
  ops::ValueId image = context.input();
  if constexpr (kind == ops::OpKind::kAveragePooling) image = pad_for_mean(context, padding);
  ops::PoolingAttributes attributes;
  attributes.window = per_axis(settings.pool_size);
  attributes.strides = per_axis(*settings.strides);
  attributes.pad_before = padding.before;
  attributes.pad_after = padding.after;
  return context.append(kind, attributes, {image}).front();
}

template <ops::OpKind kind>
LayerDescriptor pooling_descriptor(const char* class_name, const char* description) {
  return LayerDeclaration<Pooling2DSettings>(class_name, description)
      .positional("pool_size", &Pooling2DSettings::pool_size, at_least(1))
      .argument("padding", &Pooling2DSettings::padding, one_of({"valid", "same"}))
      .argument("strides", &Pooling2DSettings::strides, at_least(1))
      .fixed("data_format", "\"channels_last\"")
      .settle(settle)
      .output(output)
      .lower(lower<kind>)
      .done();
}

}  // namespace

LayerDescriptor max_pooling2d_descriptor() {
  return pooling_descriptor<ops::OpKind::kMaxPooling>("MaxPooling2D",
                                                      "The largest value of each window.");
}
LayerDescriptor average_pooling2d_descriptor() {
  return pooling_descriptor<ops::OpKind::kAveragePooling>(
      "AveragePooling2D",
      "The mean of each window. Padding that is the same on both sides does not count; else the "
      "border is repeated.");
}

}  // namespace tenon::graph

namespace tenon {

MaxPooling2D::MaxPooling2D(Pair pool_size, Pooling2DOptions options)
    : Layer(graph::make_layer("MaxPooling2D",
                              graph::Pooling2DSettings{std::move(options), pool_size})) {}
AveragePooling2D::AveragePooling2D(Pair pool_size, Pooling2DOptions options)
    : Layer(graph::make_layer("AveragePooling2D",
                              graph::Pooling2DSettings{std::move(options), pool_size})) {}

}  // namespace tenon
