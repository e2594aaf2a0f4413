#include "io/readers/tar_index.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <string_view>

namespace tenon::readers {
namespace {

constexpr std::uint64_t kBlock = 512;
/// Names and other properties that stand in members of their own.
constexpr std::uint64_t kMaxExtension = std::uint64_t{1} << 20;
constexpr std::size_t kMaxMembers = 100'000'000;
/// What is in a member of so many bytes lies in the block that its header is read with.
constexpr std::uint64_t kMostHashed = 4096;

/// A field of text, up to its NUL.
std::string_view text_field(std::string_view header, std::size_t begin, std::size_t size) {
  const std::string_view field = header.substr(begin, size);
  return field.substr(0, field.find('\0'));
}

/// A field of octal digits, or, GNU's, of binary ones where its first bit is set.
std::optional<std::uint64_t> number_field(std::string_view header, std::size_t begin,
                                          std::size_t size) {
  std::string_view field = header.substr(begin, size);
  std::uint64_t value = 0;
  if ((static_cast<unsigned char>(field.front()) & 0x80U) != 0) {
    if (static_cast<unsigned char>(field.front()) != 0x80U) return std::nullopt;
    for (const char digit : field.substr(1)) {
      if (value > (std::numeric_limits<std::uint64_t>::max() >> 9U)) return std::nullopt;
      value = value << 8U | static_cast<unsigned char>(digit);
    }
    return value;
  }
  while (!field.empty() && field.front() == ' ') field.remove_prefix(1);
  for (; !field.empty() && field.front() >= '0' && field.front() <= '7'; field.remove_prefix(1))
    value = value << 3U | static_cast<unsigned>(field.front() - '0');
  if (!field.empty() && field.front() != ' ' && field.front() != '\0') return std::nullopt;
  return value;
}

/// The sum of the header's bytes with its own field taken for blanks.
bool checksum_fits(std::string_view header) {
  constexpr std::size_t kBegin = 148;
  constexpr std::size_t kSize = 8;
  std::uint64_t plain = 0;
  std::int64_t with_sign = 0;  // Some old programs took bytes for signed ones.
  for (std::size_t at = 0; at < header.size(); ++at) {
    const char byte = at >= kBegin && at < kBegin + kSize ? ' ' : header[at];
    plain += static_cast<unsigned char>(byte);
    with_sign += static_cast<signed char>(byte);
  }
  const auto stated = number_field(header, kBegin, kSize);
  return stated && (*stated == plain || static_cast<std::int64_t>(*stated) == with_sign);
}

/// What the members in front of one say of it.
struct Extension {
  std::string name;
  std::optional<std::uint64_t> size;
};

/// The records of a pax header, "17 path=a/b.jpg\n" each. False where they are none.
bool read_pax(std::string_view text, Extension& extension) {
  while (!text.empty()) {
    std::size_t length = 0;
    const auto [blank, error] = std::from_chars(text.data(), text.data() + text.size(), length);
    const auto digits = static_cast<std::size_t>(blank - text.data());
    if (error != std::errc() || length > text.size() || length < digits + 2) return false;
    if (*blank != ' ' || text[length - 1] != '\n') return false;
    const std::string_view record = text.substr(digits + 1, length - digits - 2);
    text.remove_prefix(length);
    const std::size_t equals = record.find('=');
    if (equals == std::string_view::npos) return false;
    const std::string_view key = record.substr(0, equals);
    const std::string_view value = record.substr(equals + 1);
    if (key == "path") extension.name = value;
    if (key == "size") {
      std::uint64_t size = 0;
      const auto result = std::from_chars(value.data(), value.data() + value.size(), size);
      if (result.ec != std::errc() || result.ptr != value.data() + value.size()) return false;
      extension.size = size;
    }
  }
  return true;
}

class TarWalk {
 public:
  explicit TarWalk(const RandomAccessFile& file) : file_(file), reader_(file) {}

  TarIndex run() {
    while (!index_.damage && !at_end_) {
      index_.end = at_;
      step();
    }
    return std::move(index_);
  }

 private:
  void fail(std::string reason) { index_.damage = std::move(reason); }

  void step() {
    const std::uint64_t left = file_.size() - at_;
    if (left == 0) return fail("the file ends without the zeros that end a tar file");
    if (left < kBlock) return fail(fmt::format("the file ends {} bytes into a header", left));
    const std::string header(reader_.view(at_, kBlock));
    if (header.find_first_not_of('\0') == std::string::npos) return finish();
    if (!checksum_fits(header)) return fail("a header does not fit its checksum");
    std::optional<std::uint64_t> size = number_field(header, 124, 12);
    const char type = header[156];
    const bool extends = type == 'x' || type == 'L' || type == 'g' || type == 'K';
    if (!extends && extension_.size) size = extension_.size;
    if (!size) return fail("a size is no number");
    at_ += kBlock;
    // Links and folders have no bytes, whatever size they state.
    const bool has_bytes = extends || type == '0' || type == '\0' || type == '7' || type == 'S' ||
                           type < '0' || type > '9';
    const std::uint64_t bytes = has_bytes ? *size : 0;
    if (bytes > file_.size() - at_)
      return fail(fmt::format("{} says to have {} bytes, and the file ends before them",
                              extends ? std::string("a header") : name_of(header), bytes));
    extends ? extend(type, bytes) : add(header, type, bytes);
    at_ += std::min(bytes + (kBlock - bytes % kBlock) % kBlock, file_.size() - at_);
  }

  void finish() {
    at_end_ = true;
    if (!extension_.name.empty() || extension_.size) fail("the file ends behind a long name");
  }

  void extend(char type, std::uint64_t bytes) {
    if (bytes > kMaxExtension) return fail("a header has more than a megabyte");
    const std::string text(reader_.view(at_, bytes));
    if (type == 'L') extension_.name = text.substr(0, text.find('\0'));
    if (type == 'x' && !read_pax(text, extension_)) fail("a pax header is damaged");
  }

  std::string name_of(std::string_view header) const {
    if (!extension_.name.empty()) return extension_.name;
    const std::string name(text_field(header, 0, 100));
    const std::string_view prefix = text_field(header, 345, 155);
    const bool posix = header.substr(257, 6) == std::string_view("ustar\0", 6);
    return posix && !prefix.empty() ? fmt::format("{}/{}", prefix, name) : name;
  }

  void add(std::string_view header, char type, std::uint64_t bytes) {
    const std::string name = name_of(header);
    extension_ = {};
    if (type == 'S') return fail(fmt::format("{} is a sparse file, which is not read", name));
    const bool regular = type == '0' || type == '\0' || type == '7';
    if (!regular || name.empty() || name.ends_with('/')) return;
    if (index_.members.size() == kMaxMembers) return fail("it has too many members");
    index_.members.push_back({name, at_, bytes});
    ContentHash member;
    member.add(name);
    member.add(bytes);
    if (bytes <= kMostHashed) member.add(reader_.view(at_, bytes));
    index_.hash.add(member.value());
  }

  const RandomAccessFile& file_;
  BlockReader reader_;
  TarIndex index_;
  Extension extension_;
  std::uint64_t at_ = 0;
  bool at_end_ = false;
};

}  // namespace

TarIndex index_tar(const RandomAccessFile& file) { return TarWalk(file).run(); }

}  // namespace tenon::readers
