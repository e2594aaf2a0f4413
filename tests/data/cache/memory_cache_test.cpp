// cache() in memory: what it saves, and what it does not change.
#include "data/cache/cache_support.hpp"
#include "tenon/message.hpp"

namespace tenon {
namespace {

using data_test::collect;
using data_test::counted;
using data_test::expect_equal;
using data_test::NumberFiles;
using data_test::thrown_by;
using ::testing::AllOf;
using ::testing::HasSubstr;

Dataset seen(const Dataset& dataset) {
  return dataset.random_flip({"image"}, {"width"}).shuffle(20).batch(3);
}

TEST(MemoryCache, RunsWhatIsBeforeItOnce) {
  const auto plain = counted(20);
  for (const int threads : {1, 3}) {
    const auto source = counted(20);
    // The cache is a stage: those behind it have other numbers, and other random streams.
    DatasetIterator expected =
        seen(plain.dataset.take(20)).iterate({.seed = 4, .threads = threads});
    DatasetIterator cached = seen(source.dataset.cache()).iterate({.seed = 4, .threads = threads});
    for (int epoch = 0; epoch < 3; ++epoch) {
      const auto records = collect(cached);
      expect_equal(collect(expected), records);
      expected.next_epoch();
      cached.next_epoch();
    }
    EXPECT_EQ(source.total(), 20);
  }
}

TEST(MemoryCache, IsSharedByIteratorsOfOneDataset) {
  const auto source = counted(10);
  const Dataset dataset = source.dataset.cast({"image"}, DType::kFloat32).cache();
  collect(dataset.batch(2));
  collect(dataset.shuffle(10).repeat(2).scale({"image"}, 2.0));
  EXPECT_EQ(source.total(), 10);
}

TEST(MemoryCache, KeepsNoMoreThanItsBudget) {
  const auto source = counted(10);
  // 72 bytes of image and 8 of id.
  DatasetIterator iterator = source.dataset.cache({.budget = 400}).iterate({.threads = 2});
  collect(iterator);
  iterator.next_epoch();
  const auto second = collect(iterator);
  EXPECT_EQ(source.total(), 15);
  expect_equal(collect(counted(10).dataset), second);
}

TEST(MemoryCache, ThatItIsTooSmallIsToldOnceWithTheSizes) {
  std::vector<Diagnostic> told;
  const MessageSink before =
      set_message_sink([&](const Diagnostic& message) { told.push_back(message); });
  DatasetIterator iterator = counted(10).dataset.cache({.budget = 400}).iterate({.threads = 1});
  collect(iterator);
  iterator.next_epoch();
  collect(iterator);
  collect(counted(10).dataset.cache({.budget = 800}));
  set_message_sink(before);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].severity, Severity::kWarning);
  EXPECT_THAT(render_text(told[0]),
              AllOf(HasSubstr("cache: its budget of 400 bytes is full with 5 samples"),
                    HasSubstr("made again in every epoch; all 10 would take about 800 bytes"),
                    HasSubstr("raise budget")));
}

TEST(MemoryCache, GoesOnAfterARestore) {
  const auto source = counted(30);
  const Dataset dataset = seen(source.dataset.cache());
  const auto all = collect(dataset, {.seed = 2, .threads = 1});
  DatasetIterator first = dataset.iterate({.seed = 2, .threads = 3});
  collect(first, 4);
  DatasetIterator second = dataset.iterate({.threads = 2});
  second.restore(first.state());
  expect_equal(collect(second), {all.begin() + 4, all.end()});
  EXPECT_EQ(source.total(), 30);
}

std::string told(const Dataset& dataset) {
  return thrown_by<ContractError>([&] { dataset.iterate({.threads = 1}); }).what();
}

TEST(MemoryCache, SaysWhereItCannotStand) {
  const Dataset data = counted(10).dataset;
  EXPECT_THAT(told(data.random_flip({"image"}, {"width"}).cache()), HasSubstr("random_flip"));
  EXPECT_THAT(told(data.random_flip({"image"}, {"width"}).cache()),
              HasSubstr("before it would give every epoch the same"));
  EXPECT_THAT(told(data.batch(2).cache()), HasSubstr("put cache before batch"));
  EXPECT_THAT(told(data.prefetch(2).cache()), HasSubstr("put cache before prefetch"));
  EXPECT_THAT(told(data.filter("id", {.min = 3}).shuffle(4).cache()),
              HasSubstr("put cache before shuffle"));
  EXPECT_THAT(thrown_by<ContractError>([&] { data.cache({.budget = -1}); }).what(),
              HasSubstr("budget = -1"));
}

TEST(MemoryCache, StandsBehindAFilter) {
  const auto source = counted(10);
  DatasetIterator iterator =
      source.dataset.filter("id", {.min = 5}).cache().iterate({.threads = 1});
  EXPECT_EQ(collect(iterator).size(), 5U);
  iterator.next_epoch();
  EXPECT_EQ(collect(iterator).size(), 5U);
  EXPECT_EQ(source.total(), 15) << "those that the filter drops are looked at again";
}

}  // namespace
}  // namespace tenon
