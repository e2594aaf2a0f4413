// Running a dataset: threads, prefetch, state and restore.
#include <stdexcept>
#include <thread>

#include "data/support.hpp"

namespace tenon {
namespace {

using data_test::collect;
using data_test::counted;
using data_test::expect_equal;
using data_test::thrown_by;
using ::testing::HasSubstr;

Dataset whole_pipeline(const Dataset& dataset) {
  return dataset.scale({"image"}, 1.0 / 255.0)
      .random_flip({"image"}, {"height", "width"})
      .shuffle(16)
      .repeat(2)
      .batch(4)
      .prefetch(2);
}

/// Pipelines that differ in where records are held.
std::vector<std::pair<std::string, Dataset>> pipelines(const Dataset& dataset) {
  const Dataset odd = dataset.filter(
      [](const Record& record) { return record.at("id").item<std::int64_t>() % 2 == 1; });
  return {
      {"plain", dataset},
      {"whole", whole_pipeline(dataset)},
      {"shuffle above filter", odd.shuffle(8).batch(3)},
      {"shuffle of batches", dataset.batch(3).shuffle(4).random_flip({"image"}, {"width"})},
      {"prefetch twice", odd.prefetch(3).scale({"image"}, 2.0).batch(2).prefetch(2)},
      {"repeat above filter", odd.take(7).repeat(3).shuffle(5)},
      {"skip and take", dataset.shuffle(20).skip(5).take(21).batch(4, {.drop_remainder = true})}};
}

TEST(Iterator, GivesTheSameForAnyNumberOfThreads) {
  for (const auto& [name, dataset] : pipelines(counted(40).dataset)) {
    SCOPED_TRACE(name);
    const auto one = collect(dataset, {.seed = 3, .threads = 1});
    EXPECT_FALSE(one.empty());
    expect_equal(one, collect(dataset, {.seed = 3, .threads = 4}));
    expect_equal(one, collect(dataset, {.seed = 3, .threads = 0}));
  }
}

TEST(Iterator, GoesOnWithTheVeryNextRecordAfterARestore) {
  for (const auto& [name, dataset] : pipelines(counted(40).dataset)) {
    SCOPED_TRACE(name);
    const auto all = collect(dataset, {.seed = 3, .threads = 1});
    for (const int threads : {1, 3}) {
      for (std::size_t cut = 0; cut <= all.size(); cut += 2) {
        DatasetIterator first = dataset.iterate({.seed = 3, .threads = threads});
        auto records = collect(first, cut);
        const std::string state = first.state();
        DatasetIterator second = dataset.iterate({.threads = threads});
        second.restore(state);
        const auto rest = collect(second);
        records.insert(records.end(), rest.begin(), rest.end());
        expect_equal(all, records);
        // Saving must not disturb the one that is saved.
        const auto undisturbed = collect(first);
        expect_equal(rest, undisturbed);
      }
    }
  }
}

TEST(Iterator, AStateIsOfItsEpoch) {
  const Dataset dataset = counted(20).dataset.shuffle(20).batch(3);
  DatasetIterator first = dataset.iterate({.seed = 1, .threads = 1});
  const auto epoch0 = collect(first);
  first.next_epoch();
  const auto head = collect(first, 2);
  DatasetIterator second = dataset.iterate({.threads = 1});
  second.restore(first.state());
  expect_equal(collect(first), collect(second));
  first.next_epoch();
  second.next_epoch();
  const auto epoch2 = collect(first);
  expect_equal(epoch2, collect(second));
  expect_equal(epoch2, collect(dataset, {.seed = 1, .epoch = 2, .threads = 1}));
  EXPECT_FALSE(epoch0[0].at("id").equals(head[0].at("id")));
}

TEST(Iterator, ARestoreReadsOnlyWhatSatInBuffers) {
  constexpr int kBuffer = 8;
  const auto build = [](const Dataset& dataset) {
    return dataset.filter("id", {.min = 0}).shuffle(kBuffer).batch(2).prefetch(2);
  };
  const auto source = counted(400);
  DatasetIterator first = build(source.dataset).iterate({.seed = 9, .threads = 2});
  const auto head = collect(first, 150);
  const std::string state = first.state();
  const auto again = counted(400);
  DatasetIterator second = build(again.dataset).iterate({.threads = 2});
  second.restore(state);
  EXPECT_EQ(again.total(), 0) << "nothing is read before it is asked for";
  const auto rest = collect(second);
  expect_equal(collect(first), rest);
  // 300 samples were given; what is read is the rest, each once.
  EXPECT_EQ(again.total(), 100);
  for (const auto& count : *again.reads) EXPECT_LE(count.load(), 1);
}

TEST(Iterator, AShuffleOnTicketsRestoresWithoutReading) {
  const auto build = [](const Dataset& dataset) { return dataset.shuffle(300).batch(10); };
  DatasetIterator first = build(counted(300).dataset).iterate({.seed = 9, .threads = 1});
  collect(first, 20);
  const auto again = counted(300);
  DatasetIterator second = build(again.dataset).iterate({.threads = 1});
  second.restore(first.state());
  Record record;
  EXPECT_TRUE(second.next(record));
  EXPECT_EQ(again.total(), 10);
}

TEST(Iterator, RefusesTheStateOfAnotherPipeline) {
  const Dataset dataset = counted(20).dataset;
  DatasetIterator first = dataset.shuffle(4).batch(2).iterate({.threads = 1});
  const std::string state = first.state();
  DatasetIterator other = dataset.shuffle(4).batch(3).iterate({.threads = 1});
  const auto error = thrown_by<FormatError>([&] { other.restore(state); });
  EXPECT_THAT(error.what(), HasSubstr("its stage 1 was batch(size=2"));
  EXPECT_THAT(error.what(), HasSubstr("here it is batch(size=3"));
  DatasetIterator longer = dataset.shuffle(4).batch(2).prefetch(1).iterate({.threads = 1});
  EXPECT_THROW(longer.restore(state), FormatError);
  DatasetIterator more = counted(21).dataset.shuffle(4).batch(2).iterate({.threads = 1});
  EXPECT_THROW(more.restore(state), FormatError);
}

TEST(Iterator, RefusesDamagedStates) {
  DatasetIterator iterator = counted(20).dataset.shuffle(4).batch(2).iterate({.threads = 1});
  collect(iterator, 3);
  const std::string state = iterator.state();
  for (std::size_t cut = 0; cut < state.size(); ++cut) {
    EXPECT_THROW(iterator.restore(state.substr(0, cut)), FormatError) << cut;
  }
  EXPECT_THROW(iterator.restore("{}"), FormatError);
  EXPECT_THROW(iterator.restore("[1, 2]"), FormatError);
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string changed = state;
    changed.replace(changed.find(from), from.size(), to);
    return changed;
  };
  EXPECT_THROW(iterator.restore(with("\"version\":1", "\"version\":7")), FormatError);
  EXPECT_THROW(iterator.restore(with("\"nodes\":[", "\"nodes\":[],\"x\":[")), FormatError);
  EXPECT_THROW(iterator.restore(with("\"kind\":\"shuffle\"", "\"kind\":\"take\"")), FormatError);
}

TEST(Iterator, RefusesSamplesThatTheSourceDoesNotHave) {
  DatasetIterator iterator = counted(20).dataset.shuffle(2).iterate({.threads = 1});
  collect(iterator, 1);
  std::string state = iterator.state();
  const std::string items = "\"items\":[[";
  const std::size_t at = state.rfind(items) + items.size();
  state.replace(at, state.find(',', at) - at, "999");
  iterator.restore(state);
  EXPECT_THROW(collect(iterator), FormatError);
}

TEST(Iterator, ErrorsOfThePrefetchThreadArriveAtNext) {
  const Dataset dataset = counted(20)
                              .dataset
                              .map([](Record& record) {
                                if (record.at("id").item<std::int64_t>() == 7) {
                                  throw std::runtime_error("broken");
                                }
                              })
                              .batch(2)
                              .prefetch(4);
  DatasetIterator iterator = dataset.iterate({.threads = 2});
  Record record;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(iterator.next(record));
  EXPECT_THAT(thrown_by<DataError>([&] { iterator.next(record); }).what(), HasSubstr("broken"));
  EXPECT_THROW(iterator.next(record), DataError);
}

TEST(Iterator, IsDestroyedCleanlyInTheMiddle) {
  for (int given = 0; given < 3; ++given) {
    for (const auto& [name, dataset] : pipelines(counted(40).dataset.repeat())) {
      if (name == "plain") continue;
      DatasetIterator iterator = dataset.iterate({.threads = 3});
      collect(iterator, static_cast<std::size_t>(given));
    }
  }
}

TEST(Iterator, IsDestroyedCleanlyWhileNothingPassesAFilter) {
  // After its first element the thread of prefetch looks for another one that never comes. (The
  // first call shows the function a sample, to see which keys it reads.)
  auto looked_at = std::make_shared<std::atomic<int>>(0);
  const Dataset dataset =
      counted(10).dataset.repeat().filter([looked_at](const Record&) { return ++*looked_at <= 2; });
  for (const int threads : {1, 2}) {
    *looked_at = 0;
    DatasetIterator iterator = dataset.prefetch(1).iterate({.threads = threads});
    Record record;
    EXPECT_TRUE(iterator.next(record));
    while (looked_at->load() < 50) std::this_thread::yield();
  }
}

TEST(Iterator, RecordsShareThePipelinesSchema) {
  const Dataset dataset = counted(6).dataset.rename({{"image", "x"}}).batch(2);
  DatasetIterator iterator = dataset.iterate({.threads = 1});
  Record first;
  Record second;
  iterator.next(first);
  iterator.next(second);
  EXPECT_EQ(first.shared_schema(), second.shared_schema());
  EXPECT_EQ(&iterator.schema(), &first.schema());
}

TEST(Iterator, CanBeMovedAndCountsWaiting) {
  DatasetIterator iterator = counted(6).dataset.iterate({.threads = 1});
  Record record;
  iterator.next(record);
  DatasetIterator moved = std::move(iterator);
  EXPECT_TRUE(moved.next(record));
  EXPECT_GT(moved.seconds_waited(), 0.0);
}

TEST(Iterator, ANumberOfThreadsThatCannotBeMeantIsRefused) {
  EXPECT_THROW(static_cast<void>(counted(1).dataset.iterate({.threads = -1})), ContractError);
  try {
    static_cast<void>(counted(1).dataset.iterate({.threads = 500000}));
    FAIL() << "nothing was thrown";
  } catch (const ContractError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("iterate: threads is 500000 where at most "));
  }
}

TEST(Iterator, StateCanBeTakenWhilePrefetchRuns) {
  const Dataset dataset = whole_pipeline(counted(200).dataset);
  DatasetIterator iterator = dataset.iterate({.seed = 4, .threads = 3});
  const auto all = collect(dataset, {.seed = 4, .threads = 1});
  std::vector<Record> records;
  Record record;
  while (iterator.next(record)) {
    records.push_back(record);
    const std::string state = iterator.state();
    if (records.size() % 10 == 0) {
      iterator = dataset.iterate({.threads = 3});
      iterator.restore(state);
    }
  }
  expect_equal(all, records);
}

}  // namespace
}  // namespace tenon
