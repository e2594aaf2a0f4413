#include <gtest/gtest.h>

#include <random>

#include "backend/api/arena.hpp"

namespace tenon::backend {
namespace {

void expect_no_overlap(const std::vector<ArenaBuffer>& buffers, const ArenaPlan& plan,
                       std::size_t alignment) {
  for (std::size_t a = 0; a < buffers.size(); ++a) {
    if (buffers[a].bytes == 0 || !buffers[a].lifetime.used()) continue;
    EXPECT_EQ(plan.offsets[a] % alignment, 0U);
    EXPECT_LE(plan.offsets[a] + buffers[a].bytes, plan.total);
    for (std::size_t b = a + 1; b < buffers.size(); ++b) {
      if (buffers[b].bytes == 0 || !buffers[b].lifetime.used()) continue;
      const bool together = buffers[a].lifetime.first <= buffers[b].lifetime.last &&
                            buffers[b].lifetime.first <= buffers[a].lifetime.last;
      const bool apart = plan.offsets[a] + buffers[a].bytes <= plan.offsets[b] ||
                         plan.offsets[b] + buffers[b].bytes <= plan.offsets[a];
      EXPECT_TRUE(!together || apart) << a << " and " << b;
    }
  }
}

/// The most bytes that live at one step: no arena can be smaller.
std::size_t peak(const std::vector<ArenaBuffer>& buffers, int steps) {
  std::size_t most = 0;
  for (int step = 0; step < steps; ++step) {
    std::size_t now = 0;
    for (const ArenaBuffer& buffer : buffers) {
      const bool lives = buffer.lifetime.first <= step && step <= buffer.lifetime.last;
      if (lives) now += (buffer.bytes + 63) / 64 * 64;
    }
    most = std::max(most, now);
  }
  return most;
}

TEST(Arena, ABufferTakesThePlaceOfADeadOne) {
  const std::vector<ArenaBuffer> chain = {
      {1000, {0, 1}}, {1000, {1, 2}}, {1000, {2, 3}}, {1000, {3, 4}}};
  const ArenaPlan plan = plan_arena(chain);
  expect_no_overlap(chain, plan, 64);
  EXPECT_EQ(plan.total, 2048U);
  EXPECT_EQ(most_alive(chain), 2048U);
}

TEST(Arena, ABufferGoesIntoTheSmallestGap) {
  // Behind 1024 that live throughout there are a gap of 512 and, further on, one of 256.
  const std::vector<ArenaBuffer> buffers = {
      {4096, {0, 9}}, {2048, {0, 4}}, {1024, {0, 9}}, {512, {5, 9}}, {2048, {5, 9}}};
  const ArenaPlan plan = plan_arena(buffers);
  expect_no_overlap(buffers, plan, 64);
  EXPECT_EQ(plan.total, peak(buffers, 10));
}

TEST(Arena, SomeLieWhereTheyMustAndOthersAroundThem) {
  const std::vector<ArenaBuffer> buffers = {{4096, {6, 9}, {}},
                                            {1024, {2, 9}, 0},
                                            {100, {0, 9}, 1024},
                                            {2048, {5, 9}, 1152},
                                            {2048, {0, 4}, {}}};
  const ArenaPlan plan = plan_arena(buffers);
  expect_no_overlap(buffers, plan, 64);
  EXPECT_EQ(plan.offsets[1], 0U);
  EXPECT_EQ(plan.offsets[2], 1024U);
  EXPECT_EQ(plan.offsets[3], 1152U);
  EXPECT_LT(plan.offsets[4], 3200U) << "the last one's place is free until step 5";
}

TEST(Arena, NothingTakesNoRoom) {
  EXPECT_EQ(plan_arena({}).total, 0U);
  EXPECT_EQ(most_alive({}), 0U);
  const std::vector<ArenaBuffer> buffers = {{0, {0, 9}}, {100, {}}, {1, {2, 2}}};
  const ArenaPlan plan = plan_arena(buffers);
  EXPECT_EQ(plan.total, 64U);
  EXPECT_EQ(plan.offsets.size(), 3U);
}

TEST(Arena, AlignmentIsKept) {
  const std::vector<ArenaBuffer> buffers = {{1, {0, 1}}, {4097, {0, 1}}, {63, {1, 1}}};
  expect_no_overlap(buffers, plan_arena(buffers, 4096), 4096);
}

TEST(Arena, RandomBuffersNeverOverlapAndWasteLittle) {
  std::mt19937 random(7);
  for (int round = 0; round < 30; ++round) {
    std::vector<ArenaBuffer> buffers;
    for (int i = 0; i < 120; ++i) {
      const int first = static_cast<int>(random() % 100);
      buffers.push_back({random() % 100000, {first, first + static_cast<int>(random() % 20)}});
    }
    const ArenaPlan plan = plan_arena(buffers);
    expect_no_overlap(buffers, plan, 64);
    EXPECT_LE(static_cast<double>(plan.total), 1.35 * static_cast<double>(peak(buffers, 120)));
  }
}

TEST(Liveness, FromTheMakerToTheLastReader) {
  ops::Program program;
  ops::Builder builder(program);
  const auto x = builder.input("x", DType::kFloat32, {4});
  const auto w = builder.variable(0, "w", {4});
  const auto a = builder.apply(ops::OpKind::kAdd, {}, {x, x}, "a");       // 0
  const auto b = builder.apply(ops::OpKind::kMultiply, {}, {a, w}, "b");  // 1
  const auto unread = builder.apply(ops::OpKind::kAdd, {}, {b, b}, "c");  // 2
  const auto d = builder.apply(ops::OpKind::kAdd, {}, {a, b}, "d");       // 3
  const auto untouched = builder.constant(1.0F, {4});
  builder.output("d", d);
  const std::vector<Lifetime> lifetimes = liveness(program);
  const auto of = [&](ops::ValueId id) { return lifetimes[static_cast<std::size_t>(id)]; };
  EXPECT_EQ(of(x), (Lifetime{0, 0}));
  EXPECT_EQ(of(w), (Lifetime{0, 1}));
  EXPECT_EQ(of(a), (Lifetime{0, 3}));
  EXPECT_EQ(of(b), (Lifetime{1, 3}));
  EXPECT_EQ(of(unread), (Lifetime{2, 2}));
  EXPECT_EQ(of(d), (Lifetime{3, 4}));
  EXPECT_FALSE(of(untouched).used());
}

TEST(Liveness, JoinCoversBoth) {
  EXPECT_EQ(join({1, 3}, {5, 6}), (Lifetime{1, 6}));
  EXPECT_EQ(join({}, {5, 6}), (Lifetime{5, 6}));
  EXPECT_EQ(join({5, 6}, {}), (Lifetime{5, 6}));
}

}  // namespace
}  // namespace tenon::backend
