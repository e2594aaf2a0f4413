#include "contract/fixture.hpp"

namespace tenon::contract::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

Dataset skipped(const Dataset& data) { return data.skip(500).batch(4); }

Dataset samples(const Tensor& small) {
  return Dataset::from_tensors({{"Small", small}, {"Large", images(8, 64)}, {"label", labels(8)}});
}

TEST(EmptyData, TheStageThatLeavesNothingIsNamedOnceForAllSplits) {
  const Dataset train = skipped(samples(images(8, 32)));
  const Dataset validation = skipped(samples(images(8, 32)));
  const std::vector<Split> splits{{"train", &train, {}, 1, false},
                                  {"validation", &validation, {}, 1, false}};
  const auto found = check(two_scale(), splits);
  ASSERT_THAT(codes(found), ElementsAre("G001"));
  EXPECT_THAT(found.front().datasets, ElementsAre("train", "validation"));
  ASSERT_TRUE(found.front().stage);
  EXPECT_EQ(found.front().stage->name, "skip");
  EXPECT_THAT(render_text(found), HasSubstr("stage 0 skip (empty_data_test.cpp:"));
  EXPECT_THAT(render_text(found), HasSubstr("leaves nothing"));
}

/// What a stage takes away says nothing of the types of what there was.
TEST(EmptyData, TextForNumbersIsToldAsWell) {
  const Dataset train = skipped(samples(Tensor(DType::kString, {8, 32, 32, 3})));
  EXPECT_THAT(codes(check_train(two_scale(), train)), UnorderedElementsAre("D001", "G001"));
}

}  // namespace
}  // namespace tenon::contract::testing
