#include "tenon/lineage.hpp"

#include <algorithm>
#include <limits>
#include <map>

namespace tenon {
namespace {

/// Whether `event` is the one that took the name away from the key called `name`.
bool ends_name(const LineageEvent& event, const std::string& name) {
  return event.action == LineageAction::kRenamed && event.previous == name;
}

/// Follows all keys from stage to stage.
class StoryTeller {
 public:
  explicit StoryTeller(const Lineage& lineage) : lineage_(lineage) {}

  std::vector<KeyStory> tell() && {
    std::size_t used = 0;
    for (std::size_t at = 0; at < lineage_.events.size();) {
      used = tell_uses(used, lineage_.events[at].stage.index);
      at = tell_event(at);
    }
    tell_uses(used, std::numeric_limits<std::int64_t>::max());
    return std::move(stories_);
  }

 private:
  KeyStory& story_of(const std::string& name) {
    const auto [found, is_new] = by_name_.try_emplace(name, stories_.size());
    if (is_new) stories_.push_back({name, true, {}, {}});
    return stories_[found->second];
  }

  /// Uses of the stages up to `last`: they name keys as they are called in front of the stage.
  std::size_t tell_uses(std::size_t from, std::int64_t last) {
    for (; from < lineage_.uses.size() && lineage_.uses[from].stage.index <= last; ++from) {
      story_of(lineage_.uses[from].key).uses.push_back(lineage_.uses[from]);
    }
    return from;
  }

  std::size_t tell_event(std::size_t at) {
    const LineageEvent& event = lineage_.events[at];
    if (event.action == LineageAction::kRenamed) return tell_renames(at);
    KeyStory& story = story_of(event.key);
    story.events.push_back(event);
    if (event.action == LineageAction::kRemoved) {
      story.alive = false;
      by_name_.erase(event.key);
    }
    return at + 1;
  }

  /// The renames of one stage happen at once, so that two keys can swap their names.
  std::size_t tell_renames(std::size_t at) {
    const auto& events = lineage_.events;
    const std::size_t first = at;
    std::vector<std::size_t> moved;
    for (; at < events.size() && events[at].action == LineageAction::kRenamed &&
           events[at].stage.index == events[first].stage.index &&
           (at == first || by_name_.contains(events[at].previous));
         ++at) {
      story_of(events[at].previous);
      moved.push_back(by_name_.extract(events[at].previous).mapped());
    }
    for (std::size_t i = 0; i < moved.size(); ++i) {
      KeyStory& story = stories_[moved[i]];
      story.key = events[first + i].key;
      story.events.push_back(events[first + i]);
      by_name_[story.key] = moved[i];
    }
    return at;
  }

  const Lineage& lineage_;
  std::vector<KeyStory> stories_;
  std::map<std::string, std::size_t> by_name_;
};

}  // namespace

std::vector<KeyStory> Lineage::stories() const { return StoryTeller(*this).tell(); }

std::vector<LineageEvent> Lineage::of(const std::string& key) const {
  std::vector<LineageEvent> found;
  const LineageEvent* lost = nullptr;
  std::string name = key;
  for (auto event = events.rbegin(); event != events.rend(); ++event) {
    // One rename stage renames at once: a key that went through it is not found there twice.
    if (event->action == LineageAction::kRenamed && !found.empty() &&
        found.back().action == LineageAction::kRenamed &&
        found.back().stage.index == event->stage.index) {
      continue;
    }
    if (event->key != name) {
      if (found.empty() && lost == nullptr && ends_name(*event, name)) lost = &*event;
      continue;
    }
    if (lost != nullptr && lost->stage.index != event->stage.index) found.push_back(*lost);
    lost = nullptr;
    found.push_back(*event);
    if (event->action == LineageAction::kRenamed) name = event->previous;
    if (event->action == LineageAction::kCreated) break;
  }
  std::reverse(found.begin(), found.end());
  return found;
}

}  // namespace tenon
