// [fit] of an experiment file, in the library's own words.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <limits>

#include "cli/experiment.hpp"
#include "cli/fit_parts.hpp"
#include "core/thread_count.hpp"
#include "data/arguments.hpp"
#include "dist/one_process.hpp"
#include "train/distribution_maker.hpp"
#include "train/engines.hpp"

namespace tenon::cli {
namespace {

int read_threads(TableReader& reader, const std::string& key, Problems& problems) {
  constexpr std::int64_t kMost = std::numeric_limits<int>::max();
  const auto value = reader.integer(key);
  if (!value) return 0;
  const int threads = static_cast<int>(std::clamp(*value, -kMost, kMost));
  check_with_line(reader.any(key)->line, problems, [&] { check_threads("fit", key, threads); });
  return threads;
}

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
  if (const auto* engine = reader.any("engine"))
    check_with_line(engine->line, problems, [&] { backend::engine_by_name(compile.engine); });
  compile.precision = reader.text("precision").value_or("");
  if (const auto* precision = reader.any("precision"))
    check_with_line(precision->line, problems,
                    [&] { backend::precision_by_name(compile.precision); });
  compile.threads = read_threads(reader, "threads", problems);
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

void read_same_grid(const data::ArgumentValue& value, FitArguments& fit, Problems& problems) {
  const auto* list = std::get_if<data::ArgumentValue::List>(&value.value);
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    if (auto keys = as_texts((*list)[i])) {
      fit.same_grid.push_back(std::move(*keys));
    } else {
      list = nullptr;
    }
  }
  if (list == nullptr)
    problems.add(value.line, "same_grid of fit is a list of lists of keys",
                 "write same_grid = [[\"t1\", \"t2\"]]");
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
  if (const auto* groups = reader.any("same_grid")) read_same_grid(*groups, fit, problems);
  if (const auto leakage = reader.boolean("check_leakage")) fit.check_leakage = *leakage;
  fit.data_threads = read_threads(reader, "data_threads", problems);
}

/// distribution = { wire = "bfloat16", timeout_seconds = 1800 }
MpiOptions read_distribution(const data::ArgumentValue& table, Problems& problems) {
  MpiOptions options;
  TableReader reader(table, "fit.distribution", problems);
  if (const auto wire = reader.text("wire")) options.wire = *wire;
  if (const auto seconds = reader.number("timeout_seconds")) options.timeout_seconds = *seconds;
  if (const auto size = reader.number("bucket_megabytes")) options.bucket_megabytes = *size;
  if (const auto per_rank = reader.boolean("batch_per_rank")) options.batch_per_rank = *per_rank;
  if (const auto scale = reader.text("scale_learning_rate")) options.scale_learning_rate = *scale;
  if (const auto steps = reader.integer("warmup_steps")) options.warmup_steps = *steps;
  reader.finish();
  check_with_line(table.line, problems,
                  [&] { DistributionMaker::make(dist::one_process(), options); });
  return options;
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
  fit.fit.group_key = experiment.group;
  if (const auto output = reader.text("output")) {
    fit.output = (std::filesystem::path(experiment.folder) / *output).lexically_normal().string();
  }
  if (const auto save_freq = reader.text_or_integer("save_freq")) {
    fit.save_freq = *save_freq;
    check_with_line(fit.line, problems,
                    [&] { BackupAndRestore(fit.output, {.save_freq = fit.save_freq}); });
  }
  if (const auto* callbacks = reader.any("callbacks")) {
    fit.fit.callbacks = read_callbacks(*callbacks, fit.output, problems);
  }
  if (const auto* distribution = reader.any("distribution"))
    fit.distribution = read_distribution(*distribution, problems);
  reader.finish();
  return fit;
}

}  // namespace tenon::cli
