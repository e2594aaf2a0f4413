#include <fmt/format.h>

#include <map>

#include "io/report/lineage_words.hpp"
#include "io/report/markup.hpp"

namespace tenon {
namespace {

using report::dot_text;

constexpr std::size_t kLongestLabel = 40;

std::string label_of(const std::string& key, const std::optional<TensorSpec>& spec) {
  return fmt::format("{}\\n{}", dot_text(report::shortened(report::shown_key(key), kLongestLabel)),
                     spec ? dot_text(spec->to_string()) : "");
}

std::string stage_label(const StageReference& stage) {
  const std::string place = to_string(stage.location);
  return dot_text(report::shown_stage(stage)) + (place.empty() ? "" : "\\n" + dot_text(place));
}

/// Writes boxes and arrows, story by story; a box's name says its story and its place in it.
class DotWriter {
 public:
  explicit DotWriter(const Lineage& lineage) : lineage_(lineage), stories_(lineage.stories()) {}

  std::string write(const std::string& title) && {
    text_ = "digraph lineage {\n  rankdir=LR;\n";
    if (!title.empty()) {
      text_ += fmt::format("  label=\"{}\"; labelloc=t; fontname=\"sans-serif\";\n",
                           dot_text(visible(title)));
    }
    text_ +=
        "  node [shape=box, style=rounded, fontname=\"monospace\", fontsize=10];\n"
        "  edge [fontname=\"sans-serif\", fontsize=9];\n";
    for (std::size_t i = 0; i < stories_.size(); ++i) write_boxes(i);
    for (std::size_t i = 0; i < stories_.size(); ++i) write_arrows(i);
    write_stages();
    return std::move(text_) + "}\n";
  }

 private:
  static std::string box(std::size_t story, std::size_t event) {
    return fmt::format("k{}_{}", story, event);
  }

  void write_boxes(std::size_t i) {
    const KeyStory& story = stories_[i];
    for (std::size_t e = 0; e < story.events.size(); ++e) {
      const LineageEvent& event = story.events[e];
      by_stage_[event.stage.index].push_back(box(i, e));
      if (event.action == LineageAction::kRemoved) {
        text_ += fmt::format(
            "  {} [label=\"x\", shape=circle, style=\"\", color=\"#a8283b\", "
            "fontcolor=\"#a8283b\", width=0.2, margin=0.02];\n",
            box(i, e));
        continue;
      }
      const bool last = story.alive && e + 1 == story.events.size();
      text_ += fmt::format("  {} [label=\"{}\"{}];\n", box(i, e), label_of(event.key, event.after),
                           last ? ", penwidth=2" : "");
    }
  }

  void write_arrows(std::size_t i) {
    const KeyStory& story = stories_[i];
    for (std::size_t e = 0; e < story.events.size(); ++e) {
      const LineageEvent& event = story.events[e];
      const bool removed = event.action == LineageAction::kRemoved;
      if (e > 0) {
        text_ +=
            fmt::format("  {} -> {} [label=\"{}\"{}];\n", box(i, e - 1), box(i, e),
                        dot_text(visible(event.stage.name)), removed ? ", color=\"#a8283b\"" : "");
      } else if (!event.previous.empty()) {
        arrow_from(event.previous, event.stage.index, box(i, 0),
                   fmt::format("label=\"{}\"", dot_text(visible(event.stage.name))));
      }
      if (event.action == LineageAction::kCreated) write_uses(event, box(i, e));
    }
  }

  /// What else a stage looked at to make a key.
  void write_uses(const LineageEvent& event, const std::string& to) {
    for (const LineageUse& use : lineage_.uses) {
      if (use.stage.index != event.stage.index || use.key == event.previous) continue;
      arrow_from(use.key, use.stage.index, to, "style=dashed, color=\"#808080\", arrowhead=open");
    }
  }

  /// From the box that `key` had in front of the stage `index`.
  void arrow_from(const std::string& key, std::int64_t index, const std::string& to,
                  const std::string& attributes) {
    for (std::size_t i = 0; i < stories_.size(); ++i) {
      const auto& events = stories_[i].events;
      std::size_t before = 0;
      while (before < events.size() && events[before].stage.index < index) ++before;
      if (before == 0 || events[before - 1].action == LineageAction::kRemoved) continue;
      if (events[before - 1].key != key) continue;
      text_ += fmt::format("  {} -> {} [{}];\n", box(i, before - 1), to, attributes);
      return;
    }
  }

  /// A row of titles that keeps the boxes of one stage above each other.
  void write_stages() {
    std::string chain;
    for (const LineageStage& stage : lineage_.stages) {
      const std::string name = fmt::format("s{}", stage.stage.index + 1);
      text_ +=
          fmt::format("  {} [label=\"{}\", shape=plaintext, fontname=\"sans-serif\"{}];\n", name,
                      stage_label(stage.stage), stage.opaque ? ", fontcolor=\"#9a6700\"" : "");
      chain += (chain.empty() ? "  " : " -> ") + name;
      std::string rank = "  { rank=same; " + name + ";";
      for (const std::string& each : by_stage_[stage.stage.index]) rank += " " + each + ";";
      text_ += rank + " }\n";
    }
    if (lineage_.stages.size() > 1) text_ += chain + " [style=invis];\n";
  }

  const Lineage& lineage_;
  std::vector<KeyStory> stories_;
  std::map<std::int64_t, std::vector<std::string>> by_stage_;
  std::string text_;
};

}  // namespace

std::string lineage_dot(const Lineage& lineage, const std::string& title) {
  return DotWriter(lineage).write(title);
}

}  // namespace tenon
