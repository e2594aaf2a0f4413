// NIfTI read here beside tenon-decode, and cutting before what works voxel by voxel.
#include "io/readers/nifti_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <filesystem>

#include "io/readers/decode_pool.hpp"
#include "io/readers/volume.hpp"
#include "io/readers_temporary_folder.hpp"
#include "tenon/dataset.hpp"
#include "tenon/error.hpp"
#include "tenon/file.hpp"
#include "tenon/random.hpp"

namespace tenon::readers {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

/// How a drawn file keeps its voxels.
struct NiftiKind {
  std::string name;
  std::int16_t code;
  std::size_t width;
  bool swapped = false;
  std::int16_t times = 1;
  float slope = 0.0F;
  float intercept = 0.0F;
};

std::string drawn_nifti(const NiftiKind& kind, std::array<std::int16_t, 3> size) {
  std::string bytes(352, '\0');
  const auto put = [&](std::size_t place, auto value) {
    auto raw = std::bit_cast<std::array<char, sizeof value>>(value);
    if (kind.swapped) std::reverse(raw.begin(), raw.end());
    std::copy(raw.begin(), raw.end(), bytes.begin() + static_cast<std::ptrdiff_t>(place));
  };
  put(0, std::int32_t{348});
  const std::array<std::int16_t, 8> dims{std::int16_t{4}, size[2], size[1], size[0],
                                         kind.times,      1,       1,       1};
  for (std::size_t i = 0; i < 8; ++i) {
    put(40 + 2 * i, dims[i]);
    put(76 + 4 * i, 1.0F + static_cast<float>(i) / 4.0F);
  }
  put(70, kind.code);
  put(72, static_cast<std::int16_t>(8 * kind.width));
  put(108, 352.0F);
  put(112, kind.slope);
  put(116, kind.intercept);
  put(252, std::int16_t{1});
  put(256, 0.3F);  // a turn
  put(268, 10.0F);
  put(272, -20.0F);
  std::memcpy(bytes.data() + 344, "n+1", 4);
  Random random(17, kind.width);
  const std::size_t voxels = static_cast<std::size_t>(size[0]) * static_cast<std::size_t>(size[1]) *
                             static_cast<std::size_t>(size[2]) *
                             static_cast<std::size_t>(kind.times);
  for (std::size_t i = 0; i < voxels; ++i) {
    std::string one(kind.width, '\0');
    const double number = 1000.0 * random.next_double();
    const auto as_float = static_cast<float>(number);
    const std::uint64_t whole = random.next_u64();
    if (kind.code == 16) {
      std::memcpy(one.data(), &as_float, 4);
    } else if (kind.code == 64) {
      std::memcpy(one.data(), &number, 8);
    } else {
      std::memcpy(one.data(), &whole, kind.width);
    }
    if (kind.swapped) std::reverse(one.begin(), one.end());
    bytes += one;
  }
  return bytes;
}

std::string zipped(const std::string& bytes) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 4, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, bytes.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

void expect_same_volume(const Tensor& got, const Tensor& wanted, const std::string& what) {
  EXPECT_TRUE(got.equals(wanted)) << what << ": " << got.shape().to_string();
  ASSERT_EQ(got.geometry() != nullptr, wanted.geometry() != nullptr) << what;
  if (got.geometry() != nullptr) {
    EXPECT_EQ(*got.geometry(), *wanted.geometry()) << what;
  }
}

/// As read here: whole, and in parts; held to what tenon-decode gives.
void expect_as_decoded(const std::string& path) {
  const auto value = open_nifti(path, DType::kFloat32);
  ASSERT_NE(value, nullptr) << path << " was left to tenon-decode";
  const Tensor decoded = decode_volume(path);
  Tensor wanted = decoded.cast(DType::kFloat32);
  if (decoded.geometry() != nullptr) wanted.set_geometry(*decoded.geometry());
  EXPECT_EQ(value->shape(), wanted.shape());
  expect_same_volume(value->whole(), wanted, path);
  Random random(3);
  const data::Grid grid(wanted.shape());
  for (int i = 0; i < 20; ++i) {
    data::Index3D first{};
    data::Size3D size{};
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const auto all = static_cast<std::uint64_t>(grid.size[axis]);
      first[axis] = static_cast<std::int64_t>(random.next_below(all));
      size[axis] = 1 + static_cast<std::int64_t>(
                           random.next_below(all - static_cast<std::uint64_t>(first[axis])));
    }
    const Tensor box = value->box(first, size);
    EXPECT_TRUE(box.equals(data::crop_volume(wanted, first, size))) << path << ", box " << i;
  }
}

const std::vector<NiftiKind> kKinds = {
    {"bytes", 2, 1},
    {"signed_bytes", 256, 1},
    {"shorts", 4, 2},
    {"swapped_shorts", 4, 2, true},
    {"unsigned_shorts", 512, 2},
    {"floats", 16, 4},
    {"swapped_floats", 16, 4, true},
    {"doubles", 64, 8},
    {"swapped_times", 512, 2, true, 3},
    {"times", 4, 2, false, 3},
    {"scaled_bytes", 2, 1, false, 1, 0.37F, -11.3F},
    {"scaled_swapped_shorts", 4, 2, true, 2, 1e-3F, 5.0F},
    {"slope_of_one", 4, 2, false, 1, 1.0F, 0.0F},
    {"shifted_only", 4, 2, false, 1, 1.0F, 1024.0F},
};

TEST(NiftiFile, EveryKindIsReadAsTheDecoderReadsIt) {
  const TemporaryFolder folder;
  for (const NiftiKind& kind : kKinds) {
    const std::string bytes = drawn_nifti(kind, {7, 9, 11});
    write_file_atomically(folder.path(kind.name + ".nii"), bytes);
    write_file_atomically(folder.path(kind.name + ".nii.gz"), zipped(bytes));
    expect_as_decoded(folder.path(kind.name + ".nii"));
    expect_as_decoded(folder.path(kind.name + ".nii.gz"));
  }
}

TEST(NiftiFile, RealFilesAreReadAsTheDecoderReadsThem) {
  const std::string data = TENON_SOURCE_DIR "/../shared/data/";
  for (const char* name : {"nifti/anatomical.nii", "nifti/example4d.nii.gz",
                           "nifti/standard.nii.gz", "brain_t1/t1_crop.nii.gz"}) {
    if (!std::filesystem::exists(data + name)) GTEST_SKIP() << "skipped: no ../shared/data";
    expect_as_decoded(data + name);
  }
}

TEST(NiftiFile, WhatIsOtherwiseIsLeftToTheDecoder) {
  const TemporaryFolder folder;
  const std::string bytes = drawn_nifti(kKinds[2], {3, 4, 5});
  const std::string path = folder.path("a.nii.gz");
  const auto left = [&](const std::string& file, DType dtype = DType::kFloat32) {
    write_file_atomically(path, file);
    return open_nifti(path, dtype) == nullptr;
  };
  EXPECT_FALSE(left(zipped(bytes)));
  EXPECT_TRUE(left(zipped(bytes), DType::kUInt8)) << "whether it fits is seen by all of it";
  const std::string members = zipped(bytes.substr(0, 400)) + zipped(bytes.substr(400));
  EXPECT_TRUE(left(members)) << "two members";
  EXPECT_EQ(load_volume(path, 0, DType::kFloat32, "").dim(0), 3) << "and read by it";
  EXPECT_TRUE(left(zipped(bytes + "more"))) << "something behind the voxels";
  EXPECT_EQ(load_volume(path, 0, DType::kFloat32, "").dim(0), 3);
  EXPECT_TRUE(left(zipped(bytes.substr(0, bytes.size() - 1)))) << "too few voxels";
  EXPECT_TRUE(left(zipped(drawn_nifti({"longs", 8, 4}, {3, 4, 5})))) << "int32 in float32";
}

TEST(NiftiFile, ADamagedFileIsToldByItsChecksum) {
  const TemporaryFolder folder;
  const std::string path = folder.path("a.nii.gz");
  const std::string good = zipped(drawn_nifti(kKinds[2], {6, 7, 8}));
  int told = 0;
  for (std::size_t at = good.size() - 8; at > 40; at -= 29) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    write_file_atomically(path, bad);
    try {
      static_cast<void>(load_volume(path, 0, DType::kFloat32, ""));
      ADD_FAILURE() << "byte " << at << " is not missed";
    } catch (const FormatError& error) {
      EXPECT_EQ(error.code(), "F001");
      EXPECT_THAT(error.what(), AllOf(HasSubstr("a.nii.gz"), HasSubstr("cannot be read")));
      told += std::string(error.what()).find("its compression is damaged") != std::string::npos;
    }
  }
  EXPECT_GT(told, 10);
}

/// The same stages with one that lets nothing pass by, before the file is read or before the crop.
class CutEarly : public ::testing::Test {
 protected:
  void SetUp() override {
    const NiftiKind label{"label", 2, 1};
    write_file_atomically(folder_.path("a.nii.gz"), zipped(drawn_nifti(kKinds[2], {20, 22, 24})));
    write_file_atomically(folder_.path("b.nii"), drawn_nifti(kKinds[10], {20, 22, 24}));
    write_file_atomically(folder_.path("label.nii"), drawn_nifti(label, {20, 22, 24}));
  }
  static bool all(const Record&) { return true; }
  Dataset start(bool barrier) const {
    const Dataset names =
        Dataset::from_tensors({{"path", Tensor::strings({2}, {"a.nii.gz", "b.nii"})},
                               {"mask", Tensor::strings({2}, {"label.nii", "label.nii"})}});
    return barrier ? names.filter(all) : names;
  }
  Dataset loaded(bool early) const {
    return start(early)
        .load_volume("path", "image", {.root = folder_.path()})
        .drop({"path"})
        .window({"image"}, {-10000.0, 9000.0}, {.to = {-1.0, 2.0}})
        .load_volume("mask", "label", {.root = folder_.path(), .dtype = DType::kUInt8})
        .rename({{"label", "map"}})
        .scale({"image"}, 1.7, 0.3)
        .cast({"map"}, DType::kInt32)
        .normalize({"image"}, {0.1}, {1.3});
  }
  static Dataset late(const Dataset& data, bool early) { return early ? data : data.filter(all); }

  static void expect_same(const Dataset& early, const Dataset& late) {
    DatasetIterator a = early.iterate({.seed = 5, .threads = 2});
    DatasetIterator b = late.iterate({.seed = 5, .threads = 1});
    Record one;
    Record other;
    int count = 0;
    while (a.next(one)) {
      ASSERT_TRUE(b.next(other));
      ASSERT_EQ(one.size(), other.size());
      EXPECT_EQ(one.samples(), other.samples());
      for (std::size_t i = 0; i < one.size(); ++i) {
        EXPECT_EQ(one.schema()[i].key, other.schema()[i].key);
        expect_same_volume(one[i], other[i], one.schema()[i].key);
      }
      ++count;
    }
    EXPECT_FALSE(b.next(other));
    EXPECT_EQ(count, 2);
  }

  TemporaryFolder folder_;
};

TEST_F(CutEarly, GivesTheSameBits) {
  expect_same(late(loaded(true), true).random_crop({"image", "map"}, {5, 7, 6}),
              late(loaded(false), false).random_crop({"image", "map"}, {5, 7, 6}));
  expect_same(late(loaded(true), true).random_crop_by_label({"image", "map"}, "map", {5, 7, 6}),
              late(loaded(false), false).random_crop_by_label({"image", "map"}, "map", {5, 7, 6}));
}

TEST_F(CutEarly, GivesTheSamePatchesOfEveryScale) {
  const std::vector<ScalePatch> patches{{"image", "Small", {5, 4, 6}},
                                        {"image", "Large", {5, 4, 6}, 3},
                                        {"map", "target", {5, 4, 6}, 3, "nearest"}};
  for (const std::string label : {"", "map"}) {
    const auto cut = [&](bool early) {
      return late(loaded(early), early).multi_scale_patches(patches, label).drop({"image"});
    };
    expect_same(cut(true), cut(false));
  }
}

TEST_F(CutEarly, PadsBehindWhatChangesTheVoxels) {
  const auto padded = [&](bool early) {
    return late(loaded(early), early).crop_center({"image"}, {30, 8, 25}, -3.5);
  };
  expect_same(padded(true), padded(false));
}

TEST_F(CutEarly, ReadsLessAndStillTellsEveryStage) {
  DatasetIterator iterator =
      loaded(true).random_crop({"image", "map"}, {4, 5, 6}).iterate({.threads = 1});
  Record record;
  while (iterator.next(record)) {
  }
  std::vector<std::string> names;
  for (const StageProfile& stage : iterator.profile().stages) {
    names.push_back(stage.stage.name);
    EXPECT_EQ(stage.calls, 2) << stage.stage.name;
    if (stage.stage.name == "window" || stage.stage.name == "scale") {
      EXPECT_LT(stage.bytes, 2 * 20 * 22 * 24) << "of float32";
    }
  }
  EXPECT_THAT(names, ::testing::IsSupersetOf({"load_volume", "window", "cast", "random_crop"}));
}

TEST_F(CutEarly, NamesTheStageThatFails) {
  const auto message = [&] {
    try {
      DatasetIterator iterator =
          loaded(true).random_crop({"image", "map"}, {4, 5, 6}).iterate({.threads = 1});
      Record record;
      while (iterator.next(record)) {
      }
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("nothing was thrown");
  };
  write_file_atomically(folder_.path("b.nii"), drawn_nifti(kKinds[2], {3, 22, 24}));
  EXPECT_THAT(message(), AllOf(HasSubstr("random_crop"), HasSubstr("smaller than the [4, 5, 6]")));
  std::filesystem::remove(folder_.path("b.nii"));
  EXPECT_THAT(message(),
              AllOf(HasSubstr("load_volume"), HasSubstr("there is no file"), HasSubstr("b.nii")));
}

}  // namespace
}  // namespace tenon::readers
