#include "train/interface.hpp"

#include <algorithm>

#include "core/text_distance.hpp"
#include "tenon/error.hpp"
#include "train/loss_table.hpp"
#include "train/running_logs.hpp"

namespace tenon::train {
namespace {

/// Names of outputs in `by_name` that are no output's, each put to the output without a loss that
/// was most likely meant: so a misspelt loss is told once, and not again as a target that nothing
/// uses.
void assume_misspelt_losses(std::vector<OutputTraining>& outputs,
                            const CompileArguments& compiled) {
  for (const auto& [name, loss] : compiled.loss.by_name()) {
    std::vector<std::string> without_loss;
    bool known = false;
    for (const OutputTraining& output : outputs) {
      known = known || output.name() == name;
      if (!output.loss) without_loss.push_back(output.name());
    }
    if (known || without_loss.empty()) continue;
    const std::string meant = without_loss.size() == 1
                                  ? without_loss.front()
                                  : nearest_name(name, without_loss).value_or("");
    for (OutputTraining& output : outputs) {
      if (output.name() == meant) output.loss = loss;
    }
  }
}

TrainedOutput trained_output(const OutputTraining& output) {
  TrainedOutput out;
  out.output = output.port;
  out.has_loss = output.loss.has_value();
  if (!output.loss) return out;
  take_loss(out, *output.loss);
  return out;
}

TrainingInterface base_interface(const Model& model, SourceLocation location) {
  TrainingInterface interface;
  interface.model_name = model.name();
  interface.inputs = model.inputs();
  interface.location = location;
  return interface;
}

void add_outputs(TrainingInterface& interface, const Model& model,
                 const CompileArguments& compiled) {
  std::vector<OutputTraining> outputs = resolve_outputs(model.outputs(), compiled);
  assume_misspelt_losses(outputs, compiled);
  for (const OutputTraining& output : outputs) interface.outputs.push_back(trained_output(output));
  interface.uses = name_uses(compiled);
}

void add_sample_weights(TrainingInterface& interface, const KeyMap& sample_weight) {
  interface.sample_weights = sample_weight;
  for (const auto& entry : sample_weight) {
    interface.uses.push_back({"sample_weight", entry.first});
  }
}

}  // namespace

void take_loss(TrainedOutput& out, const Loss& loss) {
  OutputTraining output;
  output.port = out.output;
  const std::int64_t classes = output.classes();
  out.loss = loss.name();
  out.target_form = target_form_of(loss);
  out.target_range.reset();
  if (out.target_form == TargetForm::kClassIds && classes > 0) {
    out.target_range = ValueRange{0.0, static_cast<double>(classes - 1)};
  } else if (target_in_unit_range(loss)) {
    out.target_range = ValueRange{0.0, 1.0};
  }
}

std::vector<std::string> epoch_log_names(const std::vector<OutputTraining>& outputs,
                                         bool validation) {
  std::vector<OutputTraining> sound = outputs;
  for (OutputTraining& output : sound) {
    const MetricSubject subject{output.name(), output.target_form(), output.classes()};
    const auto unfit = [&](const Metric& metric) {
      try {
        make_metric(metric, subject);
        return false;
      } catch (const ContractError&) {
        return true;
      }
    };
    std::erase_if(output.metrics, unfit);
    std::erase_if(output.weighted_metrics, unfit);
  }
  std::vector<std::string> names = RunningLogs(sound).names();
  if (!validation) return names;
  const std::size_t count = names.size();
  for (std::size_t i = 0; i < count; ++i) names.push_back("val_" + names[i]);
  return names;
}

TrainingInterface fit_interface(const Model& model, const CompileArguments& compiled,
                                const FitArguments& arguments, SourceLocation location) {
  TrainingInterface interface = base_interface(model, location);
  add_outputs(interface, model, compiled);
  add_sample_weights(interface, arguments.sample_weight);
  for (const auto& entry : arguments.class_weight.by_name()) {
    interface.uses.push_back({"class_weight", entry.first});
  }
  for (const auto& callback : arguments.callbacks) {
    for (const std::string& name : callback->monitors()) {
      interface.monitors.push_back({callback->name(), name});
    }
  }
  interface.log_names = epoch_log_names(resolve_outputs(model.outputs(), compiled),
                                        arguments.validation_data.has_value());
  interface.ignored_keys = arguments.ignore_keys;
  interface.same_grid = arguments.same_grid;
  interface.epochs = arguments.epochs;
  interface.steps_per_epoch = arguments.steps_per_epoch;
  interface.validation_steps = arguments.validation_steps;
  return interface;
}

TrainingInterface evaluate_interface(const Model& model, const CompileArguments& compiled,
                                     const EvaluateArguments& arguments, SourceLocation location) {
  TrainingInterface interface = base_interface(model, location);
  add_outputs(interface, model, compiled);
  add_sample_weights(interface, arguments.sample_weight);
  interface.ignored_keys = arguments.ignore_keys;
  interface.steps_per_epoch = arguments.steps;
  return interface;
}

TrainingInterface predict_interface(const Model& model, const PredictArguments& arguments,
                                    SourceLocation location) {
  TrainingInterface interface = base_interface(model, location);
  for (const Port& port : model.outputs()) {
    TrainedOutput output;
    output.output = port;
    interface.outputs.push_back(std::move(output));
  }
  interface.ignored_keys = arguments.ignore_keys;
  interface.needs_targets = false;
  interface.steps_per_epoch = arguments.steps;
  return interface;
}

}  // namespace tenon::train
