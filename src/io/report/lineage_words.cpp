#include "io/report/lineage_words.hpp"

#include <fmt/format.h>

#include "core/unicode.hpp"

namespace tenon::report {
namespace {

std::string spec_text(const std::optional<TensorSpec>& spec) {
  return spec ? spec->to_string() : "?";
}

}  // namespace

std::string_view word_of(LineageAction action) noexcept {
  switch (action) {
    case LineageAction::kCreated:
      return "created";
    case LineageAction::kChanged:
      return "changed";
    case LineageAction::kRenamed:
      return "renamed";
    case LineageAction::kRemoved:
      break;
  }
  return "removed";
}

std::string shown_key(const std::string& key) { return key.empty() ? "(unnamed)" : visible(key); }

std::string shown_stage(const StageReference& stage) {
  return stage.index < 0 ? fmt::format("source {}", visible(stage.name))
                         : fmt::format("{} {}", stage.index, visible(stage.name));
}

std::string shortened(const std::string& text, std::size_t columns) {
  if (display_width(text) <= columns) return text;
  std::u32string points = decode_utf8(text);
  while (!points.empty() && display_width(encode_utf8(points)) + 1 > columns) points.pop_back();
  return encode_utf8(points) + "…";
}

std::string told(const LineageEvent& event) {
  switch (event.action) {
    case LineageAction::kCreated:
      return event.previous.empty()
                 ? spec_text(event.after)
                 : fmt::format("{}, out of {}", spec_text(event.after), quote_key(event.previous));
    case LineageAction::kChanged:
      return event.before == event.after
                 ? fmt::format("{}, the values only", spec_text(event.after))
                 : fmt::format("{} -> {}", spec_text(event.before), spec_text(event.after));
    case LineageAction::kRenamed:
      return fmt::format("{} -> {}", quote_key(event.previous), quote_key(event.key));
    case LineageAction::kRemoved:
      break;
  }
  return spec_text(event.before);
}

}  // namespace tenon::report
