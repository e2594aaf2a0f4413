#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/registry.hpp"
#include "tenon/error.hpp"

namespace tenon::cli {

/// What is wrong with an experiment file, collected so that all is told at once.
///
/// Values that came by --set have no line: those of the first assignment stand on "line" -1, of the
/// second on -2, and so on (set_line); messages then name the assignment in place of the file.
class Problems {
 public:
  explicit Problems(std::string file, std::vector<std::string> sets = {})
      : file_(std::move(file)), sets_(std::move(sets)) {}
  /// A C001 at `line`. `nearest` is offered as the word that was meant.
  void add(int line, const std::string& message, const std::string& fix = "",
           const std::string& nearest = "");
  /// What check_arguments found.
  void add(Diagnostic diagnostic);
  /// What `error` says of a value at `line`, in the same words, as C001.
  void add(const Error& error, int line);
  /// An unknown word: lists the known ones and offers the nearest.
  void unknown(int line, std::string_view what, const std::string& word,
               const std::vector<std::string>& known);
  const std::vector<Diagnostic>& all() const noexcept { return all_; }
  const std::string& file() const noexcept { return file_; }

 private:
  /// "exp.toml:7: ", "--set fit.epochs=0: "; nothing if the place is not known.
  std::string place(int line) const;
  /// Nothing where it stands in no file.
  std::optional<StageReference> reference(int line) const;

  std::string file_;
  std::vector<std::string> sets_;
  std::vector<Diagnostic> all_;
};

/// The "line" of what assignment `index` sets.
constexpr int set_line(std::size_t index) { return -1 - static_cast<int>(index); }

/// The line that a complaint about `value` is to name: its own, or that of a --set inside of it.
int line_of(const data::ArgumentValue& value);

/// Reads one table of the file by key; finish() reports the keys that nobody asked for.
class TableReader {
 public:
  TableReader(const data::ArgumentValue& table, std::string name, Problems& problems);

  const data::ArgumentValue* any(std::string_view key);
  std::optional<std::string> text(std::string_view key);
  /// A whole number is its digits: 500 is "500".
  std::optional<std::string> text_or_integer(std::string_view key);
  std::optional<std::int64_t> integer(std::string_view key);
  std::optional<double> number(std::string_view key);
  std::optional<bool> boolean(std::string_view key);
  std::optional<std::vector<std::string>> texts(std::string_view key);
  std::optional<std::vector<double>> numbers(std::string_view key);
  /// Text to text, as in { cell = "weight" }.
  std::optional<KeyMap> text_map(std::string_view key);
  void finish();
  int line() const noexcept { return line_; }

 private:
  void wrong_type(std::string_view key, const data::ArgumentValue& value, std::string_view wanted);

  const data::ArgumentMap* map_ = nullptr;
  std::string name_;
  int line_ = 0;
  Problems& problems_;
  std::vector<std::string> known_;
};

/// "a text", "a number", "a list", …
std::string_view type_word(const data::ArgumentValue& value);

/// The numbers of a list of integers and floats; nothing if it is something else.
std::optional<std::vector<double>> as_numbers(const data::ArgumentValue& value);
std::optional<std::vector<std::string>> as_texts(const data::ArgumentValue& value);

}  // namespace tenon::cli
