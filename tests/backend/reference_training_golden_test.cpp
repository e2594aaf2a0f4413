#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "backend/api/engine.hpp"
#include "goldens.hpp"

// Losses and optimizers of the reference engine against what Keras 3 gave for the same numbers.

namespace tenon::backend {
namespace {

using nlohmann::json;
using ops::LossAttributes;
using ops::LossKind;
using ops::OpKind;
using ops::OptimizerAttributes;

std::optional<LossKind> loss_kind(const std::string& name) {
  if (name == "BinaryCrossentropy") return LossKind::kBinaryCrossentropy;
  if (name == "CategoricalCrossentropy") return LossKind::kCategoricalCrossentropy;
  if (name == "SparseCategoricalCrossentropy") return LossKind::kSparseCategoricalCrossentropy;
  if (name == "MeanSquaredError") return LossKind::kMeanSquaredError;
  if (name == "MeanAbsoluteError") return LossKind::kMeanAbsoluteError;
  return std::nullopt;
}

/// Keras computed in float32, as this does; each differs from the exact value by a few roundings.
constexpr double kLossTolerance = 2e-6;

void check_loss(const std::string& prefix, const LossAttributes& attributes) {
  const Tensor& target = goldens::tensor(prefix + "yt");
  const Tensor& prediction = goldens::tensor(prefix + "yp");
  ops::Program program;
  ops::Builder builder(program);
  const auto p = builder.input("prediction", prediction.dtype(), prediction.shape());
  const auto t = builder.input("target", target.dtype(), target.shape());
  const auto made = builder.append(OpKind::kLoss, attributes, {p, t}, "loss");
  const auto gradient = append_gradients(program, made[0], {p});
  builder.output("total", made[0]);
  builder.output("each", made[1]);
  builder.output("gradient", gradient[0]);
  const auto plan = reference_engine().compile(program, nullptr);
  plan->bind_input(0, prediction);
  plan->bind_input(1, target);
  plan->run({});
  goldens::expect_near(plan->output(0), goldens::tensor(prefix + "mean"), kLossTolerance, "mean");
  goldens::expect_near(plan->output(1), goldens::tensor(prefix + "each"), kLossTolerance, "each");
  goldens::expect_near(plan->output(2), goldens::tensor(prefix + "gyp"), kLossTolerance,
                       "gradient");
}

TEST(ReferenceLossGolden, EqualsKeras) {
  if (!goldens::available()) GTEST_SKIP() << goldens::kSkipReason;
  int checked = 0;
  for (const json& entry : goldens::index()["losses"]) {
    const auto kind = loss_kind(entry["class"]);
    if (!kind) continue;  // Made of other ops by the room train.
    const json& config = entry["config"];
    const std::string prefix = "S" + std::to_string(entry["i"].get<int>()) + "_";
    SCOPED_TRACE(prefix + entry["class"].get<std::string>());
    check_loss(prefix, {.kind = *kind,
                        .from_logits = config.value("from_logits", false),
                        .label_smoothing = config.value("label_smoothing", 0.0)});
    ++checked;
  }
  EXPECT_EQ(checked, 9);
}

double number(const json& config, const char* key) {
  return config.contains(key) && config[key].is_number() ? config[key].get<double>() : 0.0;
}
bool flag(const json& config, const char* key) {
  return config.contains(key) && config[key].is_boolean() && config[key].get<bool>();
}

/// The update op of a Keras optimizer and the slots that it keeps per weight, in its ports' order;
/// "" for a port that is not connected.
struct UpdateRule {
  OpKind kind = OpKind::kSgdUpdate;
  OptimizerAttributes attributes;
  std::vector<std::string> slots;
};

std::optional<UpdateRule> update_rule(const std::string& name, const json& config) {
  OptimizerAttributes attributes{.momentum = number(config, "momentum"),
                                 .nesterov = flag(config, "nesterov"),
                                 .weight_decay = number(config, "weight_decay"),
                                 .amsgrad = flag(config, "amsgrad"),
                                 .centered = flag(config, "centered")};
  const std::string momentum = attributes.momentum != 0.0 ? "momentum" : "";
  if (name == "SGD") {
    return UpdateRule{OpKind::kSgdUpdate, attributes, {momentum}};
  }
  if (name == "Adam" || name == "AdamW") {
    attributes.beta_1 = number(config, "beta_1");
    attributes.beta_2 = number(config, "beta_2");
    attributes.epsilon = number(config, "epsilon");
    return UpdateRule{
        OpKind::kAdamUpdate, attributes, {"m", "v", attributes.amsgrad ? "vhat" : ""}};
  }
  if (name == "RMSprop") {
    attributes.rho = number(config, "rho");
    attributes.epsilon = number(config, "epsilon");
    return UpdateRule{OpKind::kRmspropUpdate,
                      attributes,
                      {"velocity", momentum, attributes.centered ? "average_gradient" : ""}};
  }
  return std::nullopt;
}

/// The gradients after the clipping that the config asks for.
std::vector<ops::ValueId> clipped(ops::Builder& builder, const json& config,
                                  std::vector<ops::ValueId> gradients) {
  const auto each = [&](OpKind kind, double limit) {
    for (ops::ValueId& g : gradients) {
      g = builder.apply(kind, ops::ClipAttributes{limit}, {g}, "clip");
    }
  };
  if (const double limit = number(config, "clipvalue"); limit > 0.0) {
    each(OpKind::kClipByValue, limit);
  }
  if (const double limit = number(config, "clipnorm"); limit > 0.0) {
    each(OpKind::kClipByNorm, limit);
  }
  if (const double limit = number(config, "global_clipnorm"); limit > 0.0) {
    gradients =
        builder.append(OpKind::kClipByGlobalNorm, ops::ClipAttributes{limit}, gradients, "clip");
  }
  return gradients;
}

/// Two weights, w (3, 4) and b (4), updated from the inputs 0 and 1.
struct Training {
  ops::Program program;
  std::vector<VariableSpec> specs;
};

Training training_of(const UpdateRule& rule, const json& config) {
  Training training;
  ops::Builder builder(training.program);
  const std::vector<Shape> shapes = {Shape{3, 4}, Shape{4}};
  const auto variable = [&](const std::string& name, const Shape& shape) {
    const auto slot = static_cast<std::int32_t>(training.specs.size());
    training.specs.push_back({name, shape});
    return builder.variable(slot, name, shape);
  };
  const std::vector<ops::ValueId> weights = {variable("w", shapes[0]), variable("b", shapes[1])};
  std::vector<ops::ValueId> gradients = {builder.input("gw", DType::kFloat32, shapes[0]),
                                         builder.input("gb", DType::kFloat32, shapes[1])};
  gradients = clipped(builder, config, gradients);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    std::vector<ops::ValueId> ports = {weights[i], gradients[i]};
    for (const std::string& slot : rule.slots) {
      ports.push_back(slot.empty() ? ops::kNoValue : variable(slot, shapes[i]));
    }
    builder.append(rule.kind, rule.attributes, ports, "update");
  }
  return training;
}

constexpr double kWeightTolerance = 2e-6;

void check_optimizer(int index, const UpdateRule& rule, const json& config) {
  const Training training = training_of(rule, config);
  const auto variables = reference_engine().create_variables(training.specs);
  variables->write(0, goldens::tensor("O_w"));
  variables->write(1, goldens::tensor("O_b"));
  const auto plan = reference_engine().compile(training.program, variables);
  const std::string prefix = "O" + std::to_string(index) + "_";
  const auto rates = goldens::tensor(prefix + "lr").data<double>();
  for (std::int64_t step = 0; step < 10; ++step) {
    plan->bind_input(0, goldens::tensor("O_gw").row(step));
    plan->bind_input(1, goldens::tensor("O_gb").row(step));
    plan->run({.learning_rate = static_cast<float>(rates[static_cast<std::size_t>(step)]),
               .iteration = step});
    const std::string when = " after step " + std::to_string(step);
    goldens::expect_near(variables->read(0), goldens::tensor(prefix + "w").row(step),
                         kWeightTolerance, "w" + when);
    goldens::expect_near(variables->read(1), goldens::tensor(prefix + "b").row(step),
                         kWeightTolerance, "b" + when);
  }
}

TEST(ReferenceOptimizerGolden, EqualsKeras) {
  if (!goldens::available()) GTEST_SKIP() << goldens::kSkipReason;
  std::set<int> checked;
  for (const json& entry : goldens::index()["optimizers"]) {
    const json& config = entry["config"];
    const auto rule = update_rule(entry["class"], config);
    // Averages of weights and accumulation over steps are the work of train, not of an op.
    if (!rule || flag(config, "use_ema") || config["gradient_accumulation_steps"].is_number()) {
      continue;
    }
    const int index = entry["i"];
    SCOPED_TRACE("O" + std::to_string(index) + " " + entry["class"].get<std::string>());
    check_optimizer(index, *rule, config);
    checked.insert(index);
  }
  EXPECT_EQ(checked,
            (std::set<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 22, 23, 24, 25, 26, 27, 28, 29}));
}

}  // namespace
}  // namespace tenon::backend
