// The stream of an experiment, and its [fit].
#include <algorithm>

#include "composer.hpp"

namespace tenon::mutation {
namespace {

std::string list_of_numbers(std::int64_t count, Draw& draw) {
  std::string out;
  for (std::int64_t i = 0; i < count; ++i)
    out += (out.empty() ? "" : ", ") + std::to_string(draw.between(1, 6)) + ".5";
  return "[" + out + "]";
}

std::vector<std::string> losses_of(OutputForm form) {
  switch (form) {
    case OutputForm::kClassIds:
      return {"\"sparse_categorical_crossentropy\""};
    case OutputForm::kOneHot:
      return {"\"categorical_crossentropy\"",
              "{ name = \"categorical_crossentropy\", label_smoothing = 0.1 }"};
    case OutputForm::kBinary:
    case OutputForm::kMask:
      return {"\"binary_crossentropy\"", "\"mse\""};
    case OutputForm::kNumber:
      break;
  }
  return {"\"mse\"", "\"mae\"", "\"mean_squared_error\""};
}

std::vector<std::string> metrics_of(OutputForm form) {
  switch (form) {
    case OutputForm::kClassIds:
      return {"accuracy", "sparse_categorical_accuracy"};
    case OutputForm::kOneHot:
      return {"accuracy", "categorical_accuracy", "recall", "auc"};
    case OutputForm::kBinary:
      return {"accuracy", "binary_accuracy", "precision", "auc"};
    case OutputForm::kMask:
      return {"binary_accuracy"};
    case OutputForm::kNumber:
      break;
  }
  return {"mae", "mse"};
}

/// `map` by output name, or once for the only output.
FitMap plain_or_named(FitMap map, bool plain) {
  if (plain) map.entries.front().first.clear();
  return map;
}

}  // namespace

void Composer::add_stream() {
  const std::vector<std::string> train = {"train"};
  const int epochs = draw_.between(1, 3);
  if (draw_.chance(15)) pipeline_.plain("skip", {{"count", raw("2")}});
  if (draw_.chance(20))
    pipeline_.plain("take", {{"count", raw("16")}},
                    draw_.chance(50) ? train : std::vector<std::string>{});
  if (draw_.chance(60)) pipeline_.plain("shuffle", {{"buffer", raw("64")}}, train);
  const bool repeats = draw_.chance(20);
  const bool before = draw_.chance(50);
  if (repeats && before) pipeline_.plain("repeat", {}, train);
  std::vector<Argument> batch = {{"size", raw(std::to_string(draw_.between(2, 5)))}};
  if (draw_.chance(25)) batch.push_back({"drop_remainder", raw("true")});
  pipeline_.plain("batch", std::move(batch));
  if (repeats && !before) pipeline_.plain("repeat", {{"count", raw("-1")}}, train);
  const bool steps = !repeats && draw_.chance(20);
  experiment_.fit_values.emplace_back("epochs", std::to_string(steps ? 1 : epochs));
  // Fourteen rows in batches of at most five are two whole ones at least.
  if (repeats) experiment_.fit_values.emplace_back("steps_per_epoch", "4");
  if (steps) experiment_.fit_values.emplace_back("steps_per_epoch", "2");
  if (draw_.chance(15) && experiment_.split("validation") != nullptr)
    experiment_.fit_values.emplace_back("validation_steps", "2");
}

void Composer::add_loss_of(const OutputPlan& output, FitMap& loss, FitMap& metrics,
                           FitMap& class_weight) {
  loss.entries.emplace_back(output.name, draw_.pick(losses_of(output.form)));
  const bool single = experiment_.outputs.size() == 1;
  if (!single) monitors_.push_back(output.name + "_loss");
  if (draw_.chance(80)) {
    const std::string word = draw_.pick(metrics_of(output.form));
    std::string list = toml_string(word);
    if (output.form == OutputForm::kClassIds && draw_.chance(30))
      list += ", { name = \"recall\", class_id = 1 }";
    if (output.form == OutputForm::kClassIds && draw_.chance(15)) list += ", \"per_class_recall\"";
    metrics.entries.emplace_back(output.name, "[" + list + "]");
    monitors_.push_back(single ? word : output.name + "_" + word);
  }
  if (output.form == OutputForm::kClassIds && draw_.chance(40))
    class_weight.entries.emplace_back(output.name, list_of_numbers(output.units, draw_));
}

void Composer::add_callbacks() {
  if (experiment_.split("validation") != nullptr) {
    for (std::size_t i = monitors_.size(); i-- > 0;) monitors_.push_back("val_" + monitors_[i]);
  }
  const auto monitor = [this] { return toml_string(draw_.pick(monitors_)); };
  if (draw_.chance(60))
    experiment_.callbacks.push_back({{{"name", "\"early_stopping\""},
                                      {"monitor", monitor()},
                                      {"mode", "\"min\""},
                                      {"patience", "3"}}});
  if (draw_.chance(30))
    experiment_.callbacks.push_back({{{"name", "\"model_checkpoint\""},
                                      {"filepath", "\"best.keras\""},
                                      {"monitor", monitor()},
                                      {"mode", "\"max\""},
                                      {"save_best_only", "true"}}});
  if (draw_.chance(25))
    experiment_.callbacks.push_back({{{"name", "\"csv_logger\""}, {"filename", "\"log.csv\""}}});
  if (draw_.chance(30)) experiment_.callbacks.push_back({{{"name", "\"terminate_on_nan\""}}});
}

void Composer::add_fit() {
  FitMap loss{"loss", {}};
  FitMap metrics{"metrics", {}};
  FitMap class_weight{"class_weight", {}};
  monitors_ = {"loss"};
  for (const OutputPlan& output : experiment_.outputs)
    add_loss_of(output, loss, metrics, class_weight);
  const bool single = experiment_.outputs.size() == 1;
  experiment_.fit_maps.push_back(plain_or_named(loss, single && draw_.chance(25)));
  if (!metrics.entries.empty())
    experiment_.fit_maps.push_back(plain_or_named(metrics, single && draw_.chance(25)));
  if (!class_weight.entries.empty()) experiment_.fit_maps.push_back(class_weight);
  if (draw_.chance(25)) {
    FitMap weights{"loss_weights", {}};
    for (const OutputPlan& output : experiment_.outputs)
      weights.entries.emplace_back(output.name, "0.5");
    experiment_.fit_maps.push_back(weights);
  }
  if (!weights_.empty()) {
    FitMap weights{"sample_weight", {}};
    weights.entries.emplace_back(experiment_.outputs.front().name, toml_string(weights_.front()));
    experiment_.fit_maps.push_back(weights);
  }
  const std::vector<std::string> optimizers = {
      "{ name = \"sgd\", learning_rate = 0.0001 }", "\"rmsprop\"",
      "{ name = \"adam\", learning_rate = 0.01 }", "{ name = \"rmsprop\", rho = 0.8 }",
      "{ name = \"adamw\", weight_decay = 0.001 }"};
  experiment_.fit_values.emplace_back("optimizer", draw_.pick(optimizers));
  if (draw_.chance(10)) experiment_.fit_values.emplace_back("check_finite", "false");
  add_callbacks();
}

}  // namespace tenon::mutation
