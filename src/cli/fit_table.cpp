// [fit] of an experiment file, in the library's own words.
#include <fmt/format.h>

#include <filesystem>

#include "cli/experiment.hpp"
#include "cli/fit_parts.hpp"

namespace tenon::cli {
namespace {

void read_compile(TableReader& reader, CompileArguments& compile, Problems& problems) {
  if (const auto* optimizer = reader.any("optimizer"))
    compile.optimizer = read_optimizer(*optimizer, problems);
  if (const auto* loss = reader.any("loss")) {
    compile.loss = read_losses(*loss, problems);
  } else {
    problems.add(reader.line(), "fit has no loss",
                 "write loss = { OUTPUT = \"sparse_categorical_crossentropy\" }");
  }
  if (const auto* weights = reader.any("loss_weights"))
    compile.loss_weights = read_loss_weights(*weights, problems);
  if (const auto* metrics = reader.any("metrics"))
    compile.metrics = read_metrics(*metrics, "metrics", problems);
  if (const auto* metrics = reader.any("weighted_metrics")) {
    compile.weighted_metrics = read_metrics(*metrics, "weighted_metrics", problems);
  }
  compile.engine = reader.text("engine").value_or("");
  compile.precision = reader.text("precision").value_or("float32");
  compile.threads = static_cast<int>(reader.integer("threads").value_or(0));
}

std::int64_t positive(TableReader& reader, std::string_view key, std::int64_t otherwise,
                      Problems& problems) {
  const auto value = reader.integer(key);
  if (!value) return otherwise;
  if (*value >= (key == "initial_epoch" ? 0 : 1)) return *value;
  problems.add(reader.any(key)->line,
               fmt::format("{} of fit is {}, which is too small", key, *value));
  return otherwise;
}

void read_run(TableReader& reader, FitArguments& fit, Problems& problems) {
  fit.epochs = positive(reader, "epochs", 1, problems);
  fit.initial_epoch = positive(reader, "initial_epoch", 0, problems);
  fit.validation_freq = positive(reader, "validation_freq", 1, problems);
  if (const auto steps = positive(reader, "steps_per_epoch", 0, problems); steps > 0)
    fit.steps_per_epoch = steps;
  if (const auto steps = positive(reader, "validation_steps", 0, problems); steps > 0)
    fit.validation_steps = steps;
  if (const auto* weights = reader.any("class_weight"))
    fit.class_weight = read_class_weights(*weights, problems);
  if (const auto weights = reader.text_map("sample_weight")) fit.sample_weight = *weights;
  if (const auto keys = reader.texts("ignore_keys")) fit.ignore_keys = *keys;
  if (const auto finite = reader.boolean("check_finite")) fit.check_finite = *finite;
  fit.data_threads = static_cast<int>(reader.integer("data_threads").value_or(0));
}

}  // namespace

FitTable read_fit(const data::ArgumentValue& table, const Experiment& experiment,
                  Problems& problems) {
  FitTable fit;
  fit.line = table.line;
  TableReader reader(table, "fit", problems);
  read_compile(reader, fit.compile, problems);
  read_run(reader, fit.fit, problems);
  fit.fit.seed = experiment.seed;
  if (const auto output = reader.text("output")) {
    fit.output = (std::filesystem::path(experiment.folder) / *output).lexically_normal().string();
  }
  if (const auto* callbacks = reader.any("callbacks")) {
    fit.fit.callbacks = read_callbacks(*callbacks, fit.output, problems);
  }
  reader.finish();
  return fit;
}

}  // namespace tenon::cli
