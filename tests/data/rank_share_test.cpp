#include "data/rank_share.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "tenon/error.hpp"

namespace tenon::data {
namespace {

using ::testing::HasSubstr;
using Batches = std::vector<std::vector<float>>;

Dataset numbers(std::int64_t count) {
  Tensor x(DType::kFloat32, {count});
  std::iota(x.data<float>().begin(), x.data<float>().end(), 0.0F);
  return Dataset::from_tensors({{"x", x}});
}

Batches batches_of(const Dataset& dataset) {
  DatasetIterator iterator = dataset.iterate({.seed = 3, .threads = 1});
  Batches batches;
  for (Record record; iterator.next(record);) {
    const auto values = std::as_const(record[0]).data<float>();
    batches.emplace_back(values.begin(), values.end());
  }
  return batches;
}

TEST(RankShare, RowsOfAllRanksTogetherAreTheBatchesOfOneProcess) {
  const Dataset dataset = numbers(21).shuffle(9).batch(6).prefetch(2);
  const Batches whole = batches_of(dataset);
  for (const std::int64_t of : {1, 2, 3}) {
    Batches joined(whole.size());
    for (std::size_t i = 0; i < whole.size(); ++i) joined[i].resize(whole[i].size());
    for (std::int64_t rank = 0; rank < of; ++rank) {
      const RankShare share = share_of_rank(dataset, rank, of);
      EXPECT_EQ(share.why_whole, "");
      const Batches own = batches_of(share.dataset);
      for (std::size_t i = 0; i < own.size(); ++i) {
        for (std::size_t row = 0; row < own[i].size(); ++row)
          joined[i].at(static_cast<std::size_t>(rank) + row * static_cast<std::size_t>(of)) =
              own[i][row];
      }
    }
    EXPECT_EQ(joined, whole) << of << " ranks";
  }
}

TEST(RankShare, AStateOfAnyRankIsContinuedByAnotherNumberOfThem) {
  const Dataset dataset = numbers(24).shuffle(9).batch(6);
  DatasetIterator two = share_of_rank(dataset, 1, 2).dataset.iterate({.seed = 3, .threads = 1});
  Record record;
  ASSERT_TRUE(two.next(record));
  DatasetIterator one = share_of_rank(dataset, 0, 1).dataset.iterate({.seed = 3, .threads = 1});
  one.restore(two.state());
  ASSERT_TRUE(one.next(record));
  const auto values = std::as_const(record[0]).data<float>();
  EXPECT_EQ(std::vector<float>(values.begin(), values.end()), batches_of(dataset)[1]);
}

TEST(RankShare, SaysWhyARankReadsAll) {
  EXPECT_THAT(share_of_rank(numbers(8).batch(4).repeat(), 0, 2).why_whole,
              HasSubstr("repeat stands behind batch"));
  EXPECT_THAT(share_of_rank(numbers(8).batch(3), 0, 2).why_whole,
              HasSubstr("no multiple of 2 ranks"));
  EXPECT_FALSE(share_of_rank(numbers(8).batch(4), 0, 2).only_whole);
  EXPECT_TRUE(share_of_rank(numbers(8).batch(4, {.drop_remainder = true}), 0, 2).only_whole);
}

}  // namespace
}  // namespace tenon::data
