#include "graph/layer_declaration.hpp"

namespace tenon::graph {
namespace {

struct ZeroPadding2DSettings : NameOptions {
  Padding2D padding = 1;
};

TensorSpec output(const ZeroPadding2DSettings& settings, const CallContext& call) {
  call.require_rank(4, "(batch, height, width, channels)");
  const Padding2D& padding = settings.padding;
  return output_spec({call.dim(0), call.sum(call.dim(1), padding.top + padding.bottom),
                      call.sum(call.dim(2), padding.left + padding.right), call.dim(3)});
}

ops::ValueId lower(const ZeroPadding2DSettings& settings, LowerContext& context) {
  const Padding2D& padding = settings.padding;
  return context.apply(ops::OpKind::kPad,
                       ops::RangeAttributes{{0, padding.top, padding.left, 0},
                                            {0, padding.bottom, padding.right, 0}},
                       {context.input()});
}

}  // namespace

LayerDescriptor zero_padding2d_descriptor() {
  return LayerDeclaration<ZeroPadding2DSettings>("ZeroPadding2D", "Zeros around the image.")
      .positional("padding", &ZeroPadding2DSettings::padding, at_least(0))
      .fixed("data_format", "\"channels_last\"")
      .output(output)
      .lower(lower)
      .done();
}

}  // namespace tenon::graph

namespace tenon {

ZeroPadding2D::ZeroPadding2D(Padding2D padding, NameOptions options)
    : Layer(graph::make_layer("ZeroPadding2D",
                              graph::ZeroPadding2DSettings{std::move(options), padding})) {}

}  // namespace tenon
