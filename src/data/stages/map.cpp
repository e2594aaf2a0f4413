#include "data/stages/map.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "data/bad_samples.hpp"
#include "data/spec_check.hpp"

namespace tenon::data {
namespace {

/// The same record with memory of its own, so that the function may write into its tensors.
Record own_copy(const Record& record) {
  std::vector<Tensor> values;
  values.reserve(record.size());
  for (const Tensor& value : record.values()) {
    values.push_back(value.defined() ? value.clone() : value);
  }
  return Record(record.shared_schema(), std::move(values), record.samples());
}

/// True if some key has an axis of unknown size, not the batch axis, that is `size` long in this
/// sample.
bool follows_unknown_axis(const Record& before, std::int64_t size) {
  for (std::size_t slot = 0; slot < before.size(); ++slot) {
    const TensorSpec& spec = before.schema()[slot].spec;
    for (std::size_t axis = spec.batched() ? 1 : 0; axis < spec.shape.size(); ++axis) {
      if (!spec.shape[axis].known() && before[slot].shape()[axis] == size) return true;
    }
  }
  return false;
}

/// The spec of a value that the function made. An axis as long as an unknown axis of the input is
/// taken to follow it; the others are held to what they were.
TensorSpec observed_spec(const Record& before, const Tensor& value, bool batched) {
  TensorSpec spec = TensorSpec::of(value.dtype(), value.shape());
  const auto rows = static_cast<std::int64_t>(before.samples().size());
  const bool has_batch = batched && value.rank() > 0 && value.dim(0) == rows;
  if (has_batch) spec = spec.without_batch().with_batch();
  for (std::size_t axis = has_batch ? 1 : 0; axis < spec.shape.size(); ++axis) {
    if (follows_unknown_axis(before, spec.shape[axis].size())) spec.shape[axis] = Dim::unknown();
  }
  return spec;
}

bool is_batched_record(const Record& record) {
  const Schema& schema = record.schema();
  return std::any_of(schema.begin(), schema.end(),
                     [](const Field& field) { return field.spec.batched(); });
}

/// What the key was before, if the function left its kind of value alone.
const Field* unchanged_field(const Record& before, const std::string& key, const Tensor& value) {
  const auto slot = before.schema().find(key);
  if (!slot) return nullptr;
  const Tensor& old = before[*slot];
  const bool same = old.defined() && value.defined() && old.dtype() == value.dtype() &&
                    old.shape() == value.shape();
  return same ? &before.schema()[*slot] : nullptr;
}

/// The schema of what the function made of `before`.
Schema result_of(const Record& before, const Record& after, const StageReference& stage) {
  const bool batched = is_batched_record(before);
  Schema result;
  for (std::size_t slot = 0; slot < after.size(); ++slot) {
    const std::string& key = after.schema()[slot].key;
    if (!after[slot].defined()) {
      Diagnostic diagnostic =
          make_diagnostic("G003", fmt::format("{}: the function left {} without a value",
                                              to_string(stage), quote_key(key)));
      diagnostic.stage = stage;
      diagnostic.sample = before.sample();
      throw DataError(std::move(diagnostic));
    }
    const Field* old = unchanged_field(before, key, after[slot]);
    if (old == nullptr) {
      result.add({key, observed_spec(before, after[slot], batched), Role::kData});
      continue;
    }
    // Values may have changed, so a range does not hold any more.
    const bool same_values = after[slot].equals(before[*before.schema().find(key)]);
    Field field = *old;
    if (!same_values) field.spec.range.reset();
    result.add(std::move(field));
  }
  return result;
}

}  // namespace

MapStage::MapStage(Function function, std::string name, std::optional<Schema> result,
                   SourceLocation location)
    : NamedStage(std::move(name), location),
      function_(std::move(function)),
      result_(std::move(result)) {}

std::shared_ptr<const Stage> MapStage::observe(const Record& before,
                                               const ObservedPlace& place) const {
  Record after = own_copy(before);
  const auto observation =
      std::make_shared<const Observation>(observe_function(function_, after, place));
  auto observed = std::make_shared<MapStage>(*this);
  observed->observation_ = observation;
  if (observation->missing.empty()) observed->result_ = result_of(before, after, place.stage);
  return observed;
}

void MapStage::edit(SchemaEditor& editor) const {
  if (observation_) require_observed(*observation_, editor);
  if (!result_) return;
  for (const std::string& key : editor.schema().keys()) {
    if (!result_->contains(key)) editor.remove(key);
  }
  for (const Field& field : *result_) {
    if (!editor.schema().contains(field.key)) {
      editor.add(field.key, field.spec);
      continue;
    }
    const bool written =
        observation_ && std::find(observation_->written.begin(), observation_->written.end(),
                                  field.key) != observation_->written.end();
    if (written || !(editor.schema().spec(field.key) == field.spec)) {
      editor.change(field.key, field.spec);
    }
  }
}

Record MapStage::call(const Record& record) const {
  Record result = own_copy(record);
  if (observation_) {
    run_observed([&] { function_(result); }, *observation_, record);
  } else {
    function_(result);
  }
  return result;
}

SampleFunction MapStage::bind(std::shared_ptr<const Schema>,
                              std::shared_ptr<const Schema> out) const {
  const std::string where = observation_ ? "the function did not do what it did at first"
                                         : "the function does not give what was stated of it";
  return [this, out, where](Record record, const SampleContext&) {
    Record result = call(record);
    HeldTo held{where, {}, record.samples()};
    if (observation_) held.observed = observation_->samples;
    require_keys(*out, result.schema(), held);
    std::vector<Tensor> values;
    values.reserve(out->size());
    for (const Field& field : *out) {
      values.push_back(result.at(field.key));
      require_spec(field, values.back(), held);
    }
    return Record(out, std::move(values), std::move(record.samples()));
  };
}

}  // namespace tenon::data

namespace tenon {

Dataset Dataset::map(std::function<void(Record&)> function, MapOptions options,
                     Here location) const {
  if (!function) throw_argument_error("map", "no function", "a function of a Record");
  return stage(std::make_shared<data::MapStage>(std::move(function), std::move(options.name),
                                                std::move(options.result), location));
}

}  // namespace tenon
