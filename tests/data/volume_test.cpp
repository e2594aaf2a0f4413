// Resampling and blurring beside scipy.ndimage (goldens/make_volume_goldens.py), and the geometry
// that goes with every move.
#include "data/volume.hpp"

#include "data/support.hpp"
#include "tenon/npz.hpp"

namespace tenon::data {
namespace {

using ::testing::HasSubstr;

class Golden {
 public:
  Golden() : arrays_(load_npz(TENON_SOURCE_DIR "/tests/data/goldens/volume.npz")) {}
  Tensor at(const std::string& name) const {
    for (const auto& [key, value] : arrays_) {
      if (key == name) return value;
    }
    throw std::runtime_error("no golden " + name);
  }
  /// (depth, height, width) with one channel.
  Tensor volume(const std::string& name) const {
    const Tensor value = at(name);
    return value.reshape({value.dim(0), value.dim(1), value.dim(2), 1}).cast(DType::kFloat32);
  }
  std::vector<double> numbers(const std::string& name) const {
    const Tensor value = at(name).cast(DType::kFloat64);
    return {value.data<double>().begin(), value.data<double>().end()};
  }

 private:
  NamedTensors arrays_;
};

void expect_near(const Tensor& got, const Tensor& wanted, float tolerance = 2e-6F) {
  ASSERT_EQ(got.shape(), wanted.shape());
  for (std::int64_t i = 0; i < got.size(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    ASSERT_NEAR(got.data<float>()[at], wanted.data<float>()[at], tolerance) << "element " << i;
  }
}

IndexTransform golden_transform(const Golden& golden) {
  IndexTransform transform;
  const auto matrix = golden.numbers("matrix");
  const auto offset = golden.numbers("offset");
  std::copy(matrix.begin(), matrix.end(), transform.matrix.begin());
  std::copy(offset.begin(), offset.end(), transform.offset.begin());
  return transform;
}

TEST(Volume, AffineResamplingIsScipys) {
  const Golden golden;
  const Tensor volume = golden.volume("volume");
  const IndexTransform transform = golden_transform(golden);
  expect_near(resample(volume, {5, 8, 6}, transform, {}), golden.volume("affine_border"));
  expect_near(resample(volume, {5, 8, 6}, transform, {.outside = 0.25}),
              golden.volume("affine_constant"));
  expect_near(resample(volume, {5, 8, 6}, transform, {.linear = false}),
              golden.volume("affine_nearest"), 0.0F);
}

TEST(Volume, ScalingAlongAxesIsScipys) {
  const Golden golden;
  IndexTransform transform;
  for (std::size_t axis = 0; axis < 3; ++axis)
    transform.matrix[axis * 4] = golden.numbers("scale")[axis];
  expect_near(resample(golden.volume("volume"), {4, 11, 6}, transform, {}),
              golden.volume("scaled"));
}

TEST(Volume, BendingIsScipys) {
  const Golden golden;
  const Tensor nodes = golden.at("nodes");
  DisplacementField field;
  field.nodes = {nodes.dim(0), nodes.dim(1), nodes.dim(2)};
  const auto values = nodes.data<float>();
  for (std::size_t i = 0; i < values.size(); i += 3)
    field.shifts.push_back({values[i], values[i + 1], values[i + 2]});
  expect_near(resample(golden.volume("volume"), {6, 7, 5}, {}, field, {}), golden.volume("bent"),
              5e-6F);
}

TEST(Volume, BlurringIsScipys) {
  const Golden golden;
  const auto sigma = golden.numbers("sigma");
  expect_near(blur(golden.volume("volume"), {sigma[0], sigma[1], sigma[2]}),
              golden.volume("blurred"));
}

TEST(Volume, ChannelsAreResampledEachByItself) {
  const Golden golden;
  const Tensor one = golden.volume("volume");
  Tensor two(DType::kFloat32, {6, 7, 5, 2});
  for (std::size_t i = 0; i < one.data<float>().size(); ++i) {
    two.data<float>()[2 * i] = one.data<float>()[i];
    two.data<float>()[2 * i + 1] = -3.0F * one.data<float>()[i];
  }
  const IndexTransform transform = golden_transform(golden);
  const Tensor got = resample(two, {5, 8, 6}, transform, {});
  const Tensor wanted = golden.volume("affine_border");
  for (std::size_t i = 0; i < wanted.data<float>().size(); ++i) {
    ASSERT_NEAR(got.data<float>()[2 * i], wanted.data<float>()[i], 2e-6F);
    ASSERT_NEAR(got.data<float>()[2 * i + 1], -3.0F * wanted.data<float>()[i], 6e-6F);
  }
}

/// A volume whose value at every voxel is a linear function of where the voxel lies.
Tensor ramp(const Shape& shape, const Geometry& geometry) {
  Tensor volume(DType::kFloat32, shape);
  volume.set_geometry(geometry);
  std::size_t i = 0;
  for (std::int64_t d = 0; d < shape[0]; ++d) {
    for (std::int64_t h = 0; h < shape[1]; ++h) {
      for (std::int64_t w = 0; w < shape[2]; ++w) {
        const auto point = geometry.point_of(
            {static_cast<double>(d), static_cast<double>(h), static_cast<double>(w)});
        volume.data<float>()[i++] =
            static_cast<float>(point[0] + 10.0 * point[1] + 100.0 * point[2]);
      }
    }
  }
  return volume;
}

/// True if the values lie where the volume's own geometry says.
void expect_ramp(const Tensor& volume) {
  ASSERT_NE(volume.geometry(), nullptr);
  expect_near(volume, ramp(volume.shape(), *volume.geometry()), 1e-3F);
}

Geometry oblique() {
  Geometry geometry;
  geometry.spacing = {2.0, 1.0, 0.5};
  geometry.origin = {-3.0, 4.0, 5.0};
  geometry.direction = {0, 0.6, 0.8, 0, 0.8, -0.6, 1, 0, 0};
  return geometry;
}

TEST(Volume, EveryMoveTakesTheGeometryAlong) {
  const Tensor volume = ramp({6, 8, 10, 1}, oblique());
  expect_ramp(volume);
  expect_ramp(crop_volume(volume, {1, 2, 3}, {4, 4, 4}));
  expect_ramp(reorient(volume, {2, 0, 1}, {true, false, true}));
  expect_ramp(mean_of_blocks(volume, {2, 2, 2}));
  IndexTransform inside{{1.5, 0, 0, 0, 0.5, 0, 0, 0, 2.0}, {1.0, 2.0, 0.0}};
  expect_ramp(resample(volume, {3, 8, 5}, inside, {}));
  inside.matrix = {0.9, 0.1, 0, -0.1, 0.9, 0, 0, 0.05, 1.0};
  expect_ramp(resample(volume, {4, 4, 5}, inside, {}));
}

TEST(Volume, APartThatReachesOverTheBorderIsPadded) {
  const Tensor image = Tensor::from<std::uint8_t>({2, 2, 1}, {1, 2, 3, 4});
  const Tensor part = crop_volume(image, {0, -1, 1}, {1, 3, 3}, 9.0);
  EXPECT_THAT(part.shape(), Shape({3, 3, 1}));
  EXPECT_TRUE(part.equals(Tensor::from<std::uint8_t>({3, 3, 1}, {9, 9, 9, 2, 9, 9, 4, 9, 9})));
  const Tensor outside = crop_volume(image, {0, 5, 5}, {1, 1, 2}, 7.0);
  EXPECT_TRUE(outside.equals(Tensor::from<std::uint8_t>({1, 2, 1}, {7, 7})));
}

TEST(Volume, FarAwayAndNaNCoordinatesAreTheBorder) {
  const Tensor image = Tensor::from<float>({1, 2}, {1.0F, 2.0F});
  IndexTransform far;
  far.offset = {0.0, 1e30, -1e30};
  EXPECT_EQ(resample(image, {1, 1, 2}, far, {}).data<float>()[0], 1.0F);
  far.matrix[1] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_NO_THROW(resample(image, {1, 1, 2}, far, {}));
  EXPECT_NO_THROW(resample(image, {1, 1, 2}, far, {.linear = false}));
}

TEST(Volume, WhatIsNoImageIsTold) {
  try {
    static_cast<void>(blur(Tensor(DType::kFloat32, {3}), {1, 1, 1}));
    FAIL() << "nothing was thrown";
  } catch (const ShapeError& error) {
    EXPECT_THAT(error.what(), HasSubstr("a tensor (3,) is no image and no volume"));
  }
}

}  // namespace
}  // namespace tenon::data
