#include "core/address.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <filesystem>

#include "tenon/error.hpp"

namespace tenon {
namespace {

std::atomic<AddressCopy> address_copy{nullptr};

}  // namespace

bool is_address(std::string_view path) noexcept {
  constexpr std::array<std::string_view, 3> kSchemes = {"http://", "https://", "s3://"};
  return std::ranges::any_of(kSchemes,
                             [&](std::string_view scheme) { return path.starts_with(scheme); });
}

std::string path_below(const std::string& root, const std::string& name) {
  if (is_address(name) || root.empty()) return name;
  if (!is_address(root)) return (std::filesystem::path(root) / name).string();
  if (name.starts_with('/')) return name;
  return root.ends_with('/') ? root + name : root + "/" + name;
}

std::string normal_path(const std::string& path) {
  return is_address(path) ? path : std::filesystem::path(path).lexically_normal().string();
}

void set_address_copy(AddressCopy copy) noexcept { address_copy.store(copy); }

std::string local_path(const std::string& path) {
  if (!is_address(path)) return path;
  const AddressCopy copy = address_copy.load();
  if (copy == nullptr) {
    throw_file_error(path, "is an address, and this program reads files only", "a path");
  }
  return copy(path);
}

}  // namespace tenon
