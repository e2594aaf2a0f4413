#include "npz_text.hpp"

#include <algorithm>
#include <array>

#include "little_endian.hpp"

namespace tenon::mutation {
namespace {

std::uint32_t crc32(const std::string& bytes) {
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1U) != 0 ? 0xEDB88320U : 0U);
  }
  return ~crc;
}

std::string descr_of(const Tensor& array, std::size_t width) {
  switch (array.dtype()) {
    case DType::kString:
      return "<U" + std::to_string(width);
    case DType::kUInt8:
      return "|u1";
    case DType::kInt16:
      return "<i2";
    case DType::kInt32:
      return "<i4";
    case DType::kInt64:
      return "<i8";
    case DType::kFloat64:
      return "<f8";
    default:
      return "<f4";
  }
}

std::string shape_of(const Tensor& array) {
  std::string out;
  for (const std::int64_t dim : array.shape().dims()) out += std::to_string(dim) + ", ";
  return "(" + out + ")";
}

/// ASCII words in UTF-32, each `width` long.
std::string words_text(const Tensor& array, std::size_t width) {
  std::string out;
  for (const std::string& word : array.data<std::string>()) {
    for (std::size_t i = 0; i < width; ++i)
      append_little_endian(out, i < word.size() ? static_cast<unsigned char>(word[i]) : 0, 4);
  }
  return out;
}

std::string npy_text(const Tensor& array) {
  std::size_t width = 1;
  if (array.dtype() == DType::kString) {
    for (const std::string& word : array.data<std::string>()) width = std::max(width, word.size());
  }
  std::string header = "{'descr': '" + descr_of(array, width) +
                       "', 'fortran_order': False, 'shape': " + shape_of(array) + ", }";
  constexpr std::size_t kPrefix = 10;
  while ((kPrefix + header.size() + 1) % 64 != 0) header += ' ';
  header += '\n';
  std::string out = "\x93NUMPY";
  out += '\x01';
  out += '\0';
  append_little_endian(out, header.size(), 2);
  out += header;
  if (array.dtype() == DType::kString) return out + words_text(array, width);
  return out.append(reinterpret_cast<const char*>(array.bytes()), array.byte_size());
}

/// What the head of a member and its entry in the directory share.
std::string member_facts(const std::string& name, const std::string& bytes) {
  std::string out;
  append_little_endian(out, 20, 2);      // version
  append_little_endian(out, 0x0800, 2);  // the name is UTF-8
  append_little_endian(out, 0, 2);       // stored
  append_little_endian(out, 0x5A210000, 4);
  append_little_endian(out, crc32(bytes), 4);
  append_little_endian(out, bytes.size(), 4);
  append_little_endian(out, bytes.size(), 4);
  append_little_endian(out, name.size(), 2);
  append_little_endian(out, 0, 2);
  return out;
}

}  // namespace

std::string npz_text(const std::vector<std::pair<std::string, Tensor>>& arrays) {
  std::string out;
  std::string directory;
  for (const auto& [key, array] : arrays) {
    const std::string name = key + ".npy";
    const std::string bytes = npy_text(array);
    const std::string facts = member_facts(name, bytes);
    directory += std::string("PK\x01\x02", 4);
    append_little_endian(directory, 20, 2);
    directory += facts;
    append_little_endian(directory, 0, 2 + 2 + 2 + 4);
    append_little_endian(directory, out.size(), 4);
    directory += name;
    out += std::string("PK\x03\x04", 4) + facts + name + bytes;
  }
  const std::size_t start = out.size();
  out += directory + std::string("PK\x05\x06", 4);
  append_little_endian(out, 0, 4);
  append_little_endian(out, arrays.size(), 2);
  append_little_endian(out, arrays.size(), 2);
  append_little_endian(out, directory.size(), 4);
  append_little_endian(out, start, 4);
  append_little_endian(out, 0, 2);
  return out;
}

}  // namespace tenon::mutation
