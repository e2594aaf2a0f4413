#include "io/report/contact_sheet.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "io/report/bitmap_text.hpp"

namespace tenon::report {
namespace {

Tensor painted(std::int64_t height, std::int64_t width, std::uint8_t value) {
  Tensor image(DType::kUInt8, {height, width, 3});
  std::fill_n(image.data<std::uint8_t>().begin(), image.size(), value);
  return image;
}

std::vector<ContactSample> pairs(std::size_t count) {
  return std::vector<ContactSample>(
      count,
      {{{"Small", painted(32, 32, 200)}, {"Large", painted(64, 64, 100)}}, {"#1", "cell 2"}});
}

/// Pixels whose red is `value`.
std::int64_t count_of(const Tensor& sheet, std::uint8_t value) {
  std::int64_t count = 0;
  const auto pixels = sheet.data<std::uint8_t>();
  for (std::size_t i = 0; i < pixels.size(); i += 3) count += pixels[i] == value ? 1 : 0;
  return count;
}

double ratio_of(const Tensor& sheet) {
  return static_cast<double>(sheet.dim(1)) / static_cast<double>(sheet.dim(0));
}

TEST(ContactSheet, IsNearFourToThree) {
  for (const std::size_t count : {std::size_t{6}, std::size_t{24}, std::size_t{100}}) {
    const double ratio = ratio_of(contact_sheet(pairs(count)));
    EXPECT_GT(ratio, 0.9) << count;
    EXPECT_LT(ratio, 1.8) << count;
  }
}

TEST(ContactSheet, ShowsEveryImageOnce) {
  const Tensor sheet = contact_sheet(pairs(24));
  EXPECT_EQ(count_of(sheet, 200), 24 * 128 * 128);
  EXPECT_EQ(count_of(sheet, 100), 24 * 128 * 128);
}

TEST(ContactSheet, KeepsProportions) {
  const Tensor sheet = contact_sheet({{{{"wide", painted(10, 40, 200)}}, {}}});
  EXPECT_EQ(count_of(sheet, 200), 32 * 128);
}

TEST(ContactSheet, PutsManyKeysOfASampleIntoLines) {
  ContactSample sample;
  for (int i = 0; i < 9; ++i) sample.images.emplace_back("k", painted(8, 8, 200));
  const Tensor sheet = contact_sheet({sample});
  EXPECT_EQ(count_of(sheet, 200), 9 * 128 * 128);
  EXPECT_LT(ratio_of(sheet), 1.8);
}

TEST(ContactSheet, OfAGreatManySamplesStaysOfAUsableSize) {
  const Tensor sheet = contact_sheet(pairs(3000));
  EXPECT_LE(sheet.dim(0) * sheet.dim(1), std::int64_t{48} << 20);
}

TEST(ContactSheet, NamesKeysAndWords) {
  auto named = pairs(1);
  auto bare = named;
  bare[0].images[0].first = "     ";
  bare[0].images[1].first.clear();
  bare[0].words = {" "};
  const auto text_pixels = [](const std::vector<ContactSample>& samples) {
    const Tensor sheet = contact_sheet(samples);
    return std::pair(count_of(sheet, 165), count_of(sheet, 240));
  };
  EXPECT_GT(text_pixels(named).first, text_pixels(bare).first);
  EXPECT_GT(text_pixels(named).second, 0);
  EXPECT_EQ(text_pixels(bare).second, 0);
}

TEST(BitmapText, DrawsLettersInsideOfThePicture) {
  Tensor ground(DType::kUInt8, {10, 14, 3});
  draw_text(ground, "LT", 1, 1, 1, {9, 9, 9});
  std::string picture;
  for (std::int64_t y = 0; y < 10; ++y) {
    for (std::int64_t x = 0; x < 14; ++x) {
      picture +=
          ground.data<std::uint8_t>()[static_cast<std::size_t>((y * 14 + x) * 3)] == 9 ? '#' : '.';
    }
    picture += '\n';
  }
  EXPECT_EQ(picture,
            "..............\n"
            ".#.....#####..\n"
            ".#.......#....\n"
            ".#.......#....\n"
            ".#.......#....\n"
            ".#.......#....\n"
            ".#.......#....\n"
            ".#####...#....\n"
            "..............\n"
            "..............\n");
  draw_text(ground, "far away \u0436", -3, -3, 4, {9, 9, 9});  // Cut at the borders.
  EXPECT_EQ(bitmap_text_width("ab\u0436", 2), 36);
}

}  // namespace
}  // namespace tenon::report
