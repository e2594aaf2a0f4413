// TIFF files of several pages, and of samples that are no plain bytes, beside Pillow and NumPy.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <functional>

#include "io/readers/image.hpp"
#include "io/readers/image_writer.hpp"
#include "io/readers/volume.hpp"
#include "io/readers_drawn_images.hpp"
#include "io/readers_temporary_folder.hpp"
#include "tenon/dataset.hpp"
#include "tenon/error.hpp"
#include "tenon/file.hpp"
#include "tenon/npz.hpp"

namespace tenon::readers {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

std::string what_is_told(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

class TiffPages : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string command = "/usr/bin/python3 '" TENON_SOURCE_DIR
                                "/tests/io/tiff_reference.py' '" +
                                folder_.path() + "' 2>/dev/null";
    if (std::system(command.c_str()) != 0) GTEST_SKIP() << "skipped: no python3 with PIL";
  }
  TemporaryFolder folder_;
};

TEST_F(TiffPages, EqualWhatPillowAndNumPyHave) {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    if (entry.path().extension() != ".tif") continue;
    const std::string path = entry.path().string();
    const std::string bytes = read_file(path);
    const Tensor wanted = load_npy(std::filesystem::path(entry.path()).replace_extension("npy"));
    EXPECT_TRUE(decode_tiff_pages(bytes, path).equals(wanted)) << path;
    for (int page = 0; page < wanted.dim(0); ++page) {
      EXPECT_TRUE(decode_image(path, {.page = page}).equals(wanted.row(page))) << path;
    }
    EXPECT_THAT(
        what_is_told([&] { decode_image(path, {.page = static_cast<int>(wanted.dim(0))}); }),
        HasSubstr("is not there"));
    ++files;
  }
  EXPECT_EQ(files, 48);
}

TEST_F(TiffPages, AreAVolumeAndAnImage) {
  const std::string path = folder_.path("u2_big_strips.tif");
  const Tensor volume = load_volume(path, 1, DType::kFloat32, "");
  EXPECT_EQ(volume.shape(), (Shape{3, 7, 11, 1}));
  EXPECT_TRUE(volume.equals(load_npy(folder_.path("u2_big_strips.npy")).cast(DType::kFloat32)));
  write_file_atomically(folder_.path("table.csv"), "file\n" + path + "\n");
  DatasetIterator iterator =
      Dataset::from_csv(folder_.path("table.csv"))
          .load_image("file", "image", {.channels = 1, .dtype = DType::kUInt16, .page = 2})
          .iterate();
  Record record;
  ASSERT_TRUE(iterator.next(record));
  EXPECT_TRUE(record.at("image").equals(load_npy(folder_.path("u2_big_strips.npy")).row(2)));
}

TEST_F(TiffPages, ValuesAreNeverLostWithoutAWord) {
  const auto told = [&](const char* name, DType dtype) {
    return what_is_told([&] { load_image(folder_.path(name), 0, dtype); });
  };
  EXPECT_THAT(told("f4_big_strips.tif", DType::kInt32),
              AllOf(HasSubstr("the image is float32"), HasSubstr("int32 does not hold")));
  EXPECT_THAT(told("i2_big_strips.tif", DType::kUInt8), HasSubstr("does not hold its values"));
  const Tensor labels = load_image(folder_.path("u4_big_strips.tif"), 1, DType::kInt32);
  EXPECT_TRUE(
      labels.cast(DType::kInt64).equals(load_npy(folder_.path("u4_big_strips.npy")).row(0)));
}

TEST(TiffPagesAlone, LieAsImageJAndOmeState) {
  const TemporaryFolder folder;
  const std::string command = "/usr/bin/python3 '" TENON_SOURCE_DIR
                              "/tests/io/tiff_geometry.py' '" +
                              folder.path() + "' 2>/dev/null";
  if (std::system(command.c_str()) != 0) GTEST_SKIP() << "skipped: no python3 with PIL";
  const auto spacing_of = [&](const std::string& name) -> std::vector<double> {
    const Tensor volume = load_volume(folder.path(name + ".tif"), 1, DType::kFloat32, "");
    EXPECT_EQ(volume.shape(), (Shape{3, 4, 5, 1}));
    if (volume.geometry() == nullptr) return {};
    EXPECT_EQ(volume.geometry()->origin, (std::array<double, 3>{0, 0, 0}));
    return {volume.geometry()->spacing.begin(), volume.geometry()->spacing.end()};
  };
  const auto near = [](double depth, double height, double width) {
    return ::testing::Pointwise(::testing::DoubleNear(1e-9),
                                std::vector<double>{depth, height, width});
  };
  EXPECT_THAT(spacing_of("micron"), near(0.0025, 0.0005, 0.00025));
  EXPECT_THAT(spacing_of("escaped"), near(0.0025, 0.0005, 0.00025));
  EXPECT_THAT(spacing_of("mm"), near(3.0, 0.5, 0.5));
  EXPECT_THAT(spacing_of("inch"), near(2.54, 1.27, 2.54));
  EXPECT_THAT(spacing_of("cm"), near(1.0, 0.5, 1.0));
  for (const char* name : {"ome", "ome_units", "ome_prefix"})
    EXPECT_THAT(spacing_of(name), near(0.0025, 0.00025, 0.0005)) << name;
  for (const char* name :
       {"no_spacing", "no_unit", "pixels", "no_resolution", "nonsense", "plain", "ome_times",
        "ome_channels", "ome_two", "ome_no_z", "ome_pixel", "ome_cut", "ome_nonsense"}) {
    EXPECT_THAT(spacing_of(name), ::testing::IsEmpty()) << name;
  }
}

TEST(TiffPagesAlone, OtherKindsHaveOneImage) {
  const TemporaryFolder folder;
  write_png(folder.path("a.png"), testing::drawn_image(4, 5, 3));
  EXPECT_THAT(what_is_told([&] { decode_image(folder.path("a.png"), {.page = 1}); }),
              AllOf(HasSubstr("a PNG file has one image"), HasSubstr("page = 0")));
}

/// A smooth picture, of which a half is nearly the mean of two by two.
TEST(ScaledJpeg, IsNearTheMeanOfTheWhole) {
  const TemporaryFolder folder;
  Tensor image = Tensor::uninitialized(DType::kUInt8, {64, 97, 3});
  std::uint8_t* out = image.data<std::uint8_t>().data();
  for (int y = 0; y < 64; ++y) {
    for (int x = 0; x < 97; ++x) {
      *out++ = static_cast<std::uint8_t>(2 * x + y / 2);
      *out++ = static_cast<std::uint8_t>(3 * y);
      *out++ = static_cast<std::uint8_t>(255 - 2 * x);
    }
  }
  write_jpeg(folder.path("a.jpg"), image, 95);
  const Tensor whole = decode_image(folder.path("a.jpg"));
  const auto shape_for = [&](std::int64_t height, std::int64_t width) {
    return decode_image(folder.path("a.jpg"), {.at_least = {height, width}}).shape();
  };
  EXPECT_EQ(shape_for(33, 10), whole.shape()) << "a half would be too low";
  EXPECT_EQ(shape_for(32, 49), (Shape{32, 49, 3}));
  EXPECT_EQ(shape_for(32, 50), whole.shape());
  EXPECT_EQ(shape_for(16, 16), (Shape{16, 25, 3}));
  EXPECT_EQ(shape_for(1, 1), (Shape{8, 13, 3}));
  EXPECT_EQ(shape_for(0, 0), whole.shape());
  const Tensor half = decode_image(folder.path("a.jpg"), {.at_least = {32, 40}});
  for (std::int64_t y = 0; y < 32; ++y) {
    for (std::int64_t x = 0; x < 48; ++x) {
      for (std::int64_t c = 0; c < 3; ++c) {
        const auto at = [&](std::int64_t row, std::int64_t column) {
          return static_cast<int>(
              whole.data<std::uint8_t>()[static_cast<std::size_t>((row * 97 + column) * 3 + c)]);
        };
        const int mean = (at(2 * y, 2 * x) + at(2 * y, 2 * x + 1) + at(2 * y + 1, 2 * x) +
                          at(2 * y + 1, 2 * x + 1)) /
                         4;
        EXPECT_NEAR(half.data<std::uint8_t>()[static_cast<std::size_t>((y * 49 + x) * 3 + c)], mean,
                    4);
      }
    }
  }
}

TEST(ScaledJpeg, WrongArgumentsAreTold) {
  const TemporaryFolder folder;
  write_file_atomically(folder.path("t.csv"), "file\na.jpg\n");
  const Dataset table = Dataset::from_csv(folder.path("t.csv"));
  EXPECT_THAT(what_is_told([&] {
                table.load_image("file", "image", {.at_least = {0, 5}});
              }),
              HasSubstr("at_least = [0, 5]"));
  EXPECT_THAT(what_is_told([&] { table.load_image("file", "image", {.page = -1}); }),
              HasSubstr("page = -1"));
}

}  // namespace
}  // namespace tenon::readers
