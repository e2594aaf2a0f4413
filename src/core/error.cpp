#include "tenon/error.hpp"

#include <utility>

namespace tenon {
namespace {

std::vector<Diagnostic> never_empty(std::vector<Diagnostic> diagnostics) {
  if (diagnostics.empty()) {
    diagnostics.push_back(make_diagnostic("A001", "an error was thrown that names no problem"));
  }
  return diagnostics;
}

std::string text_of(const std::vector<Diagnostic>& diagnostics) {
  std::string text = render_text(diagnostics);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

std::vector<std::string> expected_note(const std::string& expected) {
  if (expected.empty()) return {};
  return {"expected: " + expected};
}

}  // namespace

Error::Error(std::vector<Diagnostic> diagnostics)
    : std::runtime_error(text_of(never_empty(diagnostics))),
      diagnostics_(never_empty(std::move(diagnostics))) {}

Error::Error(Diagnostic diagnostic) : Error(std::vector<Diagnostic>{std::move(diagnostic)}) {}

void throw_argument_error(const std::string& where, const std::string& came,
                          const std::string& expected, const std::string& fix) {
  throw ContractError(make_diagnostic("A001", where + ": " + came, expected_note(expected), fix));
}

void throw_file_error(const std::string& file, const std::string& what, const std::string& expected,
                      const std::string& fix) {
  throw FormatError(
      make_diagnostic("F001", visible(file) + ": " + what, expected_note(expected), fix));
}

}  // namespace tenon
