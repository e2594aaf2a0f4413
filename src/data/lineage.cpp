#include "tenon/lineage.hpp"

#include <algorithm>

namespace tenon {
namespace {

/// Whether `event` is the one that took the name away from the key called `name`.
bool ends_name(const LineageEvent& event, const std::string& name) {
  return event.action == LineageAction::kRenamed && event.previous == name;
}

}  // namespace

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
