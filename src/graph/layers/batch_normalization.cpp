#include "graph/layer_declaration.hpp"

namespace tenon::graph {
namespace {

using Options = BatchNormalizationOptions;

std::vector<WeightDeclaration> weights(const Options& options, const CallContext& call) {
  const std::int64_t channels = call.require_size(-1, "the last axis");
  std::vector<WeightDeclaration> weights;
  if (options.scale) {
    weights.push_back({"gamma", {channels}, options.gamma_initializer, options.gamma_regularizer});
  }
  if (options.center) {
    weights.push_back({"beta", {channels}, options.beta_initializer, options.beta_regularizer});
  }
  weights.push_back({"moving_mean", {channels}, options.moving_mean_initializer, {}, false});
  weights.push_back(
      {"moving_variance", {channels}, options.moving_variance_initializer, {}, false});
  return weights;
}

TensorSpec output(const Options& options, const CallContext& call) {
  if (call.input().rank() < 2) call.refuse("it has no axis to be normalised", "(batch, …, C)");
  if (call.require_axis(options.axis) != call.input().rank() - 1) {
    call.refuse("axis is not the last one", "axis = -1; channels are the last axis",
                "give the data channels last");
  }
  return same_spec(call.input());
}

ops::ValueId lower_inference(const Options& options, LowerContext& context) {
  return context.apply(ops::OpKind::kBatchNormalizationInference,
                       ops::NormalizationAttributes{options.epsilon},
                       {context.input(), context.weight("gamma"), context.weight("beta"),
                        context.weight("moving_mean"), context.weight("moving_variance")});
}

ops::ValueId lower(const Options& options, LowerContext& context) {
  if (!context.training() || !context.trainable()) return lower_inference(options, context);
  const std::vector<ops::ValueId> results =
      context.append(ops::OpKind::kBatchNormalizationTraining,
                     ops::NormalizationAttributes{options.epsilon, options.synchronized},
                     {context.input(), context.weight("gamma"), context.weight("beta")});
  const ops::MovingAverageAttributes moving{options.momentum};
  context.append(ops::OpKind::kMovingAverageUpdate, moving,
                 {context.weight("moving_mean"), results[1]});
  context.append(ops::OpKind::kMovingAverageUpdate, moving,
                 {context.weight("moving_variance"), results[2]});
  return results[0];
}

}  // namespace

LayerDescriptor batch_normalization_descriptor() {
  return LayerDeclaration<Options>("BatchNormalization",
                                   "Mean 0 and variance 1 per channel, then gamma and beta.")
      .argument("axis", &Options::axis)
      .argument("momentum", &Options::momentum, between(0, 1))
      .argument("epsilon", &Options::epsilon, more_than(0))
      .argument("center", &Options::center)
      .argument("scale", &Options::scale)
      .argument("beta_initializer", &Options::beta_initializer)
      .argument("gamma_initializer", &Options::gamma_initializer)
      .argument("moving_mean_initializer", &Options::moving_mean_initializer)
      .argument("moving_variance_initializer", &Options::moving_variance_initializer)
      .argument("beta_regularizer", &Options::beta_regularizer, at_least(0))
      .argument("gamma_regularizer", &Options::gamma_regularizer, at_least(0))
      .fixed("beta_constraint", "null")
      .fixed("gamma_constraint", "null")
      .argument("synchronized", &Options::synchronized)
      .older("renorm", "false")
      .older("renorm_clipping", "null")
      .older("renorm_momentum", "")
      .weights(weights)
      .output(output)
      .lower(lower)
      .done();
}

}  // namespace tenon::graph

namespace tenon {

BatchNormalization::BatchNormalization(BatchNormalizationOptions options)
    : Layer(graph::make_layer("BatchNormalization", std::move(options))) {}

}  // namespace tenon
