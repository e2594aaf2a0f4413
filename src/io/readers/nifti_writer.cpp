#include <fmt/format.h>
#include <zlib.h>

#include <array>
#include <cmath>
#include <cstring>
#include <optional>
#include <string_view>

#include "core/atomic_file.hpp"
#include "tenon/error.hpp"
#include "tenon/volume_file.hpp"

namespace tenon {
namespace {

constexpr std::size_t kHeaderBytes = 352;  // with the four bytes that say: no extensions

/// NIfTI-1's code of a dtype; nothing for one that it does not have.
std::optional<std::int16_t> nifti_code(DType dtype) {
  switch (dtype) {
    case DType::kUInt8:
      return std::int16_t{2};
    case DType::kInt16:
      return std::int16_t{4};
    case DType::kInt32:
      return std::int16_t{8};
    case DType::kFloat32:
      return std::int16_t{16};
    case DType::kFloat64:
      return std::int16_t{64};
    case DType::kInt8:
      return std::int16_t{256};
    case DType::kUInt16:
      return std::int16_t{512};
    case DType::kInt64:
      return std::int16_t{1024};
    default:
      return std::nullopt;
  }
}

/// The header's fields at their places, in the order of this machine's bytes, as NIfTI allows.
class Header {
 public:
  template <class T>
  void put(std::size_t place, T value) {
    std::memcpy(bytes_.data() + place, &value, sizeof value);
  }
  void put_text(std::size_t place, std::string_view text) {
    std::memcpy(bytes_.data() + place, text.data(), text.size());
  }
  const std::array<char, kHeaderBytes>& bytes() const { return bytes_; }

 private:
  std::array<char, kHeaderBytes> bytes_{};
};

/// Column `axis` (x, y, z of the file's indices: width, height, depth) of the direction, in NIfTI's
/// patient axes: towards the right, the front and the head.
std::array<double, 3> column(const Geometry& geometry, std::size_t axis) {
  const std::size_t tensor_axis = 2 - axis;
  return {-geometry.direction[tensor_axis], -geometry.direction[3 + tensor_axis],
          geometry.direction[6 + tensor_axis]};
}

struct Quaternion {
  double b = 0.0;
  double c = 0.0;
  double d = 0.0;
  double side = 1.0;  ///< -1: the third axis is turned around.
};

/// Of the matrix with the columns r[axis], where they are of length 1 and at right angles.
Quaternion quaternion_of(std::array<std::array<double, 3>, 3> r) {
  Quaternion out;
  const auto entry = [&](std::size_t row, std::size_t axis) { return r[axis][row]; };
  const double determinant = entry(0, 0) * (entry(1, 1) * entry(2, 2) - entry(1, 2) * entry(2, 1)) -
                             entry(0, 1) * (entry(1, 0) * entry(2, 2) - entry(1, 2) * entry(2, 0)) +
                             entry(0, 2) * (entry(1, 0) * entry(2, 1) - entry(1, 1) * entry(2, 0));
  if (determinant < 0.0) {
    out.side = -1.0;
    for (double& value : r[2]) value = -value;
  }
  // The largest of the four is computed from the diagonal, the others from sums beside it.
  const std::array<double, 4> squares = {
      1.0 + entry(0, 0) + entry(1, 1) + entry(2, 2), 1.0 + entry(0, 0) - entry(1, 1) - entry(2, 2),
      1.0 - entry(0, 0) + entry(1, 1) - entry(2, 2), 1.0 - entry(0, 0) - entry(1, 1) + entry(2, 2)};
  std::size_t largest = 0;
  for (std::size_t i = 1; i < 4; ++i) {
    if (squares[i] > squares[largest]) largest = i;
  }
  const double twice = std::sqrt(squares[largest]);
  const double share = 0.5 / twice;
  std::array<double, 4> q{};
  q[largest] = twice / 2.0;
  const double yz = entry(2, 1) - entry(1, 2);
  const double zx = entry(0, 2) - entry(2, 0);
  const double xy = entry(1, 0) - entry(0, 1);
  const std::array<double, 3> cross = {yz, zx, xy};
  if (largest == 0) {
    for (std::size_t i = 0; i < 3; ++i) q[i + 1] = cross[i] * share;
  } else {
    q[0] = cross[largest - 1] * share;
    for (std::size_t i = 0; i < 3; ++i) {
      if (i + 1 == largest) continue;
      q[i + 1] = (entry(largest - 1, i) + entry(i, largest - 1)) * share;
    }
  }
  const double sign = q[0] < 0.0 ? -1.0 : 1.0;
  out.b = sign * q[1];
  out.c = sign * q[2];
  out.d = sign * q[3];
  return out;
}

void put_geometry(Header& header, const Geometry& geometry) {
  std::array<std::array<double, 3>, 3> columns;
  for (std::size_t axis = 0; axis < 3; ++axis) columns[axis] = column(geometry, axis);
  const std::array<double, 3> origin = {-geometry.origin[0], -geometry.origin[1],
                                        geometry.origin[2]};
  const Quaternion q = quaternion_of(columns);
  header.put(76, static_cast<float>(q.side));
  for (std::size_t axis = 0; axis < 3; ++axis) {
    header.put(80 + 4 * axis, static_cast<float>(geometry.spacing[2 - axis]));
    header.put(268 + 4 * axis, static_cast<float>(origin[axis]));
    for (std::size_t row = 0; row < 3; ++row) {
      header.put(280 + 16 * row + 4 * axis,
                 static_cast<float>(columns[axis][row] * geometry.spacing[2 - axis]));
    }
    header.put(280 + 16 * axis + 12, static_cast<float>(origin[axis]));
  }
  header.put(252, std::int16_t{1});  // qform_code: the scanner's axes
  header.put(254, std::int16_t{1});  // sform_code
  header.put(256, static_cast<float>(q.b));
  header.put(260, static_cast<float>(q.c));
  header.put(264, static_cast<float>(q.d));
}

Header header_of(const Tensor& volume, std::int16_t code, std::size_t width) {
  Header header;
  header.put(0, std::int32_t{348});
  const std::array<std::int64_t, 5> sizes = {volume.dim(2), volume.dim(1), volume.dim(0),
                                             volume.dim(3), 1};
  header.put(40, static_cast<std::int16_t>(volume.dim(3) > 1 ? 4 : 3));
  for (std::size_t i = 0; i < 7; ++i) {
    header.put(42 + 2 * i, static_cast<std::int16_t>(i < sizes.size() ? sizes[i] : 1));
    header.put(80 + 4 * i, 1.0F);
  }
  header.put(70, code);
  header.put(72, static_cast<std::int16_t>(8 * width));
  header.put(108, static_cast<float>(kHeaderBytes));
  header.put(112, 1.0F);                  // slope
  header.put(123, static_cast<char>(2));  // millimetres
  const Geometry* geometry = volume.geometry();
  put_geometry(header, geometry != nullptr ? *geometry : Geometry{});
  header.put_text(344, "n+1");
  return header;
}

/// Channel by channel, as NIfTI keeps what changes with time.
std::string voxels_of(const Tensor& volume, std::size_t width) {
  const auto channels = static_cast<std::size_t>(volume.dim(3));
  const std::size_t voxels = static_cast<std::size_t>(volume.size()) / channels;
  std::string out(volume.byte_size(), '\0');
  for (std::size_t c = 0; c < channels; ++c) {
    for (std::size_t i = 0; i < voxels; ++i) {
      std::memcpy(out.data() + (c * voxels + i) * width,
                  volume.bytes() + (i * channels + c) * width, width);
    }
  }
  return out;
}

void write_compressed(AtomicFile& file, std::string_view contents, const std::string& path) {
  constexpr int kGzip = 15 + 16;
  constexpr int kLevel = 4;  // of nine: scans hardly become smaller with more
  z_stream stream{};
  if (deflateInit2(&stream, kLevel, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw_file_error(path, "it cannot be compressed");
  }
  std::string buffer(std::size_t{1} << 18, '\0');
  int state = Z_OK;
  while (state != Z_STREAM_END) {
    if (stream.avail_in == 0 && !contents.empty()) {
      const std::string_view part = contents.substr(0, std::size_t{1} << 28);
      stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(part.data()));
      stream.avail_in = static_cast<uInt>(part.size());
      contents.remove_prefix(part.size());
    }
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(buffer.size());
    state = deflate(&stream, contents.empty() ? Z_FINISH : Z_NO_FLUSH);
    try {
      file.write(buffer.data(), buffer.size() - stream.avail_out);
    } catch (...) {
      deflateEnd(&stream);
      throw;
    }
  }
  deflateEnd(&stream);
}

}  // namespace

void save_volume(const std::string& path, const Tensor& volume) {
  const bool compressed = path.ends_with(".nii.gz");
  if (!compressed && !path.ends_with(".nii")) {
    throw_file_error(path, "volumes are written as NIfTI", "a name that ends in .nii or .nii.gz");
  }
  if (volume.rank() != 4) {
    throw ShapeError(
        make_diagnostic("S002", fmt::format("a volume to write is {}", volume.shape().to_string()),
                        {"expected: (depth, height, width, channels)"}));
  }
  const auto code = nifti_code(volume.dtype());
  if (!code) {
    throw_file_error(path, fmt::format("NIfTI has no {}", name_of(volume.dtype())), "numbers",
                     "cast the volume to float32 or uint8");
  }
  for (int axis = 0; axis < 4; ++axis) {
    if (volume.dim(axis) > 32767) {
      throw_file_error(path, fmt::format("axis {} has {} voxels", axis, volume.dim(axis)),
                       "at most 32767 along an axis of a NIfTI-1 file");
    }
  }
  const std::size_t width = volume.byte_size() / static_cast<std::size_t>(volume.size());
  const Header header = header_of(volume, *code, width);
  std::string contents(header.bytes().data(), header.bytes().size());
  contents += voxels_of(volume, width);
  AtomicFile file(path);
  if (compressed) {
    write_compressed(file, contents, path);
  } else {
    file.write(contents);
  }
  file.commit();
}

}  // namespace tenon
