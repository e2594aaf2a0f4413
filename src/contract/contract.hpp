#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tenon/dataset.hpp"
#include "tenon/training_interface.hpp"

namespace tenon::contract {

/// One of the data sets that a training uses.
struct Split {
  std::string name{};  ///< "train", "validation", "test"
  const Dataset* dataset = nullptr;
  /// Steps that will be asked of it per epoch; nothing: until it ends.
  std::optional<std::int64_t> steps{};
  std::int64_t epochs = 1;  ///< How often it is run, or drawn on.
  bool continues = false;   ///< A generator: epochs draw on one stream.
  /// Data without any target are taken as data to predict from.
  bool targets_optional = false;
};

/// All problems of names, roles, dtypes, ranks, shapes, layout and cardinality that can be known
/// without pulling a batch: grouped, the most fundamental first, the same cause told once with the
/// splits it holds for. Warnings and notes stand behind the errors. Empty: data and model fit.
std::vector<Diagnostic> check(const TrainingInterface& interface, std::span<const Split> splits);

/// Adds `problem`; where `problems` tell the same of another split, its split is added to that.
void add_or_merge(std::vector<Diagnostic>& problems, Diagnostic problem);

/// Names resolved to slots, once. Indices are into a Record of the split.
struct Binding {
  std::vector<std::size_t> inputs;                  ///< Per model input.
  std::vector<std::optional<std::size_t>> targets;  ///< Per model output; nothing: it has no loss.
  std::vector<std::optional<std::size_t>> weights;  ///< Per model output: its sample weights.
};
/// Throws ContractError if a name has no data; check() has told it before in full.
Binding bind(const TrainingInterface& interface, const Schema& schema);

struct BadValue;

/// Holds every batch of a run to what was bound: keys, dtypes, ranks, shapes, one batch size, value
/// ranges of class ids, and, if asked, NaN and Inf. By slot; no string is looked at unless it
/// fails.
class BatchChecker {
 public:
  BatchChecker(const TrainingInterface& interface, const Dataset& dataset, const Binding& binding,
               bool check_finite);
  /// Rows of the batch. Throws DataError that names step, sample, file, key and stage: G002 for a
  /// dtype or shape that is not as bound (with both specs) and for a key that vanished, S005 for
  /// keys of different rows, S008 for a sample whose keys of one same_grid group lie on different
  /// grids, D002 for values.
  std::int64_t check(const Record& record, const RunPlace& place) const;

 private:
  struct Slot {
    std::size_t slot;
    TensorSpec spec;
    std::string name;
    Role role;
    std::optional<ValueRange> range;
    bool checks_values;  ///< There is a range, or it may hold NaN and that is looked for.
  };
  [[noreturn]] void throw_not_as_bound(const Slot& slot, const Record& record,
                                       const RunPlace& place) const;
  [[noreturn]] void throw_other_rows(const Slot& slot, const Record& record,
                                     const RunPlace& place) const;
  void check_grids(const Record& record, const RunPlace& place) const;
  [[noreturn]] void throw_bad_value(const Slot& slot, const Record& record, const RunPlace& place,
                                    const BadValue& bad) const;

  std::vector<Slot> slots_;
  std::vector<std::vector<std::size_t>> grids_;  ///< Slots of keys that share a grid.
  Lineage lineage_;
  bool check_finite_;
};

/// Callbacks' monitors against the names that the logs will have (C002); loss, metric, weight and
/// class weight keys against the outputs (K011). Also part of check().
std::vector<Diagnostic> check_names(const TrainingInterface& interface);

/// True if a target of `target` shape can stand for `output` under a loss of `form`: equal, or (B)
/// for (B, 1) and the reverse; class ids without the last axis.
bool target_fits(const TensorSpec& target, const TrainedOutput& output);

}  // namespace tenon::contract
