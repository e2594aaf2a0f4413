#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tenon/diagnostic.hpp"
#include "tenon/spec.hpp"

namespace tenon {

enum class LineageAction : std::uint8_t { kCreated, kChanged, kRenamed, kRemoved };

/// What happened to a key at one place of a pipeline.
struct LineageEvent {
  LineageAction action = LineageAction::kCreated;
  StageReference stage;  ///< index -1: the source.
  std::string key;       ///< The key's name after the event; for kRemoved, the name it had.
  std::string
      previous;  ///< kRenamed: the name before. kCreated out of another key (copy, crop): its name.
  std::optional<TensorSpec> before;
  std::optional<TensorSpec> after;
};

/// Everything that happened to every key, in the order of the stages.
struct Lineage {
  std::vector<LineageEvent> events;

  /// The events of the key that is called `key` at the end (or was, when it was removed), oldest
  /// first, followed back through renames.
  std::vector<LineageEvent> of(const std::string& key) const;
};

}  // namespace tenon
