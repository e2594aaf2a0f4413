#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/diagnostic_json.hpp"
#include "io/report/lineage_words.hpp"

namespace tenon {
namespace {

using Json = nlohmann::ordered_json;

Json spec_json(const std::optional<TensorSpec>& spec) {
  if (!spec) return nullptr;
  Json json = spec_to_json(*spec);
  json["axes"] = spec->axes.empty() ? Json(nullptr) : Json(spec->axes);
  json["text"] = spec->to_string();
  return json;
}

Json stage_json(const LineageStage& stage) {
  Json json = stage_to_json(stage.stage);
  json["opaque"] = stage.opaque;
  return json;
}

Json event_json(const LineageEvent& event) {
  return {{"stage", event.stage.index},
          {"action", report::word_of(event.action)},
          {"key", event.key},
          {"previous", event.previous.empty() ? Json(nullptr) : Json(event.previous)},
          {"before", spec_json(event.before)},
          {"after", spec_json(event.after)}};
}

/// `events` are positions in the object's list of events.
Json story_json(const KeyStory& story, const std::vector<std::size_t>& events) {
  Json uses = Json::array();
  for (const LineageUse& use : story.uses) uses.push_back(use.stage.index);
  std::optional<TensorSpec> spec;
  if (!story.events.empty()) spec = story.events.back().after;
  return {{"key", story.key},
          {"alive", story.alive},
          {"spec", spec_json(spec)},
          {"events", events},
          {"used_by", std::move(uses)}};
}

/// An event and the story that it belongs to.
struct StoryEvent {
  const LineageEvent* event;
  std::size_t story;
};

std::vector<StoryEvent> in_order(const std::vector<KeyStory>& stories) {
  std::vector<StoryEvent> all;
  for (std::size_t i = 0; i < stories.size(); ++i) {
    for (const LineageEvent& event : stories[i].events) all.push_back({&event, i});
  }
  std::stable_sort(all.begin(), all.end(), [](const StoryEvent& a, const StoryEvent& b) {
    return a.event->stage.index < b.event->stage.index;
  });
  return all;
}

}  // namespace

std::string lineage_json(const Lineage& lineage) {
  const std::vector<KeyStory> stories = lineage.stories();
  std::vector<std::vector<std::size_t>> positions(stories.size());
  Json events = Json::array();
  for (const StoryEvent& each : in_order(stories)) {
    positions[each.story].push_back(events.size());
    events.push_back(event_json(*each.event));
  }
  Json keys = Json::array();
  for (std::size_t i = 0; i < stories.size(); ++i) {
    keys.push_back(story_json(stories[i], positions[i]));
  }
  Json stages = Json::array();
  for (const LineageStage& stage : lineage.stages) stages.push_back(stage_json(stage));
  const Json object = {
      {"keys", std::move(keys)}, {"stages", std::move(stages)}, {"events", std::move(events)}};
  return json_text(object) + "\n";
}

}  // namespace tenon
