// Unknown words of an experiment file, and the known ones that were meant.
#include <algorithm>
#include <cctype>

#include "cli/experiment_check.hpp"
#include "cli/toml_editor.hpp"
#include "core/argument_value.hpp"
#include "tenon/error.hpp"

namespace tenon::cli {
namespace {

struct Word {
  std::size_t begin = 0;
  std::size_t end = 0;  ///< Quotes included.
  std::string text;     ///< Without them.
};

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
}

/// The next bare word or quoted text at or behind `at`.
std::optional<Word> next_word(const std::string& text, std::size_t at) {
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"' || c == '\'') {
      const std::size_t end = text.find(c, at + 1);
      if (end == std::string::npos) return std::nullopt;
      return Word{at, end + 1, text.substr(at + 1, end - at - 1)};
    }
    if (is_word(c)) {
      std::size_t end = at;
      while (end < text.size() && is_word(text[end])) ++end;
      return Word{at, end, text.substr(at, end - at)};
    }
    ++at;
  }
  return std::nullopt;
}

std::size_t begin_of_line(const std::string& text, int line) {
  std::size_t at = 0;
  for (int i = 1; i < line && at != std::string::npos; ++i) {
    at = text.find('\n', at);
    if (at != std::string::npos) ++at;
  }
  return std::min(at, text.size());
}

/// Where the word that `problem` complains of stands: on its line, or in the table that begins
/// there.
std::optional<Word> find_word(const Diagnostic& problem, const std::string& text) {
  if (!problem.stage || problem.stage->location.line < 1) return std::nullopt;
  std::size_t at = begin_of_line(text, problem.stage->location.line);
  while (const auto word = next_word(text, at)) {
    if (word->text != problem.candidate &&
        problem.message.find("\"" + word->text + "\"") != std::string::npos)
      return word;
    at = word->end;
  }
  return std::nullopt;
}

/// The problems of the file itself that are left when `text` stands in its place.
std::vector<Diagnostic> file_problems(const std::string& text, ExperimentChecker& checker) {
  try {
    checker.check(text);
  } catch (const Error& error) {
    return error.diagnostics();
  }
  return {};
}

}  // namespace

void offer_words(std::vector<Diagnostic>& problems, const std::string& text,
                 ExperimentChecker& checker) {
  for (Diagnostic& problem : problems) {
    if (problem.candidate.empty()) continue;
    const auto word = find_word(problem, text);
    if (!word) continue;
    const bool quoted = text[word->begin] == '"' || text[word->begin] == '\'';
    std::string changed = text;
    changed.replace(word->begin, word->end - word->begin,
                    quoted ? toml_text(problem.candidate) : toml_key(problem.candidate));
    const auto left = file_problems(changed, checker);
    const bool stays = std::any_of(left.begin(), left.end(), [&](const Diagnostic& each) {
      return each.message == problem.message;
    });
    const auto of_the_file = std::count_if(left.begin(), left.end(), is_of_the_file);
    if (stays || of_the_file >= static_cast<std::ptrdiff_t>(problems.size())) continue;
    Fix fix;
    fix.edit = edit_between(text, changed, checker.file());
    fix.toml = fix.edit->replacement;
    fix.text = problem.fixes.empty() ? "write " + quote_key(problem.candidate)
                                     : problem.fixes.front().text;
    problem.fixes = {std::move(fix)};
  }
}

}  // namespace tenon::cli
