#pragma once

#include <span>
#include <vector>

#include "contract/contract.hpp"
#include "core/change.hpp"

namespace tenon::contract {

/// Where changes are tried: holds the data sets and the training that were checked, or the text of
/// the file that describes them.
class Workbench {
 public:
  virtual ~Workbench() = default;

  /// What a change would give.
  struct Trial {
    std::vector<Diagnostic> problems;  ///< All that the check says of the changed copy.
    Fix fix;                           ///< `toml` and `edit` where the workbench has a file.
  };
  /// Applies `change`, which was thought out for the split `problem` names first, to copies and
  /// checks those: one trial per way in which it can be applied (to all splits, to those of the
  /// problem only), the best way first. None where the workbench cannot apply it.
  virtual std::vector<Trial> attempt(const Change& change, const Diagnostic& problem) = 0;
  /// True if fixes are to be told as an experiment file has them.
  virtual bool speaks_toml() const noexcept = 0;
};

/// Gives every problem the fixes that were tried and found to mend it, the best first. A change
/// that mends it but uncovers another problem of the same key counts only where none mends it
/// cleanly. Advice that cannot be tried (what a user's own code should yield) stays, behind them;
/// a fix that was thought of but found not to pass is taken out.
void offer_fixes(std::vector<Diagnostic>& problems, const TrainingInterface& interface,
                 std::span<const Split> splits, Workbench& workbench);

}  // namespace tenon::contract
