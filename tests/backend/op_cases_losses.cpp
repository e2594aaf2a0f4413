#include <string>

#include "op_cases.hpp"

namespace tenon::backend::cases {
namespace {

using ops::LossAttributes;
using ops::LossKind;
using ops::LossReduction;
using ops::OpKind;

/// `weighted` adds sample weights. Probabilities stay clear of the clip's corners.
OpCase loss(const std::string& name, const Shape& prediction, const LossAttributes& attributes,
            bool weighted = false) {
  const bool sparse = attributes.kind == LossKind::kSparseCategoricalCrossentropy;
  const bool regression = attributes.kind == LossKind::kMeanSquaredError ||
                          attributes.kind == LossKind::kMeanAbsoluteError;
  const bool any_number = attributes.from_logits || regression;
  std::vector<std::int64_t> rows(prediction.begin(), prediction.end() - 1);
  std::vector<InputSpec> inputs = {{.name = "prediction",
                                    .shape = prediction,
                                    .low = any_number ? -2.0F : 0.05F,
                                    .high = any_number ? 2.0F : 0.95F}};
  inputs.push_back({.name = "target",
                    .shape = sparse ? Shape(rows) : prediction,
                    .low = 0.0F,
                    .high = sparse ? static_cast<float>(prediction.dim(-1)) : 1.0F,
                    .differentiable = false,
                    .dtype = sparse ? DType::kInt32 : DType::kFloat32});
  if (weighted) {
    inputs.push_back({.name = "sample_weight",
                      .shape = {prediction[0]},
                      .low = 0.1F,
                      .high = 3.0F,
                      .differentiable = false});
  }
  return simple_case("loss/" + name, OpKind::kLoss, attributes, inputs);
}

std::vector<OpCase> of_every_kind(const std::string& suffix, const Shape& prediction,
                                  LossAttributes attributes, bool weighted) {
  std::vector<OpCase> all;
  for (const LossKind kind :
       {LossKind::kBinaryCrossentropy, LossKind::kCategoricalCrossentropy,
        LossKind::kSparseCategoricalCrossentropy, LossKind::kMeanSquaredError,
        LossKind::kMeanAbsoluteError, LossKind::kBinaryFocalCrossentropy,
        LossKind::kCategoricalFocalCrossentropy, LossKind::kDice, LossKind::kTversky}) {
    attributes.kind = kind;
    all.push_back(loss(std::string(ops::name_of(kind)) + suffix, prediction, attributes, weighted));
  }
  return all;
}

}  // namespace

std::vector<OpCase> loss_cases() {
  std::vector<OpCase> all;
  const auto add = [&all](std::vector<OpCase> some) {
    all.insert(all.end(), some.begin(), some.end());
  };
  add(of_every_kind("", {5, 3}, {}, false));
  add(of_every_kind("_weighted", {5, 3}, {.weight = 0.3}, true));
  add(of_every_kind("_images", {2, 3, 2, 4}, {}, true));
  add(of_every_kind("_sum", {4, 3}, {.reduction = LossReduction::kSum, .weight = 2.0}, true));
  add(of_every_kind("_mean_by_weight", {2, 3, 3},
                    {.reduction = LossReduction::kMeanWithSampleWeight}, true));
  for (const double smoothing : {0.0, 0.1}) {
    const std::string suffix = smoothing == 0.0 ? "_logits" : "_logits_smoothed";
    for (const LossKind kind : {LossKind::kBinaryCrossentropy, LossKind::kCategoricalCrossentropy,
                                LossKind::kSparseCategoricalCrossentropy}) {
      const LossAttributes attributes{
          .kind = kind, .from_logits = true, .label_smoothing = smoothing};
      all.push_back(loss(std::string(ops::name_of(kind)) + suffix, {6, 4}, attributes));
    }
  }
  for (const auto& axis : std::vector<std::vector<int>>{{1, 2}, {0, 1, 2}, {2, 3}, {-1}}) {
    const std::string suffix = "_axes_" + std::to_string(all.size());
    all.push_back(
        loss("dice" + suffix, {2, 3, 2, 4}, {.kind = LossKind::kDice, .axis = axis}, true));
    all.push_back(loss("tversky" + suffix, {2, 3, 2, 4},
                       {.kind = LossKind::kTversky, .alpha = {0.7}, .beta = 0.2, .axis = axis}));
  }
  all.push_back(loss("dice_of_many_voxels", {1, 53, 41, 1},
                     {.kind = LossKind::kDice, .weight = 1000.0, .axis = {1, 2}}, true));
  all.push_back(loss("focal_logits", {6, 4},
                     {.kind = LossKind::kCategoricalFocalCrossentropy,
                      .from_logits = true,
                      .gamma = 1.5,
                      .alpha = {0.1, 0.2, 0.3, 0.4}}));
  all.push_back(loss("binary_crossentropy_smoothed", {6, 1},
                     {.kind = LossKind::kBinaryCrossentropy, .label_smoothing = 0.1}));
  all.push_back(loss("categorical_crossentropy_smoothed", {6, 4},
                     {.kind = LossKind::kCategoricalCrossentropy, .label_smoothing = 0.2}));
  return all;
}

}  // namespace tenon::backend::cases
