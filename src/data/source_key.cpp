#include "data/source_key.hpp"

#include "tenon/dtype.hpp"

namespace tenon::data {
namespace {

bool keeps_values(const LineageEvent& event) {
  if (event.action != LineageAction::kChanged || !event.before || !event.after) return false;
  if (event.stage.name == "batch") return true;
  return event.stage.name == "cast" && is_integer(event.before->dtype) &&
         is_integer(event.after->dtype);
}

}  // namespace

std::optional<std::string> source_key(const Lineage& lineage, std::int64_t stage,
                                      const std::string& key) {
  std::string name = key;
  for (auto event = lineage.events.rbegin(); event != lineage.events.rend(); ++event) {
    if (event->stage.index >= stage || event->key != name || keeps_values(*event)) continue;
    if (event->stage.index < 0) return name;
    const bool moved = event->action == LineageAction::kRenamed ||
                       (event->action == LineageAction::kCreated && event->stage.name == "copy");
    if (!moved) return std::nullopt;
    name = event->previous;
  }
  return std::nullopt;
}

}  // namespace tenon::data
