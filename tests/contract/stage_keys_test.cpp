#include "contract/fixture.hpp"

namespace tenon::contract::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

Dataset with_numbers(const std::vector<std::string>& names) {
  NamedTensors tensors{{"Small", images(8, 32)}, {"Large", images(8, 64)}, {"label", labels(8)}};
  for (const std::string& name : names) tensors.emplace_back(name, Tensor(DType::kFloat32, {8}));
  return Dataset::from_tensors(std::move(tensors));
}

TEST(StageKeys, AKeyThatNothingUsesIsNearerThanOneThatTheStageUsesItself) {
  const Dataset train = with_numbers({"xmin", "xmax", "ymin", "ymay"})
                            .scale({"xmin", "xmax", "ymin", "ymax"}, 0.5)
                            .drop({"xmin", "xmax", "ymin"})
                            .batch(4);
  const auto found = check_train(two_scale(), train);
  ASSERT_THAT(codes(found), ElementsAre("K007"));
  EXPECT_EQ(found.front().candidate, "ymay");
  const std::string text = render_text(found);
  EXPECT_THAT(text, HasSubstr("the nearest is \"ymay\""));
  EXPECT_THAT(text, Not(HasSubstr("the nearest is \"xmax\"")));
  EXPECT_THAT(text, HasSubstr("write \"ymay\" in place of \"ymax\""));
}

TEST(StageKeys, OneKeyIsNotOfferedToTwoStages) {
  const Dataset train =
      with_numbers({"abcd1", "abcd2"}).scale({"abcdx"}, 0.5).scale({"abcd1x"}, 0.5).batch(4);
  const auto found = check_train(two_scale(), train);
  ASSERT_THAT(codes(found), ElementsAre("K007", "K007"));
  EXPECT_EQ(found[0].candidate, "abcd2");
  EXPECT_EQ(found[1].candidate, "abcd1");
}

TEST(StageKeys, AKeyThatOthersUseIsStillOfferedWhereItIsTheNearest) {
  const Dataset train = with_numbers({}).scale({"Small"}, 0.5).scale({"Smal"}, 0.5).batch(4);
  const auto found = check_train(two_scale(), train);
  ASSERT_THAT(codes(found), ElementsAre("K007"));
  EXPECT_EQ(found.front().candidate, "Small");
}

}  // namespace
}  // namespace tenon::contract::testing
