#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/content_hash.hpp"
#include "io/readers/random_access_file.hpp"

namespace tenon::readers {

/// A file inside of a tar file.
struct TarMember {
  std::string name;
  std::uint64_t begin = 0;  ///< Of its bytes in the tar file.
  std::uint64_t size = 0;
};

/// The regular files in a tar file (POSIX ustar and pax, GNU, and the format before them), found by
/// their headers, whose checksums are held; what is in them is not read but for small ones. Folders
/// and links are passed over. `damage` says what is wrong where the file cannot be followed
/// further.
struct TarIndex {
  std::vector<TarMember> members;
  std::uint64_t end = 0;  ///< Where the damage is.
  std::optional<std::string> damage;
  ListHash hash;  ///< Of the members' names and sizes, and of what is in small ones (labels).
};
/// Throws FormatError (F001) only where the file cannot be read at all.
TarIndex index_tar(const RandomAccessFile& file);

}  // namespace tenon::readers
