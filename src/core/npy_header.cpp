#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>
#include <vector>

#include "core/npy_format.hpp"
#include "tenon/diagnostic.hpp"
#include "tenon/error.hpp"

namespace tenon {
namespace {

constexpr std::size_t kMaxHeaderBytes = std::size_t{1} << 20U;
constexpr std::size_t kMaxRank = 64;
constexpr std::int64_t kMaxTensorBytes = std::int64_t{1} << 40U;
constexpr std::int64_t kMaxStringBytes = std::int64_t{1} << 30U;

[[noreturn]] void throw_header(const std::string& file, const std::string& what) {
  throw_file_error(file, "the .npy header is damaged: " + what,
                   "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}",
                   "write the file again with numpy.save");
}

[[noreturn]] void throw_dtype(const std::string& file, std::string_view descr,
                              const std::string& why) {
  throw_file_error(file, fmt::format("the array's dtype {} {}", quote_key(descr), why),
                   "bool, int8 to int64, uint8 to uint64, float16 to float64, or strings",
                   "convert it with numpy's astype before saving");
}

/// Reads the Python literal of the header: a dictionary of strings, bools and tuples of integers.
class HeaderParser {
 public:
  HeaderParser(const std::string& file, std::string_view text) : file_(file), text_(text) {}

  void parse() {
    expect('{');
    while (!accept('}')) {
      const std::string key = string();
      expect(':');
      entry(key);
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_blanks();
    if (at_ != text_.size()) throw_header(file_, "there is more behind its dictionary");
    if (!descr || !fortran_order || !dims) throw_header(file_, "an entry is missing");
  }

  std::optional<std::string> descr;
  std::optional<bool> fortran_order;
  std::optional<std::vector<std::int64_t>> dims;

 private:
  void entry(const std::string& key) {
    if (key == "descr" && !descr) {
      skip_blanks();
      if (peek() == '[') throw_dtype(file_, "[...]", "is structured, which has no dtype here");
      descr = string();
    } else if (key == "fortran_order" && !fortran_order) {
      fortran_order = boolean();
    } else if (key == "shape" && !dims) {
      dims = tuple();
    } else {
      throw_header(file_, fmt::format("the entry {} is unknown or there twice", quote_key(key)));
    }
  }

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  void skip_blanks() {
    while (peek() == ' ' || peek() == '\n' || peek() == '\t' || peek() == '\r') ++at_;
  }

  bool accept(char wanted) {
    skip_blanks();
    if (peek() != wanted) return false;
    ++at_;
    return true;
  }

  void expect(char wanted) {
    if (!accept(wanted))
      throw_header(file_, fmt::format("a '{}' is missing at byte {}", wanted, at_));
  }

  std::string string() {
    skip_blanks();
    const char quote = peek();
    if (quote != '\'' && quote != '"') throw_header(file_, fmt::format("no text at byte {}", at_));
    const std::size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) throw_header(file_, "a text has no end");
    const std::string value(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return value;
  }

  bool boolean() {
    skip_blanks();
    for (const std::string_view word : {"True", "False"}) {
      if (text_.substr(at_, word.size()) == word) {
        at_ += word.size();
        return word == "True";
      }
    }
    throw_header(file_, "fortran_order is neither True nor False");
  }

  std::vector<std::int64_t> tuple() {
    std::vector<std::int64_t> values;
    expect('(');
    while (!accept(')')) {
      values.push_back(integer());
      if (values.size() > kMaxRank) throw_header(file_, "the shape has more than 64 axes");
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return values;
  }

  std::int64_t integer() {
    skip_blanks();
    std::int64_t value = 0;
    const char* begin = text_.data() + at_;
    const auto result = std::from_chars(begin, text_.data() + text_.size(), value);
    if (result.ec != std::errc() || value < 0) {
      throw_header(file_, "the shape holds what is no size, or one that is too large");
    }
    at_ += static_cast<std::size_t>(result.ptr - begin);
    if (peek() == 'L') ++at_;  // Python 2 wrote 3L.
    return value;
  }

  const std::string& file_;
  std::string_view text_;
  std::size_t at_ = 0;
};

struct StoredType {
  std::string_view letters;
  DType dtype;
  NpyElement element;
  std::size_t size;
};

constexpr std::array<StoredType, 12> kStoredTypes = {{
    {"f4", DType::kFloat32, NpyElement::kSame, 4},
    {"f8", DType::kFloat64, NpyElement::kSame, 8},
    {"f2", DType::kFloat32, NpyElement::kFloat16, 2},
    {"i1", DType::kInt8, NpyElement::kSame, 1},
    {"i2", DType::kInt16, NpyElement::kSame, 2},
    {"i4", DType::kInt32, NpyElement::kSame, 4},
    {"i8", DType::kInt64, NpyElement::kSame, 8},
    {"u1", DType::kUInt8, NpyElement::kSame, 1},
    {"u2", DType::kUInt16, NpyElement::kSame, 2},
    {"u4", DType::kInt64, NpyElement::kUInt32, 4},
    {"u8", DType::kInt64, NpyElement::kUInt64, 8},
    {"b1", DType::kBool, NpyElement::kSame, 1},
}};

void set_string_type(const std::string& file, std::string_view descr, NpyHeader& header) {
  const bool unicode = descr[1] == 'U';
  std::int64_t length = 0;
  const char* end = descr.data() + descr.size();
  const auto result = std::from_chars(descr.data() + 2, end, length);
  if (result.ec != std::errc() || result.ptr != end || length <= 0 ||
      length > kMaxStringBytes / 4) {
    throw_dtype(file, descr, "has no usable length");
  }
  header.dtype = DType::kString;
  header.element = unicode ? NpyElement::kUnicode : NpyElement::kBytes;
  header.element_size = static_cast<std::size_t>(length) * (unicode ? 4 : 1);
}

void set_type(const std::string& file, std::string_view descr, NpyHeader& header) {
  const std::string_view orders = "<>=|";
  if (descr.size() < 2 || orders.find(descr[0]) == std::string_view::npos) {
    throw_dtype(file, descr, "is not understood");
  }
  header.big_endian = descr[0] == '>';
  if (descr[1] == 'O') {
    throw_dtype(file, descr, "means pickled objects, which are never loaded: they can run code");
  }
  if (descr[1] == 'U' || descr[1] == 'S' || descr[1] == 'a') {
    set_string_type(file, descr, header);
    return;
  }
  for (const StoredType& type : kStoredTypes) {
    if (type.letters != descr.substr(1)) continue;
    header.dtype = type.dtype;
    header.element = type.element;
    header.element_size = type.size;
    return;
  }
  throw_dtype(file, descr, "has no word here");
}

/// Throws unless both the array in the file and the tensor made of it can be counted in bytes.
void check_size(const std::string& file, const NpyHeader& header) {
  const auto bytes =
      static_cast<std::int64_t>(std::max(header.element_size, size_of(header.dtype)));
  std::int64_t room = kMaxTensorBytes / bytes;
  for (const std::int64_t size : header.shape) {
    if (size == 0) return;
  }
  for (const std::int64_t size : header.shape) {
    room /= size;
    if (room == 0) {
      throw_file_error(file, fmt::format("the array {} is too large", header.shape.to_string()),
                       "at most 2^40 bytes");
    }
  }
}

void read_exactly(ByteSource& source, void* bytes, std::size_t count, const char* what) {
  if (source.read(bytes, count) != count) {
    throw_file_error(source.name(), fmt::format("ends in the middle of {}", what),
                     "a whole .npy file", "copy or write the file again");
  }
}

struct HeaderPlace {
  std::size_t begin;   ///< Bytes before the dictionary.
  std::size_t length;  ///< Bytes of the dictionary.
};

HeaderPlace read_header_place(ByteSource& source) {
  std::array<unsigned char, 8> start{};
  read_exactly(source, start.data(), start.size(), "the .npy header");
  constexpr std::array<unsigned char, 6> kMagic = {0x93, 'N', 'U', 'M', 'P', 'Y'};
  if (!std::equal(kMagic.begin(), kMagic.end(), start.begin())) {
    throw_file_error(source.name(), "is no .npy file: its first bytes are others",
                     "a file written by numpy.save");
  }
  const int major = start[6];
  if (major < 1 || major > 3 || start[7] != 0) {
    throw_file_error(source.name(), fmt::format("has the .npy version {}.{}", major, start[7]),
                     "version 1.0, 2.0 or 3.0");
  }
  std::array<unsigned char, 4> length{};
  const std::size_t width = major == 1 ? 2 : 4;
  read_exactly(source, length.data(), width, "the .npy header");
  const std::size_t bytes =
      static_cast<std::size_t>(length[0]) | (static_cast<std::size_t>(length[1]) << 8U) |
      (static_cast<std::size_t>(length[2]) << 16U) | (static_cast<std::size_t>(length[3]) << 24U);
  return {start.size() + width, bytes};
}

}  // namespace

NpyHeader parse_npy_dictionary(const std::string& file, std::string_view text) {
  HeaderParser parser(file, text);
  parser.parse();
  NpyHeader header;
  set_type(file, *parser.descr, header);
  header.fortran_order = *parser.fortran_order;
  header.shape = Shape(*parser.dims);
  check_size(file, header);
  return header;
}

NpyHeader read_npy_header(ByteSource& source) {
  const auto [header_begin, length] = read_header_place(source);
  if (length > kMaxHeaderBytes || length > source.size()) {
    throw_file_error(source.name(), fmt::format("the .npy header claims {} bytes", length),
                     fmt::format("at most {} and no more than the file has", kMaxHeaderBytes));
  }
  std::string text(length, '\0');
  read_exactly(source, text.data(), text.size(), "the .npy header");
  NpyHeader header = parse_npy_dictionary(source.name(), text);
  const auto needed = static_cast<std::uint64_t>(header.shape.element_count()) *
                      static_cast<std::uint64_t>(header.element_size);
  const std::uint64_t begin = header_begin + length;
  if (needed > source.size() || begin > source.size() - needed) {
    throw_file_error(source.name(),
                     fmt::format("ends too early: the array {} needs {} bytes behind the header",
                                 header.shape.to_string(), needed),
                     fmt::format("at least {} bytes, it has {}", begin + needed, source.size()),
                     "copy or write the file again");
  }
  return header;
}

}  // namespace tenon
