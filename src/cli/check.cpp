#include <fmt/format.h>

#include <algorithm>

#include "cli/commands.hpp"
#include "cli/experiment_check.hpp"
#include "cli/toml_editor.hpp"
#include "core/errors_among.hpp"
#include "tenon/file.hpp"

namespace tenon::cli {
namespace {

/// 0: data and model fit, 1: they do not, 2: the file cannot be understood.
int status_of(const std::vector<Diagnostic>& problems) {
  if (std::any_of(problems.begin(), problems.end(), is_of_the_file)) return 2;
  return any_error(problems) ? 1 : 0;
}

/// Shows the change that mends `text`, and writes it if that was asked for. What cannot be mended
/// is told again.
int mend(ExperimentChecker& checker, const std::string& text, const CheckOptions& options) {
  const std::string changed = mended(checker, text);
  const std::string diff = unified_diff(text, changed, options.file);
  if (options.common.format == Format::kText) print(diff);
  const std::vector<Diagnostic> left = checker.problems(changed);
  if (any_error(left) && options.common.format == Format::kText) {
    print_error(diff.empty() ? "" : "\nleft after this change:\n\n");
    report(left, options.common);
  }
  if (options.write && !diff.empty()) {
    write_file_atomically(options.file, changed);
    if (!options.common.quiet) print_error(fmt::format("{} was changed\n", options.file));
  } else if (!options.common.quiet) {
    print_error(diff.empty() ? "no change is known that mends this\n"
                             : "nothing was written; --write writes it\n");
  }
  return status_of(left);
}

}  // namespace

int check(const CheckOptions& options) {
  const std::string text = read_experiment_text(options.file);
  ExperimentChecker checker(options.file, options.sets);
  const std::vector<Diagnostic> found = checker.problems(text);
  const bool ok = !any_error(found);
  report(found, options.common);
  if (ok) {
    if (options.common.format == Format::kText && !options.common.quiet)
      print(fmt::format("{}: data and model `{}` fit\n", options.file, checker.model_name()));
    return 0;
  }
  return options.fix ? mend(checker, text, options) : status_of(found);
}

}  // namespace tenon::cli
