#include "dist/sum.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <numeric>
#include <random>

#include "dist/shared_memory.hpp"
#include "support/thread_ranks.hpp"
#include "tenon/error.hpp"

namespace tenon::dist {
namespace {

using test::run_ranks;
using test::text_of;
using ::testing::HasSubstr;

void expect_no_throw(const std::vector<std::exception_ptr>& thrown) {
  for (const auto& each : thrown) EXPECT_FALSE(each) << text_of(each);
}

std::vector<float> drawn(int rank, std::size_t count) {
  std::mt19937 random(static_cast<unsigned>(rank) + 3);
  std::uniform_real_distribution<float> uniform(-1.0F, 1.0F);
  std::vector<float> numbers(count);
  for (float& number : numbers) number = uniform(random);
  return numbers;
}

std::vector<float> weights_of(int ranks) {
  std::vector<float> weights;
  weights.reserve(static_cast<std::size_t>(ranks));
  for (int rank = 0; rank < ranks; ++rank)
    weights.push_back(0.25F + 0.5F * static_cast<float>(rank));
  return weights;
}

/// The stated order: rank 0 first, each product rounded.
std::vector<float> weighted_in_order(int ranks, std::size_t count) {
  std::vector<float> sum(count, 0.0F);
  for (int rank = 0; rank < ranks; ++rank) {
    const auto numbers = drawn(rank, count);
    for (std::size_t i = 0; i < count; ++i) {
      const float product = weights_of(ranks)[static_cast<std::size_t>(rank)] * numbers[i];
      sum[i] = rank == 0 ? product : sum[i] + product;
    }
  }
  return sum;
}

/// Numbers in the two areas of a sum.
struct Numbers {
  Numbers(Sum& sum, std::size_t first, std::size_t second) {
    const std::array<std::size_t, 2> counts = {first, second};
    for (std::size_t i = 0; i < counts.size(); ++i) {
      const std::size_t bytes = counts[i] * sizeof(float);
      areas[i] = sum.memory(bytes, bytes);
      if (!areas[i].defined())
        areas[i] = Tensor(DType::kUInt8, Shape{static_cast<std::int64_t>(bytes)});
      values[i] = {reinterpret_cast<float*>(areas[i].bytes()), counts[i]};
    }
  }
  Sum::Areas areas;
  std::array<std::span<float>, 2> values;
};

class Sums : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (GetParam() && !SharedMemory::make(1, 1)) GTEST_SKIP() << "skipped: no shared memory here";
  }
  static Communicator communicator(std::unique_ptr<Transport> transport) {
    return Communicator(std::move(transport), {.shared_memory = GetParam()});
  }
};

TEST_P(Sums, AddPiecesInTheOrderOfRanksRoundAfterRound) {
  constexpr std::size_t kMany = 5000;
  for (const int size : {2, 3, 5}) {
    const auto expected = weighted_in_order(size, kMany);
    const auto thrown = run_ranks(size, [&](std::unique_ptr<Transport> transport) {
      Communicator ranks = communicator(std::move(transport));
      const auto sum = make_sum(ranks);
      Numbers one(*sum, kMany, 3);
      Numbers other(*sum, kMany, 3);
      for (int round = 0; round < 20; ++round) {
        Numbers& now = round % 3 == 0 ? other : one;  // As plans of two shapes take turns.
        std::ranges::copy(drawn(ranks.rank(), kMany), now.values[0].begin());
        now.values[1][0] = static_cast<float>(ranks.rank() + round);
        sum->begin(weights_of(size), now.areas);
        sum->give(1, now.values[1].first(1));
        sum->give(0, now.values[0].first(17));
        sum->give(0, now.values[0].subspan(17));
        sum->finish();
        ASSERT_TRUE(std::ranges::equal(now.values[0], expected)) << size << " ranks, " << round;
        float few = 0.0F;
        for (int rank = 0; rank < size; ++rank)
          few +=
              weights_of(size)[static_cast<std::size_t>(rank)] * static_cast<float>(rank + round);
        ASSERT_FLOAT_EQ(now.values[1][0], few);
      }
    });
    expect_no_throw(thrown);
  }
}

TEST_P(Sums, TellOfNumbersThatAreNotFiniteOnAllRanks) {
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    const auto thrown = run_ranks(3, [&](std::unique_ptr<Transport> transport) {
      Communicator ranks = communicator(std::move(transport));
      const auto sum = make_sum(ranks);
      Numbers numbers(*sum, 100, 1);
      const bool tells = GetParam();
      for (int round = 0; round < 6; ++round) {
        std::ranges::fill(numbers.values[0], 1.0F);
        if (round == 2 && ranks.rank() == 1) numbers.values[0][70] = bad;
        sum->begin(weights_of(3), numbers.areas);
        sum->give(0, numbers.values[0]);
        EXPECT_EQ(sum->finish(), tells && round != 2) << round;
        EXPECT_EQ(std::isfinite(numbers.values[0][70]), round != 2) << round;
      }
    });
    expect_no_throw(thrown);
  }
}

TEST_P(Sums, WaitForWhoIsLate) {
  const auto thrown = run_ranks(2, [&](std::unique_ptr<Transport> transport) {
    Communicator ranks = communicator(std::move(transport));
    ranks.set_options({.timeout_seconds = 0.05, .shared_memory = GetParam()});
    ranks.at({"the gradients", 0, 4});
    const auto sum = make_sum(ranks);
    Numbers numbers(*sum, 100, 1);
    if (ranks.rank() == 1) return;
    sum->begin({0.5F, 0.5F}, numbers.areas);
    sum->give(0, numbers.values[0]);
    sum->finish();
  });
  EXPECT_THAT(text_of(thrown[0]),
              HasSubstr("rank 0 waited 0.05 seconds for rank 1 (the gradients, epoch 1, step 5)"));
}

INSTANTIATE_TEST_SUITE_P(Ways, Sums, ::testing::Values(false, true), [](const auto& named) {
  return std::string(named.param ? "SharedMemory" : "Messages");
});

TEST(MachineSum, SendsNothing) {
  if (!SharedMemory::make(1, 1)) GTEST_SKIP() << "skipped: no shared memory here";
  const auto thrown = run_ranks(2, [&](std::unique_ptr<Transport> transport) {
    const auto* counted = static_cast<test::ThreadTransport*>(transport.get());
    Communicator ranks(std::move(transport));
    const auto sum = make_sum(ranks);
    Numbers numbers(*sum, 1000, 1);
    const std::size_t before = counted->bytes_sent();
    sum->begin({0.5F, 0.5F}, numbers.areas);
    sum->give(0, numbers.values[0]);
    EXPECT_TRUE(sum->finish());
    EXPECT_EQ(counted->bytes_sent(), before);
  });
  expect_no_throw(thrown);
}

TEST(MachineSum, LeavesEachRankItsPartsWhereARoundIsDivided) {
  if (!SharedMemory::make(1, 1)) GTEST_SKIP() << "skipped: no shared memory here";
  constexpr std::size_t kMany = 1003;
  for (const int size : {2, 3, 5}) {
    const auto expected = weighted_in_order(size, kMany);
    const auto thrown = run_ranks(size, [&](std::unique_ptr<Transport> transport) {
      Communicator ranks(std::move(transport));
      const auto sum = make_sum(ranks);
      ASSERT_TRUE(sum->divides());
      Numbers numbers(*sum, kMany, 1);
      numbers.areas[Sum::kFirstSpread] = sum->memory(kMany * sizeof(float), kMany * sizeof(float));
      const std::span made(reinterpret_cast<float*>(numbers.areas[Sum::kFirstSpread].bytes()),
                           kMany);
      EXPECT_TRUE(sum->memory_of(made.data() + 7).defined());
      EXPECT_FALSE(sum->memory_of(&expected).defined());
      const auto own = drawn(ranks.rank(), kMany);
      for (int round = 0; round < 5; ++round) {
        std::ranges::copy(own, numbers.values[0].begin());
        numbers.values[1][0] = 1.0F;
        sum->begin_divided(weights_of(size), numbers.areas);
        sum->give(1, numbers.values[1]);
        const auto first = numbers.values[0].first(640);
        const auto second = numbers.values[0].subspan(640);
        sum->give(0, first);
        sum->give(0, second);
        ASSERT_TRUE(sum->finish());
        const auto weights = weights_of(size);
        EXPECT_FLOAT_EQ(numbers.values[1][0],
                        std::accumulate(weights.begin(), weights.end(), 0.0F));
        std::vector<bool> summed(kMany);
        for (const auto piece : {first, second}) {
          const auto part = sum->part_of(piece, ranks.rank());
          const auto at = static_cast<std::size_t>(part.data() - numbers.values[0].data());
          EXPECT_EQ(at % 16, 0U);
          for (std::size_t i = 0; i < part.size(); ++i) {
            ASSERT_EQ(part[i], expected[at + i]);
            summed[at + i] = true;
            made[at + i] = part[i] + static_cast<float>(round);
          }
          sum->spread(Sum::kFirstSpread, made.subspan(at, part.size()));
        }
        for (std::size_t i = 0; i < kMany; ++i)
          ASSERT_TRUE(summed[i] || numbers.values[0][i] == own[i])
              << "what is another's was touched";
        sum->meet();
        for (std::size_t i = 0; i < kMany; ++i)
          ASSERT_EQ(made[i], expected[i] + static_cast<float>(round)) << i;
        sum->meet();  // All have looked.
      }
      const int next = (ranks.rank() + 1) % size;
      made[5] = static_cast<float>(ranks.rank());
      sum->meet();
      const float from_next = static_cast<float>(next);
      std::span<float> fetched = made.subspan(5, 1);
      sum->meet();
      if (ranks.rank() == 0) sum->fetch(Sum::kFirstSpread, next, fetched);
      EXPECT_EQ(made[5], ranks.rank() == 0 ? from_next : static_cast<float>(ranks.rank()));
      sum->meet();
    });
    expect_no_throw(thrown);
  }
}

TEST(MachineSum, GivesAllTheSumsOfADividedRoundThatAreNotFinite) {
  if (!SharedMemory::make(1, 1)) GTEST_SKIP() << "skipped: no shared memory here";
  constexpr std::size_t kMany = 200;
  const auto thrown = run_ranks(3, [&](std::unique_ptr<Transport> transport) {
    Communicator ranks(std::move(transport));
    const auto sum = make_sum(ranks);
    Numbers numbers(*sum, kMany, 1);
    for (int round = 0; round < 4; ++round) {
      std::ranges::fill(numbers.values[0], static_cast<float>(ranks.rank()));
      if (round == 1 && ranks.rank() == 2)
        numbers.values[0][190] = std::numeric_limits<float>::infinity();
      sum->begin_divided({1.0F, 1.0F, 1.0F}, numbers.areas);
      sum->give(0, numbers.values[0]);
      EXPECT_EQ(sum->finish(), round != 1);
      if (round != 1) continue;
      for (std::size_t i = 0; i < kMany; ++i)
        EXPECT_EQ(numbers.values[0][i], i == 190 ? std::numeric_limits<float>::infinity() : 3.0F);
    }
  });
  expect_no_throw(thrown);
}

TEST(MachineSum, IsNotForOneRankNorForThoseThatCannotSeeEachOther) {
  const auto thrown = run_ranks(1, [](std::unique_ptr<Transport> transport) {
    Communicator ranks(std::move(transport));
    EXPECT_EQ(machine_sum(ranks), nullptr);
  });
  expect_no_throw(thrown);
  EXPECT_EQ(SharedMemory::open(""), nullptr);
  EXPECT_EQ(SharedMemory::open("another machine:1:1:4096"), nullptr);
}

TEST(SharedMemory, IsSeenAsFarAsItIsShared) {
  const auto own = SharedMemory::make(100000, 5000);
  if (!own) GTEST_SKIP() << "skipped: no shared memory here";
  const auto seen = SharedMemory::open(own->address());
  ASSERT_NE(seen, nullptr);
  EXPECT_GE(own->size(), 100000U);
  EXPECT_GE(seen->size(), 5000U);
  EXPECT_LT(seen->size(), 100000U);
  std::memset(own->data(), 7, 100000);
  EXPECT_EQ(seen->data()[4999], std::byte{7});
  seen->data()[1] = std::byte{9};
  EXPECT_EQ(own->data()[1], std::byte{9});
}

}  // namespace
}  // namespace tenon::dist
