#include "graph/layer_declaration.hpp"
#include "graph/sliding_window.hpp"

namespace tenon::graph {
namespace {

struct UpSampling2DSettings : UpSampling2DOptions {
  Pair size = 2;
};
struct UpSampling3DSettings : NameOptions {
  Triple size = 2;
};

template <class Settings>
TensorSpec output(const Settings& settings, const CallContext& call) {
  const ops::PerAxis size = per_axis(settings.size);
  require_image(call, size.size());
  std::vector<Dim> dims = {call.dim(0)};
  for (std::size_t i = 0; i < size.size(); ++i) {
    dims.push_back(call.product(call.dim(static_cast<int>(i) + 1), size[i]));
  }
  dims.push_back(call.dim(-1));
  return output_spec(std::move(dims));
}

template <class Settings>
ops::ValueId lower(const Settings& settings, LowerContext& context) {
  ops::UpSamplingAttributes attributes;
  attributes.size = per_axis(settings.size);
  if constexpr (requires { settings.interpolation; }) {
    attributes.bilinear = settings.interpolation == "bilinear";
  }
  return context.apply(ops::OpKind::kUpSampling, attributes, {context.input()});
}

}  // namespace

LayerDescriptor up_sampling2d_descriptor() {
  return LayerDeclaration<UpSampling2DSettings>("UpSampling2D", "Height and width made larger.")
      .positional("size", &UpSampling2DSettings::size, at_least(1))
      .fixed("data_format", "\"channels_last\"")
      .argument("interpolation", &UpSampling2DSettings::interpolation,
                one_of({"nearest", "bilinear"}))
      .output(output<UpSampling2DSettings>)
      .lower(lower<UpSampling2DSettings>)
      .done();
}
LayerDescriptor up_sampling3d_descriptor() {
  return LayerDeclaration<UpSampling3DSettings>(
             "UpSampling3D", "Depth, height and width made larger by repeating values.")
      .positional("size", &UpSampling3DSettings::size, at_least(1))
      .fixed("data_format", "\"channels_last\"")
      .output(output<UpSampling3DSettings>)
      .lower(lower<UpSampling3DSettings>)
      .done();
}

}  // namespace tenon::graph

namespace tenon {

UpSampling2D::UpSampling2D(Pair size, UpSampling2DOptions options)
    : Layer(graph::make_layer("UpSampling2D",
                              graph::UpSampling2DSettings{std::move(options), size})) {}
UpSampling3D::UpSampling3D(Triple size, NameOptions options)
    : Layer(graph::make_layer("UpSampling3D",
                              graph::UpSampling3DSettings{std::move(options), size})) {}

}  // namespace tenon
