#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/run_parts.hpp"
#include "core/errors_among.hpp"
#include "tenon/file.hpp"

namespace tenon::cli {
namespace {

/// What was asked for, else what the ending of the file to write tells, else text.
LineageFormat format_of(const LineageOptions& options) {
  if (options.format) return *options.format;
  const auto& file = options.output;
  if (file.ends_with(".svg")) return LineageFormat::kSvg;
  if (file.ends_with(".json")) return LineageFormat::kJson;
  if (file.ends_with(".dot") || file.ends_with(".gv")) return LineageFormat::kDot;
  return LineageFormat::kText;
}

std::string render(const Lineage& lineage, LineageFormat format, const std::string& title) {
  switch (format) {
    case LineageFormat::kJson:
      return lineage_json(lineage);
    case LineageFormat::kDot:
      return lineage_dot(lineage, title);
    case LineageFormat::kSvg:
      return lineage_svg(lineage, title);
    case LineageFormat::kText:
      break;
  }
  return lineage_text(lineage, title);
}

}  // namespace

int lineage(const LineageOptions& options) {
  const Experiment experiment =
      load_experiment(options.file, options.sets, {.model = false, .fit = false});
  const ConsoleSinks sinks(options.common);
  const Dataset dataset = build_dataset(experiment, require_split(experiment, options.split));
  const std::string picture = render(dataset.lineage(), format_of(options),
                                     fmt::format("{}, {} data", experiment.name, options.split));
  if (options.output.empty()) {
    print(picture);
  } else {
    write_file_atomically(options.output, picture);
  }
  // As text also beside JSON: standard output holds one object, the lineage.
  const std::vector<Diagnostic>& found = dataset.diagnostics();
  if (!found.empty()) print_error(render_text(found, {.color = color_wanted()}));
  return any_error(found) ? 1 : 0;
}

}  // namespace tenon::cli
