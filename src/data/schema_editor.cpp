#include "data/schema_editor.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/key_error.hpp"
#include "data/key_loss.hpp"

namespace tenon::data {
namespace {

const LineageEvent* find_maker(const Lineage& lineage, const std::string& key) {
  for (auto event = lineage.events.rbegin(); event != lineage.events.rend(); ++event) {
    const bool makes =
        event->action == LineageAction::kCreated || event->action == LineageAction::kRenamed;
    if (makes && event->key == key) return &*event;
  }
  return nullptr;
}

/// Puts `event` behind those of its own stage and of the stages before.
void insert_in_order(Lineage& lineage, LineageEvent event) {
  const auto place = std::upper_bound(
      lineage.events.begin(), lineage.events.end(), event.stage.index,
      [](std::int64_t index, const LineageEvent& each) { return index < each.stage.index; });
  lineage.events.insert(place, std::move(event));
}

}  // namespace

Field sample_index_field(bool batched) {
  TensorSpec spec(DType::kInt64, {});
  return {kSampleIndexKey, batched ? spec.with_batch() : spec, Role::kData};
}

Schema PipelineEditor::input_schema(const Schema& before) const {
  Schema schema = before;
  if (added_sample_index_) schema.add(sample_index_field(state_.batched));
  return schema;
}

const TensorSpec* PipelineEditor::find_or_note(const std::string& key) {
  if (const auto slot = state_.schema.find(key)) return &state_.schema[*slot].spec;
  const bool had_one = find_loss(state_.lineage, key) != nullptr;
  if (key == kSampleIndexKey && !had_one && !state_.told.contains(key)) {
    add_sample_index();
    return &state_.schema[state_.schema.size() - 1].spec;
  }
  note_missing(key);
  return nullptr;
}

const TensorSpec* PipelineEditor::require(const std::string& key) {
  const TensorSpec* spec = find_or_note(key);
  if (spec != nullptr) state_.lineage.uses.push_back({stage_, key, *spec});
  return spec;
}

/// It counts as the source's: it was there all along, and went through the batch stage.
void PipelineEditor::add_sample_index() {
  added_sample_index_ = true;
  const Field field = sample_index_field(state_.batched);
  state_.schema.add(field);
  if (!state_.batch_stage) {
    insert_in_order(state_.lineage,
                    {LineageAction::kCreated, source_, field.key, "", std::nullopt, field.spec});
    return;
  }
  const TensorSpec single = sample_index_field(false).spec;
  insert_in_order(state_.lineage,
                  {LineageAction::kCreated, source_, field.key, "", std::nullopt, single});
  insert_in_order(state_.lineage, {LineageAction::kChanged, *state_.batch_stage, field.key, "",
                                   single, field.spec});
}

void PipelineEditor::finish() {
  const auto& events = state_.lineage.events;
  std::set<std::string> touched;
  for (auto event = events.rbegin(); event != events.rend(); ++event) {
    if (event->stage.index != stage_.index) break;
    const bool renamed = event->action == LineageAction::kRenamed;
    if (event->action != LineageAction::kCreated) {
      touched.insert(renamed ? event->previous : event->key);
    }
  }
  std::erase_if(state_.lineage.uses, [&](const LineageUse& use) {
    return use.stage.index == stage_.index && !touched.insert(use.key).second;
  });
}

void PipelineEditor::note_missing(const std::string& key) {
  if (state_.uncertain || !state_.told.insert(key).second) return;
  Diagnostic diagnostic = missing_key(key, state_.schema.keys(), to_string(stage_));
  tell_loss(diagnostic, state_.lineage, key);
  problem(std::move(diagnostic));
}

void PipelineEditor::note_existing(const std::string& key) {
  Diagnostic diagnostic = make_diagnostic(
      "K012", fmt::format("{}: the key {} is there already", to_string(stage_), quote_key(key)), {},
      fmt::format("write to another name, or drop {} before", quote_key(key)));
  KeyReport report;
  report.key = key;
  if (const LineageEvent* maker = find_maker(state_.lineage, key)) {
    diagnostic.notes.push_back(
        fmt::format("{} was made by {}", quote_key(key), to_string(maker->stage)));
    report.stage = maker->stage;
  }
  if (const auto slot = state_.schema.find(key)) report.actual = state_.schema[*slot].spec;
  diagnostic.keys.push_back(std::move(report));
  problem(std::move(diagnostic));
}

void PipelineEditor::record(LineageAction action, const std::string& key,
                            const std::string& previous, std::optional<TensorSpec> before,
                            std::optional<TensorSpec> after) {
  state_.lineage.events.push_back(
      {action, stage_, key, previous, std::move(before), std::move(after)});
}

void PipelineEditor::add(const std::string& key, TensorSpec spec, const std::string& made_from) {
  if (state_.schema.contains(key)) {
    note_existing(key);
    return;
  }
  Role role = Role::kData;
  if (const auto origin = state_.schema.find(made_from)) role = state_.schema[*origin].role;
  record(LineageAction::kCreated, key, made_from, std::nullopt, spec);
  state_.schema.add({key, std::move(spec), role});
}

void PipelineEditor::change(const std::string& key, TensorSpec spec) {
  if (find_or_note(key) == nullptr) return;
  Field& field = state_.schema[*state_.schema.find(key)];
  record(LineageAction::kChanged, key, "", field.spec, spec);
  field.spec = std::move(spec);
}

void PipelineEditor::rename(const std::string& from, const std::string& to) {
  rename_all({{from, to}});
}

void PipelineEditor::rename_all(const KeyMap& map) {
  std::vector<std::pair<std::size_t, std::string>> moves;
  std::vector<std::string> unknown;
  std::set<std::string> leaving;
  for (const auto& [from, to] : map) {
    if (find_or_note(from) == nullptr) {
      // What would have been there follows from the missing key.
      state_.told.insert(to);
      unknown.push_back(to);
    } else if (leaving.insert(from).second) {
      moves.emplace_back(*state_.schema.find(from), to);
    } else {
      problem(make_diagnostic(
          "K012",
          fmt::format("{}: the key {} is renamed twice", to_string(stage_), quote_key(from)), {},
          "name each key once; a second one can be had by copy"));
    }
  }
  std::set<std::string> arrived;
  std::vector<std::string> homeless;
  std::erase_if(moves, [&](const auto& move) {
    const auto& [slot, to] = move;
    const bool taken = state_.schema.contains(to) && !leaving.contains(to);
    if (!taken && arrived.insert(to).second) return false;
    note_existing(to);
    homeless.push_back(state_.schema[slot].key);
    return true;
  });
  for (const auto& [slot, to] : moves) {
    Field& field = state_.schema[slot];
    record(LineageAction::kRenamed, to, field.key, field.spec, field.spec);
    field.key = to;
  }
  // So that what follows from a problem is not told again: the names that could not be given are
  // there, the keys that could not get one are not.
  for (const std::string& key : homeless) state_.schema.remove(key);
  for (const std::string& key : unknown) {
    TensorSpec spec;
    spec.rank_known = false;
    if (!state_.schema.contains(key)) state_.schema.add({key, spec, Role::kData});
  }
}

void PipelineEditor::remove(const std::string& key) {
  const TensorSpec* spec = find_or_note(key);
  if (spec == nullptr) return;
  record(LineageAction::kRemoved, key, "", *spec, std::nullopt);
  state_.schema.remove(key);
}

void PipelineEditor::problem(Diagnostic diagnostic) {
  // Behind a map that was not observed the schema is a guess; the stage is asked again then.
  if (state_.uncertain) return;
  if (!diagnostic.stage) diagnostic.stage = stage_;
  state_.diagnostics.push_back(std::move(diagnostic));
}

}  // namespace tenon::data
