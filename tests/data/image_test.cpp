#include "data/image.hpp"

#include <cmath>

#include "data/support.hpp"
#include "tenon/random.hpp"

namespace tenon::data {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::FloatNear;
using ::testing::Pointwise;

Tensor row_image(std::vector<float> values) {
  const auto width = static_cast<std::int64_t>(values.size());
  return Tensor::from<float>({1, width, 1}, values);
}

std::vector<float> floats(const Tensor& tensor) {
  const auto values = tensor.data<float>();
  return {values.begin(), values.end()};
}

std::vector<int> bytes(const Tensor& tensor) {
  const auto values = tensor.data<std::uint8_t>();
  return {values.begin(), values.end()};
}

TEST(ResizeImage, BilinearUpHasHalfPixelCentres) {
  // Output centres lie at -0.25, 0.25, 0.75, 1.25 of the input, as in OpenCV's INTER_LINEAR.
  const Tensor out = resize_image(row_image({0.0F, 10.0F}), {1, 4}, Interpolation::kBilinear, true);
  EXPECT_THAT(floats(out), ElementsAre(0.0F, 2.5F, 7.5F, 10.0F));
}

TEST(ResizeImage, BilinearDownWithoutAntialiasLooksAtTwoPixels) {
  // 8 to 2: centres at 1.5 and 5.5.
  const Tensor out =
      resize_image(row_image({0, 0, 8, 4, 0, 2, 6, 0}), {1, 2}, Interpolation::kBilinear, false);
  EXPECT_THAT(floats(out), ElementsAre(4.0F, 4.0F));
}

TEST(ResizeImage, BilinearDownWithAntialiasWidensTheTriangle) {
  // 4 to 2: centres 0.5 and 2.5, radius 2: weights 0.25, 0.75, 0.75, 0.25 where there are pixels.
  // First: (0 * 0.75 + 4 * 0.75 + 8 * 0.25) / 1.75; second: (4 * 0.25 + 8 * 0.75 + 12 * 0.75)
  // / 1.75.
  const Tensor out = resize_image(row_image({0, 4, 8, 12}), {1, 2}, Interpolation::kBilinear, true);
  EXPECT_THAT(floats(out),
              Pointwise(FloatNear(1e-5F), std::vector<float>{5.0F / 1.75F, 16.0F / 1.75F}));
}

TEST(ResizeImage, AreaIsTheAverageOfTheBox) {
  const Tensor image = Tensor::from<float>({2, 4, 1}, {0, 1, 2, 3, 4, 5, 6, 7});
  const Tensor out = resize_image(image, {1, 2}, Interpolation::kArea, true);
  EXPECT_THAT(floats(out), ElementsAre(2.5F, 4.5F));
}

TEST(ResizeImage, AreaCountsPartsOfPixels) {
  // 3 to 2: the middle pixel is half in each box of 1.5 pixels.
  const Tensor out = resize_image(row_image({0, 3, 6}), {1, 2}, Interpolation::kArea, true);
  EXPECT_THAT(floats(out), Pointwise(FloatNear(1e-5F), std::vector<float>{1.0F, 5.0F}));
}

TEST(ResizeImage, NearestTakesThePixelUnderTheCentre) {
  const Tensor down =
      resize_image(row_image({0, 1, 2, 3, 4}), {1, 2}, Interpolation::kNearest, true);
  EXPECT_THAT(floats(down), ElementsAre(1.0F, 3.0F));
  const Tensor up = resize_image(row_image({5, 7}), {1, 4}, Interpolation::kNearest, true);
  EXPECT_THAT(floats(up), ElementsAre(5.0F, 5.0F, 7.0F, 7.0F));
}

TEST(ResizeImage, IntegersAreRoundedToTheNearest) {
  const Tensor image = Tensor::from<std::uint8_t>({1, 2, 1}, {0, 255});
  EXPECT_THAT(bytes(resize_image(image, {1, 4}, Interpolation::kBilinear, true)),
              ElementsAre(0, 64, 191, 255));
}

TEST(ResizeImage, BytesAreThoseOfFloatsRounded) {
  Random random(7);
  for (const std::int64_t channels : {1, 2, 3, 4, 5}) {
    Tensor image = Tensor::uninitialized(DType::kUInt8, {37, 53, channels});
    for (std::uint8_t& value : image.data<std::uint8_t>())
      value = static_cast<std::uint8_t>(random.next_below(4) * 85);
    for (const Size2D size : {Size2D{12, 17}, Size2D{40, 20}, Size2D{37, 53}, Size2D{90, 110}}) {
      for (const Interpolation kind : {Interpolation::kBilinear, Interpolation::kArea}) {
        const Tensor rounded = resize_image(image, size, kind, true);
        Tensor wide = resize_image(image.cast(DType::kFloat32), size, kind, true);
        for (float& value : wide.data<float>()) value = std::floor(value + 0.5F);
        EXPECT_TRUE(rounded.equals(wide.cast(DType::kUInt8)))
            << channels << " channels to " << size[0] << " x " << size[1];
      }
    }
  }
}

TEST(ResizeImage, ChannelsAndRowsStayApart) {
  const Tensor image = Tensor::from<float>({2, 2, 2}, {0, 100, 2, 102, 4, 104, 6, 106});
  const Tensor out = resize_image(image, {1, 1}, Interpolation::kBilinear, false);
  EXPECT_THAT(floats(out), ElementsAre(3.0F, 103.0F));
}

TEST(ResizeImage, OfABatchIsThatOfEachImage) {
  const Tensor batch = random_uniform({3, 7, 5, 2}, 1);
  const Tensor all = resize_image(batch, {4, 9}, Interpolation::kBilinear, true, true);
  EXPECT_EQ(all.shape(), (Shape{3, 4, 9, 2}));
  for (std::int64_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(
        all.row(i).equals(resize_image(batch.row(i), {4, 9}, Interpolation::kBilinear, true)));
  }
}

TEST(ResizeImage, ToTheSameSizeChangesNothing) {
  const Tensor image = random_uniform({6, 5, 3}, 2);
  for (const auto how : {Interpolation::kNearest, Interpolation::kBilinear, Interpolation::kArea}) {
    EXPECT_TRUE(resize_image(image, {6, 5}, how, true).equals(image));
  }
}

TEST(ResizeImage, KeepsAConstantImageConstant) {
  Tensor image(DType::kUInt16, {9, 11});
  for (std::uint16_t& pixel : image.data<std::uint16_t>()) pixel = 40000;
  for (const auto how : {Interpolation::kNearest, Interpolation::kBilinear, Interpolation::kArea}) {
    const Tensor out = resize_image(image, {4, 23}, how, true);
    for (const std::uint16_t pixel : out.data<std::uint16_t>()) EXPECT_EQ(pixel, 40000);
  }
}

TEST(ResizeImage, RefusesWhatIsNoImage) {
  const auto error = data_test::thrown_by<ShapeError>([] {
    resize_image(Tensor(DType::kFloat32, {4}), {2, 2}, Interpolation::kArea, true);
  });
  EXPECT_THAT(error.what(), ::testing::HasSubstr("(height, width, channels)"));
  EXPECT_THROW(resize_image(Tensor(DType::kFloat32, {0, 4}), {2, 2}, Interpolation::kArea, true),
               ShapeError);
}

TEST(CropImage, InsideIsACopyOfThePixels) {
  const Tensor image = Tensor::from<std::uint8_t>({3, 4}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  EXPECT_THAT(bytes(crop_image(image, 1, 2, {2, 2}, 0)), ElementsAre(6, 7, 10, 11));
}

TEST(CropImage, OverTheBorderIsPadded) {
  const Tensor image = Tensor::from<std::uint8_t>({2, 2}, {1, 2, 3, 4});
  EXPECT_THAT(bytes(crop_image(image, -1, -1, {4, 4}, 9)),
              ElementsAreArray({9, 9, 9, 9, 9, 1, 2, 9, 9, 3, 4, 9, 9, 9, 9, 9}));
}

TEST(FlipAxis, MirrorsOneAxis) {
  const Tensor image = Tensor::from<std::uint8_t>({2, 3}, {1, 2, 3, 4, 5, 6});
  EXPECT_THAT(bytes(flip_axis(image, 0)), ElementsAre(4, 5, 6, 1, 2, 3));
  EXPECT_THAT(bytes(flip_axis(image, 1)), ElementsAre(3, 2, 1, 6, 5, 4));
}

}  // namespace
}  // namespace tenon::data
