// Boxes of JPEG images beside the same boxes of the whole, bit for bit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "data/image.hpp"
#include "io/readers/image.hpp"
#include "io/readers_drawn_images.hpp"
#include "io/readers_temporary_folder.hpp"
#include "tenon/dataset.hpp"
#include "tenon/error.hpp"
#include "tenon/file.hpp"
#include "tenon/random.hpp"

namespace tenon::readers {
namespace {

using testing::drawn_image;
using testing::drawn_jpeg;
using ::testing::HasSubstr;
using testing::JpegDrawing;
using testing::TemporaryFolder;

ImageBox drawn_box(Random& random, std::int64_t height, std::int64_t width) {
  const auto below = [&](std::int64_t n) {
    return static_cast<std::int64_t>(random.next_below(static_cast<std::uint64_t>(n)));
  };
  ImageBox box;
  box.top = below(height);
  box.left = below(width);
  box.height = 1 + below(height - box.top);
  box.width = 1 + below(width - box.left);
  return box;
}

/// False where one differs.
bool boxes_are_of_the_whole(const std::string& bytes, std::uint64_t seed, int count) {
  const Tensor whole = decode_image(bytes, "a.jpg");
  Random random(seed);
  for (int i = 0; i < count; ++i) {
    const ImageBox box = drawn_box(random, whole.dim(0), whole.dim(1));
    const Tensor part = decode_image(bytes, "a.jpg", {0, {0, 0}, box});
    const Tensor wanted = data::crop_image(whole, box.top, box.left, {box.height, box.width}, 0.0);
    if (part.equals(wanted)) continue;
    ADD_FAILURE() << "rows from " << box.top << ", " << box.height << " of them; columns from "
                  << box.left << ", " << box.width << " of them";
    return false;
  }
  return true;
}

TEST(JpegBox, IsOfTheWholeInEveryKindOfFile) {
  for (const std::array<int, 2> luma :
       {std::array{2, 2}, std::array{1, 1}, std::array{2, 1}, std::array{1, 2}, std::array{4, 1}}) {
    for (const bool progressive : {false, true}) {
      for (const unsigned restart : {0U, 5U}) {
        for (const std::array<std::int64_t, 2> size :
             {std::array<std::int64_t, 2>{131, 203}, {64, 64}, {17, 33}, {9, 300}, {1, 1}}) {
          const Tensor image = drawn_image(size[0], size[1], 3);
          EXPECT_TRUE(boxes_are_of_the_whole(drawn_jpeg(image, {progressive, luma, restart}),
                                             static_cast<std::uint64_t>(size[0]), 25))
              << luma[0] << "x" << luma[1] << (progressive ? ", progressive, " : ", ") << size[0]
              << " x " << size[1];
        }
      }
    }
  }
  EXPECT_TRUE(boxes_are_of_the_whole(drawn_jpeg(drawn_image(120, 90, 1), JpegDrawing{}), 1, 60));
  EXPECT_TRUE(boxes_are_of_the_whole(drawn_jpeg(drawn_image(60, 90, 4), JpegDrawing{}), 2, 20));
}

TEST(JpegBox, IsOfTheWholeInRealFiles) {
  const std::filesystem::path folder = TENON_SOURCE_DIR "/../shared/data/blood_cells/images";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "skipped: no ../shared/data";
  std::uint64_t seed = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    ASSERT_TRUE(boxes_are_of_the_whole(read_file(entry.path().string()), ++seed, 4))
        << entry.path();
  EXPECT_GT(seed, 300U);
}

constexpr ImageBox kTop{8, 8, 16, 16};

TEST(JpegBox, AFileThatIsCutOffAnywhereIsFound) {
  for (const bool progressive : {false, true}) {
    for (const unsigned restart : {0U, 5U}) {
      const std::string good = drawn_jpeg(drawn_image(160, 160, 3), {progressive, {2, 2}, restart});
      EXPECT_NO_THROW(decode_image(good, "a.jpg", {0, {0, 0}, kTop}));
      for (std::size_t size = good.size() - 1; size > 0; size -= std::min<std::size_t>(size, 7)) {
        try {
          static_cast<void>(decode_image(good.substr(0, size), "cut.jpg", {0, {0, 0}, kTop}));
          ADD_FAILURE() << good.size() - size << " bytes are not missed";
        } catch (const FormatError& error) {
          EXPECT_THAT(error.what(), HasSubstr("cut.jpg"));
        }
      }
    }
  }
}

TEST(JpegBox, MarksThatDoNotBelongBehindItAreFound) {
  const std::string good = drawn_jpeg(drawn_image(160, 160, 3), JpegDrawing{});
  for (const char mark : {'\xC4', '\xD3', '\xD8', '\x01'}) {
    std::string bad = good;
    bad[bad.size() - 40] = '\xFF';
    bad[bad.size() - 39] = mark;
    EXPECT_THROW(decode_image(bad, "a.jpg", {0, {0, 0}, kTop}), FormatError);
  }
}

/// What libjpeg says of the first damage that it minds in the last two thirds of the file, from
/// `first` on; empty where it minds none.
std::string first_damage(const std::string& good, std::size_t first, std::string& damaged) {
  for (std::size_t at = first; at + 60 < good.size(); ++at) {
    damaged = good;
    std::fill_n(damaged.begin() + static_cast<std::ptrdiff_t>(at), 50, '\x7F');
    try {
      static_cast<void>(decode_image(damaged, "a.jpg"));
    } catch (const FormatError& error) {
      return error.what();
    }
  }
  return {};
}

TEST(JpegBox, DamageInsideIsFoundAndCodesBehindItAreNotRead) {
  const Tensor image = drawn_image(160, 160, 3);
  const std::string good = drawn_jpeg(image, JpegDrawing{});
  std::string damaged;
  ASSERT_THAT(first_damage(good, good.size() * 2 / 3, damaged), HasSubstr("a.jpg"));
  EXPECT_TRUE(decode_image(damaged, "a.jpg", {0, {0, 0}, kTop})
                  .equals(decode_image(good, "a.jpg", {0, {0, 0}, kTop})));
  EXPECT_THROW(decode_image(damaged, "a.jpg", {0, {0, 0}, {150, 8, 10, 16}}), FormatError);
}

TEST(JpegBox, CropsOfAStatedBoxAskForIt) {
  const TemporaryFolder folder;
  std::string damaged;
  const std::string good = drawn_jpeg(drawn_image(160, 160, 3), JpegDrawing{});
  ASSERT_FALSE(first_damage(good, good.size() * 2 / 3, damaged).empty());
  write_file_atomically(folder.path("good.jpg"), good);
  write_file_atomically(folder.path("bad.jpg"), damaged);
  const auto all = [](const Record&) { return true; };
  const auto piece = [&](const std::string& file, const std::string& to, bool around, bool late,
                         bool drop = false) {
    const auto number = [](std::int64_t value) { return Tensor::from<std::int64_t>({1}, {value}); };
    Dataset data = Dataset::from_tensors({{"path", Tensor::strings({1}, {file})},
                                          {"xmin", number(-3)},
                                          {"ymin", number(20)},
                                          {"xmax", number(37)},
                                          {"ymax", number(52)}})
                       .load_image("path", "image", {.root = folder.path()});
    if (late) data = data.filter(all);
    const std::array<std::string, 4> box{"xmin", "ymin", "xmax", "ymax"};
    data = around ? data.crop_around("image", to, box, {40, 30}, {.padding_value = 9.0})
                  : data.crop_box("image", to, box, {.size = {16, 16}});
    if (drop) data = data.scale({to}, 1.0).drop({"image"}).cast({to}, DType::kUInt8);
    DatasetIterator iterator = data.iterate({.threads = 1});
    Record record;
    EXPECT_TRUE(iterator.next(record));
    return record.at(to);
  };
  for (const bool around : {false, true}) {
    EXPECT_TRUE(
        piece("good.jpg", "image", around, false).equals(piece("good.jpg", "image", around, true)));
    EXPECT_TRUE(
        piece("bad.jpg", "image", around, false).equals(piece("good.jpg", "image", around, false)));
    EXPECT_THROW(piece("bad.jpg", "piece", around, false), Error) << "the whole is kept as well";
    EXPECT_TRUE(piece("bad.jpg", "piece", around, false, true)
                    .equals(piece("good.jpg", "image", around, true)));
    EXPECT_THROW(piece("bad.jpg", "piece", around, true, true), Error);
    EXPECT_THROW(piece("bad.jpg", "image", around, true), Error);
  }
}

TEST(JpegBox, ACropBehindLoadImageGivesTheSameBits) {
  const TemporaryFolder folder;
  write_file_atomically(folder.path("a.jpg"), drawn_jpeg(drawn_image(120, 150, 3), JpegDrawing{}));
  const auto images = [&](bool early) {
    const auto all = [](const Record&) { return true; };
    Dataset data = Dataset::from_tensors({{"path", Tensor::strings({1}, {"a.jpg"})}});
    if (early) data = data.filter(all);
    data = data.load_image("path", "image", {.root = folder.path()})
               .normalize({"image"}, {120.0, 110.0, 100.0}, {60.0, 50.0, 40.0});
    return early ? data : data.filter(all);
  };
  const auto first = [](const Dataset& data) {
    DatasetIterator iterator = data.iterate({.seed = 3, .threads = 1});
    Record record;
    EXPECT_TRUE(iterator.next(record));
    return record.at("image");
  };
  EXPECT_TRUE(first(images(true).random_crop({"image"}, {48, 64}))
                  .equals(first(images(false).random_crop({"image"}, {48, 64}))));
  EXPECT_TRUE(first(images(true).crop_center({"image"}, {200, 64}, -1.5))
                  .equals(first(images(false).crop_center({"image"}, {200, 64}, -1.5))));
}

}  // namespace
}  // namespace tenon::readers
