#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/experiment.hpp"
#include "train/fit_check.hpp"

namespace tenon::cli {

/// Holds the data of an experiment file against its model, and the same for changed copies of its
/// text. The model and the sources are opened once.
class ExperimentChecker {
 public:
  ExperimentChecker(std::string file, std::vector<std::string> sets);

  /// One text, checked.
  struct Checked {
    Experiment experiment;
    train::FitData data;
    train::FitCheck check;  ///< Points into `data`.
  };
  /// Throws FormatError (C001, F001) if `text` or a file that it names cannot be read,
  /// ContractError (A001) if a stage's arguments cannot work. Fixes are untried.
  std::unique_ptr<Checked> check(const std::string& text);
  /// All problems, each with the fixes that were applied to a copy of `text` and found to mend it;
  /// these have an edit. Also those of a file that cannot be understood (C001), which check()
  /// throws; other errors are thrown.
  std::vector<Diagnostic> problems(const std::string& text);

  const std::string& file() const noexcept { return file_; }
  /// Of the model that was checked last; empty before.
  std::string model_name() const { return model_ ? model_->name() : std::string(); }

 private:
  Model& model_of(const Experiment& experiment);

  std::string file_;
  std::vector<std::string> sets_;
  std::string model_path_;
  std::optional<Model> model_;
  SourceCache sources_;
};

/// True if `problem` says that the file itself cannot be understood.
bool is_of_the_file(const Diagnostic& problem);

/// `text` with the lines of `edit` exchanged.
std::string applied(const Edit& edit, const std::string& text);

/// `text` with the first fixes of all its problems, one after the other, each checked anew; as far
/// as it can be mended.
std::string mended(ExperimentChecker& checker, const std::string& text);

/// Gives unknown words of the file (C001) the nearest known one as a fix, where that mends them.
void offer_words(std::vector<Diagnostic>& problems, const std::string& text,
                 ExperimentChecker& checker);

}  // namespace tenon::cli
