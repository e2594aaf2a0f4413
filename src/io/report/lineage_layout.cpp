#include "io/report/lineage_layout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "io/report/lineage_words.hpp"

namespace tenon::report {
namespace {

std::size_t column_of(const StageReference& stage) {
  return static_cast<std::size_t>(std::max<std::int64_t>(stage.index, -1) + 1);
}

/// All names, each below the one that it was first made out of.
std::vector<std::string> names_in_order(const Lineage& lineage) {
  std::map<std::string, std::vector<std::string>> made_of;
  std::map<std::string, bool> seen;
  std::vector<std::string> roots;
  for (const LineageEvent& event : lineage.events) {
    const std::string& parent = event.previous;
    if (!seen.emplace(event.key, true).second) continue;
    if (!parent.empty() && seen.contains(parent)) {
      made_of[parent].push_back(event.key);
    } else {
      roots.push_back(event.key);
    }
  }
  std::vector<std::string> names;
  std::vector<std::string> waiting(roots.rbegin(), roots.rend());
  while (!waiting.empty()) {
    names.push_back(std::move(waiting.back()));
    waiting.pop_back();
    const std::vector<std::string>& next = made_of[names.back()];
    waiting.insert(waiting.end(), next.rbegin(), next.rend());
  }
  return names;
}

MarkKind kind_of(const LineageEvent& event) {
  switch (event.action) {
    case LineageAction::kCreated:
      return MarkKind::kCreated;
    case LineageAction::kChanged:
      return event.before == event.after ? MarkKind::kChanged : MarkKind::kReshaped;
    case LineageAction::kRenamed:
      return MarkKind::kRenamed;
    case LineageAction::kRemoved:
      break;
  }
  return MarkKind::kRemoved;
}

class Grid {
 public:
  explicit Grid(const Lineage& lineage) {
    layout_.columns = lineage.stages.size();
    for (const LineageEvent& event : lineage.events) {
      layout_.columns = std::max(layout_.columns, column_of(event.stage) + 1);
    }
    for (std::string& name : names_in_order(lineage)) {
      lanes_.emplace(name, layout_.lanes.size());
      layout_.lanes.push_back({std::move(name), false, ""});
    }
    const std::vector<KeyStory> stories = lineage.stories();
    for (std::size_t i = 0; i < stories.size(); ++i) add_story(i, stories[i]);
  }

  LineageLayout take() && { return std::move(layout_); }

 private:
  void add_story(std::size_t number, const KeyStory& story) {
    if (story.events.empty()) return;
    Stretch stretch;
    stretch.story = number;
    stretch.alive = story.alive;
    for (const LineageEvent& event : story.events) {
      const std::size_t column = column_of(event.stage);
      const std::size_t lane = lanes_.at(event.key);
      if (&event == &story.events.front()) {
        stretch.lane = lane;
        stretch.from = column;
      } else if (event.action == LineageAction::kRenamed) {
        end(stretch, column, true);
        stretch.lane = lane;
        stretch.from = column;
      }
      add_mark(number, event);
      add_link(number, event);
    }
    const LineageEvent& last = story.events.back();
    stretch.to_the_end = story.alive;
    end(stretch, story.alive ? layout_.columns - 1 : column_of(last.stage), false);
    if (story.alive) {
      layout_.lanes[stretch.lane].alive = true;
      layout_.lanes[stretch.lane].spec = last.after ? last.after->to_string() : "";
    }
    for (const LineageUse& use : story.uses) add_use(number, use);
  }

  void end(Stretch& stretch, std::size_t column, bool renamed) {
    stretch.to = column;
    stretch.renamed = renamed;
    layout_.stretches.push_back(stretch);
  }

  void add_mark(std::size_t story, const LineageEvent& event) {
    Mark mark{kind_of(event), lanes_.at(event.key), story, column_of(event.stage), "", "", ""};
    const bool begins = mark.kind == MarkKind::kCreated || mark.kind == MarkKind::kRenamed;
    if (begins && mark.column > 0) mark.name = shown_key(event.key);
    if (mark.kind == MarkKind::kCreated || mark.kind == MarkKind::kReshaped) {
      mark.spec = event.after ? event.after->to_string() : "";
    }
    mark.tip = fmt::format("{} {} by {}: {}", quote_key(event.key), word_of(event.action),
                           to_string(event.stage), told(event));
    layout_.marks.push_back(std::move(mark));
  }

  void add_link(std::size_t story, const LineageEvent& event) {
    const auto from = lanes_.find(event.previous);
    if (event.previous.empty() && event.action != LineageAction::kRenamed) return;
    if (from == lanes_.end() || event.previous == event.key) return;
    layout_.links.push_back({event.action == LineageAction::kRenamed, column_of(event.stage),
                             from->second, lanes_.at(event.key), story});
  }

  void add_use(std::size_t story, const LineageUse& use) {
    const auto lane = lanes_.find(use.key);
    if (lane == lanes_.end()) return;
    layout_.marks.push_back({MarkKind::kUsed, lane->second, story, column_of(use.stage), "", "",
                             fmt::format("{} used by {}: {}", quote_key(use.key),
                                         to_string(use.stage), use.spec.to_string())});
  }

  LineageLayout layout_;
  std::map<std::string, std::size_t> lanes_;
};

}  // namespace

LineageLayout lay_out(const Lineage& lineage) { return Grid(lineage).take(); }

}  // namespace tenon::report
