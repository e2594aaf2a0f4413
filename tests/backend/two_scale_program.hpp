#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "backend/api/engine.hpp"
#include "ops/program.hpp"

namespace tenon::bench {

/// Sizes of the model of two inputs: each a convolution 3×3 with relu, flattened; joined; one
/// sigmoid.
struct TwoScale {
  std::int64_t batch = 32;
  std::int64_t small_side = 32;
  std::int64_t large_side = 64;
  std::int64_t channels = 3;
  std::int64_t small_filters = 32;
  std::int64_t large_filters = 64;
};

/// One training step: forward, binary crossentropy, gradients, Adam. Inputs: "Small", "Large",
/// "target"; outputs: "loss", "prediction".
struct TwoScaleStep {
  ops::Program program;
  std::vector<backend::VariableSpec> variables;  ///< The first `weights` are weights, then slots.
  std::vector<ops::ValueId> weights;
};

class TwoScaleBuilder {
 public:
  explicit TwoScaleBuilder(const TwoScale& size) : size_(size), builder_(step_.program) {}

  TwoScaleStep build(bool training = true) {
    const ops::ValueId small = branch("Small", size_.small_side, size_.small_filters);
    const ops::ValueId large = branch("Large", size_.large_side, size_.large_filters);
    const ops::ValueId joined = builder_.apply(ops::OpKind::kConcatenate, ops::AxisAttributes{-1},
                                               {small, large}, "concatenate");
    const ops::ValueId kernel = weight("dense/kernel", {builder_.shape(joined)[1], 1});
    const ops::ValueId bias = weight("dense/bias", {1});
    const ops::ValueId logit =
        builder_.apply(ops::OpKind::kDense, ops::NoAttributes{}, {joined, kernel, bias}, "dense");
    const ops::ValueId prediction = builder_.apply(
        ops::OpKind::kActivation, ops::ActivationAttributes{.kind = ops::ActivationKind::kSigmoid},
        {logit}, "dense");
    builder_.output("prediction", prediction);
    if (training) train(prediction);
    return std::move(step_);
  }

 private:
  ops::ValueId weight(const std::string& name, const Shape& shape) {
    step_.variables.push_back({name, shape, DType::kFloat32});
    const auto slot = static_cast<std::int32_t>(step_.variables.size()) - 1;
    step_.weights.push_back(builder_.variable(slot, name, shape));
    return step_.weights.back();
  }

  ops::ValueId branch(const std::string& name, std::int64_t side, std::int64_t filters) {
    const ops::ValueId x =
        builder_.input(name, DType::kFloat32, {size_.batch, side, side, size_.channels});
    const ops::ValueId kernel = weight(name + "/kernel", {3, 3, size_.channels, filters});
    const ops::ValueId bias = weight(name + "/bias", {filters});
    const ops::ValueId y = builder_.apply(ops::OpKind::kConvolution, ops::ConvolutionAttributes{},
                                          {x, kernel, bias}, name);
    const ops::ValueId relu = builder_.apply(
        ops::OpKind::kActivation,
        ops::ActivationAttributes{.kind = ops::ActivationKind::kRelu, .beta = 0.0F}, {y}, name);
    const Shape& shape = builder_.shape(relu);
    return builder_.apply(ops::OpKind::kReshape,
                          ops::ShapeAttributes{{size_.batch, shape[1] * shape[2] * shape[3]}},
                          {relu}, name + "/flatten");
  }

  void train(ops::ValueId prediction) {
    const ops::ValueId target = builder_.input("target", DType::kFloat32, {size_.batch, 1});
    const ops::ValueId loss = builder_.append(
        ops::OpKind::kLoss, ops::LossAttributes{.kind = ops::LossKind::kBinaryCrossentropy},
        {prediction, target}, "loss")[0];
    builder_.output("loss", loss);
    const std::vector<ops::ValueId> gradients =
        ops::append_gradients(step_.program, loss, step_.weights);
    for (std::size_t i = 0; i < gradients.size(); ++i) {
      const backend::VariableSpec weight = step_.variables[i];
      std::vector<ops::ValueId> ports{step_.weights[i], gradients[i]};
      for (const char* slot : {"m", "v"}) {
        const std::string name = "adam/" + weight.name + "/" + slot;
        step_.variables.push_back({name, weight.shape, DType::kFloat32});
        ports.push_back(builder_.variable(static_cast<std::int32_t>(step_.variables.size()) - 1,
                                          name, weight.shape));
      }
      builder_.append(ops::OpKind::kAdamUpdate, ops::OptimizerAttributes{}, ports, "adam");
    }
  }

  TwoScale size_;
  TwoScaleStep step_;
  ops::Builder builder_;
};

/// Glorot's limits, biases 0.
inline Tensor start_of(const backend::VariableSpec& spec, std::uint64_t seed) {
  if (spec.shape.rank() < 2 || spec.name.starts_with("adam/")) {
    return Tensor(spec.dtype, spec.shape);
  }
  const std::int64_t outputs = spec.shape.dim(-1);
  const std::int64_t area = spec.shape.rank() == 4 ? spec.shape[0] * spec.shape[1] : 1;
  const std::int64_t inputs = spec.shape.element_count() / outputs;
  const float limit = std::sqrt(6.0F / static_cast<float>(inputs + area * outputs));
  return random_uniform(spec.shape, seed, -limit, limit);
}

}  // namespace tenon::bench
