// One epoch shared by several processes, and going on with another number of them.
#include <algorithm>
#include <numeric>

#include "data/support.hpp"

namespace tenon {
namespace {

using data_test::collect;
using data_test::counted;
using data_test::expect_equal;
using data_test::thrown_by;
using data_test::values_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Order = std::vector<std::int64_t>;

Order order_of(const Dataset& dataset, IterateOptions options = {.seed = 3, .threads = 1}) {
  return values_of<std::int64_t>(collect(dataset, options), "id");
}
Order ascending(std::int64_t count) {
  Order all(static_cast<std::size_t>(count));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

TEST(Shard, TakesEveryNthElementAsTensorFlowDoes) {
  const Dataset dataset = counted(10).dataset;
  EXPECT_THAT(order_of(dataset.shard(0, 3)), ElementsAre(0, 3, 6, 9));
  EXPECT_THAT(order_of(dataset.shard(1, 3)), ElementsAre(1, 4, 7));
  EXPECT_THAT(order_of(dataset.shard(2, 3)), ElementsAre(2, 5, 8));
}

TEST(Shard, RanksAreCompleteDisjointAndEven) {
  for (const std::int64_t count : {0, 1, 5, 12, 37}) {
    for (const std::int64_t of : {1, 2, 3, 4, 7}) {
      SCOPED_TRACE(testing::Message() << count << " among " << of);
      Order all;
      std::size_t fewest = 1000;
      std::size_t most = 0;
      for (std::int64_t rank = 0; rank < of; ++rank) {
        const Dataset shard = counted(count).dataset.shuffle(64).shard(rank, of);
        const Order mine = order_of(shard);
        EXPECT_EQ(shard.cardinality().count, static_cast<std::int64_t>(mine.size()));
        fewest = std::min(fewest, mine.size());
        most = std::max(most, mine.size());
        all.insert(all.end(), mine.begin(), mine.end());
      }
      std::sort(all.begin(), all.end());
      EXPECT_EQ(all, ascending(count));
      EXPECT_LE(most - fewest, 1U);
    }
  }
}

TEST(Shard, DropAndPadGiveEveryRankTheSame) {
  const Dataset dataset = counted(5).dataset;
  EXPECT_THAT(order_of(dataset.shard(0, 3, {ShardRemainder::kDrop})), ElementsAre(0));
  EXPECT_THAT(order_of(dataset.shard(2, 3, {ShardRemainder::kDrop})), ElementsAre(2));
  EXPECT_THAT(order_of(dataset.shard(1, 3, {ShardRemainder::kPad})), ElementsAre(1, 4));
  EXPECT_THAT(order_of(dataset.shard(2, 3, {ShardRemainder::kPad})), ElementsAre(2, 0));
  EXPECT_THAT(order_of(counted(2).dataset.shard(4, 6, {ShardRemainder::kPad})), ElementsAre(0));
  EXPECT_THAT(order_of(counted(2).dataset.shard(5, 6, {ShardRemainder::kPad})), ElementsAre(1));
  EXPECT_EQ(dataset.shard(2, 3, {ShardRemainder::kPad}).cardinality().count, 2);
  EXPECT_EQ(dataset.shard(0, 3, {ShardRemainder::kDrop}).cardinality().count, 1);
}

TEST(Shard, ReadsOnlyWhatItGives) {
  const auto source = counted(20);
  order_of(source.dataset.shuffle(20).shard(1, 4));
  EXPECT_EQ(source.total(), 5);
}

TEST(Shard, WorksBehindAFilterToo) {
  const Dataset odd = counted(20).dataset.filter(
      [](const Record& record) { return record.at("id").item<std::int64_t>() % 2 == 1; });
  EXPECT_THAT(order_of(odd.shard(1, 3)), ElementsAre(3, 9, 15));
  EXPECT_THAT(order_of(odd.shard(2, 4, {ShardRemainder::kPad}), {.threads = 3}),
              ElementsAre(5, 13, 1));
}

/// The samples that all ranks give from here on, sorted, and the first `steps` of each.
Order together(const std::vector<DatasetIterator*>& ranks) {
  Order all;
  for (DatasetIterator* rank : ranks) {
    const Order mine = values_of<std::int64_t>(collect(*rank), "id");
    all.insert(all.end(), mine.begin(), mine.end());
  }
  std::sort(all.begin(), all.end());
  return all;
}

struct Ranks {
  std::vector<DatasetIterator> iterators;
  std::vector<DatasetIterator*> all() {
    std::vector<DatasetIterator*> pointers;
    for (auto& each : iterators) pointers.push_back(&each);
    return pointers;
  }
};

Dataset shared_by(std::int64_t rank, std::int64_t of, bool behind) {
  const Dataset order = counted(97).dataset.shuffle(97).repeat(2).shard(rank, of);
  const Dataset samples = order.random_flip({"image"}, {"width"});
  return behind ? samples.batch(2).prefetch(3) : samples.batch(2);
}

Ranks started(std::int64_t of, int threads, bool behind) {
  Ranks ranks;
  for (std::int64_t rank = 0; rank < of; ++rank) {
    ranks.iterators.push_back(
        shared_by(rank, of, behind).iterate({.seed = 11, .threads = threads}));
  }
  return ranks;
}

TEST(Shard, AnotherNumberOfRanksGoesOnInTheSameOrder) {
  const Order order = order_of(counted(97).dataset.shuffle(97).repeat(2), {.seed = 11});
  for (const std::int64_t before : {1, 2, 3, 4}) {
    for (const std::int64_t after : {1, 2, 3, 4}) {
      for (const std::size_t steps : {0, 1, 5}) {
        SCOPED_TRACE(testing::Message() << before << " to " << after << " at " << steps);
        const bool behind = steps == 5;
        Ranks first = started(before, static_cast<int>(1 + steps % 3), behind);
        std::vector<std::string> states;
        for (auto& rank : first.iterators) {
          EXPECT_EQ(collect(rank, steps).size(), steps);
          states.push_back(rank.state());
        }
        const auto given = static_cast<std::ptrdiff_t>(2 * steps) * before;
        Order rest(order.begin() + given, order.end());
        Ranks second = started(after, 2, behind);
        for (std::size_t rank = 0; rank < second.iterators.size(); ++rank) {
          second.iterators[rank].restore(states[rank % states.size()]);
        }
        // The very next one of every rank, and all that there are.
        Ranks third = started(after, 1, behind);
        for (std::size_t rank = 0; rank < third.iterators.size(); ++rank) {
          third.iterators[rank].restore(states.back());
          Record record;
          ASSERT_TRUE(third.iterators[rank].next(record));
          EXPECT_EQ(record.at("id").data<std::int64_t>()[0], rest[rank]);
        }
        std::sort(rest.begin(), rest.end());
        EXPECT_EQ(together(second.all()), rest);
      }
    }
  }
}

TEST(Shard, ASampleLooksTheSameForAnyNumberOfRanks) {
  const auto alone = collect(shared_by(0, 1, false), {.seed = 11, .threads = 1});
  DatasetIterator one = shared_by(0, 3, false).iterate({.seed = 11, .threads = 1});
  DatasetIterator whole = shared_by(0, 1, false).iterate({.seed = 11, .threads = 1});
  collect(one, 2);  // 12 samples of the order are given: six batches of one rank alone.
  whole.restore(one.state());
  expect_equal(collect(whole), {alone.begin() + 6, alone.end()});
}

TEST(Shard, AStateOfAChangedNumberCanBeSavedAgain) {
  DatasetIterator two = shared_by(1, 2, true).iterate({.seed = 11, .threads = 2});
  collect(two, 3);
  DatasetIterator three = shared_by(2, 3, true).iterate({.seed = 11, .threads = 2});
  three.restore(two.state());
  DatasetIterator again = shared_by(2, 3, true).iterate({.seed = 11, .threads = 1});
  again.restore(three.state());
  expect_equal(collect(three, 4), collect(again, 4));
  DatasetIterator later = shared_by(2, 3, true).iterate({.seed = 11, .threads = 1});
  later.restore(again.state());
  expect_equal(collect(again), collect(later));
}

TEST(Shard, RanksCannotChangeWhereOneHasAnOrderOfItsOwn) {
  const auto build = [](std::int64_t rank, std::int64_t of) {
    return counted(40).dataset.shard(rank, of).shuffle(8).batch(2);
  };
  DatasetIterator two = build(0, 2).iterate({.threads = 1});
  collect(two, 2);
  DatasetIterator three = build(0, 3).iterate({.threads = 1});
  const auto error = thrown_by<FormatError>([&] { three.restore(two.state()); });
  EXPECT_THAT(error.what(), HasSubstr("shuffle behind the shard gives every rank an order"));
  DatasetIterator same = build(0, 2).iterate({.threads = 1});
  same.restore(two.state());
  expect_equal(collect(two), collect(same));
}

TEST(Shard, RefusesRanksThatCannotBe) {
  const Dataset dataset = counted(4).dataset;
  EXPECT_THAT(thrown_by<ContractError>([&] { dataset.shard(3, 3); }).what(),
              HasSubstr("rank = 3 of 3"));
  EXPECT_THAT(thrown_by<ContractError>([&] { dataset.shard(-1, 3); }).what(), HasSubstr("0 to 2"));
  EXPECT_THAT(thrown_by<ContractError>([&] { dataset.shard(0, 0); }).what(), HasSubstr("of = 0"));
}

}  // namespace
}  // namespace tenon
