#pragma once

#include <vector>

#include "contract/mend.hpp"
#include "tenon/model.hpp"

namespace tenon::train {

/// Tries changes on copies of the data sets of one call of fit, evaluate or predict, and on a copy
/// of its interface.
class FitWorkbench final : public contract::Workbench {
 public:
  FitWorkbench(const TrainingInterface& interface, std::span<const contract::Split> splits);
  std::vector<Trial> attempt(const Change& change, const Diagnostic& problem) override;
  bool speaks_toml() const noexcept override { return speaks_toml_; }

 private:
  const TrainingInterface& interface_;
  std::vector<contract::Split> splits_;
  bool speaks_toml_ = false;
};

/// `problems` of a check of `splits` with the fixes that such a workbench finds to mend them.
std::vector<Diagnostic> with_fixes(std::vector<Diagnostic> problems,
                                   const TrainingInterface& interface,
                                   std::span<const contract::Split> splits);

}  // namespace tenon::train
