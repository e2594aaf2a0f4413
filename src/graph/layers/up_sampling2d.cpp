#include "graph/layer_declaration.hpp"

namespace tenon::graph {
namespace {

struct UpSampling2DSettings : UpSampling2DOptions {
  Pair size = 2;
};

TensorSpec output(const UpSampling2DSettings& settings, const CallContext& call) {
  call.require_rank(4, "(batch, height, width, channels)");
  return output_spec({call.dim(0), call.product(call.dim(1), settings.size.height),
                      call.product(call.dim(2), settings.size.width), call.dim(3)});
}

ops::ValueId lower(const UpSampling2DSettings& settings, LowerContext& context) {
  ops::UpSamplingAttributes attributes;
  attributes.size = {settings.size.height, settings.size.width};
  attributes.bilinear = settings.interpolation == "bilinear";
  return context.apply(ops::OpKind::kUpSampling, attributes, {context.input()});
}

}  // namespace

LayerDescriptor up_sampling2d_descriptor() {
  return LayerDeclaration<UpSampling2DSettings>("UpSampling2D", "Height and width made larger.")
      .positional("size", &UpSampling2DSettings::size, at_least(1))
      .fixed("data_format", "\"channels_last\"")
      .argument("interpolation", &UpSampling2DSettings::interpolation,
                one_of({"nearest", "bilinear"}))
      .output(output)
      .lower(lower)
      .done();
}

}  // namespace tenon::graph

namespace tenon {

UpSampling2D::UpSampling2D(Pair size, UpSampling2DOptions options)
    : Layer(graph::make_layer("UpSampling2D",
                              graph::UpSampling2DSettings{std::move(options), size})) {}

}  // namespace tenon
