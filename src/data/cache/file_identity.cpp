#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <filesystem>

#include "core/address.hpp"
#include "data/cache/sample_cache.hpp"

namespace tenon::data {
namespace {

namespace fs = std::filesystem;

std::atomic<AddressIdentity> address_identity{nullptr};

std::string identity_of(const struct stat& status) {
  return fmt::format("{}:{}.{:09}:{}", status.st_size, status.st_mtim.tv_sec,
                     status.st_mtim.tv_nsec, status.st_ino);
}

/// Every file of `folder` that `wanted` names, by name.
template <class Wanted>
std::string identity_of_files(const fs::path& folder, Wanted wanted) {
  std::vector<std::string> parts;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    struct stat status {};
    if (!wanted(entry.path()) || ::stat(entry.path().c_str(), &status) != 0) continue;
    parts.push_back(entry.path().filename().string() + "=" + identity_of(status));
  }
  std::sort(parts.begin(), parts.end());
  return fmt::format("{}", fmt::join(parts, ";"));
}

}  // namespace

void set_address_identity(AddressIdentity identity) noexcept { address_identity = identity; }

std::string file_identity(const std::string& path) {
  if (is_address(path)) {
    const AddressIdentity identity = address_identity;
    return identity == nullptr ? std::string() : identity(path);
  }
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return {};
  if (S_ISDIR(status.st_mode)) {
    return identity_of_files(path, [](const fs::path&) { return true; });
  }
  const fs::path file = path;
  constexpr std::array<std::string_view, 3> kHeaders = {".mhd", ".nhdr", ".hdr"};
  const std::string ending = file.extension().string();
  if (std::find(kHeaders.begin(), kHeaders.end(), ending) == kHeaders.end()) {
    return identity_of(status);
  }
  return identity_of_files(file.parent_path().empty() ? fs::path(".") : file.parent_path(),
                           [&](const fs::path& other) { return other.stem() == file.stem(); });
}

}  // namespace tenon::data
