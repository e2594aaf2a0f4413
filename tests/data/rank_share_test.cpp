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
  for (const std::int64_t of : {1, 2, 3, 4, 5}) {
    Batches joined(whole.size());
    for (std::size_t i = 0; i < whole.size(); ++i) joined[i].resize(whole[i].size());
    for (std::int64_t rank = 0; rank < of; ++rank) {
      const RankShare share = share_of_rank(dataset, {rank, of});
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

std::vector<float> next_of(DatasetIterator& iterator) {
  Record record;
  EXPECT_TRUE(iterator.next(record));
  const auto values = std::as_const(record[0]).data<float>();
  return {values.begin(), values.end()};
}

/// 0 ranks: one process that does not split.
std::string state_behind(const Dataset& dataset, std::int64_t rank, std::int64_t of, int batches) {
  const Dataset own = of == 0 ? dataset : share_of_rank(dataset, {rank, of}).dataset;
  DatasetIterator iterator = own.iterate({.seed = 3, .threads = 2});
  for (int i = 0; i < batches; ++i) next_of(iterator);
  return iterator.state();
}

TEST(RankShare, AStateOfAnyNumberOfRanksIsContinuedByAnyOther) {
  const Dataset dataset = numbers(37).shuffle(9).batch(6).prefetch(2);
  const Batches whole = batches_of(dataset);
  for (const int done : {0, 2, 5}) {
    const auto place = static_cast<std::size_t>(done);
    for (const std::int64_t before : {0, 1, 2, 4, 5}) {
      const std::string state = state_behind(dataset, before > 1 ? 1 : 0, before, done);
      for (const std::int64_t of : {0, 1, 2, 3, 4, 6}) {
        std::vector<float> joined(6);
        for (std::int64_t rank = 0; rank < std::max<std::int64_t>(of, 1); ++rank) {
          const std::int64_t stride = std::max<std::int64_t>(of, 1);
          const RankStart start = share_from(dataset, state, {rank, stride}, of == 0);
          EXPECT_EQ(start.share.why_whole, "");
          DatasetIterator iterator = start.share.dataset.iterate({.seed = 9, .threads = 2});
          iterator.restore(start.state);
          const std::vector<float> own = next_of(iterator);
          for (std::size_t row = 0; row < own.size(); ++row)
            joined.at(static_cast<std::size_t>(rank) + row * static_cast<std::size_t>(stride)) =
                own[row];
        }
        EXPECT_EQ(joined, whole[place]) << done << " batches of " << before << ", then " << of;
      }
    }
  }
}

Dataset with_bad_ones(std::int64_t count, std::int64_t batch) {
  return numbers(count)
      .map([](Record& record) {
        const float value = record[0].item<float>();
        if (value == 1.0F || value == 4.0F || value == 5.0F)
          throw DataError(make_diagnostic("D001", "a bad one"));
      })
      .batch(batch)
      .on_bad_sample({.policy = BadSamplePolicy::kSkip, .max_bad = 0.5});
}

TEST(RankShare, ABadSampleLeavesTheRowsOfTheOthersWhereTheyAre) {
  for (const std::int64_t of : {1, 2, 3}) {
    for (std::int64_t rank = 0; rank < of; ++rank) {
      const Batches own = batches_of(share_of_rank(with_bad_ones(18, 6), {rank, of}).dataset);
      ASSERT_EQ(own.size(), 3U);
      for (std::int64_t batch = 0; batch < 3; ++batch) {
        std::vector<float> expected;
        for (std::int64_t row = rank; row < 6; row += of) {
          const std::int64_t sample = batch * 6 + row;
          if (sample != 1 && sample != 4 && sample != 5)
            expected.push_back(static_cast<float>(sample));
        }
        EXPECT_EQ(own[static_cast<std::size_t>(batch)], expected) << rank << " of " << of;
      }
    }
  }
}

TEST(RankShare, ABatchOfBadSamplesAloneHasNoRowAndKeepsItsPlace) {
  const Dataset own = share_of_rank(with_bad_ones(8, 2), {1, 2}).dataset.prefetch(2);
  EXPECT_EQ(batches_of(own), (Batches{{}, {3.0F}, {}, {7.0F}}));
  DatasetIterator iterator = own.iterate({.seed = 3, .threads = 2});
  Record record;
  ASSERT_TRUE(iterator.next(record));
  DatasetIterator again = own.iterate({.seed = 3, .threads = 1});
  again.restore(iterator.state());
  EXPECT_EQ(next_of(again), std::vector<float>{3.0F});
  EXPECT_EQ(next_of(again), std::vector<float>{});
}

TEST(RankShare, StatesAmongBadSamplesAreContinuedByAnyNumberOfRanks) {
  const Dataset dataset = with_bad_ones(24, 6);
  for (const std::int64_t before : {1, 2, 3, 4}) {
    const std::string state = state_behind(dataset, before > 1 ? 1 : 0, before, 1);
    for (const std::int64_t of : {0, 1, 2, 3, 4}) {
      const RankStart start =
          share_from(dataset, state, {0, std::max<std::int64_t>(of, 1)}, of == 0);
      DatasetIterator iterator = start.share.dataset.iterate({.seed = 9, .threads = 1});
      iterator.restore(start.state);
      EXPECT_EQ(next_of(iterator).front(), 6.0F) << before << " then " << of;
    }
  }
}

TEST(RankShare, WhereBadSamplesHideThePlaceEveryRankReadsAllFromTheStateOn) {
  const Dataset dataset = numbers(24)
                              .map([](Record& record) {
                                if (record[0].item<float>() == 1.0F)
                                  throw DataError(make_diagnostic("D001", "a bad one"));
                              })
                              .batch(4)
                              .on_bad_sample({.policy = BadSamplePolicy::kSkip, .max_bad = 0.5});
  const std::string state = state_behind(dataset, 0, 0, 2);
  const RankStart start = share_from(dataset, state, {1, 2}, false);
  EXPECT_THAT(start.share.why_whole, HasSubstr("bad samples"));
  DatasetIterator iterator = start.share.dataset.iterate({.seed = 3, .threads = 1});
  iterator.restore(start.state);
  EXPECT_EQ(next_of(iterator), batches_of(dataset)[2]);
}

TEST(RankShare, WithABatchForEachRankAStepHasAllOfThem) {
  const Dataset dataset = numbers(24).shuffle(9).batch(4).prefetch(2);
  const Batches together = batches_of(numbers(24).shuffle(9).batch(12));
  std::string state;
  for (std::int64_t rank = 0; rank < 3; ++rank) {
    const RankShare share = share_of_rank(dataset, {rank, 3, true});
    EXPECT_EQ(share.dataset.cardinality().count, 2);
    DatasetIterator iterator = share.dataset.iterate({.seed = 3, .threads = 1});
    const std::vector<float> own = next_of(iterator);
    for (std::size_t row = 0; row < 4; ++row)
      EXPECT_EQ(own.at(row), together[0][static_cast<std::size_t>(rank) + row * 3]);
    state = iterator.state();
  }
  // 12 elements are behind; two ranks go on with the 13th, in batches of their own.
  const RankStart start = share_from(dataset, state, {1, 2, true}, false);
  DatasetIterator iterator = start.share.dataset.iterate({.seed = 9, .threads = 1});
  iterator.restore(start.state);
  const std::vector<float> own = next_of(iterator);
  for (std::size_t row = 0; row < 4; ++row) EXPECT_EQ(own.at(row), together[1][1 + row * 2]);
}

TEST(RankShare, SaysWhyARankReadsAll) {
  EXPECT_THAT(share_of_rank(numbers(8).batch(4).repeat(), {0, 2}).why_whole,
              HasSubstr("repeat stands behind batch"));
  EXPECT_THAT(share_of_rank(numbers(8).batch(3), {0, 4}).why_whole,
              HasSubstr("fewer rows than there are ranks, 4"));
  EXPECT_FALSE(share_of_rank(numbers(8).batch(4), {0, 2}).only_whole);
  EXPECT_TRUE(share_of_rank(numbers(8).batch(4, {.drop_remainder = true}), {0, 2}).only_whole);
}

}  // namespace
}  // namespace tenon::data
