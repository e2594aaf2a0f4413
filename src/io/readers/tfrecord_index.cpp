#include "io/readers/tfrecord_index.hpp"

#include <fmt/format.h>

#include <cstring>

#include "io/readers/crc32c.hpp"
#include "tenon/error.hpp"

namespace tenon::readers {
namespace {

constexpr std::uint64_t kLengthBytes = 8;
constexpr std::uint64_t kChecksumBytes = 4;
constexpr std::uint64_t kHeadBytes = kLengthBytes + kChecksumBytes;

template <class T>
T little_endian(std::string_view bytes) {
  T value = 0;
  std::memcpy(&value, bytes.data(), sizeof(value));
  return value;
}

/// What is wrong with the record whose head begins at `begin`; its length otherwise.
std::optional<std::string> head_damage(BlockReader& reader, std::uint64_t begin, std::uint64_t size,
                                       std::uint64_t& length) {
  const std::uint64_t left = size - begin;
  if (left < kHeadBytes) return fmt::format("the file ends {} bytes into it", left);
  const std::string_view head = reader.view(begin, kHeadBytes);
  const std::string_view length_bytes = head.substr(0, kLengthBytes);
  length = little_endian<std::uint64_t>(length_bytes);
  if (masked_crc32c(length_bytes) != little_endian<std::uint32_t>(head.substr(kLengthBytes)))
    return "its length does not fit the length's checksum";
  if (length > kMaxRecordBytes)
    return fmt::format("it says to have {} bytes, at most {} are read", length, kMaxRecordBytes);
  if (left - kHeadBytes < kChecksumBytes || left - kHeadBytes - kChecksumBytes < length)
    return fmt::format("it says to have {} bytes, and the file ends before them", length);
  return std::nullopt;
}

}  // namespace

TfRecordIndex index_tfrecord(const RandomAccessFile& file) {
  TfRecordIndex index;
  BlockReader reader(file);
  while (index.end < file.size()) {
    std::uint64_t length = 0;
    index.damage = head_damage(reader, index.end, file.size(), length);
    if (index.damage) return index;
    index.begins.push_back(index.end);
    index.end += kHeadBytes + length;
    // In the same block as the next head.
    const std::string_view checksum = reader.view(index.end, kChecksumBytes);
    ContentHash record;
    record.add(length);
    record.add(checksum);
    index.hash.add(record.value());
    index.end += kChecksumBytes;
  }
  return index;
}

std::string read_tfrecord(const RandomAccessFile& file, std::uint64_t begin, std::uint64_t end,
                          const std::string& where) {
  std::string bytes = file.read(begin + kHeadBytes, end);
  const std::size_t length = bytes.size() - kChecksumBytes;
  const auto stated = little_endian<std::uint32_t>(std::string_view(bytes).substr(length));
  bytes.resize(length);
  if (masked_crc32c(bytes) != stated)
    throw_file_error(where, "its data does not fit its checksum", "an undamaged file",
                     "write or copy the file again");
  return bytes;
}

}  // namespace tenon::readers
