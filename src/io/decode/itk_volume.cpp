#include "io/decode/itk_volume.hpp"

#include <fmt/format.h>
#include <itkGDCMImageIO.h>
#include <itkGDCMSeriesFileNames.h>
#include <itkMetaImageIO.h>
#include <itkNiftiImageIO.h>
#include <itkNrrdImageIO.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace tenon::decode {
namespace {

using itk::ImageIOBase;

/// Why a file gives no volume.
class Refused : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Memory that can be handed to another process.
class SharedMemory {
 public:
  explicit SharedMemory(std::size_t bytes) : bytes_(std::max<std::size_t>(bytes, 1)) {
    descriptor_ = ::memfd_create("volume", MFD_CLOEXEC);
    if (descriptor_ < 0 || ::ftruncate(descriptor_, static_cast<off_t>(bytes_)) != 0) {
      throw Refused("there is no memory for its voxels");
    }
    void* address = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_, 0);
    if (address == MAP_FAILED) throw Refused("there is no memory for its voxels");
    data_ = static_cast<std::byte*>(address);
  }
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;
  ~SharedMemory() {
    if (data_ != nullptr) ::munmap(data_, bytes_);
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  std::byte* data() const { return data_; }
  int release() { return std::exchange(descriptor_, -1); }

 private:
  std::size_t bytes_;
  int descriptor_ = -1;
  std::byte* data_ = nullptr;
};

/// What a file says of itself, in the file's order of axes (x first).
struct Header {
  DType dtype = DType::kFloat32;
  std::array<std::int64_t, 3> size{1, 1, 1};
  std::int64_t times = 1;       ///< The fourth axis.
  std::int64_t components = 1;  ///< Of a voxel.
  Geometry geometry;

  std::int64_t voxels() const { return size[0] * size[1] * size[2]; }
  std::int64_t channels() const { return times * components; }
  std::size_t bytes() const {
    return static_cast<std::size_t>(voxels() * channels()) * size_of(dtype);
  }
};

DType dtype_of_component(ImageIOBase::IOComponentEnum type) {
  switch (type) {
    case ImageIOBase::IOComponentEnum::UCHAR:
      return DType::kUInt8;
    case ImageIOBase::IOComponentEnum::CHAR:
      return DType::kInt8;
    case ImageIOBase::IOComponentEnum::USHORT:
      return DType::kUInt16;
    case ImageIOBase::IOComponentEnum::SHORT:
      return DType::kInt16;
    case ImageIOBase::IOComponentEnum::INT:
      return DType::kInt32;
    case ImageIOBase::IOComponentEnum::LONG:
    case ImageIOBase::IOComponentEnum::LONGLONG:
      return DType::kInt64;
    case ImageIOBase::IOComponentEnum::FLOAT:
      return DType::kFloat32;
    case ImageIOBase::IOComponentEnum::DOUBLE:
      return DType::kFloat64;
    default:
      throw Refused(fmt::format("its voxels are of a kind that is not read ({})",
                                ImageIOBase::GetComponentTypeAsString(type)));
  }
}

template <class IO>
ImageIOBase::Pointer made_if_it_reads(const std::string& path) {
  auto io = IO::New();
  return io->CanReadFile(path.c_str()) ? ImageIOBase::Pointer(io.GetPointer()) : nullptr;
}

/// A copy of the file in memory from where its data elements begin: of a DICOM file that lost its
/// beginning but for a few bytes. Lives as long as this process reads it; nothing for other files.
class WithoutItsBeginning {
 public:
  explicit WithoutItsBeginning(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::string bytes(kLookedAt, '\0');
    file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    bytes.resize(static_cast<std::size_t>(file.gcount()));
    const std::size_t begin = first_element(bytes);
    if (begin == 0) return;
    bytes.append(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    descriptor_ = ::memfd_create("dicom", MFD_CLOEXEC);
    const std::size_t size = bytes.size() - begin;
    const ssize_t written = ::write(descriptor_, bytes.data() + begin, size);
    if (written == static_cast<ssize_t>(size)) path_ = fmt::format("/proc/self/fd/{}", descriptor_);
  }
  WithoutItsBeginning(const WithoutItsBeginning&) = delete;
  WithoutItsBeginning& operator=(const WithoutItsBeginning&) = delete;
  ~WithoutItsBeginning() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  const std::string& path() const { return path_; }

 private:
  static constexpr std::size_t kMostLost = 16;
  static constexpr std::size_t kLookedAt = 64;

  /// Of group 8, with its type in two letters, within the first bytes; 0: there is none.
  static std::size_t first_element(const std::string& bytes) {
    for (std::size_t at = 1; at <= kMostLost && at + 8 < bytes.size(); ++at) {
      const bool group = bytes[at] == 8 && bytes[at + 1] == 0 && bytes[at + 3] == 0;
      const auto letter = [&](std::size_t i) {
        return std::isupper(static_cast<unsigned char>(bytes[at + i])) != 0;
      };
      if (group && letter(4) && letter(5)) return at;
    }
    return 0;
  }

  int descriptor_ = -1;
  std::string path_;
};

ImageIOBase::Pointer reader_of(const std::string& path) {
  for (const auto& made :
       {made_if_it_reads<itk::NiftiImageIO>, made_if_it_reads<itk::NrrdImageIO>,
        made_if_it_reads<itk::MetaImageIO>, made_if_it_reads<itk::GDCMImageIO>}) {
    if (auto io = made(path)) {
      io->SetFileName(path);
      return io;
    }
  }
  throw Refused("it is no NIfTI, NRRD, MetaImage, DICOM or TIFF file");
}

void check_finite(const Header& header) {
  const Geometry& g = header.geometry;
  const auto finite = [](double value) { return std::isfinite(value); };
  if (!std::ranges::all_of(g.spacing, finite) || !std::ranges::all_of(g.origin, finite) ||
      !std::ranges::all_of(g.direction, finite) ||
      !std::ranges::all_of(g.spacing, [](double value) { return value > 0.0; })) {
    throw Refused(
        fmt::format("its spacing is {} x {} x {} mm", g.spacing[2], g.spacing[1], g.spacing[0]));
  }
}

Header header_of(const ImageIOBase& io) {
  Header header;
  header.dtype = dtype_of_component(io.GetComponentType());
  header.components = static_cast<std::int64_t>(io.GetNumberOfComponents());
  const unsigned axes = io.GetNumberOfDimensions();
  for (unsigned axis = 4; axis < axes; ++axis) {
    if (io.GetDimensions(axis) > 1) throw Refused(fmt::format("it has {} axes", axes));
  }
  if (axes > 3) header.times = static_cast<std::int64_t>(io.GetDimensions(3));
  Geometry& geometry = header.geometry;
  for (unsigned axis = 0; axis < std::min(axes, 3U); ++axis) {
    const unsigned of_tensor = 2 - axis;
    header.size[axis] = static_cast<std::int64_t>(io.GetDimensions(axis));
    geometry.spacing[of_tensor] = io.GetSpacing(axis);
    geometry.origin[axis] = io.GetOrigin(axis);
    const std::vector<double> direction = io.GetDirection(axis);
    for (unsigned row = 0; row < 3; ++row) {
      const double missing = row == axis ? 1.0 : 0.0;
      geometry.direction[row * 3 + of_tensor] = row < direction.size() ? direction[row] : missing;
    }
  }
  check_finite(header);
  return header;
}

void check_size(const Header& header, std::int64_t max_bytes) {
  // In double, for sizes of a damaged header.
  double bytes = static_cast<double>(size_of(header.dtype));
  for (const std::int64_t size : header.size) bytes *= static_cast<double>(size);
  bytes *= static_cast<double>(header.times) * static_cast<double>(header.components);
  if (bytes <= static_cast<double>(max_bytes) && bytes >= 1.0) return;
  throw Refused(fmt::format(
      "it says that it has {} x {} x {} voxels of {} channels, {:.3g} GB; at most {:.3g} are read",
      header.size[0], header.size[1], header.size[2], header.times * header.components, bytes / 1e9,
      static_cast<double>(max_bytes) / 1e9));
}

void read_voxels(ImageIOBase& io, void* buffer) {
  const unsigned axes = io.GetNumberOfDimensions();
  itk::ImageIORegion region(axes);
  for (unsigned axis = 0; axis < axes; ++axis) {
    region.SetIndex(axis, 0);
    region.SetSize(axis, io.GetDimensions(axis));
  }
  io.SetIORegion(region);
  io.Read(buffer);
}

/// (times, voxels, components) as (voxels, times * components).
void times_to_channels(const Header& header, const std::byte* from, std::byte* to) {
  const std::size_t voxel = static_cast<std::size_t>(header.components) * size_of(header.dtype);
  const auto voxels = static_cast<std::size_t>(header.voxels());
  const auto times = static_cast<std::size_t>(header.times);
  for (std::size_t i = 0; i < voxels; ++i) {
    for (std::size_t t = 0; t < times; ++t) {
      std::memcpy(to + (i * times + t) * voxel, from + (t * voxels + i) * voxel, voxel);
    }
  }
}

Answer told(const Header& header) {
  Answer answer;
  answer.dtype = header.dtype;
  answer.shape = {header.size[2], header.size[1], header.size[0], header.channels()};
  answer.geometry = header.geometry;
  return answer;
}

Decoded finished(const Header& header, SharedMemory& memory) {
  Decoded decoded{told(header)};
  decoded.descriptor = memory.release();
  return decoded;
}

Decoded decode_file(const Request& request) {
  const WithoutItsBeginning rest(request.path);
  const auto io = reader_of(rest.path().empty() ? request.path : rest.path());
  io->ReadImageInformation();
  const Header header = header_of(*io);
  check_size(header, request.max_bytes);
  if (request.header_only) return {told(header)};
  SharedMemory memory(header.bytes());
  if (header.times == 1) {
    read_voxels(*io, memory.data());
  } else {
    std::vector<std::byte> in_file_order(header.bytes());
    read_voxels(*io, in_file_order.data());
    times_to_channels(header, in_file_order.data(), memory.data());
  }
  return finished(header, memory);
}

/// A DICOM file with pixels: a report, or a table of contents, has none.
bool is_dicom_image(const std::filesystem::path& path) {
  constexpr std::size_t kPreamble = 128;
  constexpr std::size_t kMost = std::size_t{1} << 28;
  constexpr std::string_view kMark = "DICM";
  constexpr std::string_view kPixels("\xE0\x7F\x10\x00", 4);
  std::ifstream file(path, std::ios::binary);
  std::string bytes(kPreamble + kMark.size(), '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!file || bytes.substr(kPreamble) != kMark) return false;
  bytes.resize(std::min<std::size_t>(std::filesystem::file_size(path), kMost));
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return bytes.find(kPixels) != std::string::npos;
}

/// GDCM passes over files that it cannot read: a series would be without a slice and nobody told.
void check_none_left_out(const std::string& folder, itk::GDCMSeriesFileNames& names) {
  std::set<std::string> found;
  for (const std::string& uid : names.GetSeriesUIDs()) {
    for (const std::string& path : names.GetFileNames(uid))
      found.insert(std::filesystem::path(path).filename().string());
  }
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    const bool is_read = found.contains(name) || name.starts_with('.');
    if (is_read || !entry.is_regular_file() || !is_dicom_image(entry.path())) continue;
    throw Refused(fmt::format("{} in the folder is a DICOM image that cannot be read", name));
  }
}

/// The files of the series that is asked for, sorted by where they lie.
std::vector<std::string> files_of_series(const Request& request) {
  const auto names = itk::GDCMSeriesFileNames::New();
  names->SetUseSeriesDetails(true);
  names->SetDirectory(request.path);
  const auto series = names->GetSeriesUIDs();
  check_none_left_out(request.path, *names);
  if (series.empty()) throw Refused("the folder holds no DICOM files");
  if (request.series.empty() && series.size() > 1) {
    std::string list;
    for (std::size_t i = 0; i < std::min<std::size_t>(series.size(), 4); ++i) {
      list += (list.empty() ? "" : ", ") + series[i];
    }
    throw Refused(fmt::format("the folder holds {} series; name one: {}", series.size(), list));
  }
  if (request.series.empty()) return names->GetFileNames(series.front());
  for (const std::string& uid : series) {
    if (uid.starts_with(request.series)) return names->GetFileNames(uid);
  }
  throw Refused(fmt::format("the folder has no series {}", request.series));
}

/// One slice of a series.
struct Slice {
  std::string path;
  Header header;
  double position = 0.0;  ///< Along the normal of the slices, millimetres.
};

double along_normal(const Geometry& geometry, const std::array<double, 3>& point) {
  const auto& d = geometry.direction;  // Columns 1 and 2 are height and width.
  const std::array<double, 3> normal{d[5] * d[7] - d[8] * d[4], d[8] * d[1] - d[2] * d[7],
                                     d[2] * d[4] - d[5] * d[1]};
  return normal[0] * point[0] + normal[1] * point[1] + normal[2] * point[2];
}

void check_alike(const Slice& first, const Slice& other) {
  const Header& a = first.header;
  const Header& b = other.header;
  const auto name = std::filesystem::path(other.path).filename().string();
  if (a.size != b.size || a.channels() != b.channels()) {
    throw Refused(fmt::format("slice {} is {} x {}, the others are {} x {}", name, b.size[0],
                              b.size[1], a.size[0], a.size[1]));
  }
  GridDifference turned = difference_of(a.geometry, b.geometry);
  turned.origin = 0.0;
  turned.spacing = std::max(std::abs(a.geometry.spacing[1] - b.geometry.spacing[1]),
                            std::abs(a.geometry.spacing[2] - b.geometry.spacing[2]));
  if (turned.any()) {
    throw Refused(fmt::format("slice {} lies otherwise: {}", name, turned.to_string()));
  }
}

/// The distance between neighbours, which has to be one.
double spacing_of(const std::vector<Slice>& slices) {
  const double whole = slices.back().position - slices.front().position;
  const double spacing = whole / static_cast<double>(slices.size() - 1);
  for (std::size_t i = 1; i < slices.size(); ++i) {
    const double gap = slices[i].position - slices[i - 1].position;
    const auto name = std::filesystem::path(slices[i].path).filename().string();
    if (!(gap > 1e-4)) throw Refused(fmt::format("two slices lie at one place, one is {}", name));
    if (std::abs(gap - spacing) > 0.01 * spacing + 1e-3) {
      throw Refused(
          fmt::format("its slices are not evenly spaced: {:.4g} mm before {}, {:.4g} on average; "
                      "is one missing?",
                      gap, name, spacing));
    }
  }
  return spacing;
}

std::vector<Slice> slices_of(const Request& request) {
  std::vector<Slice> slices;
  for (const std::string& path : files_of_series(request)) {
    const auto io = reader_of(path);
    io->ReadImageInformation();
    slices.push_back({path, header_of(*io)});
  }
  for (Slice& slice : slices) {
    check_alike(slices.front(), slice);
    slice.position = along_normal(slices.front().header.geometry, slice.header.geometry.origin);
  }
  std::ranges::stable_sort(slices, {}, &Slice::position);
  return slices;
}

/// The dtype that holds every slice: rescaling may make some of them float.
DType common_dtype(const std::vector<Slice>& slices) {
  const DType first = slices.front().header.dtype;
  const bool one =
      std::ranges::all_of(slices, [&](const Slice& slice) { return slice.header.dtype == first; });
  return one ? first : DType::kFloat32;
}

template <class T>
void to_floats(const std::byte* from, std::size_t count, float* to) {
  for (std::size_t i = 0; i < count; ++i) {
    T value;
    std::memcpy(&value, from + i * sizeof(T), sizeof value);
    to[i] = static_cast<float>(value);
  }
}

void convert_to_float(DType dtype, const std::byte* from, std::size_t count, float* to) {
  switch (dtype) {
    case DType::kUInt8:
      return to_floats<std::uint8_t>(from, count, to);
    case DType::kInt8:
      return to_floats<std::int8_t>(from, count, to);
    case DType::kUInt16:
      return to_floats<std::uint16_t>(from, count, to);
    case DType::kInt16:
      return to_floats<std::int16_t>(from, count, to);
    case DType::kInt32:
      return to_floats<std::int32_t>(from, count, to);
    case DType::kInt64:
      return to_floats<std::int64_t>(from, count, to);
    case DType::kFloat64:
      return to_floats<double>(from, count, to);
    default:
      return to_floats<float>(from, count, to);
  }
}

Decoded decode_series(const Request& request) {
  const std::vector<Slice> slices = slices_of(request);
  Header whole = slices.front().header;
  if (slices.size() == 1) return decode_file({slices.front().path, "", request.max_bytes});
  if (whole.size[2] != 1) throw Refused("the folder holds several volumes of one series");
  whole.dtype = common_dtype(slices);
  whole.size[2] = static_cast<std::int64_t>(slices.size());
  whole.geometry.spacing[0] = spacing_of(slices);
  const auto& first = slices.front().header.geometry.origin;
  const auto& last = slices.back().header.geometry.origin;
  const double depth = whole.geometry.spacing[0] * static_cast<double>(slices.size() - 1);
  for (std::size_t row = 0; row < 3; ++row) {
    whole.geometry.direction[row * 3] = (last[row] - first[row]) / depth;
  }
  check_size(whole, request.max_bytes);
  SharedMemory memory(whole.bytes());
  const std::size_t slice_bytes = whole.bytes() / slices.size();
  std::vector<std::byte> own;
  for (std::size_t i = 0; i < slices.size(); ++i) {
    const auto io = reader_of(slices[i].path);
    io->ReadImageInformation();
    std::byte* const place = memory.data() + i * slice_bytes;
    const Header& header = slices[i].header;
    if (header.dtype == whole.dtype) {
      read_voxels(*io, place);
      continue;
    }
    own.resize(header.bytes());
    read_voxels(*io, own.data());
    convert_to_float(header.dtype, own.data(), slice_bytes / sizeof(float),
                     reinterpret_cast<float*>(place));
  }
  return finished(whole, memory);
}

std::string first_line(const std::string& text) {
  std::string line = text.substr(0, text.find('\n'));
  return line.empty() ? "the reader gave up without a reason" : line;
}

}  // namespace

Decoded decode_volume(const Request& request) {
  Decoded failed;
  try {
    return std::filesystem::is_directory(request.path) ? decode_series(request)
                                                       : decode_file(request);
  } catch (const itk::ExceptionObject& error) {
    failed.answer.problem = first_line(error.GetDescription());
  } catch (const std::bad_alloc&) {
    failed.answer.problem = "there is no memory for it";
  } catch (const std::exception& error) {
    failed.answer.problem = first_line(error.what());
  }
  return failed;
}

}  // namespace tenon::decode
