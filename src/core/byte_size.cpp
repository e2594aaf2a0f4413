#include "core/byte_size.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <string>
#include <utility>

namespace tenon {
namespace {

constexpr std::array<std::pair<std::string_view, double>, 10> kUnits = {{{"", 1.0},
                                                                         {"b", 1.0},
                                                                         {"kb", 1e3},
                                                                         {"mb", 1e6},
                                                                         {"gb", 1e9},
                                                                         {"tb", 1e12},
                                                                         {"kib", 0x1p10},
                                                                         {"mib", 0x1p20},
                                                                         {"gib", 0x1p30},
                                                                         {"tib", 0x1p40}}};

}  // namespace

std::optional<std::int64_t> parse_bytes(std::string_view text) {
  double number = 0.0;
  const auto read =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (read.ec != std::errc()) return std::nullopt;
  std::string unit;
  for (const char* at = read.ptr; at != text.data() + text.size(); ++at) {
    if (*at == ' ') continue;
    unit += static_cast<char>(std::tolower(static_cast<unsigned char>(*at)));
  }
  const auto* found = std::find_if(kUnits.begin(), kUnits.end(),
                                   [&](const auto& entry) { return entry.first == unit; });
  if (found == kUnits.end()) return std::nullopt;
  const double bytes = number * found->second;
  if (!(bytes >= 0.0 && bytes <= 0x1p60)) return std::nullopt;
  return static_cast<std::int64_t>(bytes);
}

}  // namespace tenon
