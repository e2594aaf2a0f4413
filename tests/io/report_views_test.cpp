#include "io/report/views.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/report/picture.hpp"
#include "tenon/geometry.hpp"

namespace tenon::report {
namespace {

using ::testing::IsEmpty;
using Views = std::vector<std::pair<std::string, Tensor>>;

std::vector<std::string> words_of(const Views& views) {
  std::vector<std::string> words;
  for (const auto& [word, picture] : views) words.push_back(word);
  return words;
}

int pixel(const Tensor& picture, std::int64_t y, std::int64_t x) {
  return picture
      .data<std::uint8_t>()[static_cast<std::size_t>((y * picture.dim(1) + x) * picture.dim(2))];
}

/// 0 but for one voxel, which is white.
Tensor volume_with(std::array<std::int64_t, 3> size, std::array<std::int64_t, 3> white) {
  Tensor volume(DType::kUInt8, {size[0], size[1], size[2], 1});
  volume.data<std::uint8_t>()[static_cast<std::size_t>((white[0] * size[1] + white[1]) * size[2] +
                                                       white[2])] = 1;
  return volume;
}

TEST(Views, OfAVolumeAreItsMiddleSlices) {
  const Views views = views_of("ct", volume_with({4, 6, 10}, {2, 1, 7}));
  EXPECT_EQ(words_of(views), (std::vector<std::string>{"ct depth 2", "ct height 3", "ct width 5"}));
  EXPECT_EQ(views[0].second.shape(), (Shape{6, 10, 1}));
  EXPECT_EQ(views[1].second.shape(), (Shape{4, 10, 1}));
  EXPECT_EQ(views[2].second.shape(), (Shape{4, 6, 1}));
  EXPECT_EQ(pixel(views[0].second, 1, 7), 255);
  EXPECT_EQ(pixel(views[0].second, 1, 6), 0);
  for (const auto& [word, picture] : views) EXPECT_TRUE(is_image(picture)) << word;
}

TEST(Views, HaveTheProportionsOfTheSpacing) {
  Tensor volume = volume_with({5, 8, 8}, {2, 0, 0});
  Geometry geometry;
  geometry.spacing = {3.0, 1.0, 0.5};
  volume.set_geometry(geometry);
  const Views views = views_of("ct", volume);
  EXPECT_EQ(views[0].second.shape(), (Shape{16, 8, 1}));
  EXPECT_EQ(views[1].second.shape(), (Shape{30, 8, 1}));
  EXPECT_EQ(views[2].second.shape(), (Shape{15, 8, 1}));
  EXPECT_EQ(views_of("big", volume_with({2, 1000, 500}, {1, 0, 0}))[0].second.shape(),
            (Shape{384, 192, 1}));
}

/// The head is above and the patient's right on the left, however the voxels are stored.
TEST(Views, AreTurnedAsRadiologistsLookAtThem) {
  const auto corner = [](const std::string& sides, std::array<std::int64_t, 3> white) {
    Tensor volume = volume_with({4, 4, 4}, white);
    Geometry geometry;
    geometry.direction.fill(0.0);
    // Columns are the axes depth, height, width; rows x (to the left), y (to the back), z (up).
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const char side = sides[axis];
      const std::size_t row = side == 'L' || side == 'R' ? 0 : side == 'P' || side == 'A' ? 1 : 2;
      geometry.direction[row * 3 + axis] = side == 'L' || side == 'P' || side == 'S' ? 1.0 : -1.0;
    }
    volume.set_geometry(geometry);
    EXPECT_EQ(orientation_of(geometry), sides);
    return views_of("mr", volume);
  };
  // In the middle slice from head to foot, at the front and the patient's right.
  for (const auto& [sides, white] :
       {std::pair<std::string, std::array<std::int64_t, 3>>{"SPL", {2, 0, 0}},
        {"SAR", {2, 3, 3}},
        {"LPS", {0, 0, 2}},
        {"IRP", {2, 3, 0}}}) {
    bool axial = false;
    for (const auto& [word, picture] : corner(sides, white)) {
      if (word != "mr axial 2") continue;
      axial = true;
      EXPECT_EQ(pixel(picture, 0, 0), 255) << sides;
    }
    EXPECT_TRUE(axial) << sides;
  }
  const Views views = corner("SPL", {3, 2, 0});
  EXPECT_EQ(views[1].first, "mr coronal 2");
  EXPECT_EQ(pixel(views[1].second, 0, 0), 255) << "the head is above";
  EXPECT_EQ(views[2].first, "mr sagittal 2");
}

/// As many values are looked at as lie 256 apart: not those of one column alone.
TEST(Views, OfALargeVolumeTakeTheirRangeFromAllOfIt) {
  Tensor volume(DType::kFloat32, {64, 512, 512, 1});
  for (std::size_t i = 0; i < static_cast<std::size_t>(volume.size()); ++i)
    volume.data<float>()[i] = static_cast<float>(i % 512);
  const Tensor picture = views_of("x", volume)[0].second;
  EXPECT_NEAR(pixel(picture, 9, picture.dim(1) / 2), 128, 8);
}

TEST(Views, OfFlatArraysAreGrey) {
  Tensor plane(DType::kFloat32, {3, 5});
  plane.data<float>()[4] = 1000.0F;
  const Views views = views_of("map", plane);
  ASSERT_EQ(views.size(), 1U);
  EXPECT_EQ(views[0].first, "map");
  EXPECT_EQ(views[0].second.shape(), (Shape{3, 5, 1}));
  EXPECT_EQ(pixel(views[0].second, 0, 4), 255);
  EXPECT_EQ(pixel(views[0].second, 0, 3), 0);
}

TEST(Views, LabelsAndClassesAreSpreadFromBlackToWhite) {
  Tensor mask(DType::kUInt8, {2, 2, 1});
  mask.data<std::uint8_t>()[3] = 2;
  mask.data<std::uint8_t>()[1] = 1;
  const Views labels = views_of("mask", mask);
  EXPECT_EQ(pixel(labels[0].second, 1, 1), 255);
  EXPECT_EQ(pixel(labels[0].second, 0, 1), 128);
  Tensor one_hot(DType::kFloat32, {2, 2, 2});
  for (const std::size_t at : {std::size_t{0}, std::size_t{2}, std::size_t{5}, std::size_t{6}})
    one_hot.data<float>()[at] = 1.0F;
  const Views classes = views_of("mask", one_hot);
  EXPECT_EQ(pixel(classes[0].second, 1, 0), 255);
  EXPECT_EQ(pixel(classes[0].second, 0, 0), 0);
}

TEST(Views, OfImagesAreWhatTheyWere) {
  const Tensor image = random_uniform({4, 4, 3}, 1);
  const Views views = views_of("image", image);
  ASSERT_EQ(views.size(), 1U);
  EXPECT_TRUE(views[0].second.equals(image));
}

TEST(Views, OfOtherValuesThereAreNone) {
  EXPECT_THAT(views_of("x", Tensor::scalar(1.0F)), IsEmpty());
  EXPECT_THAT(views_of("x", random_uniform({7}, 1)), IsEmpty());
  EXPECT_THAT(views_of("x", random_uniform({1, 7}, 1)), IsEmpty());
  EXPECT_THAT(views_of("x", Tensor(DType::kFloat32, {0, 4, 3})), IsEmpty());
  EXPECT_THAT(views_of("x", Tensor::strings({2, 2}, {"a", "b", "c", "d"})), IsEmpty());
}

TEST(Views, ValuesThatAreNoNumbersAreBlack) {
  Tensor volume(DType::kFloat32, {3, 3, 3, 1});
  for (float& value : volume.data<float>()) value = std::nanf("");
  for (const auto& [word, picture] : views_of("x", volume)) EXPECT_EQ(pixel(picture, 0, 0), 0);
}

}  // namespace
}  // namespace tenon::report
