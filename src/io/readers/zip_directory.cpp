#include "io/readers/zip_directory.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>

namespace tenon::readers {
namespace {

constexpr std::uint64_t kEndBytes = 22;
constexpr std::uint64_t kMaxComment = 65535;
constexpr std::uint64_t kLocatorBytes = 20;
constexpr std::uint64_t kEnd64Bytes = 56;
constexpr std::uint64_t kEntryBytes = 46;
/// Of 65,536 members with long names.
constexpr std::uint64_t kMaxDirectory = std::uint64_t{1} << 26;
constexpr std::uint32_t kInZip64 = 0xFFFFFFFF;

template <class T>
T little_endian(std::string_view bytes, std::size_t at) {
  T value = 0;
  std::memcpy(&value, bytes.data() + at, sizeof(value));
  return value;
}

struct Place {
  std::uint64_t begin = 0;
  std::uint64_t bytes = 0;
};

std::optional<Place> place_in_zip64(const RandomAccessFile& file, std::uint64_t locator) {
  const std::string bytes = file.read(locator, locator + kLocatorBytes);
  if (!bytes.starts_with("PK\x06\x07")) return std::nullopt;
  const auto end = little_endian<std::uint64_t>(bytes, 8);
  if (end > locator || locator - end < kEnd64Bytes) return std::nullopt;
  const std::string record = file.read(end, end + kEnd64Bytes);
  if (!record.starts_with("PK\x06\x06")) return std::nullopt;
  return Place{little_endian<std::uint64_t>(record, 48), little_endian<std::uint64_t>(record, 40)};
}

std::optional<Place> place_of_directory(const RandomAccessFile& file) {
  const std::uint64_t size = file.size();
  if (size < kEndBytes) return std::nullopt;
  const std::uint64_t begin = size - std::min(size, kEndBytes + kMaxComment);
  const std::string tail = file.read(begin, size);
  const std::size_t at = tail.rfind("PK\x05\x06", tail.size() - kEndBytes);
  if (at == std::string::npos) return std::nullopt;
  const std::uint64_t end = begin + at;
  const Place place{little_endian<std::uint32_t>(tail, at + 16),
                    little_endian<std::uint32_t>(tail, at + 12)};
  if (place.begin != kInZip64 && place.bytes != kInZip64) return place;
  return end < kLocatorBytes ? std::nullopt : place_in_zip64(file, end - kLocatorBytes);
}

/// The size in the Zip64 field of an entry's `extra` bytes, where it comes first.
std::uint64_t long_size(std::string_view extra) {
  while (extra.size() >= 4) {
    const auto kind = little_endian<std::uint16_t>(extra, 0);
    const std::size_t bytes = little_endian<std::uint16_t>(extra, 2);
    if (kind == 1 && bytes >= 8 && extra.size() >= 12)
      return little_endian<std::uint64_t>(extra, 4);
    extra.remove_prefix(std::min(extra.size(), 4 + bytes));
  }
  return kInZip64;
}

}  // namespace

std::map<std::string, ZipMember> read_zip_directory(const RandomAccessFile& file) {
  const auto place = place_of_directory(file);
  if (!place || place->begin > file.size() || place->bytes > file.size() - place->begin ||
      place->bytes > kMaxDirectory)
    return {};
  const std::string directory = file.read(place->begin, place->begin + place->bytes);
  std::map<std::string, ZipMember> members;
  for (std::string_view rest = directory; rest.size() >= kEntryBytes;) {
    if (!rest.starts_with("PK\x01\x02")) return {};
    const std::size_t name = little_endian<std::uint16_t>(rest, 28);
    const std::size_t extra = little_endian<std::uint16_t>(rest, 30);
    const std::size_t comment = little_endian<std::uint16_t>(rest, 32);
    if (rest.size() - kEntryBytes < name + extra + comment) return {};
    const auto bytes = little_endian<std::uint32_t>(rest, 24);
    members[std::string(rest.substr(kEntryBytes, name))] = {
        bytes == kInZip64 ? long_size(rest.substr(kEntryBytes + name, extra)) : bytes,
        little_endian<std::uint32_t>(rest, 16)};
    rest.remove_prefix(kEntryBytes + name + extra + comment);
  }
  return members;
}

}  // namespace tenon::readers
