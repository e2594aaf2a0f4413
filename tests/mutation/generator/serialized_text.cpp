#include "serialized_text.hpp"

#include <bit>

#include "io/readers/crc32c.hpp"
#include "little_endian.hpp"

namespace tenon::mutation {
namespace {

constexpr std::size_t kTarBlock = 512;

std::string varint(std::uint64_t value) {
  std::string out;
  for (; value > 127; value >>= 7U) out += static_cast<char>(0x80U | (value & 0x7FU));
  return out + static_cast<char>(value);
}

/// A field of a protobuf message that is text, or a message.
std::string field(int number, const std::string& bytes) {
  return varint(static_cast<std::uint64_t>(number) << 3U | 2U) + varint(bytes.size()) + bytes;
}

std::string feature_text(const FeatureValue& value) {
  if (const auto* bytes = std::get_if<std::string>(&value)) return field(1, field(1, *bytes));
  if (const auto* whole = std::get_if<std::uint64_t>(&value))
    return field(3, field(1, varint(*whole)));
  std::string number;
  append_little_endian(number, std::bit_cast<std::uint32_t>(std::get<float>(value)), 4);
  return field(2, field(1, number));
}

std::string octal(std::uint64_t value, int digits) {
  std::string out;
  for (int i = digits - 1; i >= 0; --i)
    out += static_cast<char>('0' + ((value >> (3U * static_cast<unsigned>(i))) & 7U));
  return out;
}

}  // namespace

std::string tfrecord_text(const std::vector<std::pair<std::string, FeatureValue>>& features) {
  std::string entries;
  for (const auto& [name, value] : features)
    entries += field(1, field(1, name) + field(2, feature_text(value)));
  const std::string data = field(1, entries);
  std::string out;
  append_little_endian(out, data.size(), 8);
  append_little_endian(out, readers::masked_crc32c(out), 4);
  out += data;
  append_little_endian(out, readers::masked_crc32c(data), 4);
  return out;
}

std::string tar_member_text(const std::string& name, const std::string& bytes) {
  std::string header(kTarBlock, '\0');
  header.replace(0, name.size(), name);
  header.replace(124, 11, octal(bytes.size(), 11));
  header[156] = '0';
  header.replace(148, 8, "        ");
  std::uint64_t sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  header.replace(148, 7, octal(sum, 6) + '\0');
  return header + bytes + std::string((kTarBlock - bytes.size() % kTarBlock) % kTarBlock, '\0');
}

std::string tar_end_text() { return std::string(2 * kTarBlock, '\0'); }

}  // namespace tenon::mutation
