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
  std::optional<TensorSpec> before;  ///< Nothing for kCreated.
  std::optional<TensorSpec> after;   ///< Nothing for kRemoved. Equal to `before`: values changed.
};

/// A stage that needs a key and leaves it as it is: reads its values, or names it to keep it.
struct LineageUse {
  StageReference stage;
  std::string key;  ///< As it is called in front of the stage.
  TensorSpec spec;
};

/// The source, or a stage, whether it has events or not.
struct LineageStage {
  StageReference stage;
  bool opaque = false;  ///< A map that was not observed: what it does to the keys is not known.
};

/// One key from the stage that made it to the one that dropped it, or to the end.
struct KeyStory {
  std::string key;    ///< The last name that it had.
  bool alive = true;  ///< It is there at the end.
  std::vector<LineageEvent> events;
  std::vector<LineageUse> uses;
};

/// Everything that happened to every key, in the order of the stages.
struct Lineage {
  std::vector<LineageEvent> events;
  std::vector<LineageUse> uses;
  std::vector<LineageStage> stages;  ///< All, the source first.

  /// The events of the key that is called `key` at the end (or was, when it was removed), oldest
  /// first, followed back through renames.
  std::vector<LineageEvent> of(const std::string& key) const;
  /// The same for all keys that ever were, in the order in which they were made. A name that was
  /// dropped and made again has two stories.
  std::vector<KeyStory> stories() const;
};

/// The story of every key with specs and places, aligned, for people. Those that are there at the
/// end come first.
std::string lineage_text(const Lineage& lineage, const std::string& title = "");
/// One object with "keys", "stages" and "events"; docs/lineage.md tells its members.
std::string lineage_json(const Lineage& lineage);
/// A graph for Graphviz: a box per key wherever it is made or changed, stages from left to right.
std::string lineage_dot(const Lineage& lineage, const std::string& title = "");
/// A picture that needs no other file: keys as lanes, stages as columns. Lanes end where their key
/// is dropped; renames and copies are lines from lane to lane.
std::string lineage_svg(const Lineage& lineage, const std::string& title = "");

}  // namespace tenon
