#include "cli/phantom.hpp"

#include <gtest/gtest.h>

#include <map>

namespace tenon::cli {
namespace {

TEST(Phantom, TheSameSeedDrawsTheSamePicture) {
  Random a(3);
  Random b(3);
  const Smear first = draw_smear(a);
  const Smear second = draw_smear(b);
  EXPECT_TRUE(first.image.equals(second.image));
  EXPECT_EQ(first.cells.size(), second.cells.size());
  EXPECT_FALSE(first.image.equals(draw_smear(a).image));
}

TEST(Phantom, EveryPictureHasAllThreeTypesWithBoxesInside) {
  Random random(1);
  for (int i = 0; i < 5; ++i) {
    const Smear smear = draw_smear(random);
    std::map<std::string, int> counts;
    for (const DrawnCell& cell : smear.cells) {
      ++counts[cell.cell_type];
      EXPECT_LT(cell.xmin, cell.xmax);
      EXPECT_LT(cell.ymin, cell.ymax);
      EXPECT_GE(cell.xmin, 0);
      EXPECT_LE(cell.xmax, 640);
      EXPECT_LE(cell.ymax, 480);
    }
    EXPECT_EQ(counts.size(), 3U);
    EXPECT_GT(counts["RBC"], counts["WBC"]);
  }
}

}  // namespace
}  // namespace tenon::cli
