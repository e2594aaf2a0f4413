#include "dist/communicator.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <numeric>
#include <random>

#include "dist/one_process.hpp"
#include "dist/reduction.hpp"
#include "support/thread_ranks.hpp"
#include "tenon/dtype.hpp"
#include "tenon/error.hpp"

namespace tenon::dist {
namespace {

using test::run_ranks;
using test::text_of;
using ::testing::AllOf;
using ::testing::HasSubstr;

void expect_nothing_thrown(const std::vector<std::exception_ptr>& thrown) {
  for (const auto& each : thrown) EXPECT_FALSE(each) << text_of(each);
}

std::vector<float> numbers_of(int rank, std::size_t count) {
  std::mt19937 random(static_cast<unsigned>(rank) + 17);
  std::uniform_real_distribution<float> uniform(-1.0F, 1.0F);
  std::vector<float> numbers(count);
  for (float& number : numbers) number = uniform(random) * std::pow(10.0F, 6.0F * uniform(random));
  return numbers;
}

/// The stated order: rank 0 first, in float32.
std::vector<float> sum_in_order(int ranks, std::size_t count) {
  std::vector<float> sum = numbers_of(0, count);
  for (int rank = 1; rank < ranks; ++rank) {
    const auto more = numbers_of(rank, count);
    for (std::size_t i = 0; i < count; ++i) sum[i] += more[i];
  }
  return sum;
}

TEST(Communicator, GathersAndBroadcastsTextsOfAnyLength) {
  const auto thrown = run_ranks(3, [](std::unique_ptr<Transport> transport) {
    Communicator ranks(std::move(transport));
    const std::string own(static_cast<std::size_t>(ranks.rank()) * 150, 'x');
    const auto all = ranks.all_gather(own);
    ASSERT_EQ(all.size(), 3U);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(all[i], std::string(i * 150, 'x'));
    EXPECT_EQ(ranks.broadcast("from " + std::to_string(ranks.rank()), 2), "from 2");
    EXPECT_EQ(ranks.broadcast(std::string(), 0), "");
    ranks.barrier();
  });
  expect_nothing_thrown(thrown);
}

TEST(Communicator, SumsInTheOrderOfRanksWhateverComesFirst) {
  for (const int size : {1, 2, 3, 4, 7}) {
    const auto expected = sum_in_order(size, 1000);
    for (const unsigned jitter : {0U, 5U, 99U}) {
      const auto thrown = run_ranks(
          size,
          [&](std::unique_ptr<Transport> transport) {
            Communicator ranks(std::move(transport));
            auto numbers = numbers_of(ranks.rank(), 1000);
            ranks.all_reduce(std::span(numbers));
            EXPECT_EQ(numbers, expected) << size << " ranks, jitter " << jitter;
          },
          jitter);
      expect_nothing_thrown(thrown);
    }
  }
}

TEST(Communicator, HowNumbersAreGroupedDoesNotChangeTheirSums) {
  const auto expected = sum_in_order(3, 100);
  const auto thrown = run_ranks(
      3,
      [&](std::unique_ptr<Transport> transport) {
        Communicator ranks(std::move(transport));
        auto numbers = numbers_of(ranks.rank(), 100);
        std::vector<std::shared_ptr<Reduction>> buckets;
        const std::vector<std::pair<std::size_t, std::size_t>> cuts = {{0, 1}, {1, 61}, {61, 100}};
        // Each rank begins with another one.
        for (std::size_t i = 0; i < cuts.size(); ++i) {
          const std::size_t bucket = (i + static_cast<std::size_t>(ranks.rank())) % cuts.size();
          const auto [begin, end] = cuts[bucket];
          buckets.push_back(ranks.begin_reduction(std::span(numbers).subspan(begin, end - begin),
                                                  static_cast<int>(bucket)));
        }
        for (const auto& bucket : buckets) ranks.wait(*bucket);
        EXPECT_EQ(numbers, expected);
      },
      3);
  expect_nothing_thrown(thrown);
}

TEST(Communicator, SumsDoublesInTheOrderOfRanks) {
  const auto thrown = run_ranks(4, [](std::unique_ptr<Transport> transport) {
    Communicator ranks(std::move(transport));
    std::vector<double> numbers(3000, ranks.rank() == 0 ? 1e17 : 1.0 + ranks.rank());
    ranks.all_reduce(std::span(numbers));
    for (const double number : numbers) ASSERT_EQ(number, ((1e17 + 2.0) + 3.0) + 4.0);
  });
  expect_nothing_thrown(thrown);
}

TEST(Communicator, OnABFloat16WireSumsAreFloat32AndAlikeOnAllRanks) {
  std::vector<std::vector<float>> sums(3);
  const auto thrown = run_ranks(3, [&](std::unique_ptr<Transport> transport) {
    Communicator ranks(std::move(transport), {.wire = Wire::kBFloat16});
    std::vector<float> numbers(50, 1.0F + 0.01F * static_cast<float>(ranks.rank()));
    const auto reduction = ranks.begin_reduction(numbers, 0);
    ranks.wait(*reduction);
    sums[static_cast<std::size_t>(ranks.rank())] = numbers;
  });
  expect_nothing_thrown(thrown);
  EXPECT_EQ(sums[0], sums[1]);
  EXPECT_EQ(sums[0], sums[2]);
  for (const float sum : sums[0]) {
    EXPECT_NEAR(sum, 3.03F, 0.02F);
    EXPECT_EQ(sum, static_cast<float>(BFloat16(sum)));
  }
}

TEST(Communicator, ABFloat16WireTakesHalfTheBytes) {
  const auto bytes_of = [](Wire wire) {
    std::size_t bytes = 0;
    run_ranks(2, [&](std::unique_ptr<Transport> transport) {
      auto* counted = static_cast<test::ThreadTransport*>(transport.get());
      Communicator ranks(std::move(transport), {.wire = wire});
      std::vector<float> numbers(1000);
      ranks.wait(*ranks.begin_reduction(numbers, 0));
      if (ranks.rank() == 0) bytes = counted->bytes_sent();
    });
    return bytes;
  };
  // 2·(N-1)/N of 1000 numbers.
  EXPECT_EQ(bytes_of(Wire::kFloat32), 4000U);
  EXPECT_EQ(bytes_of(Wire::kBFloat16), 2000U);
}

TEST(Communicator, NamesTheRankItWaitsForWithStageEpochAndStep) {
  const auto thrown = run_ranks(3, [](std::unique_ptr<Transport> transport) {
    Communicator ranks(std::move(transport), {.timeout_seconds = 0.05});
    ranks.at({"the gradients", 1, 11});
    if (ranks.rank() != 1) ranks.barrier();
  });
  EXPECT_THAT(text_of(thrown[0]),
              AllOf(HasSubstr("error[R002]"),
                    HasSubstr("rank 0 waited 0.05 seconds for rank 1 (the gradients, epoch 2, step "
                              "12)"),
                    HasSubstr("give a longer timeout")));
  EXPECT_FALSE(thrown[1]);
}

TEST(Communicator, ARankThatFailsEndsTheOthersWithItsDiagnostic) {
  const auto thrown = run_ranks(3, [](std::unique_ptr<Transport> transport) {
    Communicator ranks(std::move(transport));
    if (ranks.rank() != 2) return ranks.barrier();
    Diagnostic problem = make_diagnostic("D002", "a value is NaN", {"a note"}, "look at it");
    problem.run = RunPlace{"train", 0, 3};
    problem.sample.emplace();
    problem.sample->index = 16;
    problem.sample->file = "cells.csv";
    problem.sample->row = 18;
    ranks.fail(std::make_exception_ptr(DataError(problem)));
  });
  for (const std::size_t rank : {0U, 1U}) {
    EXPECT_THAT(text_of(thrown[rank]),
                AllOf(HasSubstr("error[D002]: a value is NaN"), HasSubstr("cells.csv:18"),
                      HasSubstr("train data, epoch 1, step 4"), HasSubstr("a note"),
                      HasSubstr("look at it"), HasSubstr("it happened on rank 2 of 3")));
    EXPECT_THROW(std::rethrow_exception(thrown[rank]), DataError);
  }
}

TEST(Communicator, OneProcessIsAlone) {
  Communicator alone(one_process());
  std::vector<float> numbers = {1.0F, 2.0F};
  alone.all_reduce(std::span(numbers));
  alone.wait(*alone.begin_reduction(numbers, 0));
  EXPECT_EQ(numbers, (std::vector<float>{1.0F, 2.0F}));
  EXPECT_EQ(alone.all_gather("a"), std::vector<std::string>{"a"});
  EXPECT_EQ(alone.broadcast("b"), "b");
  alone.fail(std::make_exception_ptr(std::runtime_error("x")));
  EXPECT_FALSE(alone.failed());
}

}  // namespace
}  // namespace tenon::dist
