#include "cli/commands.hpp"
#include "cli/experiment.hpp"
#include "data/arguments.hpp"

namespace tenon::cli {
namespace {

constexpr std::int64_t kDefaultBatch = 32;

/// A model, compiled where an experiment or its file says how.
struct Subject {
  Model model;
  std::int64_t batch = kDefaultBatch;
};

/// The size of the batches that training gets.
std::int64_t batch_of(const Experiment& experiment) {
  for (const StageTable& stage : experiment.stages) {
    if (stage.op != "batch" || !stage.is_for("train")) continue;
    return data::Arguments("batch", stage.arguments).integer("size");
  }
  return kDefaultBatch;
}

Subject subject_of(const SummaryCommandOptions& options) {
  if (!options.subject.ends_with(".toml")) return {load_model_file(options.subject, 0)};
  const Experiment experiment = load_experiment(options.subject, options.sets, {.fit = false});
  Subject subject{build_model(experiment), batch_of(experiment)};
  if (experiment.fit && options.plan) subject.model.compile(experiment.fit->compile);
  return subject;
}

}  // namespace

int summary(const SummaryCommandOptions& options) {
  Subject subject = subject_of(options);
  const bool json = options.common.format == Format::kJson;
  if (!options.plan) {
    print((json ? subject.model.to_json() : subject.model.summary()) + "\n");
    return kDone;
  }
  const ModelPlan plan =
      subject.model.plan({.batch_size = options.batch > 0 ? options.batch : subject.batch});
  print((json ? plan.to_json() : plan.to_string()) + "\n");
  return kDone;
}

}  // namespace tenon::cli
