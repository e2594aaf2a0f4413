#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <string_view>

#include "io/readers/decode_pool.hpp"
#include "io/readers/dicom_elements.hpp"
#include "io/readers/series_folder.hpp"
#include "io/readers/volume.hpp"
#include "tenon/error.hpp"

namespace tenon::readers {
namespace {

constexpr std::size_t kMostHeader = 65536;

[[noreturn]] void throw_damaged(const std::string& path, const std::string& reason) {
  throw FormatError(make_diagnostic(
      "F001", fmt::format("{} cannot be read as a volume: {}", quote_key(path), reason)));
}

/// The first bytes of a file, unpacked where it is a .gz.
struct Start {
  std::string bytes;
  bool packed = false;
};

Start start_of(const std::string& path) {
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(::gzopen(path.c_str(), "rbe"), ::gzclose);
  if (!file) throw_damaged(path, "it cannot be opened");
  Start start;
  start.bytes.resize(kMostHeader);
  const int size = ::gzread(file.get(), start.bytes.data(), kMostHeader);
  if (size < 0) throw_damaged(path, "its compression is damaged");
  start.bytes.resize(static_cast<std::size_t>(size));
  start.packed = ::gzdirect(file.get()) == 0;
  return start;
}

/// What a header promises.
struct Promise {
  double voxel_bytes = 0.0;  ///< Of all voxels.
  double before = 0.0;       ///< Bytes of the file in front of them.
};

void hold_to(const Promise& promise, const std::string& path, bool packed) {
  if (!(promise.voxel_bytes >= 1.0)) throw_damaged(path, "its header promises no voxels");
  if (promise.voxel_bytes > static_cast<double>(kMaxVolumeBytes)) {
    throw_damaged(
        path, fmt::format("its header promises {:.3g} GB of voxels; at most {:.3g} are read",
                          promise.voxel_bytes / 1e9, static_cast<double>(kMaxVolumeBytes) / 1e9));
  }
  if (packed) return;
  const auto there = static_cast<double>(std::filesystem::file_size(path));
  if (there < promise.before + promise.voxel_bytes) {
    throw_damaged(path, fmt::format("it is cut off: {:.0f} bytes of {:.0f}", there,
                                    promise.before + promise.voxel_bytes));
  }
}

/// Numbers of a binary header, in either order of bytes.
class Fields {
 public:
  Fields(const std::string& bytes, bool swapped) : bytes_(bytes), swapped_(swapped) {}
  template <class T>
  T at(std::size_t offset) const {
    std::array<char, sizeof(T)> raw{};
    if (offset + sizeof(T) > bytes_.size()) return T{};
    std::memcpy(raw.data(), bytes_.data() + offset, sizeof(T));
    if (swapped_) std::reverse(raw.begin(), raw.end());
    return std::bit_cast<T>(raw);
  }

 private:
  const std::string& bytes_;
  bool swapped_;
};

/// Offsets and widths of the fields that are looked at.
struct NiftiLayout {
  std::int32_t header_size;
  std::size_t dims, bits, offset, magic;
  bool wide;  ///< int64 sizes (NIfTI-2).
};
constexpr NiftiLayout kNifti1{348, 40, 72, 108, 344, false};
constexpr NiftiLayout kNifti2{540, 16, 14, 168, 4, true};

std::optional<Promise> promise_of_nifti(const std::string& bytes, const NiftiLayout& layout,
                                        const std::string& path) {
  const std::string_view all(bytes);
  if (all.size() < static_cast<std::size_t>(layout.header_size)) return std::nullopt;
  const std::string_view magic = all.substr(layout.magic, 3);
  if (magic != "n+1" && magic != "n+2" && magic != "ni1" && magic != "ni2") return std::nullopt;
  const bool swapped = Fields(bytes, false).at<std::int32_t>(0) != layout.header_size;
  const Fields fields(bytes, swapped);
  if (fields.at<std::int32_t>(0) != layout.header_size) return std::nullopt;
  const std::size_t width = layout.wide ? 8 : 2;
  const auto dim = [&](std::size_t i) {
    return layout.wide ? static_cast<double>(fields.at<std::int64_t>(layout.dims + i * width))
                       : static_cast<double>(fields.at<std::int16_t>(layout.dims + i * width));
  };
  const double rank = dim(0);
  if (!(rank >= 1 && rank <= 7))
    throw_damaged(path, fmt::format("it says that it has {} axes", rank));
  Promise promise{static_cast<double>(fields.at<std::int16_t>(layout.bits)) / 8.0, 0.0};
  for (std::size_t i = 1; i <= static_cast<std::size_t>(rank); ++i) {
    if (dim(i) < 1) throw_damaged(path, fmt::format("its axis {} has a size of {}", i, dim(i)));
    promise.voxel_bytes *= dim(i);
  }
  const bool two_files = magic.substr(0, 2) == "ni";
  if (!two_files) {
    promise.before = layout.wide ? static_cast<double>(fields.at<std::int64_t>(layout.offset))
                                 : static_cast<double>(fields.at<float>(layout.offset));
  }
  if (two_files) promise.before = -promise.voxel_bytes;  // The voxels lie in another file.
  return promise;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r";
  const auto first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

/// Lines `name SEPARATOR value` up to an empty one, or up to the line that begins with `last`.
std::map<std::string, std::string> lines_of(std::string_view text, char separator,
                                            std::string_view last) {
  std::map<std::string, std::string> found;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) break;
    const auto at = line.find(separator);
    if (at == std::string_view::npos) continue;
    const std::string name(trimmed(line.substr(0, at)));
    found.emplace(name, std::string(trimmed(line.substr(at + 1))));
    if (!last.empty() && name == last) break;
  }
  return found;
}

/// The product of the whole numbers in `text`; nothing if one is below 1.
std::optional<double> product_of(std::string_view text) {
  double product = 1.0;
  bool any = false;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    if (*at == ' ') {
      ++at;
      continue;
    }
    double size = 0.0;
    const auto [next, error] = std::from_chars(at, end, size);
    if (error != std::errc() || size < 1.0) return std::nullopt;
    product *= size;
    any = true;
    at = next;
  }
  return any ? std::optional(product) : std::nullopt;
}

std::string value_of(const std::map<std::string, std::string>& fields, const std::string& name) {
  const auto found = fields.find(name);
  return found == fields.end() ? std::string() : found->second;
}

/// The smallest that an element of a header's type word can be: compression may make it less.
std::optional<Promise> promise_of_text(const std::map<std::string, std::string>& fields,
                                       const std::string& sizes, const std::string& path) {
  const std::string given = value_of(fields, sizes);
  const auto elements = product_of(given);
  if (!elements)
    throw_damaged(path, fmt::format("its header says {} = {}", sizes, quote_key(given)));
  return Promise{*elements, -*elements};
}

/// The least bytes of one voxel's number; nothing for a word that is not known.
std::optional<double> meta_image_bytes(std::string_view type) {
  constexpr std::array<std::pair<std::string_view, double>, 12> kBytes = {{{"MET_CHAR", 1},
                                                                           {"MET_UCHAR", 1},
                                                                           {"MET_SHORT", 2},
                                                                           {"MET_USHORT", 2},
                                                                           {"MET_INT", 4},
                                                                           {"MET_UINT", 4},
                                                                           {"MET_LONG", 4},
                                                                           {"MET_ULONG", 4},
                                                                           {"MET_FLOAT", 4},
                                                                           {"MET_LONG_LONG", 8},
                                                                           {"MET_ULONG_LONG", 8},
                                                                           {"MET_DOUBLE", 8}}};
  const auto* const found =
      std::ranges::find(kBytes, type, &std::pair<std::string_view, double>::first);
  if (found == kBytes.end()) return std::nullopt;
  return found->second;
}

/// ITK fills up what is missing behind the header of a file that holds its voxels itself.
Promise promise_of_meta_image(const std::string& bytes, const std::string& path) {
  constexpr std::string_view kLast = "ElementDataFile";
  const auto fields = lines_of(bytes, '=', kLast);
  Promise promise = *promise_of_text(fields, "DimSize", path);
  if (value_of(fields, std::string(kLast)).empty())
    throw_damaged(path, "its header ends before it says where the voxels are");
  const auto size = meta_image_bytes(value_of(fields, "ElementType"));
  const bool packed = value_of(fields, "CompressedData").starts_with('T');
  if (value_of(fields, std::string(kLast)) != "LOCAL" || packed || !size) return promise;
  const auto channels = product_of(value_of(fields, "ElementNumberOfChannels"));
  promise.voxel_bytes *= *size * channels.value_or(1.0);
  const std::size_t line_end = bytes.find('\n', bytes.find("LOCAL", bytes.find(kLast)));
  promise.before = static_cast<double>(std::min(line_end, bytes.size() - 1)) + 1.0;
  return promise;
}

}  // namespace

void check_volume_header(const std::string& path) {
  if (std::filesystem::is_directory(path)) return check_series_folder(path);
  if (!std::filesystem::is_regular_file(path)) return;
  const Start start = start_of(path);
  const std::string& bytes = start.bytes;
  std::optional<Promise> promise = promise_of_nifti(bytes, kNifti1, path);
  if (!promise) promise = promise_of_nifti(bytes, kNifti2, path);
  if (!promise && bytes.starts_with("NRRD0"))
    promise = promise_of_text(lines_of(bytes, ':', ""), "sizes", path);
  if (!promise && (bytes.starts_with("ObjectType") || bytes.starts_with("NDims")))
    promise = promise_of_meta_image(bytes, path);
  if (promise) return hold_to(*promise, path, start.packed);
  if (looks_like_dicom(bytes)) check_dicom_elements(path);
}

}  // namespace tenon::readers
