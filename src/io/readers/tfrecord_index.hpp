#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/content_hash.hpp"
#include "io/readers/random_access_file.hpp"

namespace tenon::readers {

/// The most that a record may have: larger ones are taken for damage.
inline constexpr std::uint64_t kMaxRecordBytes = std::uint64_t{1} << 30;

/// Where the records of a TFRecord file begin, found by their lengths, whose checksums are held;
/// of what is in them only the checksum is read. Nothing after a wrong length can be found:
/// `damage` then says what is wrong where the file is left.
struct TfRecordIndex {
  std::vector<std::uint64_t> begins;  ///< Of each record, with its length in front.
  std::uint64_t end = 0;              ///< Behind the last good record.
  std::optional<std::string> damage;
  ListHash hash;  ///< Of the records' lengths and checksums.
};
/// Throws FormatError (F001) only where the file cannot be read at all.
TfRecordIndex index_tfrecord(const RandomAccessFile& file);

/// The data of the record at [begin, end). Throws FormatError (F001) that begins with `where` if it
/// does not fit its checksum.
std::string read_tfrecord(const RandomAccessFile& file, std::uint64_t begin, std::uint64_t end,
                          const std::string& where);

}  // namespace tenon::readers
