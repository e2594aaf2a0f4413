#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "io/readers/random_access_file.hpp"

namespace tenon::readers {

/// What a zip archive's directory says of a member.
struct ZipMember {
  std::uint64_t bytes = 0;     ///< Unpacked.
  std::uint32_t checksum = 0;  ///< CRC-32 of the unpacked bytes.
};

/// By name, to the byte; the members themselves are not read. Empty where there is no directory, or
/// it is damaged: who unpacks the archive says what is wrong with it. Source: PKWARE's APPNOTE,
/// 4.3.12 to 4.3.16 and 4.5.3 (Zip64).
std::map<std::string, ZipMember> read_zip_directory(const RandomAccessFile& file);

}  // namespace tenon::readers
