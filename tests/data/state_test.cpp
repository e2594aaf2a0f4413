// state() and restore() at many places of pipelines that hold samples in many ways.
#include <algorithm>
#include <set>

#include "data/support.hpp"
#include "tenon/random.hpp"

namespace tenon {
namespace {

using data_test::collect;
using data_test::counted;
using data_test::expect_equal;
using Build = std::function<Dataset(const Dataset&)>;

bool is_odd(const Record& record) { return record.at("id").item<std::int64_t>() % 2 == 1; }

/// Random stages, and every stage that holds samples back, in several orders.
std::vector<std::pair<std::string, Build>> holding_pipelines() {
  const auto changed = [](const Dataset& data) {
    return data.cast({"image"}, DType::kFloat32)
        .random_flip({"image"}, {"height", "width"})
        .random_noise({"image"}, {1.0, 5.0}, 0.7)
        .random_brightness({"image"}, {0.5, 1.5}, 0.7);
  };
  return {
      {"tickets",
       [=](const Dataset& data) { return changed(data.shuffle(50).repeat(2)).batch(3); }},
      {"records",
       [=](const Dataset& data) {
         return changed(data.filter(is_odd).shuffle(16)).repeat(3).batch(2).prefetch(3);
       }},
      {"batches",
       [=](const Dataset& data) { return changed(data).batch(2).shuffle(8).prefetch(2).skip(3); }},
      {"shard",
       [=](const Dataset& data) {
         return changed(data.shuffle(200).repeat(2).shard(1, 3)).shuffle(9).batch(2).prefetch(4);
       }},
      {"two prefetches", [=](const Dataset& data) {
         return changed(data.shuffle(30).prefetch(5)).filter(is_odd).prefetch(3).take(120);
       }}};
}

/// Reading a sample that the source does not have is an error; others are let through as they are.
TEST(State, FiftyRandomPlacesGiveTheSameRemainderForAnyNumberOfThreads) {
  Random random(17);
  for (const auto& [name, build] : holding_pipelines()) {
    const Dataset dataset = build(counted(160).dataset);
    const auto all = collect(dataset, {.seed = 5, .epoch = 2, .threads = 1});
    ASSERT_GT(all.size(), 30U) << name;
    for (int place = 0; place < 50; ++place) {
      const auto cut = static_cast<std::size_t>(random.next_below(all.size() + 1));
      constexpr std::array<int, 3> kThreads = {1, 2, 4};
      const int before = kThreads[random.next_below(3)];
      const int after = kThreads[random.next_below(3)];
      SCOPED_TRACE(testing::Message() << name << ", at " << cut << " of " << all.size() << ", "
                                      << before << " threads, then " << after);
      DatasetIterator first = dataset.iterate({.seed = 5, .epoch = 2, .threads = before});
      ASSERT_EQ(collect(first, cut).size(), cut);
      DatasetIterator second = dataset.iterate({.threads = after});
      second.restore(first.state());
      expect_equal(collect(second), {all.begin() + static_cast<std::ptrdiff_t>(cut), all.end()});
      ASSERT_FALSE(testing::Test::HasFailure());
    }
  }
}

TEST(State, OneTakenOfARestoredIteratorIsAsGood) {
  for (const auto& [name, build] : holding_pipelines()) {
    SCOPED_TRACE(name);
    const Dataset dataset = build(counted(160).dataset);
    const auto all = collect(dataset, {.seed = 5, .threads = 2});
    std::string state;
    std::vector<Record> records;
    while (records.size() < all.size()) {
      DatasetIterator iterator = dataset.iterate({.seed = 5, .threads = 2});
      if (!state.empty()) iterator.restore(state);
      const auto some = collect(iterator, 7);
      records.insert(records.end(), some.begin(), some.end());
      state = iterator.state();
    }
    expect_equal(all, records);
  }
}

constexpr std::int64_t kMillion = 1'000'000;

struct Million {
  std::shared_ptr<std::atomic<std::int64_t>> reads = std::make_shared<std::atomic<std::int64_t>>();
  Dataset dataset = Dataset::from_function(
      {{"id", TensorSpec(DType::kInt64, {})}}, kMillion, [reads = reads](std::int64_t index) {
        ++*reads;
        return Record(std::make_shared<const Schema>(Schema{{"id", TensorSpec(DType::kInt64, {})}}),
                      {Tensor::scalar(index)}, {});
      });
};

TEST(State, NearTheEndOfAMillionRowsNoMoreIsReadThanSatInBuffers) {
  constexpr std::size_t kThreads = 2;
  constexpr std::size_t kBatch = 100;
  constexpr std::size_t kAhead = 3;
  const auto build = [](const Dataset& data) {
    return data.shuffle(1000).map([](Record&) {}).batch(kBatch).prefetch(kAhead);
  };
  Million source;
  DatasetIterator first = build(source.dataset).iterate({.seed = 1, .threads = kThreads});
  collect(first, 9'990);
  const std::string state = first.state();
  EXPECT_LT(state.size(), 40'000U) << "a thousand places of the shuffle, and what is on its way";
  const Million again;
  DatasetIterator second = build(again.dataset).iterate({.threads = kThreads});
  const std::int64_t to_observe = again.reads->load();
  second.restore(state);
  EXPECT_EQ(again.reads->load(), to_observe) << "nothing is read before it is asked for";
  Record record;
  ASSERT_TRUE(second.next(record));
  // The batches that were ready and the one that is given; the rest runs ahead again.
  const std::string now = second.state();
  EXPECT_LE(again.reads->load() - to_observe,
            static_cast<std::int64_t>((2 * kAhead + 2) * kBatch + 2 * 16 * kThreads * 2));
  const auto rest = collect(second);
  const auto expected = collect(first);
  ASSERT_EQ(expected.size(), 10U);
  expect_equal({expected.begin() + 1, expected.end()}, rest);
  EXPECT_EQ(again.reads->load() - to_observe, 1000);
}

TEST(State, IsAsSmallAsWhatItHolds) {
  Million source;
  const Dataset dataset = source.dataset.batch(10);
  DatasetIterator iterator = dataset.iterate({.threads = 1});
  collect(iterator, 50'000);
  EXPECT_LT(iterator.state().size(), 700U);
}

}  // namespace
}  // namespace tenon
