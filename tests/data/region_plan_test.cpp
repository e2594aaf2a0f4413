// Which stages are taken together, and what of a sample is read.
#include "data/region_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tenon::data {
namespace {

using ::testing::ElementsAre;

constexpr std::size_t kNew = SlotFlow::kMade;

/// Of slots 0 (a name), 1 and 2.
SlotFlow loading(std::size_t slot) {
  SlotFlow flow = SlotFlow::of_all(slot, slot + 1);
  flow.wholes = {0};
  flow.reads_files = true;
  return flow;
}
SlotFlow changing(std::size_t slots, std::size_t slot) {
  SlotFlow flow = SlotFlow::of_all(slots, slots);
  flow.changed[slot] = true;
  return flow;
}
SlotFlow cutting(std::size_t slots, std::size_t from, std::size_t to) {
  SlotFlow flow = SlotFlow::of_all(slots, std::max(slots, to + 1));
  flow.origins[to] = kNew;
  flow.parts = {from};
  return flow;
}
SlotFlow working(std::size_t slots, std::size_t slot) {
  SlotFlow flow = SlotFlow::of_all(slots, slots);
  flow.origins[slot] = kNew;
  flow.wholes = {slot};
  return flow;
}
SlotFlow moving(std::size_t slots, std::vector<std::size_t> origins) {
  SlotFlow flow;
  flow.taken = slots;
  flow.changed.assign(origins.size(), false);
  flow.origins = std::move(origins);
  return flow;
}

Stretch planned(const std::vector<SlotFlow>& flows, bool reads_before = false) {
  std::vector<const SlotFlow*> pointers;
  for (const SlotFlow& flow : flows) pointers.push_back(&flow);
  return plan_stretch(pointers, reads_before);
}

TEST(RegionPlan, EndsAtTheCutInTheImagesPlace) {
  const Stretch stretch =
      planned({loading(1), changing(2, 1), cutting(2, 1, 1), working(2, 1), moving(2, {1})});
  EXPECT_EQ(stretch.steps, 3U);
  EXPECT_THAT(stretch.cares[0], ElementsAre(Care::kNone, Care::kNone));
}

TEST(RegionPlan, GoesOnUntilTheImageIsDropped) {
  const std::vector<SlotFlow> flows = {loading(1),    cutting(2, 1, 2),  cutting(3, 1, 3),
                                       working(4, 2), moving(4, {2, 3}), working(2, 0)};
  const Stretch stretch = planned(flows);
  EXPECT_EQ(stretch.steps, 5U);
  EXPECT_EQ(stretch.cares[0][1], Care::kJoinParts);
  EXPECT_EQ(planned({flows[0], flows[1], flows[2], flows[3]}).steps, 0U) << "the image stays";
}

TEST(RegionPlan, BeginsWhereSomethingIsSaved) {
  EXPECT_EQ(planned({moving(2, {1, 0}), changing(2, 1), cutting(2, 1, 1)}).steps, 0U);
  EXPECT_EQ(planned({changing(2, 1), cutting(2, 1, 1)}).steps, 2U);
  EXPECT_EQ(planned({cutting(2, 1, 1)}).steps, 0U);
  EXPECT_EQ(planned({cutting(2, 1, 1)}, true).steps, 1U);
  EXPECT_EQ(planned({working(2, 1)}, true).steps, 0U);
  EXPECT_EQ(planned({}, true).steps, 0U);
}

TEST(RegionPlan, TakesAllThatIsReadOnTheWay) {
  const Stretch stretch =
      planned({loading(1), loading(2), cutting(3, 1, 1), cutting(3, 2, 2), working(3, 1)});
  EXPECT_EQ(stretch.steps, 4U);
}

TEST(RegionPlan, KeepsWhatIsWantedWholeAndInPart) {
  // Image 2 is dropped in the end, image 1 stays.
  const Stretch stretch =
      planned({loading(1), loading(2), cutting(3, 1, 3), cutting(4, 2, 4), moving(5, {1, 3, 4})});
  EXPECT_EQ(stretch.steps, 0U) << "the first one is read whole in any case";
  const Stretch cached = planned({cutting(3, 1, 3), cutting(4, 2, 4), moving(5, {1, 3, 4})}, true);
  EXPECT_EQ(cached.steps, 3U);
  EXPECT_THAT(cached.before, ElementsAre(Care::kNone, Care::kKeepWhole, Care::kNone));
  const Stretch copied = planned({moving(2, {0, 1, 1}), cutting(3, 1, 1)}, true);
  EXPECT_EQ(copied.steps, 0U);
}

TEST(RegionPlan, ReadsWhatIsDroppedUnasked) {
  const Stretch stretch = planned({loading(1), loading(2), moving(3, {0, 1}), cutting(2, 1, 1)});
  EXPECT_EQ(stretch.steps, 4U);
  EXPECT_THAT(stretch.cares[1], ElementsAre(Care::kNone, Care::kNone, Care::kReadUnasked));
  EXPECT_THAT(stretch.cares[0], ElementsAre(Care::kNone, Care::kNone));
}

}  // namespace
}  // namespace tenon::data
