#include "data/key_loss.hpp"

#include <fmt/format.h>

namespace tenon::data {

const LineageEvent* find_loss(const Lineage& lineage, const std::string& key, std::int64_t before) {
  for (auto event = lineage.events.rbegin(); event != lineage.events.rend(); ++event) {
    const bool removed = event->action == LineageAction::kRemoved && event->key == key;
    const bool renamed = event->action == LineageAction::kRenamed && event->previous == key;
    if (event->stage.index < before && (removed || renamed)) return &*event;
  }
  return nullptr;
}

void tell_loss(Diagnostic& diagnostic, const Lineage& lineage, const std::string& key) {
  const LineageEvent* loss = find_loss(lineage, key);
  if (loss == nullptr) return;
  const std::string who = to_string(loss->stage);
  Fix fix;
  if (loss->action == LineageAction::kRenamed) {
    diagnostic.notes.push_back(
        fmt::format("{} was renamed to {} by {}", quote_key(key), quote_key(loss->key), who));
    diagnostic.candidate = loss->key;
    fix.text = fmt::format("write {} here, or remove the rename of {}", quote_key(loss->key), who);
  } else {
    diagnostic.notes.push_back(fmt::format("{} was dropped by {}", quote_key(key), who));
    fix.text = fmt::format("keep {} at {}, or move this stage before it", quote_key(key), who);
  }
  diagnostic.fixes = {std::move(fix)};
}

}  // namespace tenon::data
