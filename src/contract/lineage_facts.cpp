#include "contract/lineage_facts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string_view>

namespace tenon::contract {
namespace {

std::optional<Dim> dim_from_end(const std::optional<TensorSpec>& spec, int axis_from_end) {
  if (!spec || !spec->rank_known || spec->rank() < axis_from_end) return std::nullopt;
  return spec->shape[static_cast<std::size_t>(spec->rank() - axis_from_end)];
}

/// What was known of `key` when stage `index` met it.
std::optional<TensorSpec> spec_before(const Lineage& lineage, const std::string& key,
                                      std::int64_t index) {
  std::optional<TensorSpec> spec;
  for (const LineageEvent& event : lineage.events) {
    if (event.stage.index >= index) break;
    if (event.key == key) spec = event.after;
  }
  return spec;
}

std::string short_place(const StageReference& stage) {
  if (!stage.location.known()) return {};
  const std::string file = stage.location.file;
  const std::size_t slash = file.find_last_of('/');
  return fmt::format("{}:{}", slash == std::string::npos ? file : file.substr(slash + 1),
                     stage.location.line);
}

}  // namespace

std::optional<LineageEvent> how_it_was_named(const Lineage& lineage, const std::string& key) {
  std::optional<LineageEvent> found;
  for (const LineageEvent& event : lineage.events) {
    const bool names =
        event.action == LineageAction::kCreated || event.action == LineageAction::kRenamed;
    if (names && event.key == key) found = event;
  }
  return found;
}

std::optional<LineageEvent> how_it_was_made(const Lineage& lineage, const std::string& key) {
  for (const LineageEvent& event : lineage.of(key)) {
    if (event.action == LineageAction::kCreated) return event;
  }
  return how_it_was_named(lineage, key);
}

std::optional<LineageEvent> who_set_axis(const Lineage& lineage, const std::string& key,
                                         int axis_from_end) {
  std::string name = key;
  std::int64_t limit = std::numeric_limits<std::int64_t>::max();
  for (auto event = lineage.events.rbegin(); event != lineage.events.rend(); ++event) {
    if (event->key != name || event->stage.index > limit) continue;
    const auto after = dim_from_end(event->after, axis_from_end);
    switch (event->action) {
      case LineageAction::kRenamed:
        name = event->previous;
        break;
      case LineageAction::kChanged: {
        const auto before = dim_from_end(event->before, axis_from_end);
        if (after && (!before || !(*before == *after))) return *event;
        break;
      }
      case LineageAction::kCreated: {
        // A piece of another key has the sizes that it was not cut to from there.
        const auto origin =
            dim_from_end(spec_before(lineage, event->previous, event->stage.index), axis_from_end);
        if (event->previous.empty() || !after || !origin || !(*origin == *after)) return *event;
        name = event->previous;
        limit = event->stage.index - 1;
        break;
      }
      case LineageAction::kRemoved:
        break;
    }
  }
  return std::nullopt;
}

std::optional<LineageEvent> who_set_dtype(const Lineage& lineage, const std::string& key) {
  std::optional<LineageEvent> found;
  for (const LineageEvent& event : lineage.of(key)) {
    const bool sets = event.action == LineageAction::kCreated ||
                      (event.action == LineageAction::kChanged && event.before && event.after &&
                       event.before->dtype != event.after->dtype);
    if (sets) found = event;
  }
  return found;
}

bool only_stacks(const LineageEvent& event) {
  return event.action == LineageAction::kChanged && event.before && event.after &&
         event.after->shape.size() == event.before->shape.size() + 1;
}

std::vector<std::string> keys_behind(const Lineage& lineage, std::int64_t index) {
  std::vector<std::string> keys;
  for (const LineageEvent& event : lineage.events) {
    if (event.stage.index > index) break;
    if (event.action == LineageAction::kCreated) keys.push_back(event.key);
    if (event.action == LineageAction::kRemoved) std::erase(keys, event.key);
    if (event.action != LineageAction::kRenamed) continue;
    const auto place = std::find(keys.begin(), keys.end(), event.previous);
    if (place != keys.end()) *place = event.key;
  }
  return keys;
}

std::optional<LineageEvent> who_set_values(const Lineage& lineage, const std::string& key) {
  std::optional<LineageEvent> found;
  for (const LineageEvent& event : lineage.of(key)) {
    if (event.action != LineageAction::kCreated && event.action != LineageAction::kChanged)
      continue;
    if (!only_stacks(event)) found = event;
  }
  return found;
}

bool is_of_experiment_file(const Dataset& dataset) {
  const auto stages = dataset.stages();
  return std::any_of(stages.begin(), stages.end(), [](const StageReference& stage) {
    return std::string_view(stage.location.file).ends_with(".toml");
  });
}

std::string stage_text(const StageReference& stage) {
  const std::string place = short_place(stage);
  const std::string name = stage.index < 0 ? fmt::format("source {}", stage.name)
                                           : fmt::format("stage {} {}", stage.index, stage.name);
  return place.empty() ? name : fmt::format("{} ({})", name, place);
}

std::string stage_place(const StageReference& stage) {
  const std::string place = short_place(stage);
  return place.empty() ? fmt::format("the {} (stage {})", stage.name, stage.index)
                       : fmt::format("the {} at {}", stage.name, place);
}

std::string origin_text(const Lineage& lineage, const std::string& key) {
  const auto named = how_it_was_named(lineage, key);
  if (!named) return {};
  std::string text = fmt::format("{} was made by {}", quote_key(key), stage_text(named->stage));
  if (named->previous.empty()) return text;
  text += fmt::format(" out of {}", quote_key(named->previous));
  const auto origin = how_it_was_made(lineage, named->previous);
  if (origin && origin->stage.index != named->stage.index) {
    text += fmt::format(" ({})", stage_text(origin->stage));
  }
  return text;
}

}  // namespace tenon::contract
