#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "core/npy_format.hpp"
#include "core/unicode.hpp"
#include "tenon/error.hpp"

namespace tenon {
namespace {

static_assert(std::endian::native == std::endian::little, "the .npy code is for little endian");

void read_data(ByteSource& source, void* bytes, std::size_t count) {
  if (source.read(bytes, count) != count) {
    throw_file_error(source.name(), "ends in the middle of the array", "a whole .npy file",
                     "copy or write the file again");
  }
}

void swap_bytes(std::span<std::byte> bytes, std::size_t word) {
  for (std::size_t at = 0; at + word <= bytes.size(); at += word) {
    std::reverse(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                 bytes.begin() + static_cast<std::ptrdiff_t>(at + word));
  }
}

/// The bytes of an array stored first axis fastest, reordered to last axis fastest.
std::vector<std::byte> to_row_major(std::span<const std::byte> source, const Shape& shape,
                                    std::size_t element_size) {
  const auto rank = static_cast<std::size_t>(shape.rank());
  std::vector<std::size_t> strides(rank, element_size);
  for (std::size_t axis = 1; axis < rank; ++axis) {
    strides[axis] = strides[axis - 1] * static_cast<std::size_t>(shape[axis - 1]);
  }
  std::vector<std::byte> result(source.size());
  std::vector<std::int64_t> index(rank, 0);
  std::size_t from = 0;
  for (std::size_t to = 0; to < result.size(); to += element_size) {
    std::memcpy(result.data() + to, source.data() + from, element_size);
    for (std::size_t axis = rank; axis-- > 0;) {
      from += strides[axis];
      if (++index[axis] < shape[axis]) break;
      from -= strides[axis] * static_cast<std::size_t>(shape[axis]);
      index[axis] = 0;
    }
  }
  return result;
}

float half_to_float(std::uint16_t half) {
  const bool negative = (half & 0x8000U) != 0;
  const int exponent = (half >> 10U) & 0x1F;
  const int fraction = half & 0x3FF;
  float value = 0.0F;
  if (exponent == 31) {
    value = fraction == 0 ? std::numeric_limits<float>::infinity()
                          : std::numeric_limits<float>::quiet_NaN();
  } else if (exponent == 0) {
    value = std::ldexp(static_cast<float>(fraction), -24);
  } else {
    value = std::ldexp(static_cast<float>(fraction + 1024), exponent - 25);
  }
  return negative ? -value : value;
}

template <class T>
T load(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return value;
}

std::string unicode_element(const std::string& file, const std::byte* at, std::size_t size) {
  std::u32string points;
  for (std::size_t i = 0; i < size; i += 4) {
    const auto point = load<char32_t>(at + i);
    if (point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) {
      throw_file_error(file, fmt::format("a string holds {:#x}, which is no character",
                                         static_cast<std::uint32_t>(point)));
    }
    points += point;
  }
  points.erase(points.find_last_not_of(U'\0') + 1);
  return encode_utf8(points);
}

std::string bytes_element(const std::byte* at, std::size_t size) {
  std::string text(reinterpret_cast<const char*>(at), size);
  text.erase(text.find_last_not_of('\0') + 1);
  return text;
}

std::int64_t int64_element(const std::string& file, const std::byte* at) {
  const auto value = load<std::uint64_t>(at);
  if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    throw_file_error(file, fmt::format("a uint64 array holds {}", value),
                     "at most 2^63 - 1: it becomes int64");
  }
  return static_cast<std::int64_t>(value);
}

/// Fills each element of `tensor` with what `element` makes of its bytes.
template <class T, class Element>
void fill(Tensor& tensor, std::span<const std::byte> raw, std::size_t element_size,
          Element element) {
  const std::byte* at = raw.data();
  for (T& value : tensor.data<T>()) {
    value = element(at);
    at += element_size;
  }
}

Tensor convert(const std::string& file, const NpyHeader& header, std::span<const std::byte> raw) {
  Tensor tensor = Tensor::uninitialized(header.dtype, header.shape);
  const std::size_t size = header.element_size;
  switch (header.element) {
    case NpyElement::kSame:
      if (!raw.empty()) std::memcpy(tensor.bytes(), raw.data(), raw.size());
      break;
    case NpyElement::kUInt32:
      fill<std::int64_t>(tensor, raw, size, [](const std::byte* at) {
        return static_cast<std::int64_t>(load<std::uint32_t>(at));
      });
      break;
    case NpyElement::kUInt64:
      fill<std::int64_t>(tensor, raw, size,
                         [&](const std::byte* at) { return int64_element(file, at); });
      break;
    case NpyElement::kFloat16:
      fill<float>(tensor, raw, size,
                  [](const std::byte* at) { return half_to_float(load<std::uint16_t>(at)); });
      break;
    case NpyElement::kUnicode:
      fill<std::string>(tensor, raw, size,
                        [&](const std::byte* at) { return unicode_element(file, at, size); });
      break;
    case NpyElement::kBytes:
      fill<std::string>(tensor, raw, size,
                        [&](const std::byte* at) { return bytes_element(at, size); });
      break;
  }
  return tensor;
}

/// A bool in memory is 0 or 1; any other byte would be undefined behaviour to read.
void make_bools_valid(Tensor& tensor) {
  if (tensor.dtype() != DType::kBool) return;
  for (std::byte& value : std::span(tensor.bytes(), tensor.byte_size())) {
    value = value == std::byte{0} ? std::byte{0} : std::byte{1};
  }
}

std::string_view descr_of(DType dtype) {
  switch (dtype) {
    case DType::kFloat32:
    case DType::kBFloat16:
      return "<f4";
    case DType::kFloat64:
      return "<f8";
    case DType::kInt8:
      return "|i1";
    case DType::kInt16:
      return "<i2";
    case DType::kInt32:
      return "<i4";
    case DType::kInt64:
      return "<i8";
    case DType::kUInt8:
      return "|u1";
    case DType::kUInt16:
      return "<u2";
    case DType::kBool:
      return "|b1";
    case DType::kString:
      break;
  }
  return "<U";
}

std::string header_text(std::string_view descr, const Shape& shape) {
  constexpr std::size_t kStart = 10;
  constexpr std::size_t kAlignment = 64;
  std::string text = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': {}, }}", descr,
                                 shape.to_string());
  const std::size_t unpadded = kStart + text.size() + 1;
  text.append((kAlignment - unpadded % kAlignment) % kAlignment, ' ');
  text += '\n';
  std::string start("\x93NUMPY\x01\x00", 8);
  start += static_cast<char>(text.size() & 0xFFU);
  start += static_cast<char>(text.size() >> 8U);
  return start + text;
}

/// Strings as UTF-32 of one length, a uint32 per character, kept in an int32 tensor.
NpyImage string_image(const std::string& file, const Tensor& tensor) {
  std::vector<std::u32string> values;
  std::size_t longest = 1;
  for (const std::string& value : tensor.data<std::string>()) {
    values.push_back(decode_utf8(value));
    const std::u32string& points = values.back();
    if (std::any_of(points.begin(), points.end(), is_invalid_byte) || points.ends_with(U'\0')) {
      throw_file_error(file, fmt::format("the string {} cannot be written", quote_key(value)),
                       "UTF-8 that does not end in a NUL");
    }
    longest = std::max(longest, points.size());
  }
  NpyImage image;
  image.header = header_text(fmt::format("<U{}", longest), tensor.shape());
  image.array = Tensor(DType::kInt32, {tensor.size(), static_cast<std::int64_t>(longest)});
  std::byte* at = image.array.bytes();
  for (const std::u32string& points : values) {
    std::memcpy(at, points.data(), points.size() * sizeof(char32_t));
    at += longest * sizeof(char32_t);
  }
  return image;
}

}  // namespace

Tensor read_npy_array(ByteSource& source, const NpyHeader& header) {
  const bool reorder = header.fortran_order && header.shape.rank() > 1;
  const std::size_t word = header.element == NpyElement::kUnicode ? 4
                           : header.element == NpyElement::kBytes ? 1
                                                                  : header.element_size;
  Tensor tensor;
  if (header.element == NpyElement::kSame && !reorder) {
    tensor = Tensor::uninitialized(header.dtype, header.shape);
    read_data(source, tensor.bytes(), tensor.byte_size());
    if (header.big_endian) swap_bytes({tensor.bytes(), tensor.byte_size()}, word);
  } else {
    const auto count = static_cast<std::size_t>(header.shape.element_count());
    std::vector<std::byte> raw(count * header.element_size);
    read_data(source, raw.data(), raw.size());
    if (header.big_endian) swap_bytes(raw, word);
    if (reorder && !raw.empty()) raw = to_row_major(raw, header.shape, header.element_size);
    tensor = convert(source.name(), header, raw);
  }
  make_bools_valid(tensor);
  return tensor;
}

NpyImage npy_image(const std::string& file, const Tensor& tensor) {
  if (!tensor.defined()) {
    throw_argument_error("save " + file, "a tensor that was never set", "a tensor");
  }
  if (tensor.dtype() == DType::kString) return string_image(file, tensor);
  NpyImage image;
  image.header = header_text(descr_of(tensor.dtype()), tensor.shape());
  image.array = tensor.dtype() == DType::kBFloat16 ? tensor.cast(DType::kFloat32) : tensor;
  return image;
}

}  // namespace tenon
