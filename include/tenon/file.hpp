#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tenon {

/// Reads a whole file. Throws FormatError (F001) if it is missing, a folder, or above `limit`
/// bytes.
std::string read_file(const std::string& path, std::uint64_t limit = std::uint64_t{1} << 32);

/// Writes a file such that a reader sees the old or the new one, whole: written beside it, synced,
/// renamed; through symbolic links, missing folders made. Throws FormatError, for devices too.
void write_file_atomically(const std::string& path, std::string_view contents);

}  // namespace tenon
