#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/registry.hpp"

namespace tenon::data {

/// Reads the arguments of one stage or source. A value of another type than asked for throws
/// ContractError (A001), which check_arguments tells earlier and with the line.
class Arguments {
 public:
  Arguments(std::string_view owner, const ArgumentMap& given) : owner_(owner), given_(given) {}

  bool has(std::string_view name) const { return find(name) != nullptr; }
  bool is_text(std::string_view name) const;
  bool boolean(std::string_view name, bool otherwise) const;
  std::int64_t integer(std::string_view name) const;
  std::int64_t integer(std::string_view name, std::int64_t otherwise) const;
  double number(std::string_view name, double otherwise) const;
  std::string text(std::string_view name) const;
  std::string text(std::string_view name, std::string_view otherwise) const;
  std::vector<std::string> texts(std::string_view name) const;
  /// A text alone is a list of one.
  std::vector<std::string> text_or_texts(std::string_view name) const;
  std::vector<std::int64_t> integers(std::string_view name) const;
  /// A whole number, or a text like "1 GB".
  std::int64_t byte_count(std::string_view name, std::int64_t otherwise) const;
  /// A number alone is a list of one.
  std::vector<double> numbers(std::string_view name) const;
  /// [lowest, highest].
  std::array<double, 2> interval(std::string_view name) const;
  std::array<double, 2> interval(std::string_view name, std::array<double, 2> otherwise) const;
  KeyMap text_map(std::string_view name) const;
  /// Texts, numbers and booleans, as text.
  std::vector<std::string> any_texts(std::string_view name) const;
  /// [height, width].
  Size2D size(std::string_view name) const;
  Size2D size(std::string_view name, Size2D otherwise) const;
  /// [xmin, ymin, xmax, ymax]: four keys.
  std::array<std::string, 4> box(std::string_view name) const;
  Interpolation interpolation(std::string_view name, Interpolation otherwise) const;

 private:
  const ArgumentValue* find(std::string_view name) const;
  const ArgumentValue& required(std::string_view name) const;
  [[noreturn]] void reject(std::string_view name, const std::string& expected) const;

  std::string_view owner_;
  const ArgumentMap& given_;
};

/// "nearest", "bilinear", "area".
std::string_view name_of(Interpolation interpolation) noexcept;
/// A value as TOML writes it; a number that is whole as one: 32.0 is "32".
std::string to_text(const ArgumentValue& value);
/// … as it stands in the file, for messages: 32.0 is "32.0".
std::string written_text(const ArgumentValue& value);

}  // namespace tenon::data
