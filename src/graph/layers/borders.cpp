#include <fmt/format.h>

#include "graph/layer_declaration.hpp"
#include "graph/sliding_window.hpp"

// Layers that put zeros around an image, or cut off its border.

namespace tenon::graph {
namespace {

template <class Sides>
struct PaddingSettings : NameOptions {
  Sides padding = 1;
};
template <class Sides>
struct CroppingSettings : NameOptions {
  Sides cropping = std::is_same_v<Sides, Padding2D> ? 0 : 1;  // Keras's defaults.
};

/// What is put or cut off before and after each spatial axis.
struct Border {
  ops::PerAxis before;
  ops::PerAxis after;
};
Border border_of(const Padding2D& sides) {
  return {{sides.top, sides.left}, {sides.bottom, sides.right}};
}
Border border_of(const Padding3D& sides) {
  return {{sides.front, sides.top, sides.left}, {sides.back, sides.bottom, sides.right}};
}

template <class Sides>
TensorSpec output(const PaddingSettings<Sides>& settings, const CallContext& call) {
  const Border border = border_of(settings.padding);
  require_image(call, border.before.size());
  std::vector<Dim> dims = {call.dim(0)};
  for (std::size_t i = 0; i < border.before.size(); ++i) {
    dims.push_back(call.sum(call.dim(static_cast<int>(i) + 1), border.before[i] + border.after[i]));
  }
  dims.push_back(call.dim(-1));
  return output_spec(std::move(dims));
}

template <class Sides>
ops::ValueId lower(const PaddingSettings<Sides>& settings, LowerContext& context) {
  const Border border = border_of(settings.padding);
  ops::RangeAttributes range{{0}, {0}};
  range.begin.insert(range.begin.end(), border.before.begin(), border.before.end());
  range.end.insert(range.end.end(), border.after.begin(), border.after.end());
  range.begin.push_back(0);
  range.end.push_back(0);
  return context.apply(ops::OpKind::kPad, range, {context.input()});
}

Dim cropped(const CallContext& call, const Dim& input, std::int64_t cut,
            std::string_view axis_name) {
  if (!input.known()) return {};
  if (cut >= input.size()) {
    call.refuse(
        fmt::format("it cuts off {} of the {}, which is only {}", cut, axis_name, input.size()),
        fmt::format("a {} of at least {}", axis_name, cut + 1), "crop less");
  }
  return input.size() - cut;
}

template <class Sides>
TensorSpec output(const CroppingSettings<Sides>& settings, const CallContext& call) {
  const Border border = border_of(settings.cropping);
  const std::size_t axes = border.before.size();
  require_image(call, axes);
  std::vector<Dim> dims = {call.dim(0)};
  for (std::size_t i = 0; i < axes; ++i) {
    dims.push_back(cropped(call, call.dim(static_cast<int>(i) + 1),
                           border.before[i] + border.after[i], ops::spatial_axis_name(i, axes)));
  }
  dims.push_back(call.dim(-1));
  return output_spec(std::move(dims));
}

template <class Sides>
ops::ValueId lower(const CroppingSettings<Sides>& settings, LowerContext& context) {
  const Border border = border_of(settings.cropping);
  ops::RangeAttributes range;
  range.end = context.shape(context.input()).dims();
  range.begin.assign(range.end.size(), 0);
  for (std::size_t i = 0; i < border.before.size(); ++i) {
    range.begin[i + 1] = border.before[i];
    range.end[i + 1] -= border.after[i];
  }
  return context.apply(ops::OpKind::kSlice, range, {context.input()});
}

template <class Sides>
LayerDescriptor zero_padding_descriptor(const char* class_name, const char* description) {
  using Settings = PaddingSettings<Sides>;
  return LayerDeclaration<Settings>(class_name, description)
      .positional("padding", &Settings::padding, at_least(0))
      .fixed("data_format", "\"channels_last\"")
      .output(output<Sides>)
      .lower(lower<Sides>)
      .done();
}

template <class Sides>
LayerDescriptor cropping_descriptor(const char* class_name, const char* description) {
  using Settings = CroppingSettings<Sides>;
  return LayerDeclaration<Settings>(class_name, description)
      .positional("cropping", &Settings::cropping, at_least(0))
      .fixed("data_format", "\"channels_last\"")
      .output(output<Sides>)
      .lower(lower<Sides>)
      .done();
}

}  // namespace

LayerDescriptor zero_padding2d_descriptor() {
  return zero_padding_descriptor<Padding2D>("ZeroPadding2D", "Zeros around the image.");
}
LayerDescriptor zero_padding3d_descriptor() {
  return zero_padding_descriptor<Padding3D>("ZeroPadding3D", "Zeros around the volume.");
}
LayerDescriptor cropping2d_descriptor() {
  return cropping_descriptor<Padding2D>("Cropping2D", "The image without its border.");
}
LayerDescriptor cropping3d_descriptor() {
  return cropping_descriptor<Padding3D>("Cropping3D", "The volume without its border.");
}

}  // namespace tenon::graph

namespace tenon {

ZeroPadding2D::ZeroPadding2D(Padding2D padding, NameOptions options)
    : Layer(graph::make_layer("ZeroPadding2D",
                              graph::PaddingSettings<Padding2D>{std::move(options), padding})) {}
ZeroPadding3D::ZeroPadding3D(Padding3D padding, NameOptions options)
    : Layer(graph::make_layer("ZeroPadding3D",
                              graph::PaddingSettings<Padding3D>{std::move(options), padding})) {}
Cropping2D::Cropping2D(Padding2D cropping, NameOptions options)
    : Layer(graph::make_layer("Cropping2D",
                              graph::CroppingSettings<Padding2D>{std::move(options), cropping})) {}
Cropping3D::Cropping3D(Padding3D cropping, NameOptions options)
    : Layer(graph::make_layer("Cropping3D",
                              graph::CroppingSettings<Padding3D>{std::move(options), cropping})) {}

}  // namespace tenon
