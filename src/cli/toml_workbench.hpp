#pragma once

#include <string>
#include <vector>

#include "cli/experiment_check.hpp"
#include "cli/toml_editor.hpp"
#include "contract/mend.hpp"

namespace tenon::cli {

/// Tries changes on copies of an experiment file's text.
class TomlWorkbench final : public contract::Workbench {
 public:
  /// `text` is what `experiment` was read from.
  TomlWorkbench(ExperimentChecker& checker, const Experiment& experiment, std::string text)
      : checker_(checker),
        experiment_(experiment),
        text_(std::move(text)),
        editor_(text_, experiment.file) {}
  std::vector<Trial> attempt(const Change& change, const Diagnostic& problem) override;
  bool speaks_toml() const noexcept override { return true; }

 private:
  /// A changed text, and what was done where the change's own words do not tell it.
  struct Version {
    std::string text;
    std::string told;
  };
  std::vector<Version> versions_of(const Change& change, const Diagnostic& problem) const;
  std::vector<Version> insertions(const Change& change, const std::vector<std::string>& splits,
                                  std::size_t place) const;

  ExperimentChecker& checker_;
  const Experiment& experiment_;
  std::string text_;
  TomlEditor editor_;  ///< Of text_.
};

}  // namespace tenon::cli
