#include <fmt/format.h>

#include "graph/layer_declaration.hpp"

namespace tenon::graph {
namespace {

struct RescalingSettings : RescalingOptions {
  std::vector<double> scale{1.0};
};

std::string conflict(const RescalingSettings& settings) {
  if (settings.scale.empty() || settings.offset.empty()) return "scale or offset is empty";
  return {};
}

void require_per_channel(const CallContext& call, const char* name, std::size_t count) {
  const Dim channels = call.dim(-1);
  if (count == 1 || channels.fits(Dim(static_cast<std::int64_t>(count)))) return;
  call.refuse(fmt::format("{} has {} numbers", name, count), "one number, or one per channel");
}

TensorSpec output(const RescalingSettings& settings, const CallContext& call) {
  require_per_channel(call, "scale", settings.scale.size());
  require_per_channel(call, "offset", settings.offset.size());
  return same_spec(call.input());
}

ops::ValueId lower(const RescalingSettings& settings, LowerContext& context) {
  ops::AffineAttributes attributes;
  attributes.scale.assign(settings.scale.size(), 0.0F);
  attributes.offset.assign(settings.offset.size(), 0.0F);
  for (std::size_t i = 0; i < settings.scale.size(); ++i) {
    attributes.scale[i] = static_cast<float>(settings.scale[i]);
  }
  for (std::size_t i = 0; i < settings.offset.size(); ++i) {
    attributes.offset[i] = static_cast<float>(settings.offset[i]);
  }
  return context.apply(ops::OpKind::kAffine, std::move(attributes), {context.input()});
}

}  // namespace

LayerDescriptor rescaling_descriptor() {
  return LayerDeclaration<RescalingSettings>("Rescaling", "x·scale + offset.")
      .positional("scale", &RescalingSettings::scale, finite())
      .argument("offset", &RescalingSettings::offset, finite())
      .conflict(conflict)
      .output(output)
      .lower(lower)
      .done();
}

}  // namespace tenon::graph

namespace tenon {

Rescaling::Rescaling(std::vector<double> scale, RescalingOptions options)
    : Layer(graph::make_layer("Rescaling",
                              graph::RescalingSettings{std::move(options), std::move(scale)})) {}
Rescaling::Rescaling(double scale, RescalingOptions options)
    : Rescaling(std::vector<double>{scale}, std::move(options)) {}

}  // namespace tenon
