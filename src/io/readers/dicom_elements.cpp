#include "io/readers/dicom_elements.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cctype>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>

#include "tenon/error.hpp"

namespace tenon::readers {
namespace {

constexpr std::size_t kPreamble = 128;
constexpr std::string_view kMark = "DICM";
constexpr int kMostElements = 1'000'000;
constexpr std::uint32_t kUndefined = 0xFFFFFFFF;

/// The beginning of an element: its name, what kind of value it has and where that lies.
struct DicomElement {
  std::uint16_t group = 0;
  std::uint16_t number = 0;
  bool typed = false;  ///< Its type stands in the file.
  bool is_sequence = false;
  std::uint64_t begin = 0;   ///< Of the value.
  std::uint32_t length = 0;  ///< Bytes; kUndefined: up to a mark.

  bool is(std::uint16_t g, std::uint16_t n) const { return group == g && number == n; }
  bool is_mark() const { return group == 0xFFFE; }
  bool is_pixels() const { return is(0x7FE0, 0x0010); }
};

/// True for the classes (SOP) of slices and volumes; other images are left to the reader.
bool is_image_class(std::string_view uid) {
  constexpr std::string_view kStorage = "1.2.840.10008.5.1.4.1.1.";
  constexpr std::array<std::string_view, 14> kImages = {
      "1", "1.1", "2", "2.1", "2.2", "4", "4.1", "4.4", "7", "20", "128", "128.1", "130", "481.2"};
  if (!uid.starts_with(kStorage)) return false;
  uid.remove_prefix(kStorage.size());
  return std::ranges::find(kImages, uid) != kImages.end();
}

class DicomElements {
 public:
  explicit DicomElements(const std::string& path)
      : path_(path), file_(path, std::ios::binary), size_(std::filesystem::file_size(path)) {}

  void check() {
    std::string mark(kMark.size(), '\0');
    marked_ = read(kPreamble, mark.data(), mark.size()) && mark == kMark;
    std::uint64_t at = marked_ ? kPreamble + kMark.size() : 0;
    for (int count = 0; count < kMostElements; ++count) {
      const auto element = element_at(at);
      if (!element) return check_end(at);
      if (element->is_pixels() && element->length != kUndefined) check_pixels(*element);
      check_length(*element);
      if (is_followed_no_more(*element)) return;
      at = holds_others(*element) ? element->begin : element->begin + element->length;
      note_pixels(*element);
    }
  }

 private:
  bool read(std::uint64_t at, char* bytes, std::size_t count) {
    file_.clear();
    file_.seekg(static_cast<std::streamoff>(at));
    return static_cast<bool>(file_.read(bytes, static_cast<std::streamsize>(count)));
  }

  template <class T>
  static T number_at(const std::array<char, 12>& bytes, std::size_t offset) {
    std::array<char, sizeof(T)> raw{};
    std::memcpy(raw.data(), bytes.data() + offset, sizeof(T));
    return std::bit_cast<T>(raw);
  }

  /// Nothing at the end, or where this is no element.
  std::optional<DicomElement> element_at(std::uint64_t at) {
    std::array<char, 12> bytes{};
    if (at + 8 > size_ || !read(at, bytes.data(), std::min<std::size_t>(bytes.size(), size_ - at)))
      return std::nullopt;
    DicomElement element;
    element.group = number_at<std::uint16_t>(bytes, 0);
    element.number = number_at<std::uint16_t>(bytes, 2);
    const std::string_view type(bytes.data() + 4, 2);
    constexpr std::array<std::string_view, 13> kLong = {"OB", "OD", "OF", "OL", "OV", "OW", "SQ",
                                                        "SV", "UC", "UN", "UR", "UT", "UV"};
    element.typed = (!is_implicit_ || element.group == 0x0002) && !element.is_mark() &&
                    std::isupper(static_cast<unsigned char>(type[0])) != 0 &&
                    std::isupper(static_cast<unsigned char>(type[1])) != 0;
    const bool wide = element.typed && std::ranges::find(kLong, type) != kLong.end();
    const bool narrow = element.typed && !wide;
    element.is_sequence = wide && type == "SQ";
    element.begin = at + (wide ? 12 : 8);
    element.length =
        narrow ? number_at<std::uint16_t>(bytes, 6) : number_at<std::uint32_t>(bytes, wide ? 8 : 4);
    return element;
  }

  bool holds_others(const DicomElement& element) const {
    if (element.is_mark()) return !in_pixels_;
    return element.is_sequence || element.length == kUndefined;
  }

  /// Compressed pixels are marks with bytes, up to a mark of the end. An icon has pixels, too.
  void note_pixels(const DicomElement& element) {
    seen_pixels_ = seen_pixels_ || element.is_pixels();
    if (element.is_pixels()) in_pixels_ = element.length == kUndefined;
    if (!element.is_pixels() && !element.is(0xFFFE, 0xE000)) in_pixels_ = false;
  }

  /// The text of an element that is a UID; empty where it is too long for one.
  std::string uid_of(const DicomElement& element) {
    constexpr std::uint32_t kMostOfUid = 64;
    std::string uid(element.length > kMostOfUid ? 0 : element.length, '\0');
    if (!read(element.begin, uid.data(), uid.size())) return {};
    while (uid.ends_with('\0') || uid.ends_with(' ')) uid.pop_back();
    return uid;
  }

  /// What stands behind the name of the syntax, in group 2, may be packed or in another order.
  bool is_followed_no_more(const DicomElement& element) {
    constexpr std::array<std::string_view, 2> kOthers = {"1.2.840.10008.1.2.2",
                                                         "1.2.840.10008.1.2.1.99"};
    constexpr std::string_view kImplicit = "1.2.840.10008.1.2";
    if (element.is(0x0002, 0x0002)) is_image_ = is_image_class(uid_of(element));
    if (!element.is(0x0002, 0x0010)) return false;
    const std::string syntax = uid_of(element);
    is_implicit_ = syntax == kImplicit;
    return std::ranges::find(kOthers, syntax) != kOthers.end();
  }

  void check_pixels(const DicomElement& pixels) const {
    const std::uint64_t there = size_ - std::min(size_, pixels.begin);
    if (there >= pixels.length) return;
    throw_cut_off(fmt::format("{} bytes of pixels where {} are promised", there, pixels.length));
  }

  /// The beginning of an element is no end of a file that had types up to here, and an image has
  /// pixels.
  void check_end(std::uint64_t at) const {
    if (!marked_ || seen_pixels_) return;
    if (at < size_ && !is_implicit_)
      throw_cut_off(fmt::format("{} bytes stand behind its last element", size_ - at));
    if (at == size_ && is_image_) throw_cut_off("it is an image without pixels");
  }

  /// Certain is what has a type, in a file with the mark and in front of the pixels (behind them
  /// only what fills up the file), and what a mark among compressed pixels holds.
  void check_length(const DicomElement& element) const {
    const bool certain =
        (marked_ && element.typed && !seen_pixels_) || (in_pixels_ && element.is(0xFFFE, 0xE000));
    if (!certain || element.length == kUndefined) return;
    const std::uint64_t there = size_ - std::min(size_, element.begin);
    if (there >= element.length) return;
    throw_cut_off(fmt::format("{} bytes of element ({:04X},{:04X}) where {} are promised", there,
                              element.group, element.number, element.length));
  }

  [[noreturn]] void throw_cut_off(const std::string& how) const {
    throw FormatError(make_diagnostic(
        "F001",
        fmt::format("{} cannot be read as a volume: it is cut off: {}", quote_key(path_), how)));
  }

  const std::string& path_;
  std::ifstream file_;
  std::uint64_t size_;
  bool marked_ = false;
  bool is_image_ = false;     ///< By its class: it has pixels.
  bool is_implicit_ = false;  ///< No types behind group 2.
  bool in_pixels_ = false;    ///< Compressed ones.
  bool seen_pixels_ = false;
};

}  // namespace

bool looks_like_dicom(std::string_view start) {
  return start.substr(std::min(kPreamble, start.size()), kMark.size()) == kMark ||
         start.starts_with(std::string_view("\x08\0", 2));
}

void check_dicom_elements(const std::string& path) { DicomElements(path).check(); }

}  // namespace tenon::readers
