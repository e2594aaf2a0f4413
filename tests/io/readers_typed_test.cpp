#include <gtest/gtest.h>

#include "tenon/static.hpp"

namespace tenon {
namespace {

TENON_KEY(filename);
TENON_KEY(image);

template <class... Entries>
void expect_true_list(const typed::Dataset<Entries...>& data) {
  EXPECT_EQ(data.untyped().diagnostics().size(), 0U);
  EXPECT_NO_THROW(typed::Dataset<Entries...>(data.untyped()));
}

TEST(TypedReaders, LoadImageKeepsTheListTrue) {
  const typed::Dataset<filename> paths(
      Dataset::from_tensors({{"filename", Tensor::strings({2}, {"a.png", "b.png"})}}));
  expect_true_list(paths.load_image<filename, image>({.root = "images", .channels = 1}));
  expect_true_list(paths.load_image<filename, filename>());
  const typed::Dataset<image> images = paths.load_image<filename, image>().drop<filename>();
  EXPECT_EQ(images.untyped().schema().keys(), Keys{"image"});
}

}  // namespace
}  // namespace tenon
