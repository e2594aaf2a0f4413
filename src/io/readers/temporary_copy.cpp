#include "io/readers/temporary_copy.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "core/address.hpp"
#include "io/readers/address_identity.hpp"
#include "io/readers/download.hpp"
#include "io/readers/s3_address.hpp"
#include "io/readers/s3_folder.hpp"
#include "io/readers/transfer.hpp"
#include "tenon/error.hpp"

namespace tenon::readers {
namespace {

namespace fs = std::filesystem;

std::string without_slashes(std::string address) {
  while (address.ends_with('/')) address.pop_back();
  return address;
}

}  // namespace

TemporaryCopy::TemporaryCopy(const std::string& path, std::uint64_t limit) : path_(path) {
  if (!is_address(path)) return;
  std::string name = (fs::temp_directory_path() / "tenon-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    throw_file_error(
        path, fmt::format("no copy of it can be kept in {}", fs::temp_directory_path().string()));
  }
  folder_ = name;
  try {
    path_ = (fs::path(folder_) / file_name_of(without_slashes(path))).string();
    copy(path, limit);
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
    throw;
  }
}

TemporaryCopy::~TemporaryCopy() {
  std::error_code ignored;
  if (!folder_.empty()) fs::remove_all(folder_, ignored);
}

void TemporaryCopy::copy(const std::string& address, std::uint64_t limit) {
  try {
    if (!is_s3_folder(address)) return copy_file(address, limit);
    if (copy_folder(address, limit)) return;
  } catch (const fs::filesystem_error& error) {
    throw_file_error(address, fmt::format("no copy of it can be kept: {}", error.what()));
  }
  throw_file_error(address, "there are no files in this folder", "the files of a DICOM series",
                   "check the address; sub-folders are not looked into");
}

void TemporaryCopy::copy_file(const std::string& address, std::uint64_t limit) {
  Transfer transfer;
  transfer.address = address;
  transfer.limit = limit;
  try {
    fetch_to(transfer, path_);
  } catch (const FormatError&) {
    if (!transfer.missing || !is_s3(address)) throw;
    fs::remove(path_);
    if (!copy_folder(address, limit)) throw;
    return;
  }
  note_identity(transfer);
  names_.emplace_back(path_, address);
}

bool TemporaryCopy::copy_folder(const std::string& address, std::uint64_t limit) {
  fs::create_directory(path_);
  const std::vector<CopiedFile> files = copy_s3_folder(address, path_, limit);
  names_.emplace_back(path_ + "/", address.ends_with('/') ? address : address + "/");
  names_.emplace_back(path_, address);
  for (const CopiedFile& file : files) {
    if (file.local != file.name) names_.emplace_back(file.local, file.name);
  }
  return !files.empty();
}

std::string TemporaryCopy::told(std::string message) const {
  for (const auto& [local, shown] : names_) {
    for (std::size_t at = 0; (at = message.find(local, at)) != std::string::npos;
         at += shown.size()) {
      message.replace(at, local.size(), shown);
    }
  }
  return message;
}

}  // namespace tenon::readers
