// Volumes that are written, as nibabel reads them, and series of DICOM files that pydicom wrote
// (Debian's packages).
#include <gmock/gmock.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "io/readers/volume.hpp"
#include "tenon/dataset.hpp"
#include "tenon/error.hpp"
#include "tenon/file.hpp"
#include "tenon/npz.hpp"
#include "tenon/volume_file.hpp"

namespace tenon::readers {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

class VolumeFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    static int count = 0;
    folder_ = fs::temp_directory_path() /
              ("tenon_volume_files_" + std::to_string(::getpid()) + "_" + std::to_string(count++));
    fs::create_directories(folder_ / "series");
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  static bool python(const std::string& script, const std::string& arguments) {
    const std::string command = "/usr/bin/python3 '" TENON_SOURCE_DIR "/tests/io/" + script + "' " +
                                arguments + " >/dev/null 2>&1";
    return std::system(command.c_str()) == 0;
  }

  static Tensor array(const std::string& file, const std::string& name) {
    for (auto& [key, value] : load_npz(file)) {
      if (key == name) return value;
    }
    throw std::runtime_error("no array " + name);
  }

  /// Where some voxels lie, by `affine` (4, 4) from (x, y, z) to LPS.
  static void expect_places(const Geometry& geometry, const Tensor& affine, double tolerance) {
    const auto a = affine.data<double>();
    for (const std::array<double, 3> index :
         {std::array{0.0, 0.0, 0.0}, std::array{5.0, 3.0, 1.0}, std::array{2.0, 1.0, 7.0}}) {
      const auto point = geometry.point_of(index);
      for (std::size_t row = 0; row < 3; ++row) {
        EXPECT_NEAR(point[row],
                    a[row * 4] * index[2] + a[row * 4 + 1] * index[1] + a[row * 4 + 2] * index[0] +
                        a[row * 4 + 3],
                    tolerance);
      }
    }
  }

  fs::path folder_;
};

Geometry oblique(bool mirrored) {
  Geometry geometry;
  geometry.spacing = {2.5, 0.8, 0.6};
  geometry.origin = {-20.0, -35.5, 110.25};
  const double c = std::cos(0.3);
  const double s = std::sin(0.3);
  // Rows x, y, z; columns depth, height, width.
  geometry.direction = {0, 0, 1, -s, c, 0, c, s, 0};
  if (mirrored) {
    for (const std::size_t i : {0U, 3U, 6U}) geometry.direction[i] = -geometry.direction[i];
  }
  return geometry;
}

template <class T>
Tensor counted_volume(std::int64_t channels) {
  Tensor volume(dtype_of<T>(), {6, 4, 8, channels});
  for (std::size_t i = 0; i < static_cast<std::size_t>(volume.size()); ++i) {
    volume.data<T>()[i] = static_cast<T>(i % 101);
  }
  return volume;
}

TEST_F(VolumeFiles, WhatIsWrittenIsWhatNibabelAndTenonRead) {
  for (const bool mirrored : {false, true}) {
    for (Tensor volume : {counted_volume<float>(1), counted_volume<float>(3),
                          counted_volume<std::uint8_t>(1), counted_volume<std::int16_t>(1)}) {
      for (const char* name : {"a.nii", "a.nii.gz"}) {
        SCOPED_TRACE(std::string(name) + " " + volume.shape().to_string());
        const Geometry geometry = oblique(mirrored);
        volume.set_geometry(geometry);
        save_volume(path(name), volume);
        const Tensor back = load_volume(path(name), 0, volume.dtype(), "");
        EXPECT_TRUE(back.equals(volume));
        ASSERT_NE(back.geometry(), nullptr);
        EXPECT_FALSE(difference_of(*back.geometry(), geometry).any())
            << difference_of(*back.geometry(), geometry).to_string();
        if (!std::string(name).ends_with(".gz")) continue;
        if (!python("volume_reference.py", "'" + path("out.npz") + "' '" + path(name) + "'")) {
          GTEST_SKIP() << "skipped: no python3-nibabel";
        }
        EXPECT_TRUE(array(path("out.npz"), "values").equals(volume.cast(DType::kFloat64)));
        expect_places(geometry, array(path("out.npz"), "affine"), 1e-4);
      }
    }
  }
}

TEST_F(VolumeFiles, WhatCannotBeWrittenIsTold) {
  const auto problem_of = [&](const std::string& name, const Tensor& volume) -> std::string {
    try {
      save_volume(path(name), volume);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(problem_of("a.png", counted_volume<float>(1)), HasSubstr(".nii.gz"));
  EXPECT_THAT(problem_of("a.nii", Tensor(DType::kFloat32, {4, 4})), HasSubstr("(4, 4)"));
  EXPECT_THAT(problem_of("a.nii", Tensor(DType::kBool, {2, 2, 2, 1})), HasSubstr("NIfTI has no"));
  EXPECT_THAT(problem_of("a.nii", Tensor(DType::kUInt8, {1, 1, 40000, 1})), HasSubstr("32767"));
  EXPECT_FALSE(fs::exists(path("a.nii")));
}

TEST_F(VolumeFiles, ASeriesIsSortedByWhereItsSlicesLie) {
  if (!python("dicom_series.py", "'" + path("series") + "' '" + path("out.npz") + "'")) {
    GTEST_SKIP() << "skipped: no python3-pydicom";
  }
  const Dataset data = Dataset::from_tensors({{"path", Tensor::strings({1}, {path("series")})}})
                           .load_volume("path", "image");
  Record record;
  DatasetIterator iterator = data.iterate();
  ASSERT_TRUE(iterator.next(record));
  const Tensor& image = record.at("image");
  EXPECT_EQ(image.shape(), Shape({8, 5, 7, 1}));
  EXPECT_TRUE(image.cast(DType::kFloat64).equals(array(path("out.npz"), "values")));
  ASSERT_NE(image.geometry(), nullptr);
  expect_places(*image.geometry(), array(path("out.npz"), "affine"), 1e-4);
}

TEST_F(VolumeFiles, AMissingSliceIsTold) {
  if (!python("dicom_series.py", "'" + path("series") + "' '" + path("out.npz") + "' 3")) {
    GTEST_SKIP() << "skipped: no python3-pydicom";
  }
  try {
    static_cast<void>(load_volume(path("series"), 0, DType::kFloat32, ""));
    FAIL() << "a series with a gap was read";
  } catch (const FormatError& error) {
    EXPECT_EQ(error.code(), "F001");
    EXPECT_THAT(error.what(), AllOf(HasSubstr("not evenly spaced"), HasSubstr("5 mm before image"),
                                    HasSubstr("is one missing?")));
  }
}

/// A folder with eight slices, and what its reader would wait for or leave out without a word.
class SeriesFolder : public VolumeFiles {
 protected:
  void SetUp() override {
    VolumeFiles::SetUp();
    if (!python("dicom_series.py", "'" + path("series") + "' '" + path("out.npz") + "'"))
      GTEST_SKIP() << "skipped: no python3-pydicom";
  }
  std::string slice(int number) const {
    return path("series/image00" + std::to_string(number) + ".dcm");
  }
  /// Nothing where the series is read.
  std::string problem() const {
    try {
      const Tensor volume = load_volume(path("series"), 0, DType::kFloat64, "");
      EXPECT_TRUE(volume.equals(array(path("out.npz"), "values")));
    } catch (const FormatError& error) {
      EXPECT_EQ(error.code(), "F001");
      return error.what();
    }
    return "";
  }
};

TEST_F(SeriesFolder, WhatIsNoFileIsTold) {
  const std::string other = path("series/other");
  ASSERT_EQ(::mkfifo(other.c_str(), 0600), 0);
  EXPECT_THAT(problem(), AllOf(HasSubstr(other + ": is no regular file (a device or a pipe?)"),
                               HasSubstr("expected: the files of a DICOM series"),
                               HasSubstr("fix: move it out of the folder")));
  fs::remove(other);
  const int listening = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un place{};
  place.sun_family = AF_UNIX;
  std::copy_n(other.data(), std::min(other.size(), sizeof place.sun_path - 1), place.sun_path);
  ASSERT_EQ(::bind(listening, reinterpret_cast<const sockaddr*>(&place), sizeof place), 0);
  ::close(listening);
  EXPECT_THAT(problem(), HasSubstr(other + ": is no regular file"));
  fs::remove(other);
  fs::create_symlink("/dev/zero", other);
  EXPECT_THAT(problem(), HasSubstr(other + ": is no regular file"));
  fs::remove(other);
  fs::create_symlink("nowhere", other);
  EXPECT_THAT(problem(), HasSubstr(other + ": is a link to nothing"));
  fs::remove(other);
  fs::create_directory(other);
  fs::rename(slice(3), path("slice"));
  fs::create_symlink(path("slice"), slice(3));
  write_file_atomically(path("series/readme.txt"), "a link to a slice, and a folder");
  write_file_atomically(path("series/.hidden.dcm"), read_file(slice(0)));
  EXPECT_EQ(problem(), "");
}

TEST_F(SeriesFolder, ASliceThatIsCutOffIsTold) {
  // The one at an end: without it the others would be a series, too.
  for (const int number : {0, 1, 2, 3, 4, 5, 6, 7}) {
    const std::string bytes = read_file(slice(number));
    for (const std::size_t size : {std::size_t{0}, std::size_t{300}, bytes.size() / 2,
                                   bytes.size() - 71, bytes.size() - 1}) {
      write_file_atomically(slice(number), bytes.substr(0, size));
      EXPECT_THAT(problem(), AllOf(HasSubstr(slice(number)),
                                   HasSubstr(size == 0 ? ": is empty" : "it is cut off")))
          << size;
    }
    write_file_atomically(slice(number), bytes);
  }
  EXPECT_EQ(problem(), "");
}

TEST_F(SeriesFolder, ASliceThatCannotBeReadIsToldAndOtherDicomIsNoSlice) {
  // A report has no pixels.
  const std::string bytes = read_file(slice(5));
  std::string other = bytes;
  const std::string ct = "1.2.840.10008.5.1.4.1.1.2";
  other.replace(other.find(ct), ct.size() + 1, "1.2.840.10008.1.88.123456.");
  const std::string pixels("\xE0\x7F\x10\x00OW", 6);
  const std::size_t at = other.find(pixels);
  ASSERT_LT(at, other.size());
  other.resize(at);
  write_file_atomically(path("series/report.dcm"), other);
  EXPECT_EQ(problem(), "");
  write_file_atomically(path("series/report.dcm"), bytes.substr(0, at));
  EXPECT_THAT(problem(), HasSubstr("report.dcm\" cannot be read as a volume: it is cut off: it is "
                                   "an image without pixels"));
  fs::remove(path("series/report.dcm"));
  // An image whose rows are not said is not read, and not left out either.
  other = bytes;
  const std::string rows("\x28\x00\x10\x00US", 6);
  ASSERT_LT(other.find(rows), other.size());
  other[other.find(rows)] = '\x29';
  write_file_atomically(slice(5), other);
  EXPECT_THAT(problem(), HasSubstr("image005.dcm"));
}

}  // namespace
}  // namespace tenon::readers
