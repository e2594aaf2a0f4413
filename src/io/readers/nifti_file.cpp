#include "io/readers/nifti_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

#include "io/readers/decode_pool.hpp"
#include "io/readers/gunzip.hpp"
#include "io/readers/random_access_file.hpp"
#include "tenon/error.hpp"

namespace tenon::readers {
namespace {

using data::Index3D;
using data::Size3D;

/// The longer of the two kinds of headers, and the least that comes before the voxels.
constexpr std::size_t kLongestHeader = 540;

template <class T>
T swapped_bytes(T value) {
  auto raw = std::bit_cast<std::array<std::byte, sizeof(T)>>(value);
  std::reverse(raw.begin(), raw.end());
  return std::bit_cast<T>(raw);
}

template <class T>
T number_at(std::string_view bytes, std::size_t place, bool swapped) {
  T value{};
  std::memcpy(&value, bytes.data() + place, sizeof value);
  return swapped ? swapped_bytes(value) : value;
}

struct Scaling {
  double slope = 1.0;
  double intercept = 0.0;
};

/// How the voxels lie in the file.
struct NiftiLayoutOnDisk {
  DType stored = DType::kFloat32;
  bool swapped = false;
  std::uint64_t offset = 0;  ///< Of the first voxel.
  Size3D size{1, 1, 1};
  std::int64_t times = 1;  ///< Whole volumes behind each other: channels.
  std::optional<Scaling> scaling;

  std::size_t width() const { return size_of(stored); }
  std::uint64_t bytes() const {
    return static_cast<std::uint64_t>(size[0] * size[1] * size[2] * times) * width();
  }
};

std::optional<DType> dtype_of_code(std::int16_t code) {
  switch (code) {
    case 2:
      return DType::kUInt8;
    case 4:
      return DType::kInt16;
    case 16:
      return DType::kFloat32;
    case 64:
      return DType::kFloat64;
    case 256:
      return DType::kInt8;
    case 512:
      return DType::kUInt16;
    default:
      return std::nullopt;
  }
}

/// The two kinds of headers, brought to one.
struct HeaderNumbers {
  std::array<std::int64_t, 8> dims{};
  std::int16_t code = 0;
  double offset = 0.0;
  double slope = 0.0;
  double intercept = 0.0;
  bool swapped = false;
};

std::optional<HeaderNumbers> numbers_of(std::string_view bytes) {
  HeaderNumbers numbers;
  const auto is = [&](std::size_t size, std::size_t magic_at, std::string_view magic) {
    if (bytes.size() < size || bytes.substr(magic_at, 4) != magic) return false;
    numbers.swapped = number_at<std::int32_t>(bytes, 0, false) != static_cast<std::int32_t>(size);
    return number_at<std::int32_t>(bytes, 0, numbers.swapped) == static_cast<std::int32_t>(size);
  };
  constexpr std::string_view kNifti1("n+1\0", 4);
  constexpr std::string_view kNifti2("n+2\0", 4);
  if (is(348, 344, kNifti1)) {
    const bool swapped = numbers.swapped;
    for (std::size_t i = 0; i < 8; ++i)
      numbers.dims[i] = number_at<std::int16_t>(bytes, 40 + 2 * i, swapped);
    numbers.code = number_at<std::int16_t>(bytes, 70, swapped);
    numbers.offset = static_cast<double>(number_at<float>(bytes, 108, swapped));
    numbers.slope = static_cast<double>(number_at<float>(bytes, 112, swapped));
    numbers.intercept = static_cast<double>(number_at<float>(bytes, 116, swapped));
    return numbers;
  }
  if (is(540, 4, kNifti2)) {
    const bool swapped = numbers.swapped;
    for (std::size_t i = 0; i < 8; ++i)
      numbers.dims[i] = number_at<std::int64_t>(bytes, 16 + 8 * i, swapped);
    numbers.code = number_at<std::int16_t>(bytes, 12, swapped);
    numbers.offset = static_cast<double>(number_at<std::int64_t>(bytes, 168, swapped));
    numbers.slope = number_at<double>(bytes, 176, swapped);
    numbers.intercept = number_at<double>(bytes, 184, swapped);
    return numbers;
  }
  return std::nullopt;
}

/// Nothing for what is left to tenon-decode.
std::optional<NiftiLayoutOnDisk> layout_of(std::string_view start) {
  const auto numbers = numbers_of(start);
  if (!numbers) return std::nullopt;
  NiftiLayoutOnDisk layout;
  layout.swapped = numbers->swapped;
  const auto stored = dtype_of_code(numbers->code);
  if (!stored || numbers->dims[0] < 1 || numbers->dims[0] > 7) return std::nullopt;
  layout.stored = *stored;
  const auto rank = static_cast<std::size_t>(numbers->dims[0]);
  double elements = 1.0;
  for (std::size_t i = 1; i <= rank; ++i) {
    if (numbers->dims[i] < 1 || (i > 4 && numbers->dims[i] != 1)) return std::nullopt;
    elements *= static_cast<double>(numbers->dims[i]);
  }
  if (elements > static_cast<double>(kMaxVolumeBytes)) return std::nullopt;
  for (std::size_t i = 1; i <= std::min<std::size_t>(rank, 3); ++i)
    layout.size[3 - i] = numbers->dims[i];
  if (rank > 3) layout.times = numbers->dims[4];
  // What says that its voxels begin inside of its header is read as the library for it does.
  constexpr double kLeastOffset = 352.0;
  constexpr double kMostOffset = 1 << 30;
  if (!(numbers->offset >= kLeastOffset && numbers->offset <= kMostOffset)) return std::nullopt;
  layout.offset = static_cast<std::uint64_t>(numbers->offset);
  if (static_cast<double>(layout.offset) != numbers->offset) return std::nullopt;
  const double slope = numbers->slope;
  if (!std::isfinite(slope) || !std::isfinite(numbers->intercept)) return std::nullopt;
  if (slope != 0.0 && (slope != 1.0 || numbers->intercept != 0.0))
    layout.scaling = Scaling{slope, numbers->intercept};
  return layout;
}

/// True if what tenon-decode gives of such a file in `dtype` is what is made of it here.
bool is_made_here(const NiftiLayoutOnDisk& layout, const VolumeHeader& header, DType dtype) {
  if (header.shape != Shape({layout.size[0], layout.size[1], layout.size[2], layout.times}))
    return false;
  if (layout.scaling) {
    const bool small = is_integer(layout.stored) && layout.width() <= 2;
    return small && header.dtype == DType::kFloat32 && dtype == DType::kFloat32;
  }
  if (header.dtype != layout.stored) return false;
  return dtype == layout.stored ||
         (dtype == DType::kFloat32 && (converts_without_loss(layout.stored, DType::kFloat32) ||
                                       layout.stored == DType::kFloat64));
}

/// One row of voxels: every `step`-th element of `to`.
template <class T, class Out, class Make>
void convert_row(const std::byte* from, std::int64_t count, std::int64_t step, Out* to,
                 const Make& make) {
  for (std::int64_t i = 0; i < count; ++i) {
    T value;
    std::memcpy(&value, from + static_cast<std::size_t>(i) * sizeof(T), sizeof value);
    to[i * step] = make(value);
  }
}

template <class T>
void convert_row(const NiftiLayoutOnDisk& layout, const std::byte* from, std::int64_t count,
                 Tensor& to, std::int64_t at) {
  const std::int64_t step = layout.times;
  const auto ordered = [&](T value) { return layout.swapped ? swapped_bytes(value) : value; };
  if (to.dtype() == layout.stored) {
    T* const target = to.data<T>().data() + at;
    if (step == 1 && !layout.swapped) {
      std::memcpy(target, from, static_cast<std::size_t>(count) * sizeof(T));
    } else {
      convert_row<T>(from, count, step, target, ordered);
    }
    return;
  }
  float* const target = to.data<float>().data() + at;
  if (!layout.scaling) {
    convert_row<T>(from, count, step, target,
                   [&](T value) { return static_cast<float>(ordered(value)); });
    return;
  }
  const Scaling scaling = *layout.scaling;
  convert_row<T>(from, count, step, target, [&](T value) {
    return static_cast<float>(static_cast<double>(ordered(value)) * scaling.slope +
                              scaling.intercept);
  });
}

using ConvertRow = void (*)(const NiftiLayoutOnDisk&, const std::byte*, std::int64_t, Tensor&,
                            std::int64_t);

ConvertRow converter_of(DType stored) {
  switch (stored) {
    case DType::kUInt8:
      return convert_row<std::uint8_t>;
    case DType::kInt8:
      return convert_row<std::int8_t>;
    case DType::kInt16:
      return convert_row<std::int16_t>;
    case DType::kUInt16:
      return convert_row<std::uint16_t>;
    case DType::kFloat64:
      return convert_row<double>;
    default:
      return convert_row<float>;
  }
}

class NiftiValue final : public FileValue {
 public:
  /// The voxels lie in `unpacked`, or else in `file`.
  NiftiValue(NiftiLayoutOnDisk layout, VolumeHeader header, DType dtype,
             std::shared_ptr<const RandomAccessFile> file, std::optional<Scratch> unpacked)
      : layout_(layout),
        header_(std::move(header)),
        dtype_(dtype),
        file_(std::move(file)),
        unpacked_(std::move(unpacked)) {}

  const Shape& shape() const override { return header_.shape; }
  DType dtype() const override { return dtype_; }
  const Geometry* geometry() const override {
    return header_.geometry ? &*header_.geometry : nullptr;
  }
  Tensor whole() override {
    Tensor volume = box({0, 0, 0}, layout_.size);
    if (header_.geometry) volume.set_geometry(*header_.geometry);
    return volume;
  }
  Tensor box(const Index3D& first, const Size3D& size) override {
    const ConvertRow convert = converter_of(layout_.stored);
    Tensor result = Tensor::uninitialized(dtype_, {size[0], size[1], size[2], layout_.times});
    const std::size_t row = static_cast<std::size_t>(layout_.size[2]) * layout_.width();
    const std::size_t begin = static_cast<std::size_t>(first[2]) * layout_.width();
    Scratch own(unpacked_ ? 0 : row * static_cast<std::size_t>(size[1]));
    for (std::int64_t time = 0; time < layout_.times; ++time) {
      for (std::int64_t d = 0; d < size[0]; ++d) {
        const std::byte* rows = rows_at(time, first[0] + d, first[1], own.bytes()) + begin;
        for (std::int64_t h = 0; h < size[1]; ++h, rows += row) {
          const std::int64_t voxel = (d * size[1] + h) * size[2];
          convert(layout_, rows, size[2], result, voxel * layout_.times + time);
        }
      }
    }
    return result;
  }

 private:
  /// Rows from (depth, height) on: as many as `own` holds, which they are read into if they must.
  const std::byte* rows_at(std::int64_t time, std::int64_t depth, std::int64_t height,
                           std::span<std::byte> own) const {
    const std::int64_t row = (time * layout_.size[0] + depth) * layout_.size[1] + height;
    const std::uint64_t at =
        layout_.offset + static_cast<std::uint64_t>(row * layout_.size[2]) * layout_.width();
    if (unpacked_) return unpacked_->bytes().data() + at;
    file_->read(at, {reinterpret_cast<char*>(own.data()), own.size()});
    return own.data();
  }

  NiftiLayoutOnDisk layout_;
  VolumeHeader header_;
  DType dtype_;
  std::shared_ptr<const RandomAccessFile> file_;
  std::optional<Scratch> unpacked_;
};

std::unique_ptr<FileValue> open_packed(const std::string& path, const RandomAccessFile& file,
                                       DType dtype) {
  const Scratch packed(file.size());
  const auto bytes = packed.bytes();
  file.read(0, {reinterpret_cast<char*>(bytes.data()), bytes.size()});
  const auto layout = layout_of(unpacked_start(bytes, kLongestHeader));
  if (!layout) return nullptr;
  const std::uint64_t wanted = layout->offset + layout->bytes();
  // Not more than a file of this size can hold, before memory is taken; what says that it holds
  // something else (several members, more behind the voxels) is left to others.
  constexpr std::uint64_t kMostRatio = 1032;
  const auto stated = stated_size(bytes);
  constexpr std::uint64_t kModulus = std::uint64_t{1} << 32;
  if (!stated || *stated != wanted % kModulus || wanted > bytes.size() * kMostRatio) return nullptr;
  const VolumeHeader header = decode_volume_header(path);
  if (!is_made_here(*layout, header, dtype)) return nullptr;
  Scratch unpacked(wanted);
  switch (unpack(bytes, unpacked.bytes())) {
    case Unpacking::kWhole:
      return std::make_unique<NiftiValue>(*layout, header, dtype, nullptr, std::move(unpacked));
    case Unpacking::kDamaged:
      throw FormatError(make_diagnostic(
          "F001", fmt::format("{} cannot be read as a volume: its compression is damaged",
                              quote_key(path))));
    case Unpacking::kOther:
      break;
  }
  return nullptr;
}

}  // namespace

std::unique_ptr<FileValue> open_nifti(const std::string& path, DType dtype) {
  auto file = open_file(path);
  const std::string start = file->read(0, std::min<std::uint64_t>(file->size(), kLongestHeader));
  if (start.starts_with("\x1F\x8B")) return open_packed(path, *file, dtype);
  const auto layout = layout_of(start);
  if (!layout || file->size() < layout->offset + layout->bytes()) return nullptr;
  const VolumeHeader header = decode_volume_header(path);
  if (!is_made_here(*layout, header, dtype)) return nullptr;
  return std::make_unique<NiftiValue>(*layout, header, dtype, std::move(file), std::nullopt);
}

}  // namespace tenon::readers
