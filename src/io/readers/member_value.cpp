#include "io/readers/member_value.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <utility>

#include "core/npy_format.hpp"
#include "io/readers/image.hpp"
#include "tenon/error.hpp"

namespace tenon::readers {
namespace {

constexpr std::array<std::pair<std::string_view, MemberKind>, 11> kKinds = {
    {{"jpg", MemberKind::kImage},
     {"jpeg", MemberKind::kImage},
     {"png", MemberKind::kImage},
     {"tif", MemberKind::kImage},
     {"tiff", MemberKind::kImage},
     {"npy", MemberKind::kArray},
     {"cls", MemberKind::kInteger},
     {"cls2", MemberKind::kInteger},
     {"index", MemberKind::kInteger},
     {"inx", MemberKind::kInteger},
     {"id", MemberKind::kInteger}}};

class BytesSource : public ByteSource {
 public:
  BytesSource(std::string_view bytes, std::uint64_t size, const std::string& name)
      : bytes_(bytes), size_(size), name_(name) {}
  std::size_t read(void* bytes, std::size_t count) override {
    const std::size_t got = std::min(count, bytes_.size());
    if (got > 0) std::memcpy(bytes, bytes_.data(), got);
    bytes_.remove_prefix(got);
    return got;
  }
  std::uint64_t size() const override { return size_; }
  const std::string& name() const override { return name_; }
  bool at_end() const noexcept { return bytes_.empty(); }

 private:
  std::string_view bytes_;
  std::uint64_t size_;
  const std::string& name_;
};

Tensor array_of(std::string_view bytes, const std::string& where) {
  BytesSource source(bytes, bytes.size(), where);
  const NpyHeader header = read_npy_header(source);
  Tensor array = read_npy_array(source, header);
  if (!source.at_end()) throw_file_error(where, "has more bytes than its header says", "one array");
  return array;
}

Tensor integer_of(std::string_view text, const std::string& where) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t begin = std::min(text.find_first_not_of(kBlanks), text.size());
  text.remove_prefix(begin);
  text = text.substr(0, text.find_last_not_of(kBlanks) + 1);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    throw_file_error(where, fmt::format("holds {}", quote_key(std::string(text.substr(0, 40)))),
                     "a whole number");
  return Tensor::scalar(value);
}

}  // namespace

MemberKind member_kind(std::string_view ending) noexcept {
  const std::string_view last = ending.substr(ending.rfind('.') + 1);
  const auto* const found = std::find_if(kKinds.begin(), kKinds.end(),
                                         [&](const auto& entry) { return entry.first == last; });
  return found == kKinds.end() ? MemberKind::kText : found->second;
}

Tensor member_value(MemberKind kind, std::string bytes, const ImageForm& form,
                    const std::string& where) {
  switch (kind) {
    case MemberKind::kImage:
      return shaped_image(decode_image(bytes, where), form.channels, form.dtype, where);
    case MemberKind::kArray:
      return array_of(bytes, where);
    case MemberKind::kInteger:
      return integer_of(bytes, where);
    case MemberKind::kText:
      break;
  }
  return Tensor::scalar(std::move(bytes));
}

TensorSpec member_spec(MemberKind kind, std::string_view bytes, const ImageForm& form,
                       const std::string& where) {
  switch (kind) {
    case MemberKind::kImage: {
      const Dim channels = form.channels == 0 ? Dim::unknown() : Dim(form.channels);
      return {form.dtype, {Dim::unknown(), Dim::unknown(), channels}, "HWC"};
    }
    case MemberKind::kArray: {
      BytesSource source(bytes, bytes.size(), where);
      const NpyHeader header = read_npy_header(source);
      return TensorSpec::of(header.dtype, header.shape);
    }
    case MemberKind::kInteger:
      return {DType::kInt64, {}};
    case MemberKind::kText:
      break;
  }
  return {DType::kString, {}};
}

}  // namespace tenon::readers
