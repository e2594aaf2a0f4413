#include "data/linear_rows.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

namespace tenon::data {
namespace {

constexpr std::size_t kCases = 300;

double between(std::mt19937& random, double low, double high) {
  return low + (high - low) * static_cast<double>(random()) / 4294967296.0;
}

Size3D some_size(std::mt19937& random) {
  return {1 + static_cast<std::int64_t>(random() % 9), 1 + static_cast<std::int64_t>(random() % 9),
          1 + static_cast<std::int64_t>(random() % 21)};
}

/// Inside, across the border and far outside; on voxels and between them; not a number.
IndexTransform some_transform(std::size_t i, std::mt19937& random) {
  IndexTransform transform;
  const bool on_voxels = i % 3 == 0;
  const auto drawn = [&](double low, double high) {
    const double value = between(random, low, high);
    return on_voxels ? std::round(value) : value;
  };
  for (double& value : transform.matrix) value = drawn(-1.5, 1.5);
  for (double& value : transform.offset) value = drawn(-6.0, 12.0);
  if (i % 7 == 0) transform.offset[i % 3] = i % 2 == 0 ? 1e300 : -1e300;
  if (i % 11 == 0) transform.matrix[i % 9] = std::numeric_limits<double>::quiet_NaN();
  return transform;
}

TEST(LinearRowsTest, AllVectorsGiveTheBitsOfOneVoxelAtATime) {
  if (!has_linear_rows({1, 1, 1})) GTEST_SKIP() << "skipped: a processor without AVX2";
  std::mt19937 random(3);
  for (std::size_t i = 0; i < kCases; ++i) {
    const Size3D old_size = some_size(random);
    const Size3D size = some_size(random);
    Tensor one = Tensor::uninitialized(DType::kFloat32, {old_size[0], old_size[1], old_size[2], 1});
    // Two channels are mixed one voxel at a time.
    Tensor two = Tensor::uninitialized(DType::kFloat32, {old_size[0], old_size[1], old_size[2], 2});
    for (std::size_t v = 0; v < one.data<float>().size(); ++v) {
      one.data<float>()[v] = static_cast<float>(between(random, -5.0, 300.0));
      two.data<float>()[2 * v] = one.data<float>()[v];
      two.data<float>()[2 * v + 1] = 0.0F;
    }
    const IndexTransform to_old = some_transform(i, random);
    ResampleOptions options;
    if (i % 2 == 0) options.outside = between(random, -3.0, 3.0);
    LinearVoxels voxels{one.data<float>().data(), old_size};
    if (options.outside) voxels.outside = static_cast<float>(*options.outside);
    const Tensor plain = resample(two, size, to_old, options);
    std::vector<float> out(static_cast<std::size_t>(plain.size() / 2));
    for (const VectorSet vectors : {VectorSet::kAvx2, VectorSet::kAvx512}) {
      sample_linear_rows(voxels, to_old, size, out.data(), vectors);
      for (std::size_t v = 0; v < out.size(); ++v) {
        ASSERT_EQ(std::bit_cast<std::uint32_t>(out[v]),
                  std::bit_cast<std::uint32_t>(plain.data<float>()[2 * v]))
            << "case " << i << ", voxel " << v << ", vectors " << static_cast<int>(vectors);
      }
    }
  }
}

TEST(LinearRowsTest, VolumesThatThirtyTwoBitsDoNotCountGoOneVoxelAtATime) {
  EXPECT_FALSE(has_linear_rows({2048, 2048, 2048}));
  EXPECT_FALSE(has_linear_rows({1, 1, std::int64_t{1} << 40}));
}

}  // namespace
}  // namespace tenon::data
