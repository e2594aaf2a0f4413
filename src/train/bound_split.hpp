#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "contract/contract.hpp"
#include "train/trainer.hpp"

namespace tenon::train {

/// A data set whose keys were resolved to slots: turns records into what a step takes, and holds
/// every batch to the contract.
class BoundSplit {
 public:
  /// `name`: "train", "validation", "test". Throws ContractError where a key has no data.
  BoundSplit(std::string name, const TrainingInterface& interface, Dataset dataset,
             bool check_finite);

  const std::string& name() const noexcept { return name_; }
  const Dataset& dataset() const noexcept { return dataset_; }
  /// `epoch` and `step` count from 0. Throws DataError (S002, S005, D002, G002, …) that names step,
  /// sample, key and stage.
  StepData data_of(const Record& record, std::int64_t epoch, std::int64_t step) const;

 private:
  std::string name_;
  Dataset dataset_;
  contract::Binding binding_;
  contract::BatchChecker checker_;
};

/// Throws ContractError with all problems at once if one of them is an error; hands warnings and
/// notes to the message sink otherwise.
void throw_errors(std::vector<Diagnostic> problems);

/// Every problem of the arguments of compile() and of the splits, the errors first.
std::vector<Diagnostic> all_problems(std::vector<Diagnostic> compile_problems,
                                     const TrainingInterface& interface,
                                     std::span<const contract::Split> splits);

}  // namespace tenon::train
