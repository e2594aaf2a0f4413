#include "tenon/shape.hpp"

#include <gtest/gtest.h>

#include "core/throws.hpp"
#include "tenon/error.hpp"

namespace tenon {
namespace {

TEST(Shape, CountsElements) {
  EXPECT_EQ(Shape().element_count(), 1);
  EXPECT_EQ(Shape({2, 3, 4}).element_count(), 24);
  EXPECT_EQ(Shape({2, 0, 4}).element_count(), 0);
}

TEST(Shape, RefusesWhatCannotBeCounted) {
  const std::int64_t big = std::int64_t{1} << 32;
  EXPECT_EQ(text_thrown<ShapeError>([&] {
              Shape({big, big}).element_count();
            }),
            "error[S002]: shape (4294967296, 4294967296) has more elements than can be counted\n"
            "  expected: fewer than 2^63 elements");
  EXPECT_EQ(Shape({big, big, 0}).element_count(), 0);
  EXPECT_EQ(text_thrown<ShapeError>([] {
              Shape({3, -1}).element_count();
            }),
            "error[S002]: shape (3, -1) has a negative dim\n  expected: every dim is 0 or more");
  EXPECT_THROW(Shape({0, -1}).element_count(), ShapeError);
}

TEST(Shape, DimCountsFromBothEnds) {
  const Shape shape{8, 32, 3};
  EXPECT_EQ(shape.dim(0), 8);
  EXPECT_EQ(shape.dim(-1), 3);
  EXPECT_EQ(shape.dim(-3), 8);
  EXPECT_EQ(text_thrown<ShapeError>([&] { return shape.dim(3); }),
            "error[S002]: axis 3 of a shape (8, 32, 3) of rank 3\n"
            "  expected: an axis from -3 to 2");
  EXPECT_THROW(shape.dim(-4), ShapeError);
  EXPECT_THROW(Shape().dim(0), ShapeError);
}

TEST(Shape, BatchAxisComesAndGoes) {
  EXPECT_EQ(Shape({32, 3}).with_batch(8), Shape({8, 32, 3}));
  EXPECT_EQ(Shape({8, 32, 3}).without_batch(), Shape({32, 3}));
  EXPECT_EQ(Shape().with_batch(4), Shape({4}));
  EXPECT_THROW(Shape().without_batch(), ShapeError);
}

TEST(Shape, PrintsAsPythonDoes) {
  EXPECT_EQ(Shape().to_string(), "()");
  EXPECT_EQ(Shape({8}).to_string(), "(8,)");
  EXPECT_EQ(Shape({8, 32, 3}).to_string(), "(8, 32, 3)");
}

}  // namespace
}  // namespace tenon
