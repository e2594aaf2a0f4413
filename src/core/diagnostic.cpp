#include "tenon/diagnostic.hpp"

#include <fmt/format.h>

#include <utility>

namespace tenon {
namespace {

std::string_view base_name(std::string_view path) {
  const std::size_t slash = path.find_last_of('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

}  // namespace

std::string_view name_of(Severity severity) noexcept {
  switch (severity) {
    case Severity::kError:
      return "error";
    case Severity::kWarning:
      return "warning";
    case Severity::kNote:
      break;
  }
  return "note";
}

std::string to_string(const SourceLocation& location) {
  if (!location.known()) return "";
  return fmt::format("{}:{}", visible(base_name(location.file)), location.line);
}

std::string to_string(const StageReference& stage) {
  std::string text = stage.index < 0 ? "source" : fmt::format("stage {}", stage.index);
  if (!stage.name.empty()) text += fmt::format(" {}", visible(stage.name));
  if (stage.location.known()) text += fmt::format(" ({})", to_string(stage.location));
  return text;
}

std::string to_string(const SampleIdentity& sample) {
  std::string text = "sample";
  if (sample.index >= 0) text += fmt::format(" {}", sample.index);
  if (!sample.id.empty()) text += fmt::format(" {}", quote_key(sample.id));
  if (sample.file.empty()) return text;
  text += fmt::format(" ({}", visible(base_name(sample.file)));
  if (sample.row >= 0) text += fmt::format(":{}", sample.row);
  return text + ")";
}

std::string to_string(std::span<const SampleIdentity> samples) {
  if (samples.empty()) return "a sample";
  if (samples.size() == 1) return to_string(samples.front());
  return fmt::format("a batch of {} samples, first {}", samples.size(), to_string(samples.front()));
}

std::string to_string(const RunPlace& place) {
  return fmt::format("{} data, epoch {}, step {}", place.split, place.epoch + 1, place.step + 1);
}

Diagnostic make_diagnostic(std::string_view code, std::string message,
                           std::vector<std::string> notes, std::string fix) {
  Diagnostic diagnostic;
  diagnostic.code = code;
  diagnostic.message = std::move(message);
  diagnostic.notes = std::move(notes);
  if (!fix.empty()) {
    Fix entry;
    entry.text = std::move(fix);
    diagnostic.fixes.push_back(std::move(entry));
  }
  return diagnostic;
}

}  // namespace tenon
