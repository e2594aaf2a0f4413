// The voxels of NIfTI files. What tells their geometry otherwise, a process of its own, is stood in
// for by the few numbers of the header that matter here.
#include "io/readers/decode_pool.hpp"
#include "io/readers/gunzip.hpp"
#include "io/readers/nifti_file.hpp"
#include "io/readers/random_access_file.hpp"
#include "memory_file.hpp"

namespace tenon::readers {
namespace {

constexpr std::size_t kHeader = 540;
constexpr std::int64_t kMostVoxels = 1 << 20;

std::string header_of(const std::string& path) {
  const auto file = open_file(path);
  const std::string start = file->read(0, file->size());
  const auto bytes = std::as_bytes(std::span(start));
  return start.starts_with("\x1F\x8B") ? unpacked_start(bytes, kHeader) : start;
}

/// `size` bytes from `at` on as a number, in either order.
std::int64_t number(const std::string& header, std::size_t at, std::size_t size, bool swapped) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) {
    const std::size_t place = at + (swapped ? i : size - 1 - i);
    value = value << 8 | static_cast<unsigned char>(header.at(place));
  }
  const std::size_t unused = 64 - 8 * size;
  return static_cast<std::int64_t>(value << unused) >> unused;
}

}  // namespace

VolumeHeader decode_volume_header(const std::string& path) {
  std::string header = header_of(path);
  header.resize(kHeader);
  const bool swapped = header[0] == 0;
  const bool second = number(header, 0, 4, swapped) == 540;
  std::array<std::int64_t, 4> axes{1, 1, 1, 1};
  const std::int64_t rank =
      second ? number(header, 16, 8, swapped) : number(header, 40, 2, swapped);
  std::int64_t voxels = 1;
  for (std::size_t i = 0; i < 4 && static_cast<std::int64_t>(i) < rank; ++i) {
    axes[i] =
        second ? number(header, 24 + 8 * i, 8, swapped) : number(header, 42 + 2 * i, 2, swapped);
    voxels = axes[i] > 0 && axes[i] <= kMostVoxels ? voxels * axes[i] : kMostVoxels + 1;
    if (voxels > kMostVoxels) throw FormatError(make_diagnostic("F001", "too large", {}, ""));
  }
  VolumeHeader result;
  result.shape = Shape({axes[2], axes[1], axes[0], axes[3]});
  switch (number(header, second ? 12 : 70, 2, swapped)) {
    case 2:
      result.dtype = DType::kUInt8;
      break;
    case 4:
      result.dtype = DType::kInt16;
      break;
    case 64:
      result.dtype = DType::kFloat64;
      break;
    case 256:
      result.dtype = DType::kInt8;
      break;
    case 512:
      result.dtype = DType::kUInt16;
      break;
    default:
      break;
  }
  const std::size_t slope = second ? 176 : 112;
  if (number(header, slope, second ? 8 : 4, swapped) != 0) result.dtype = DType::kFloat32;
  return result;
}

}  // namespace tenon::readers

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tenon;
  const fuzz::MemoryFile file(data, size);
  for (const DType dtype : {DType::kFloat32, DType::kInt16, DType::kUInt8}) {
    fuzz::allow_errors([&] {
      const auto value = readers::open_nifti(file.path(), dtype);
      if (value == nullptr) return;
      value->whole();
      const Shape& shape = value->shape();
      value->box({shape[0] / 2, shape[1] / 2, shape[2] / 2}, {1, 1, 1});
    });
  }
  return 0;
}
