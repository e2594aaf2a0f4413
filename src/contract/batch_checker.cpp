#include <fmt/format.h>

#include <cmath>
#include <cstring>

#include "contract/contract.hpp"
#include "contract/lineage_facts.hpp"
#include "contract/shape_rules.hpp"
#include "contract/value_checks.hpp"
#include "contract/wanted.hpp"
#include "tenon/error.hpp"

namespace tenon::contract {
namespace {

/// Integers that float32 holds exactly: targets and weights of integer dtypes are converted to it.
constexpr ValueRange kExactInFloat32{-16777216.0, 16777216.0};

std::string slot_text(std::string_view name, Role role) {
  return fmt::format("{} {}", title_of(role), quote_key(name));
}

TensorSpec spec_of(const Tensor& value) { return TensorSpec::of(value.dtype(), value.shape()); }

void add_place(Diagnostic& out, const Record& record, std::int64_t row, const RunPlace& place) {
  out.run = place;
  const auto& samples = record.samples();
  if (row >= 0 && row < static_cast<std::int64_t>(samples.size())) {
    out.sample = samples[static_cast<std::size_t>(row)];
  } else if (!samples.empty()) {
    out.sample = samples.front();
  }
}

/// The stage to ask why `value` is not as `bound`: the one that last set what differs.
std::optional<LineageEvent> who_set(const Lineage& lineage, const std::string& key,
                                    const TensorSpec& bound, const Tensor& value) {
  if (!value.defined()) return how_it_was_named(lineage, key);
  const TensorSpec came = spec_of(value);
  if (came.dtype != bound.dtype) return who_set_dtype(lineage, key);
  const auto axis = differing_axis(bound, came);
  const auto setter = axis ? who_set_axis(lineage, key, bound.rank() - *axis) : std::nullopt;
  return setter ? setter : how_it_was_made(lineage, key);
}

}  // namespace

BatchChecker::BatchChecker(const TrainingInterface& interface, const Dataset& dataset,
                           const Binding& binding, bool check_finite)
    : lineage_(dataset.lineage()), check_finite_(check_finite) {
  const Schema& schema = dataset.schema();
  const auto add = [&](std::size_t slot, const TensorSpec& spec, const std::string& name, Role role,
                       std::optional<ValueRange> range) {
    TensorSpec held = schema[slot].spec;
    if (!held.rank_known) {
      held.shape = spec.shape;
      held.rank_known = true;
    }
    if (!held.shape.empty()) held.shape.front() = Dim::symbol("B");
    for (std::size_t axis = 1; axis < held.shape.size() && held.rank() == spec.rank(); ++axis) {
      if (!held.shape[axis].known()) held.shape[axis] = spec.shape[axis];
    }
    if (role != Role::kInput && !range && is_integer(held.dtype)) range = kExactInFloat32;
    const bool checks_values = range || (check_finite && is_floating(held.dtype));
    slots_.push_back({slot, held, name, role, range, checks_values});
  };
  for (std::size_t i = 0; i < interface.inputs.size(); ++i) {
    add(binding.inputs[i], interface.inputs[i].spec, interface.inputs[i].name, Role::kInput, {});
  }
  for (std::size_t i = 0; i < interface.outputs.size(); ++i) {
    const TrainedOutput& output = interface.outputs[i];
    if (i < binding.targets.size() && binding.targets[i]) {
      add(*binding.targets[i], target_spec(output), output.output.name, Role::kTarget,
          output.target_range);
    }
    if (i < binding.weights.size() && binding.weights[i]) {
      add(*binding.weights[i], TensorSpec(DType::kFloat32, {Dim::symbol("B")}, "B"),
          output.output.name, Role::kWeight, {});
    }
  }
  for (const auto& keys : interface.same_grid) {
    std::vector<std::size_t> group;
    for (const std::string& key : keys) {
      if (const auto slot = schema.find(key)) group.push_back(*slot);
    }
    if (group.size() > 1) grids_.push_back(std::move(group));
  }
}

std::int64_t BatchChecker::check(const Record& record, const RunPlace& place) const {
  std::int64_t rows = -1;
  for (const Slot& slot : slots_) {
    const Tensor& value = record[slot.slot];
    const bool as_bound =
        value.defined() && value.dtype() == slot.spec.dtype && slot.spec.shape_fits(value.shape());
    if (!as_bound) throw_not_as_bound(slot, record, place);
    if (rows < 0) rows = value.dim(0);
    if (value.dim(0) != rows) throw_other_rows(slot, record, place);
    if (!slot.checks_values) continue;
    if (const auto bad = find_bad_value(value, check_finite_, slot.range)) {
      throw_bad_value(slot, record, place, *bad);
    }
  }
  if (!grids_.empty()) check_grids(record, place);
  return rows < 0 ? 0 : rows;
}

/// Of rows whose geometries are known; the first of a group is what the others are held to.
void BatchChecker::check_grids(const Record& record, const RunPlace& place) const {
  for (const auto& group : grids_) {
    const Tensor& first = record[group.front()];
    for (const std::size_t slot : group) {
      const Tensor& other = record[slot];
      for (std::int64_t row = 0; first.row_geometry(row) != nullptr; ++row) {
        const Geometry* geometry = other.row_geometry(row);
        if (geometry == nullptr || geometry == first.row_geometry(row)) continue;
        const GridDifference difference = difference_of(*first.row_geometry(row), *geometry);
        if (!difference.any()) continue;
        const std::string& a = record.schema()[group.front()].key;
        const std::string& b = record.schema()[slot].key;
        Diagnostic out = make_diagnostic(
            "S008", fmt::format("{} and {} must share a grid: {} ({})", quote_key(a), quote_key(b),
                                difference.to_string(), to_string(place)));
        out.keys = {{a, Role::kData, {}, spec_of(first), {}},
                    {b, Role::kData, {}, spec_of(other), {}}};
        out.notes.push_back("no weight was touched by this batch");
        for (const std::string& key : {a, b}) {
          const auto made = who_set_values(lineage_, key);
          if (!made) continue;
          out.stage = made->stage;
          out.notes.push_back(
              fmt::format("{} got its grid from {}", quote_key(key), stage_text(made->stage)));
        }
        add_place(out, record, row, place);
        throw DataError(std::move(out));
      }
    }
  }
}

void BatchChecker::throw_not_as_bound(const Slot& slot, const Record& record,
                                      const RunPlace& place) const {
  const Tensor& value = record[slot.slot];
  const std::string name = slot_text(slot.name, slot.role);
  const std::string& key = record.schema()[slot.slot].key;
  const std::string samples =
      record.samples().empty() ? "" : fmt::format(" on {}", to_string(record.samples()));
  const std::string bound = slot.spec.to_string();
  Diagnostic out = make_diagnostic("G002", "");
  out.keys.push_back({slot.name, slot.role, slot.spec, {}, {}});
  std::string came = "nothing";
  if (value.defined()) {
    const TensorSpec spec = spec_of(value);
    came = spec.to_string();
    out.keys.back().actual = spec;
    out.message =
        fmt::format("{} is {} where {} was bound ({})", name, came, bound, to_string(place));
  } else {
    out.message = fmt::format("{} vanished ({})", name, to_string(place));
  }
  out.notes = {fmt::format("bound before the first step: {}", bound),
               fmt::format("came{}: {}", samples, came), "no weight was touched by this batch"};
  if (const auto setter = who_set(lineage_, key, slot.spec, value)) {
    out.stage = out.keys.back().stage = setter->stage;
    out.notes.push_back(fmt::format("{} comes from {}", quote_key(key), stage_text(setter->stage)));
  }
  add_place(out, record, -1, place);
  throw DataError(std::move(out));
}

void BatchChecker::throw_other_rows(const Slot& slot, const Record& record,
                                    const RunPlace& place) const {
  const Tensor& value = record[slot.slot];
  const Slot& first = slots_.front();
  Diagnostic out = make_diagnostic(
      "S005", fmt::format("{} has {} rows where {} has {} ({})", slot_text(slot.name, slot.role),
                          value.dim(0), slot_text(first.name, first.role),
                          record[first.slot].dim(0), to_string(place)));
  out.keys.push_back({slot.name, slot.role, slot.spec, spec_of(value), {}});
  const auto named = how_it_was_named(lineage_, record.schema()[slot.slot].key);
  if (named) out.stage = named->stage;
  add_place(out, record, -1, place);
  throw DataError(std::move(out));
}

void BatchChecker::throw_bad_value(const Slot& slot, const Record& record, const RunPlace& place,
                                   const BadValue& bad) const {
  const Tensor& value = record[slot.slot];
  Diagnostic out = make_diagnostic(
      "D002", fmt::format("{} holds {} in {} of {} values, first in row {} of the batch ({})",
                          slot_text(slot.name, slot.role), bad.text, bad.count, value.size(),
                          bad.row, to_string(place)));
  out.keys.push_back({slot.name, slot.role, slot.spec, spec_of(value), {}});
  if (slot.range) {
    out.notes.push_back(
        fmt::format("values from {:g} to {:g} are expected", slot.range->low, slot.range->high));
  }
  out.notes.push_back("no weight was touched by this batch");
  const std::string& key = record.schema()[slot.slot].key;
  const auto made = who_set_values(lineage_, key);
  if (made) {
    out.stage = made->stage;
    out.notes.push_back(
        fmt::format("{} got its values from {}", quote_key(key), stage_text(made->stage)));
  }
  add_place(out, record, bad.row, place);
  throw DataError(std::move(out));
}

}  // namespace tenon::contract
