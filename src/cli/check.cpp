#include <fmt/format.h>

#include <algorithm>

#include "cli/commands.hpp"
#include "cli/run_parts.hpp"

namespace tenon::cli {

int check(const CheckOptions& options) {
  const Experiment experiment = load_experiment(options.file, options.sets);
  Model model = build_model(experiment);
  FitTable fit = *experiment.fit;
  const SourceLocation here{intern_file(experiment.file.c_str()), fit.line};
  const Dataset train = build_dataset(experiment, require_split(experiment, "train"));
  if (const SplitTable* split = experiment.split("validation")) {
    fit.fit.validation_data = build_dataset(experiment, *split);
  }
  model.compile(fit.compile, here);
  const std::vector<Diagnostic> found = model.check(train, fit.fit, here);
  const bool ok = std::none_of(found.begin(), found.end(), [](const Diagnostic& each) {
    return each.severity == Severity::kError;
  });
  report(found, options.common);
  if (ok && options.common.format == Format::kText && !options.common.quiet) {
    print(fmt::format("{}: data and model `{}` fit\n", experiment.file, model.name()));
  }
  return ok ? 0 : 1;
}

}  // namespace tenon::cli
