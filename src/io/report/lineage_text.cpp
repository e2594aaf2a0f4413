#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "core/unicode.hpp"
#include "io/report/lineage_words.hpp"

namespace tenon {
namespace {

/// number, stage, place, action, what.
using Line = std::array<std::string, 5>;
using Widths = std::array<std::size_t, 4>;

struct Paragraph {
  std::string head;
  std::vector<Line> lines;
};

Line line_of(const StageReference& stage, std::string_view action, std::string what) {
  return {stage.index < 0 ? "source" : fmt::format("{:>6}", stage.index), visible(stage.name),
          to_string(stage.location), std::string(action), std::move(what)};
}

std::string head_of(const KeyStory& story) {
  const std::string key = report::shown_key(story.key);
  if (story.events.empty()) return key;
  const LineageEvent& last = story.events.back();
  if (story.alive) return fmt::format("{}  {}", key, last.after ? last.after->to_string() : "?");
  return fmt::format("{}  dropped by stage {}", key, report::shown_stage(last.stage));
}

/// Events and uses, in the order of the stages.
Paragraph paragraph_of(const KeyStory& story) {
  Paragraph paragraph{head_of(story), {}};
  auto use = story.uses.begin();
  const auto add_uses = [&](std::int64_t before) {
    for (; use != story.uses.end() && use->stage.index < before; ++use) {
      paragraph.lines.push_back(line_of(use->stage, "used", use->spec.to_string()));
    }
  };
  for (const LineageEvent& event : story.events) {
    add_uses(event.stage.index);
    paragraph.lines.push_back(
        line_of(event.stage, report::word_of(event.action), report::told(event)));
  }
  add_uses(std::numeric_limits<std::int64_t>::max());
  return paragraph;
}

std::string row(const Line& line, const Widths& widths) {
  std::string text = " ";
  for (std::size_t i = 0; i < widths.size(); ++i) {
    if (widths[i] == 0) continue;
    const std::size_t gap = i == 0 ? 1 : 2;
    text += std::string(gap, ' ') + line[i];
    text.append(widths[i] - std::min(widths[i], display_width(line[i])), ' ');
  }
  return text + "  " + line.back() + "\n";
}

std::string counted(std::size_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::string headline(const Lineage& lineage, const std::vector<KeyStory>& stories,
                     const std::string& title) {
  const auto alive = std::count_if(stories.begin(), stories.end(),
                                   [](const KeyStory& story) { return story.alive; });
  const std::size_t stages = lineage.stages.empty() ? 0 : lineage.stages.size() - 1;
  std::string text = title.empty() ? "" : visible(title) + ": ";
  return text + fmt::format("{}, {}, {} at the end\n", counted(stages, "stage"),
                            counted(stories.size(), "key"), alive);
}

}  // namespace

std::string lineage_text(const Lineage& lineage, const std::string& title) {
  std::vector<KeyStory> stories = lineage.stories();
  std::string text = headline(lineage, stories, title);
  std::stable_partition(stories.begin(), stories.end(),
                        [](const KeyStory& story) { return story.alive; });
  std::vector<Paragraph> paragraphs;
  Widths widths{};
  for (const KeyStory& story : stories) {
    paragraphs.push_back(paragraph_of(story));
    for (const Line& line : paragraphs.back().lines) {
      for (std::size_t i = 0; i < widths.size(); ++i) {
        widths[i] = std::max(widths[i], display_width(line[i]));
      }
    }
  }
  for (const Paragraph& paragraph : paragraphs) {
    text += "\n" + paragraph.head + "\n";
    for (const Line& line : paragraph.lines) text += row(line, widths);
  }
  for (const LineageStage& stage : lineage.stages) {
    if (!stage.opaque) continue;
    text += fmt::format("\n{} was not observed: what it does to the keys is not known\n",
                        to_string(stage.stage));
  }
  return text;
}

}  // namespace tenon
