#include "model_text.hpp"

#include "draw.hpp"
#include "tenon/layers.hpp"
#include "tenon/model.hpp"

namespace tenon::mutation {
namespace {

SymbolicTensor image_features(SymbolicTensor x, Draw& draw) {
  x = Conv2D(draw.between(2, 4), {3, 3}, {.padding = "same", .activation = "relu"})(x);
  if (draw.chance(30)) x = BatchNormalization()(x);
  if (draw.chance(30)) x = MaxPooling2D(2)(x);
  if (draw.chance(60)) return GlobalAveragePooling2D()(x);
  return draw.chance(50) ? GlobalMaxPooling2D()(x) : Flatten()(x);
}

SymbolicTensor volume_features(SymbolicTensor x, Draw& draw) {
  x = Conv3D(draw.between(2, 3), {3, 3, 3}, {.padding = "same", .activation = "relu"})(x);
  return draw.chance(60) ? GlobalAveragePooling3D()(x) : Flatten()(x);
}

SymbolicTensor features_of(const InputPlan& plan, SymbolicTensor x, Draw& draw) {
  if (plan.rescales) x = Rescaling(1.0 / 255.0)(x);
  if (plan.dims.size() == 3) return image_features(x, draw);
  if (plan.dims.size() == 4) return volume_features(x, draw);
  if (plan.dims.empty()) x = Reshape({1})(x);
  if (plan.dims.size() == 2) x = Flatten()(x);
  return Dense(draw.between(2, 5), {.activation = "relu"})(x);
}

SymbolicTensor output_of(const OutputPlan& plan, const SymbolicTensor& features,
                         const std::vector<SymbolicTensor>& inputs) {
  switch (plan.form) {
    case OutputForm::kClassIds:
    case OutputForm::kOneHot:
      return Dense(plan.units, {.activation = "softmax", .name = plan.name})(features);
    case OutputForm::kBinary:
      return Dense(1, {.activation = "sigmoid", .name = plan.name})(features);
    case OutputForm::kNumber:
      return Dense(plan.units, {.name = plan.name})(features);
    case OutputForm::kMask:
      break;
  }
  for (const SymbolicTensor& input : inputs) {
    const auto& shape = input.spec().shape;
    const bool same_grid =
        shape.size() == 4 && shape[1].fits(plan.dims[0]) && shape[2].fits(plan.dims[1]);
    if (!same_grid) continue;
    return Conv2D(1, {1, 1},
                  {.padding = "same", .activation = "sigmoid", .name = plan.name})(input);
  }
  return Reshape({plan.dims[0], plan.dims[1], 1}, {.name = plan.name})(
      Dense(plan.dims[0] * plan.dims[1], {.activation = "sigmoid"})(features));
}

}  // namespace

std::string model_json(const Experiment& experiment) {
  Draw draw(experiment.model_seed);
  std::vector<SymbolicTensor> inputs;
  std::vector<SymbolicTensor> features;
  for (const InputPlan& plan : experiment.inputs) {
    std::vector<Dim> dims(plan.dims.begin(), plan.dims.end());
    inputs.push_back(Input(std::move(dims), {.name = plan.name}));
    features.push_back(features_of(plan, inputs.back(), draw));
  }
  SymbolicTensor joined = features.front();
  if (features.size() > 1) joined = Concatenate()(features);
  if (draw.chance(30)) joined = Dropout(0.25)(joined);
  std::vector<SymbolicTensor> outputs;
  for (const OutputPlan& plan : experiment.outputs)
    outputs.push_back(output_of(plan, joined, inputs));
  return Model(inputs, outputs, {.name = experiment.name}).to_json();
}

}  // namespace tenon::mutation
