#include "tenon/geometry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/throws.hpp"
#include "tenon/tensor.hpp"

namespace tenon {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pointwise;

/// Depth towards the head, height towards the back, width towards the left.
Geometry head_first() {
  Geometry geometry;
  geometry.spacing = {3.0, 0.5, 0.25};
  geometry.origin = {10.0, -20.0, 30.0};
  return geometry;
}

TEST(Geometry, AVoxelHasAPlaceAndAPlaceHasAVoxel) {
  const Geometry geometry = head_first();
  EXPECT_THAT(geometry.point_of({0, 0, 0}), ElementsAre(10.0, -20.0, 30.0));
  EXPECT_THAT(geometry.point_of({2, 4, 8}), ElementsAre(12.0, -18.0, 36.0));
  EXPECT_THAT(geometry.index_of({12.0, -18.0, 36.0}),
              Pointwise(DoubleNear(1e-12), {2.0, 4.0, 8.0}));
}

TEST(Geometry, AxesThatSpanNoSpaceAreTold) {
  Geometry flat = head_first();
  flat.direction = {0, 0, 1, 0, 1, 0, 0, 0, 1};
  EXPECT_THAT(text_thrown<ShapeError>([&] {
                flat.index_of({0, 0, 0});
              }),
              HasSubstr("the axes of a volume span no space"));
}

TEST(Geometry, ATurnedGridKeepsItsVoxelsWhereTheyWere) {
  const Geometry before = head_first();
  // New (d, h, w) = old (w, d, h), width backwards from 9: as a transpose and a flip do.
  const IndexTransform turn{{0, 1, 0, 0, 0, 1, -1, 0, 0}, {0, 0, 9}};
  const Geometry after = transformed(before, turn);
  EXPECT_THAT(after.spacing, ElementsAre(0.25, 3.0, 0.5));
  for (const std::array<double, 3> index : {std::array{0.0, 0.0, 0.0}, std::array{1.0, 2.0, 3.0}}) {
    EXPECT_THAT(after.point_of(index), Pointwise(DoubleNear(1e-12), before.point_of(turn(index))));
  }
  EXPECT_EQ(orientation_of(before), "SPL");
  EXPECT_EQ(orientation_of(after), "RSP");
}

TEST(Geometry, TransformsFollowOneAnother) {
  const IndexTransform shrink{{2, 0, 0, 0, 2, 0, 0, 0, 2}, {0.5, 0.5, 0.5}};
  const IndexTransform shift{{1, 0, 0, 0, 1, 0, 0, 0, 1}, {3, 2, 1}};
  const std::array<double, 3> index{1, 1, 1};
  EXPECT_EQ(shift.after(shrink)(index), shift(shrink(index)));
}

TEST(Geometry, OrientationsAreThreeSidesOfThree) {
  EXPECT_TRUE(is_orientation("RAS"));
  EXPECT_TRUE(is_orientation("IPL"));
  for (const char* wrong : {"RLS", "RA", "RASS", "ras", "XYZ", ""})
    EXPECT_FALSE(is_orientation(wrong)) << wrong;
}

TEST(Geometry, GridsThatDifferSayByHowMuch) {
  const Geometry a = head_first();
  EXPECT_FALSE(difference_of(a, a).any());
  Geometry b = a;
  b.spacing[2] = 0.75;
  b.origin[0] += 3.0;
  EXPECT_EQ(difference_of(a, b).to_string(),
            "their spacings differ by 0.5 mm, their origins lie 3 mm apart");
  Geometry turned = a;
  turned.direction = {0, -1, 0, 0, 0, 1, 1, 0, 0};
  EXPECT_EQ(difference_of(a, turned).to_string(), "their axes are turned by 90 degrees");
}

TEST(Geometry, TravelsWithTheTensor) {
  Tensor volume(DType::kFloat32, {4, 3, 2, 1});
  EXPECT_EQ(volume.geometry(), nullptr);
  volume.set_geometry(head_first());
  EXPECT_EQ(*volume.clone().geometry(), head_first());
  EXPECT_EQ(*volume.cast(DType::kUInt8).geometry(), head_first());
  EXPECT_EQ(volume.slice(0, 2).geometry(), nullptr) << "a part begins elsewhere";
  EXPECT_EQ(volume.row(0).geometry(), nullptr);
  EXPECT_EQ(volume.reshape({24}).geometry(), nullptr);
}

TEST(Geometry, ABatchHasOneForEachRow) {
  Tensor a(DType::kFloat32, {4, 3, 2, 1});
  Tensor b = a.clone();
  a.set_geometry(head_first());
  EXPECT_EQ(stack(std::vector{a, b}).row_geometry(0), nullptr) << "one is not known";
  b.set_geometry({});
  const Tensor batch = stack(std::vector{a, b});
  EXPECT_EQ(batch.geometry(), nullptr);
  EXPECT_EQ(*batch.row_geometry(0), head_first());
  EXPECT_EQ(*batch.row(1).geometry(), Geometry());
  EXPECT_EQ(*batch.slice(1, 2).row_geometry(0), Geometry());
  EXPECT_EQ(*concatenate_rows(std::vector{batch, batch}).row_geometry(2), head_first());
  EXPECT_EQ(batch.row_geometry(2), nullptr);
  Tensor wrong = batch;
  EXPECT_THAT(text_thrown<ShapeError>([&] {
                wrong.set_row_geometries({{}, {}, {}});
              }),
              HasSubstr("3 geometries were given for the rows"));
}

}  // namespace
}  // namespace tenon
