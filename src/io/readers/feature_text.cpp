#include "io/readers/feature_text.hpp"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <string_view>

#include "core/word_error.hpp"
#include "tenon/error.hpp"

namespace tenon::readers {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::optional<Dim> dim_of(std::string_view text) {
  constexpr std::int64_t kMaxDim = std::int64_t{1} << 32;
  if (text == "?") return Dim::unknown();
  std::int64_t size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (!whole || size < 0 || size > kMaxDim) return std::nullopt;
  return Dim(size);
}

[[noreturn]] void reject(const std::string& owner, const std::string& argument,
                         const std::string& text) {
  throw_argument_error(owner, fmt::format("{} = {}", argument, quote_key(text)),
                       "a dtype, and its shape if it is no single value: \"int64\", "
                       "\"float32[128]\", \"int64[?]\", \"uint8[28, 28, 1]\"");
}

}  // namespace

TensorSpec spec_of_text(const std::string& owner, const std::string& argument,
                        const std::string& text) {
  const std::size_t open = text.find('[');
  const std::string word(trimmed(std::string_view(text).substr(0, open)));
  const auto dtype = dtype_from_name(word);
  if (!dtype) {
    std::vector<std::string> names;
    names.reserve(kDTypeCount);
    for (int i = 0; i < kDTypeCount; ++i) names.emplace_back(name_of(static_cast<DType>(i)));
    throw_word_error(owner, argument + " = ", word, names);
  }
  TensorSpec spec(*dtype, {});
  if (open == std::string::npos) return spec;
  std::string_view rest = trimmed(std::string_view(text).substr(open));
  if (rest.back() != ']') reject(owner, argument, text);
  rest = trimmed(rest.substr(1, rest.size() - 2));
  int unknown = 0;
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    const auto dim = dim_of(trimmed(rest.substr(0, comma)));
    if (!dim) reject(owner, argument, text);
    unknown += dim->known() ? 0 : 1;
    spec.shape.push_back(*dim);
    rest = comma == std::string_view::npos ? "" : rest.substr(comma + 1);
  }
  if (unknown > 1) reject(owner, argument, text);
  return spec;
}

}  // namespace tenon::readers
