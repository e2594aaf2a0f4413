// Volumes beside nibabel and pydicom (volume_reference.py, Debian's packages), and what damaged
// files are answered with.
#include "io/readers/volume.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "io/readers/decode_pool.hpp"
#include "tenon/dataset.hpp"
#include "tenon/error.hpp"
#include "tenon/file.hpp"
#include "tenon/npz.hpp"

namespace tenon::readers {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

const std::string kData = TENON_SOURCE_DIR "/../shared/data/";

class Volumes : public ::testing::Test {
 protected:
  void SetUp() override {
    static int count = 0;
    folder_ = fs::temp_directory_path() /
              ("tenon_volumes_" + std::to_string(::getpid()) + "_" + std::to_string(count++));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  /// What the Python packages read; nothing without them.
  std::optional<NamedTensors> reference(const std::string& file) const {
    const std::string out = path("reference.npz");
    const std::string command = "/usr/bin/python3 '" TENON_SOURCE_DIR
                                "/tests/io/volume_reference.py' '" +
                                out + "' '" + file + "' >/dev/null 2>&1";
    if (std::system(command.c_str()) != 0) return std::nullopt;
    return load_npz(out);
  }

  static std::string problem_of(const std::string& file, int channels = 0,
                                DType dtype = DType::kFloat32) {
    try {
      static_cast<void>(load_volume(file, channels, dtype, ""));
    } catch (const FormatError& error) {
      EXPECT_EQ(error.code(), "F001");
      return error.what();
    } catch (const DataError& error) {
      return error.what();
    }
    ADD_FAILURE() << file << " was read";
    return "";
  }

  fs::path folder_;
};

Tensor named(const NamedTensors& arrays, const std::string& name) {
  for (const auto& [key, value] : arrays) {
    if (key == name) return value;
  }
  throw std::runtime_error("no array " + name);
}

void expect_values(const Tensor& got, const Tensor& wanted, double tolerance) {
  ASSERT_EQ(got.shape(), wanted.shape());
  double largest = 0.0;
  const Tensor wide = got.cast(DType::kFloat64);
  for (std::size_t i = 0; i < wide.data<double>().size(); ++i)
    largest = std::max(largest, std::abs(wide.data<double>()[i] - wanted.data<double>()[i]));
  EXPECT_LE(largest, tolerance);
}

/// `affine` (4, 4) from (x, y, z) indices to LPS millimetres.
void expect_affine(const Tensor& volume, const Tensor& affine) {
  const auto a = affine.data<double>();
  if (a[15] == 0.0) return;  // The file states none.
  ASSERT_NE(volume.geometry(), nullptr);
  const bool thick = volume.dim(0) > 1;
  for (const std::array<double, 3> index :
       {std::array{0.0, 0.0, 0.0}, std::array{0.0, 3.0, 5.0}, std::array{2.0, 1.0, 7.0}}) {
    if (!thick && index[0] != 0.0) continue;
    const auto point = volume.geometry()->point_of(index);
    for (std::size_t row = 0; row < 3; ++row) {
      const double wanted = a[row * 4] * index[2] + a[row * 4 + 1] * index[1] +
                            a[row * 4 + 2] * index[0] + a[row * 4 + 3];
      EXPECT_NEAR(point[row], wanted, 1e-3) << "row " << row;
    }
  }
}

class VolumeFile : public Volumes, public ::testing::WithParamInterface<std::string> {};

TEST_P(VolumeFile, IsReadAsByOthers) {
  const std::string file = kData + GetParam();
  if (!fs::exists(file)) GTEST_SKIP() << "skipped: no ../shared/data/" << GetParam();
  const auto wanted = reference(file);
  if (!wanted) GTEST_SKIP() << "skipped: no python3-nibabel and python3-pydicom";
  const bool lossy = GetParam().find("rgb_jpeg") != std::string::npos;
  const Tensor got = decode_volume(file);
  expect_values(got, named(*wanted, "values"), lossy ? 2.0 : 1e-3);
  expect_affine(got, named(*wanted, "affine"));
}

INSTANTIATE_TEST_SUITE_P(Real, VolumeFile,
                         ::testing::Values("nifti/anatomical.nii", "nifti/example4d.nii.gz",
                                           "nifti/standard.nii.gz", "brain_t1/t1_crop.nii.gz",
                                           "dicom/CT_small.dcm", "dicom/MR_small.dcm",
                                           "dicom/MR_small_RLE.dcm",
                                           "dicom/MR_small_jp2klossless.dcm",
                                           "dicom/SC_rgb_jpeg_dcmtk.dcm", "dicom/emri_small.dcm"),
                         [](const auto& parameter) {
                           std::string name = fs::path(parameter.param).filename().string();
                           std::ranges::replace_if(
                               name, [](char c) { return !std::isalnum(c); }, '_');
                           return name;
                         });

TEST_F(Volumes, FilesThatOnlyWeReadAreWhole) {
  if (!fs::exists(kData + "dicom")) GTEST_SKIP() << "skipped: no ../shared/data/dicom";
  EXPECT_EQ(decode_volume(kData + "dicom/JPEG-LL.dcm").dim(3), 1);
  EXPECT_EQ(decode_volume(kData + "dicom/no_meta.dcm").rank(), 4);
}

TEST_F(Volumes, ATruncatedFileIsABadSample) {
  const std::string file = kData + "dicom/MR_truncated.dcm";
  if (!fs::exists(file)) GTEST_SKIP() << "skipped: no ../shared/data/dicom";
  EXPECT_THAT(problem_of(file), AllOf(HasSubstr("MR_truncated.dcm"), HasSubstr("it is cut off"),
                                      HasSubstr("8130 bytes of pixels where 8192 are promised")));
}

/// A small NIfTI-1 file, written here.
std::string nifti(std::int16_t depth, const std::vector<std::int16_t>& voxels, float slope = 1.0F,
                  float intercept = 0.0F) {
  std::string bytes(352, '\0');
  const auto put = [&](std::size_t offset, auto value) {
    std::memcpy(bytes.data() + offset, &value, sizeof value);
  };
  put(0, std::int32_t{348});
  const std::array<std::int16_t, 8> dims{3, 3, 2, depth, 1, 1, 1, 1};
  put(40, dims);
  put(70, std::int16_t{4});  // int16
  put(72, std::int16_t{16});
  put(76, std::array<float, 8>{1, 0.5F, 1.5F, 2.5F, 1, 1, 1, 1});
  put(108, 352.0F);
  put(112, slope);
  put(116, intercept);
  put(252, std::int16_t{1});
  put(268, std::array<float, 3>{10.0F, 20.0F, 30.0F});
  std::memcpy(bytes.data() + 344, "n+1", 4);
  bytes.append(reinterpret_cast<const char*>(voxels.data()), voxels.size() * sizeof(std::int16_t));
  return bytes;
}

std::vector<std::int16_t> counted(std::size_t count) {
  std::vector<std::int16_t> voxels(count);
  for (std::size_t i = 0; i < count; ++i) voxels[i] = static_cast<std::int16_t>(i);
  return voxels;
}

TEST_F(Volumes, WidthIsTheFastestAxisAndTheGeometryIsTheFiles) {
  write_file_atomically(path("a.nii"), nifti(4, counted(24)));
  const Tensor volume = decode_volume(path("a.nii"));
  EXPECT_EQ(volume.dtype(), DType::kInt16);
  EXPECT_EQ(volume.shape(), Shape({4, 2, 3, 1}));
  EXPECT_EQ(volume.data<std::int16_t>()[7], 7);
  EXPECT_THAT(volume.geometry()->spacing, ::testing::ElementsAre(2.5, 1.5, 0.5));
  EXPECT_THAT(volume.geometry()->origin, ::testing::ElementsAre(-10.0, -20.0, 30.0))
      << "RAS to LPS";
}

TEST_F(Volumes, SlopeAndInterceptGiveFloats) {
  write_file_atomically(path("a.nii"), nifti(4, counted(24), 2.0F, -1.0F));
  const Tensor volume = decode_volume(path("a.nii"));
  ASSERT_EQ(volume.dtype(), DType::kFloat32);
  EXPECT_EQ(volume.data<float>()[3], 5.0F);
}

TEST_F(Volumes, EveryCutOffFileIsToldAndNoneIsAHalfOne) {
  const std::string whole = nifti(2, counted(12));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    write_file_atomically(path("cut.nii"), whole.substr(0, size));
    ASSERT_NE(problem_of(path("cut.nii")), "") << size << " bytes of " << whole.size();
  }
}

TEST_F(Volumes, HeadersThatPromiseTooMuchAreToldBeforeMemoryIsTaken) {
  std::string bytes = nifti(4, counted(24));
  const std::array<std::int16_t, 8> huge{7, 32767, 32767, 32767, 32767, 32767, 32767, 32767};
  std::memcpy(bytes.data() + 40, &huge, sizeof huge);
  write_file_atomically(path("huge.nii"), bytes);
  EXPECT_THAT(problem_of(path("huge.nii")), HasSubstr("GB of voxels; at most 17.2 are read"));
  bytes = nifti(4, counted(24));
  const std::int16_t negative = -5;
  std::memcpy(bytes.data() + 44, &negative, sizeof negative);
  write_file_atomically(path("negative.nii"), bytes);
  EXPECT_THAT(problem_of(path("negative.nii")), HasSubstr("its axis 2 has a size of -5"));
  write_file_atomically(path("a.nrrd"),
                        "NRRD0004\ntype: short\ndimension: 3\nsizes: 90000 90000 9\n"
                        "encoding: raw\nendian: little\n\n");
  EXPECT_THAT(problem_of(path("a.nrrd")), HasSubstr("GB of voxels"));
  write_file_atomically(path("a.mha"),
                        "ObjectType = Image\nNDims = 3\nDimSize = 4 0 4\n"
                        "ElementType = MET_SHORT\nElementDataFile = LOCAL\n");
  EXPECT_THAT(problem_of(path("a.mha")), HasSubstr("DimSize = \"4 0 4\""));
}

TEST_F(Volumes, NrrdAndMetaImageAreRead) {
  const auto voxels = counted(24);
  const std::string raw(reinterpret_cast<const char*>(voxels.data()), 48);
  write_file_atomically(path("a.nrrd"),
                        "NRRD0004\ntype: short\ndimension: 3\nspace: left-posterior-superior\n"
                        "sizes: 3 2 4\nspace directions: (0.5,0,0) (0,1.5,0) (0,0,2.5)\n"
                        "space origin: (1,2,3)\nencoding: raw\nendian: little\n\n" +
                            raw);
  write_file_atomically(path("a.mha"),
                        "ObjectType = Image\nNDims = 3\nBinaryData = True\n"
                        "BinaryDataByteOrderMSB = False\nOffset = 1 2 3\n"
                        "ElementSpacing = 0.5 1.5 2.5\nDimSize = 3 2 4\n"
                        "ElementType = MET_SHORT\nElementDataFile = LOCAL\n" +
                            raw);
  for (const char* name : {"a.nrrd", "a.mha"}) {
    const Tensor volume = decode_volume(path(name));
    EXPECT_EQ(volume.shape(), Shape({4, 2, 3, 1})) << name;
    EXPECT_EQ(volume.data<std::int16_t>()[23], 23) << name;
    EXPECT_THAT(volume.geometry()->spacing, ::testing::ElementsAre(2.5, 1.5, 0.5)) << name;
    EXPECT_THAT(volume.geometry()->origin, ::testing::ElementsAre(1.0, 2.0, 3.0)) << name;
  }
}

TEST_F(Volumes, WhatIsNoVolumeIsTold) {
  write_file_atomically(path("a.txt"), "not a volume");
  EXPECT_THAT(problem_of(path("a.txt")),
              HasSubstr("it is no NIfTI, NRRD, MetaImage, DICOM or TIFF file"));
  EXPECT_THAT(problem_of(path("none.nii")), HasSubstr("there is no file"));
  for (const auto& [start, kind] :
       {std::pair("\xff\xd8\xff\xe0", "JPEG"), std::pair("\x89PNG\r\n\x1a\n", "PNG")}) {
    write_file_atomically(path("a.nii"), start + std::string(400, 'x'));
    EXPECT_THAT(problem_of(path("a.nii")),
                AllOf(HasSubstr(std::string("this is a ") + kind + " image, and no volume"),
                      HasSubstr("a NIfTI, NRRD, MetaImage, DICOM or TIFF file"),
                      HasSubstr("use load_image")));
  }
  fs::create_directories(folder_ / "empty");
  EXPECT_THAT(problem_of(path("empty")), HasSubstr("the folder holds no DICOM files"));
}

TEST_F(Volumes, ADeadReaderIsOneBadSample) {
  const std::string script = path("dies");
  write_file_atomically(script, "#!/bin/sh\nkill -SEGV $$\n");
  fs::permissions(script, fs::perms::owner_all);
  write_file_atomically(path("a.nii"), nifti(4, counted(24)));
  // The program is looked up once: a process that is started anew has the script for it.
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        ::setenv("TENON_DECODE", script.c_str(), 1);
        std::string told;
        try {
          static_cast<void>(decode_volume(path("a.nii")));
        } catch (const FormatError& error) {
          told = error.what();
        }
        std::exit(told.find("ended with signal 11") != std::string::npos ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
}

TEST_F(Volumes, ChannelsAndDTypesAreHeldToWhatWasAskedFor) {
  write_file_atomically(path("a.nii"), nifti(4, counted(24)));
  EXPECT_EQ(load_volume(path("a.nii"), 1, DType::kUInt8, "").dtype(), DType::kUInt8);
  EXPECT_THAT(problem_of(path("a.nii"), 3), HasSubstr("with 1 channels"));
  auto voxels = counted(24);
  voxels[5] = 300;
  write_file_atomically(path("b.nii"), nifti(4, voxels));
  EXPECT_THAT(problem_of(path("b.nii"), 1, DType::kUInt8),
              HasSubstr("uint8 does not hold its values"));
}

TEST_F(Volumes, TheStageReadsThemByKey) {
  write_file_atomically(path("a.nii"), nifti(4, counted(24)));
  const Dataset names = Dataset::from_tensors({{"path", Tensor::strings({2}, {"a.nii", "b.nii"})}});
  const Dataset data = names.load_volume("path", "image", {.root = folder_.string()});
  EXPECT_EQ(data.schema().spec("image").to_string(), "f32 (?, ?, ?, 1)");
  DatasetIterator iterator = data.iterate({.threads = 1});
  Record record;
  ASSERT_TRUE(iterator.next(record));
  EXPECT_EQ(record.at("image").shape(), Shape({4, 2, 3, 1}));
  ASSERT_NE(record.at("image").geometry(), nullptr);
  try {
    iterator.next(record);
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), "F001");
    EXPECT_THAT(error.what(), HasSubstr("b.nii"));
    EXPECT_EQ(error.diagnostics().front().sample->index, 1);
  }
}

TEST_F(Volumes, ADecoderOutlivesTheThreadThatStartedIt) {
  const std::string file = kData + "nifti/anatomical.nii";
  if (!fs::exists(file)) GTEST_SKIP() << "skipped: no ../shared/data/nifti";
  for (int i = 0; i < 20; ++i) {
    std::thread([&] { EXPECT_NO_THROW(load_volume(file, 0, DType::kFloat32, "")); }).join();
    EXPECT_NO_THROW(load_volume(file, 0, DType::kFloat32, ""));
  }
}

}  // namespace
}  // namespace tenon::readers
