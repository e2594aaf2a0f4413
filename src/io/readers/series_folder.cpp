#include "io/readers/series_folder.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>
#include <vector>

#include "io/readers/dicom_elements.hpp"
#include "tenon/error.hpp"

namespace tenon::readers {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kExpected = "the files of a DICOM series";

[[noreturn]] void throw_not_taken(const fs::path& file, const std::string& what) {
  throw_file_error(file.string(), what, std::string(kExpected), "move it out of the folder");
}

bool has_dicom_ending(const fs::path& file) {
  constexpr std::array<std::string_view, 3> kEndings = {".dcm", ".dicom", ".ima"};
  std::string ending = file.extension().string();
  std::ranges::transform(ending, ending.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::ranges::find(kEndings, ending) != kEndings.end();
}

std::vector<fs::directory_entry> entries_of(const std::string& path) {
  std::vector<fs::directory_entry> entries;
  std::error_code error;
  for (fs::directory_iterator at(path, error), end; !error && at != end; at.increment(error))
    entries.push_back(*at);
  if (error)
    throw_file_error(path, "cannot be read: " + error.message(), "a folder that may be read");
  std::ranges::sort(entries);
  return entries;
}

void check_file(const fs::path& file) {
  if (::access(file.c_str(), R_OK) != 0) {
    throw_file_error(file.string(), "cannot be read: " + std::generic_category().message(errno),
                     "files that may be read");
  }
  constexpr std::size_t kLookedAt = 132;
  std::string start(kLookedAt, '\0');
  std::ifstream stream(file, std::ios::binary);
  stream.read(start.data(), static_cast<std::streamsize>(start.size()));
  start.resize(static_cast<std::size_t>(stream.gcount()));
  if (start.empty() && has_dicom_ending(file)) throw_not_taken(file, "is empty");
  if (looks_like_dicom(start)) check_dicom_elements(file.string());
}

}  // namespace

void check_series_folder(const std::string& path) {
  for (const fs::directory_entry& entry : entries_of(path)) {
    std::error_code error;
    const fs::file_status status = entry.status(error);
    if (status.type() == fs::file_type::not_found)
      throw_not_taken(entry.path(), "is a link to nothing");
    if (error) throw_not_taken(entry.path(), "cannot be read: " + error.message());
    if (fs::is_directory(status)) continue;
    if (!fs::is_regular_file(status))
      throw_not_taken(entry.path(), "is no regular file (a device or a pipe?)");
    // The reader of series passes over hidden files.
    if (!entry.path().filename().string().starts_with('.')) check_file(entry.path());
  }
}

}  // namespace tenon::readers
