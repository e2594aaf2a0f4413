#include <fmt/format.h>

#include <cmath>
#include <cstring>

#include "contract/contract.hpp"
#include "contract/lineage_facts.hpp"
#include "contract/value_checks.hpp"
#include "contract/wanted.hpp"
#include "tenon/error.hpp"

namespace tenon::contract {
namespace {

/// Integers that float32 holds exactly: targets and weights of integer dtypes are converted to it.
constexpr ValueRange kExactInFloat32{-16777216.0, 16777216.0};

std::string place_text(const StepPlace& place) {
  return fmt::format("{} data, epoch {}, step {}", place.split, place.epoch + 1, place.step + 1);
}

std::string slot_text(std::string_view name, Role role) {
  return fmt::format("{} {}", title_of(role), quote_key(name));
}

void add_place(Diagnostic& out, const Record& record, std::int64_t row) {
  const auto& samples = record.samples();
  if (row >= 0 && row < static_cast<std::int64_t>(samples.size())) {
    out.sample = samples[static_cast<std::size_t>(row)];
  } else if (!samples.empty()) {
    out.sample = samples.front();
  }
}

}  // namespace

BatchChecker::BatchChecker(const TrainingInterface& interface, const Dataset& dataset,
                           const Binding& binding, bool check_finite)
    : stages_(dataset.stages()), lineage_(dataset.lineage()), check_finite_(check_finite) {
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
    slots_.push_back({slot, held, name, role, range});
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
}

std::int64_t BatchChecker::check(const Record& record, const StepPlace& place) const {
  std::int64_t rows = -1;
  for (const Slot& slot : slots_) {
    const Tensor& value = record[slot.slot];
    const bool as_bound =
        value.defined() && value.dtype() == slot.spec.dtype && slot.spec.shape_fits(value.shape());
    if (!as_bound) {
      Diagnostic out = make_diagnostic(
          value.defined() ? "S002" : "G002",
          value.defined()
              ? fmt::format("{} is {} where {} was bound ({})", slot_text(slot.name, slot.role),
                            TensorSpec::of(value.dtype(), value.shape()).to_string(),
                            slot.spec.to_string(), place_text(place))
              : fmt::format("{} vanished ({})", slot_text(slot.name, slot.role),
                            place_text(place)));
      out.keys.push_back({slot.name, slot.role, slot.spec, {}, {}});
      if (value.defined()) out.keys.back().actual = TensorSpec::of(value.dtype(), value.shape());
      const auto named = how_it_was_named(lineage_, record.schema()[slot.slot].key);
      if (named) out.stage = named->stage;
      add_place(out, record, -1);
      throw DataError(std::move(out));
    }
    if (rows < 0) rows = value.dim(0);
    if (value.dim(0) != rows) {
      Diagnostic out =
          make_diagnostic("S005", fmt::format("{} has {} rows where {} has {} ({})",
                                              slot_text(slot.name, slot.role), value.dim(0),
                                              slot_text(slots_.front().name, slots_.front().role),
                                              rows, place_text(place)));
      out.keys.push_back(
          {slot.name, slot.role, slot.spec, TensorSpec::of(value.dtype(), value.shape()), {}});
      add_place(out, record, -1);
      throw DataError(std::move(out));
    }
    if (check_finite_ || slot.range) {
      const auto bad = find_bad_value(value, check_finite_, slot.range);
      if (!bad) continue;
      Diagnostic out = make_diagnostic(
          "D002", fmt::format("{} holds {} in {} of {} values, first in row {} of the batch ({})",
                              slot_text(slot.name, slot.role), bad->text, bad->count, value.size(),
                              bad->row, place_text(place)));
      out.keys.push_back(
          {slot.name, slot.role, slot.spec, TensorSpec::of(value.dtype(), value.shape()), {}});
      if (slot.range) {
        out.notes.push_back(fmt::format("values from {:g} to {:g} are expected", slot.range->low,
                                        slot.range->high));
      }
      add_place(out, record, bad->row);
      const auto made = how_it_was_made(lineage_, record.schema()[slot.slot].key);
      if (made) out.stage = made->stage;
      throw DataError(std::move(out));
    }
  }
  return rows < 0 ? 0 : rows;
}

}  // namespace tenon::contract
