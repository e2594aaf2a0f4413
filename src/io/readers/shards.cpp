#include "io/readers/shards.hpp"

#include <fmt/format.h>
#include <glob.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>
#include <string_view>

#include "core/address.hpp"
#include "tenon/error.hpp"

namespace tenon::readers {
namespace {

constexpr std::size_t kMaxPaths = 1'000'000;

std::optional<std::uint64_t> number_of(std::string_view digits) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

[[noreturn]] void throw_pattern_error(const std::string& pattern, const std::string& expected) {
  throw_argument_error("path", quote_key(pattern), expected);
}

/// What stands between two braces: "000..007" or "a,b".
std::vector<std::string> alternatives(const std::string& pattern, std::string_view inside) {
  std::vector<std::string> words;
  const std::size_t dots = inside.find("..");
  if (dots != std::string_view::npos) {
    const std::string_view low_text = inside.substr(0, dots);
    const auto low = number_of(low_text);
    const auto high = number_of(inside.substr(dots + 2));
    if (!low || !high || *low > *high)
      throw_pattern_error(pattern,
                          "{FIRST..LAST} with whole numbers, the first not above the last");
    if (*high - *low >= kMaxPaths) throw_pattern_error(pattern, "at most a million files");
    const bool padded = low_text.size() > 1 && low_text.front() == '0';
    const std::size_t width = padded ? low_text.size() : 0;
    for (std::uint64_t number = *low; number <= *high; ++number)
      words.push_back(fmt::format("{:0{}}", number, width));
    return words;
  }
  for (std::size_t begin = 0;;) {
    const std::size_t comma = inside.find(',', begin);
    words.emplace_back(inside.substr(begin, comma - begin));
    if (comma == std::string_view::npos) return words;
    begin = comma + 1;
  }
}

std::vector<std::string> expand_braces(const std::string& pattern) {
  std::vector<std::string> done = {""};
  std::string_view rest = pattern;
  while (!rest.empty()) {
    const std::size_t open = rest.find('{');
    for (std::string& text : done) text += rest.substr(0, open);
    if (open == std::string_view::npos) break;
    const std::size_t close = rest.find('}', open);
    if (close == std::string_view::npos)
      throw_pattern_error(pattern, "a } for the {, as in shard-{000..007}.tar");
    const std::vector<std::string> words =
        alternatives(pattern, rest.substr(open + 1, close - open - 1));
    if (words.size() > kMaxPaths / done.size())
      throw_pattern_error(pattern, "at most a million files");
    std::vector<std::string> longer;
    longer.reserve(done.size() * words.size());
    for (const std::string& text : done) {
      for (const std::string& word : words) longer.push_back(text + word);
    }
    done = std::move(longer);
    rest.remove_prefix(close + 1);
  }
  return done;
}

std::vector<std::string> matching_files(const std::string& pattern) {
  glob_t found{};
  const int status = ::glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found);
  std::vector<std::string> paths(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
  if (status != 0 || paths.empty()) {
    throw_file_error(pattern, "no file matches", "at least one file",
                     "check the path and where it starts from");
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace

std::vector<std::string> expand_paths(const std::vector<std::string>& patterns) {
  std::vector<std::string> paths;
  for (const std::string& pattern : patterns) {
    for (std::string& spelt : expand_braces(pattern)) {
      if (is_address(spelt) || spelt.find_first_of("*?[") == std::string::npos) {
        paths.push_back(std::move(spelt));
      } else {
        std::vector<std::string> files = matching_files(spelt);
        std::move(files.begin(), files.end(), std::back_inserter(paths));
      }
    }
  }
  if (paths.empty()) throw_argument_error("path", "no path", "at least one file");
  return paths;
}

bool is_pattern(const std::string& path) {
  if (path.find_first_of("{*?[") == std::string::npos) return false;
  if (is_address(path)) return path.find('{') != std::string::npos;
  std::error_code none;
  return !std::filesystem::exists(path, none);
}

std::shared_ptr<const RandomAccessFile> Shards::open(std::size_t shard) const {
  return open_.get(
      shard, [&] { return open_unpacked(paths_[shard]); },
      [](const RandomAccessFile& file) { return file.memory(); });
}

}  // namespace tenon::readers
