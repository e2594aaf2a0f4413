#include "graph/layer_declaration.hpp"
#include "graph/sliding_window.hpp"

namespace tenon::graph {
namespace {

template <class Size>
struct PoolingSettings : PoolingOptions<Size> {
  Size pool_size = 2;
};

template <class Size>
SlidingWindow window_of(const PoolingSettings<Size>& settings) {
  return {per_axis(settings.pool_size), per_axis(*settings.strides), per_axis(Size(1)),
          settings.padding};
}

template <class Size>
void settle(PoolingSettings<Size>& settings) {
  if (!settings.strides) settings.strides = settings.pool_size;
}

template <class Size>
TensorSpec output(const PoolingSettings<Size>& settings, const CallContext& call) {
  const SlidingWindow window = window_of(settings);
  require_image(call, window.size.size());
  return slide(call, window, call.dim(-1));
}

/// The layer, row or column at `place` of `axis`.
ops::ValueId line_at(LowerContext& context, ops::ValueId image, std::size_t axis,
                     std::int64_t place) {
  ops::RangeAttributes range;
  range.end = context.shape(image).dims();
  range.begin.assign(range.end.size(), 0);
  range.begin[axis] = place;
  range.end[axis] = place + 1;
  return context.append(ops::OpKind::kSlice, range, {image}).front();
}

/// The image with its first and last lines repeated.
ops::ValueId with_repeated_border(LowerContext& context, ops::ValueId image, std::size_t axis,
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
  repeat(context.shape(image)[axis] - 1, after);
  const ops::AxisAttributes along{static_cast<int>(axis)};
  return context.append(ops::OpKind::kConcatenate, along, parts).front();
}

/// Padding of a mean. Keras (on PyTorch, which the goldens come from) leaves it out of the mean
/// where both sides get the same; else it repeats the border and counts it.
ops::ValueId pad_for_mean(LowerContext& context, WindowPadding& padding) {
  ops::ValueId image = context.input();
  if (padding.before == padding.after) return image;
  for (std::size_t i = 0; i < padding.before.size(); ++i) {
    image = with_repeated_border(context, image, i + 1, padding.before[i], padding.after[i]);
  }
  padding.before.assign(padding.before.size(), 0);
  padding.after = padding.before;
  return image;
}

template <class Size, ops::OpKind kind>
ops::ValueId lower(const PoolingSettings<Size>& settings, LowerContext& context) {
  const SlidingWindow window = window_of(settings);
  WindowPadding padding = padding_of(window, context.shape(context.input()));
  ops::ValueId image = context.input();
  if constexpr (kind == ops::OpKind::kAveragePooling) image = pad_for_mean(context, padding);
  ops::PoolingAttributes attributes;
  attributes.window = window.size;
  attributes.strides = window.strides;
  attributes.pad_before = padding.before;
  attributes.pad_after = padding.after;
  return context.append(kind, attributes, {image}).front();
}

template <class Size, ops::OpKind kind>
LayerDescriptor pooling_descriptor(const char* class_name, const char* description) {
  using Settings = PoolingSettings<Size>;
  return LayerDeclaration<Settings>(class_name, description)
      .positional("pool_size", &Settings::pool_size, at_least(1))
      .argument("padding", &Settings::padding, one_of({"valid", "same"}))
      .argument("strides", &Settings::strides, at_least(1))
      .fixed("data_format", "\"channels_last\"")
      .settle(settle<Size>)
      .output(output<Size>)
      .lower(lower<Size, kind>)
      .done();
}

constexpr const char* kMaximum = "The largest value of each window.";
constexpr const char* kMean =
    "The mean of each window. Padding that is the same on both sides does not count; else the "
    "border is repeated.";

}  // namespace

LayerDescriptor max_pooling2d_descriptor() {
  return pooling_descriptor<Pair, ops::OpKind::kMaxPooling>("MaxPooling2D", kMaximum);
}
LayerDescriptor max_pooling3d_descriptor() {
  return pooling_descriptor<Triple, ops::OpKind::kMaxPooling>("MaxPooling3D", kMaximum);
}
LayerDescriptor average_pooling2d_descriptor() {
  return pooling_descriptor<Pair, ops::OpKind::kAveragePooling>("AveragePooling2D", kMean);
}
LayerDescriptor average_pooling3d_descriptor() {
  return pooling_descriptor<Triple, ops::OpKind::kAveragePooling>("AveragePooling3D", kMean);
}

}  // namespace tenon::graph

namespace tenon {
namespace {

template <class Size>
std::shared_ptr<graph::LayerObject> make_pooling(const char* class_name, Size pool_size,
                                                 PoolingOptions<Size> options) {
  return graph::make_layer(class_name, graph::PoolingSettings<Size>{std::move(options), pool_size});
}

}  // namespace

MaxPooling2D::MaxPooling2D(Pair pool_size, Pooling2DOptions options)
    : Layer(make_pooling("MaxPooling2D", pool_size, std::move(options))) {}
MaxPooling3D::MaxPooling3D(Triple pool_size, Pooling3DOptions options)
    : Layer(make_pooling("MaxPooling3D", pool_size, std::move(options))) {}
AveragePooling2D::AveragePooling2D(Pair pool_size, Pooling2DOptions options)
    : Layer(make_pooling("AveragePooling2D", pool_size, std::move(options))) {}
AveragePooling3D::AveragePooling3D(Triple pool_size, Pooling3DOptions options)
    : Layer(make_pooling("AveragePooling3D", pool_size, std::move(options))) {}

}  // namespace tenon
