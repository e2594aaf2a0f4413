#include "train/callbacks/file_pattern.hpp"

#include <fmt/format.h>

#include "tenon/error.hpp"

namespace tenon::train {
namespace {

bool is_counter(std::string_view name) { return name == "epoch" || name == "batch"; }

std::string formatted(const std::string& format, std::string_view name, double value) {
  if (!is_counter(name)) return fmt::format(fmt::runtime(format), value);
  return fmt::format(fmt::runtime(format), static_cast<std::int64_t>(value));
}

[[noreturn]] void throw_bad_pattern(const std::string& text, const std::string& came) {
  throw_argument_error(fmt::format("file name {}", quote_key(text)), came,
                       "names in braces with a format of Python's, such as {epoch:02d} or "
                       "{val_loss:.2f}");
}

}  // namespace

FilePattern::FilePattern(std::string text) : text_(std::move(text)) {
  std::string literal;
  for (std::size_t i = 0; i < text_.size(); ++i) {
    const char letter = text_[i];
    const bool doubled = i + 1 < text_.size() && text_[i + 1] == letter;
    if ((letter == '{' || letter == '}') && doubled) {
      literal += letter;
      ++i;
      continue;
    }
    if (letter == '}') throw_bad_pattern(text_, "a brace is closed that was not opened");
    if (letter != '{') {
      literal += letter;
      continue;
    }
    const std::size_t end = text_.find('}', i);
    if (end == std::string::npos) throw_bad_pattern(text_, "a brace is not closed");
    const std::string inside = text_.substr(i + 1, end - i - 1);
    const std::size_t colon = inside.find(':');
    const std::string format =
        colon == std::string::npos ? "{}" : fmt::format("{{{}}}", inside.substr(colon));
    pieces_.push_back({std::exchange(literal, {}), {}});
    pieces_.push_back({inside.substr(0, colon), format});
    try {
      formatted(format, pieces_.back().text, 1.0);
    } catch (const fmt::format_error&) {
      throw_bad_pattern(
          text_, is_counter(pieces_.back().text)
                     ? fmt::format("{{{}}} has a format that a number cannot have", inside)
                     : fmt::format("{{{}}} has a format that a log's number cannot have, and is "
                                   "neither epoch nor batch",
                                   inside));
    }
    i = end;
  }
  pieces_.push_back({literal, {}});
}

std::vector<std::string> FilePattern::log_names() const {
  std::vector<std::string> names;
  for (const Piece& piece : pieces_) {
    if (!piece.format.empty() && !is_counter(piece.text)) names.push_back(piece.text);
  }
  return names;
}

std::string FilePattern::fill(std::int64_t epoch, std::optional<std::int64_t> batch,
                              const Logs& logs) const {
  std::string out;
  for (const Piece& piece : pieces_) {
    if (piece.format.empty()) {
      out += piece.text;
      continue;
    }
    const double value = piece.text == "epoch"   ? static_cast<double>(epoch)
                         : piece.text == "batch" ? static_cast<double>(batch.value_or(0))
                                                 : logs.at(piece.text);
    out += formatted(piece.format, piece.text, value);
  }
  return out;
}

}  // namespace tenon::train
