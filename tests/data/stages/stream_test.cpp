// Stages on the stream: shuffle, batch, repeat, take, skip, filter, and what they cost.
#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <numeric>

#include "core/physical_memory.hpp"
#include "data/execution.hpp"
#include "data/node.hpp"
#include "data/pipeline.hpp"
#include "data/stream_stage.hpp"
#include "data/support.hpp"
#include "tenon/message.hpp"

namespace tenon {
namespace {

using data_test::collect;
using data_test::counted;
using data_test::thrown_by;
using data_test::values_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Kind = Cardinality::Kind;
using Ids = std::vector<std::int64_t>;

Ids ids(const Dataset& dataset, IterateOptions options = {.threads = 1}, std::size_t most = 1000) {
  return values_of<std::int64_t>(collect(dataset.select({"id"}), options, most), "id");
}
Ids range(std::int64_t count) {
  Ids all(static_cast<std::size_t>(count));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

TEST(Shuffle, GivesEveryElementOnceInAnotherOrder) {
  const Dataset dataset = counted(100).dataset.shuffle(100);
  Ids order = ids(dataset);
  EXPECT_NE(order, range(100));
  std::sort(order.begin(), order.end());
  EXPECT_EQ(order, range(100));
}

TEST(Shuffle, DependsOnSeedAndEpoch) {
  const Dataset dataset = counted(100).dataset.shuffle(100);
  EXPECT_EQ(ids(dataset, {.seed = 5, .threads = 1}), ids(dataset, {.seed = 5, .threads = 4}));
  EXPECT_NE(ids(dataset, {.seed = 5, .threads = 1}), ids(dataset, {.seed = 6, .threads = 1}));
  EXPECT_NE(ids(dataset, {.seed = 5, .threads = 1}),
            ids(dataset, {.seed = 5, .epoch = 1, .threads = 1}));
}

TEST(Shuffle, MovesAnElementForwardByLessThanTheBuffer) {
  const Ids order = ids(counted(200).dataset.shuffle(10));
  for (std::size_t i = 0; i < order.size(); ++i) {
    EXPECT_LT(order[i], static_cast<std::int64_t>(i) + 10);
  }
}

TEST(Shuffle, OfABufferOfOneChangesNothing) {
  EXPECT_EQ(ids(counted(10).dataset.shuffle(1)), range(10));
}

TEST(Shuffle, MixesEvenly) {
  // Where element 0 of 4 ends up over 4000 seeds: each place about 1000 times (5 sigma = 137).
  std::array<int, 4> places{};
  const Dataset dataset = counted(4).dataset.shuffle(4);
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    const Ids order = ids(dataset, {.seed = seed, .threads = 1});
    ++places[static_cast<std::size_t>(std::find(order.begin(), order.end(), 0) - order.begin())];
  }
  for (const int count : places) EXPECT_NEAR(count, 1000, 137);
}

TEST(Shuffle, ReadsNoDataAhead) {
  const auto source = counted(1000);
  DatasetIterator iterator =
      source.dataset.scale({"image"}, 0.5).shuffle(1000).iterate({.threads = 1});
  Record record;
  iterator.next(record);
  EXPECT_EQ(source.total(), 1);
}

TEST(SkipAndTake, CostNoData) {
  const auto source = counted(1000);
  EXPECT_EQ(ids(source.dataset.skip(500).take(3)), (Ids{500, 501, 502}));
  EXPECT_EQ(source.total(), 3);
}

TEST(Repeat, GoesThroughTheDataAgain) {
  EXPECT_EQ(ids(counted(3).dataset.repeat(2)), (Ids{0, 1, 2, 0, 1, 2}));
  EXPECT_EQ(ids(counted(3).dataset.repeat(), {.threads = 1}, 7).size(), 7U);
  EXPECT_EQ(ids(counted(3).dataset.take(2).repeat(2).skip(1)), (Ids{1, 0, 1}));
}

TEST(Repeat, ShufflesEveryRoundAnew) {
  const Ids order = ids(counted(50).dataset.shuffle(50).repeat(2));
  const Ids first(order.begin(), order.begin() + 50);
  const Ids second(order.begin() + 50, order.end());
  EXPECT_NE(first, second);
  EXPECT_TRUE(std::is_permutation(first.begin(), first.end(), second.begin()));
}

TEST(Repeat, DrawsOtherAugmentationsInEveryRound) {
  const auto records = collect(counted(32).dataset.random_flip({"image"}, {"width"}).repeat(2));
  int differing = 0;
  for (std::size_t i = 0; i < 32; ++i) {
    differing += records[i].at("image").equals(records[i + 32].at("image")) ? 0 : 1;
  }
  EXPECT_GT(differing, 4);
}

TEST(Repeat, OfNothingEnds) {
  EXPECT_TRUE(ids(counted(3).dataset.take(0).repeat()).empty());
  EXPECT_TRUE(ids(counted(3).dataset.filter([](const Record&) { return false; }).repeat()).empty());
}

TEST(Batch, StacksSamplesAndKeepsTheRest) {
  const auto records = collect(counted(5).dataset.batch(2));
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[1].at("image").shape(), (Shape{2, 4, 6, 3}));
  EXPECT_EQ(records[2].at("id").shape(), (Shape{1}));
  EXPECT_EQ(records[1].samples()[1].index, 3);
  EXPECT_TRUE(records[1].at("image").row(0).equals(collect(counted(5).dataset)[2].at("image")));
  EXPECT_EQ(collect(counted(5).dataset.batch(2, {.drop_remainder = true})).size(), 2U);
}

TEST(Batch, StacksText) {
  const Dataset dataset =
      Dataset::from_tensors({{"t", Tensor::strings({3}, {"a", "b", "c"})}}).batch(2);
  EXPECT_EQ(values_of<std::string>(collect(dataset), "t"),
            (std::vector<std::string>{"a", "b", "c"}));
}

Dataset ragged() {
  return Dataset::from_function(
      {{"x", TensorSpec(DType::kFloat32, {Dim(), Dim(), 1}, "HWC")}}, 3, [](std::int64_t index) {
        Tensor x(DType::kFloat32, {2, index + 1, 1});
        for (float& value : x.data<float>()) value = static_cast<float>(index + 1);
        Record record;
        record.set("x", x);
        record.samples().push_back({-1, "cell " + std::to_string(index), "cells.csv", index + 2});
        return record;
      });
}

TEST(Batch, SamplesThatDifferInShapeAreS006WithBoth) {
  const auto error = thrown_by<ShapeError>([] {
    collect(ragged().batch(2, {}, {"train.cpp", 9}));
  });
  EXPECT_EQ(error.code(), "S006");
  EXPECT_THAT(error.what(), HasSubstr("stage 0 batch (train.cpp:9)"));
  EXPECT_THAT(error.what(), HasSubstr("samples of \"x\" differ in axis 1 (width)"));
  EXPECT_THAT(error.what(), HasSubstr("\"cell 0\" (cells.csv:2) is f32 (2, 1, 1)"));
  EXPECT_THAT(error.what(), HasSubstr("\"cell 1\" (cells.csv:3) is f32 (2, 2, 1)"));
  EXPECT_THAT(error.what(), HasSubstr("pad"));
}

TEST(Batch, PaddedFillsAtTheEnd) {
  const auto records = collect(ragged().batch(3, {.padded = true, .padding_value = -1}));
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].at("x").shape(), (Shape{3, 2, 3, 1}));
  EXPECT_THAT(values_of<float>(records, "x"),
              ElementsAre(1, -1, -1, 1, -1, -1, 2, 2, -1, 2, 2, -1, 3, 3, 3, 3, 3, 3));
}

TEST(Filter, KeepsByFunctionOrByKey) {
  const Dataset dataset = counted(10).dataset;
  EXPECT_EQ(ids(dataset.filter([](const Record& record) {
              return record.at("id").item<std::int64_t>() % 3 == 0;
            })),
            (Ids{0, 3, 6, 9}));
  EXPECT_EQ(ids(dataset.filter("id", {.min = 7})), (Ids{7, 8, 9}));
  EXPECT_EQ(ids(dataset.filter("id", {.min = 2, .max = 4})), (Ids{2, 3, 4}));
  EXPECT_EQ(ids(dataset.filter("id", {.in = {"5", "1"}})), (Ids{1, 5}));
  EXPECT_EQ(ids(dataset.filter("sample_index", {.max = 1})), (Ids{0, 1}));
}

TEST(Filter, StagesBehindItCountWhatItKeeps) {
  const Dataset dataset = counted(20).dataset.filter("id", {.min = 5});
  EXPECT_EQ(ids(dataset.take(2)), (Ids{5, 6}));
  EXPECT_EQ(ids(dataset.skip(13)), (Ids{18, 19}));
  Ids shuffled = ids(dataset.shuffle(8), {.threads = 4});
  EXPECT_EQ(shuffled, ids(dataset.shuffle(8)));
  std::sort(shuffled.begin(), shuffled.end());
  EXPECT_EQ(shuffled, ids(dataset));
}

TEST(Filter, RefusesBatchesAndNumbersOfText) {
  EXPECT_EQ(counted(4).dataset.batch(2).filter("id", {.min = 1}).diagnostics().size(), 1U);
  const Dataset text = Dataset::from_tensors({{"t", Tensor::strings({1}, {"a"})}});
  EXPECT_EQ(text.filter("t", {.min = 1}).diagnostics().size(), 1U);
  EXPECT_EQ(text.filter("t", {.in = {"a"}}).diagnostics().size(), 0U);
  EXPECT_THROW(text.filter("t", FilterOptions{}), ContractError);
}

TEST(Stream, KnowsItsCardinality) {
  const Dataset dataset = counted(10).dataset;
  EXPECT_EQ(dataset.batch(3).cardinality(), (Cardinality{Kind::kKnown, 4, true}));
  EXPECT_EQ(dataset.batch(3, {.drop_remainder = true}).cardinality().count, 3);
  EXPECT_EQ(dataset.repeat(3).cardinality().count, 30);
  EXPECT_EQ(dataset.repeat().cardinality().kind, Kind::kInfinite);
  EXPECT_EQ(dataset.repeat().take(7).cardinality(), (Cardinality{Kind::kKnown, 7, true}));
  EXPECT_EQ(dataset.skip(4).shuffle(3).prefetch(1).cardinality().count, 6);
  EXPECT_EQ(dataset.skip(40).cardinality().count, 0);
  EXPECT_EQ(dataset.filter("id", {.min = 3}).cardinality(), (Cardinality{Kind::kKnown, 10, false}));
  EXPECT_FALSE(dataset.on_bad_sample({.policy = BadSamplePolicy::kSkip}).cardinality().exact);
}

/// What a queue has told, and how many elements it has asked for.
struct QueueNews {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> told;
  std::int64_t asked = 0;
};

/// 100 elements of 1 MB each.
class LargeElements final : public data::Node {
 public:
  explicit LargeElements(QueueNews& news) : news_(news) {}
  bool next(data::Item& item) override {
    {
      const std::lock_guard lock(news_.mutex);
      ++news_.asked;
      news_.changed.notify_all();
    }
    if (given_ == 100) return false;
    item.tickets.assign(1, {given_++, 0});
    item.record.emplace(schema_, std::vector<Tensor>{Tensor(DType::kUInt8, {1'000'000})},
                        std::vector<SampleIdentity>{});
    return true;
  }
  void begin(std::uint64_t) override { given_ = 0; }
  bool revive(data::Item&) override { return true; }
  void save(std::vector<data::NodeState>&) const override {}
  void load(std::span<const data::NodeState>) override {}

 private:
  QueueNews& news_;
  std::int64_t given_ = 0;
  std::shared_ptr<const Schema> schema_ =
      std::make_shared<const Schema>(Schema{{"x", TensorSpec(DType::kUInt8, {1'000'000})}});
};

/// Of a prefetch of very many elements only so many are kept as there is memory for.
TEST(Prefetch, HoldsWhatMemoryThereIsForAndSaysSo) {
  QueueNews news;
  const MessageSink sink_before = set_message_sink([&](const Diagnostic& message) {
    const std::lock_guard lock(news.mutex);
    news.told.push_back(render_text(message));
    news.changed.notify_all();
  });
  const Dataset dataset = counted(1).dataset.prefetch(1'000'000);
  const data::PlacedStage& placed = dataset.pipeline()->stages().back();
  auto execution = std::make_shared<data::Execution>(BadSampleOptions{});
  EXPECT_EQ(execution->prefetch_bytes, physical_memory() / 4);
  execution->prefetch_bytes = 10'500'000;
  const auto node = dynamic_cast<const data::StreamStage&>(*placed.stage)
                        .node(std::make_unique<LargeElements>(news),
                              {execution, placed.reference, placed.in, placed.out});
  data::Item item;
  EXPECT_TRUE(node->next(item));
  {
    std::unique_lock lock(news.mutex);
    news.changed.wait(lock, [&] { return !news.told.empty() || news.asked > 11; });
    EXPECT_EQ(news.asked, 11) << "one is used, ten are kept";
  }
  std::int64_t count = 1;
  while (node->next(item)) EXPECT_EQ(item.tickets.front().index, count++);
  EXPECT_EQ(count, 100);
  set_message_sink(sink_before);
  ASSERT_EQ(news.told.size(), 1U) << "once";
  EXPECT_THAT(news.told[0],
              HasSubstr("warning[A001]: prefetch keeps 10 elements ready, not 1000000"));
  EXPECT_THAT(news.told[0], HasSubstr("one takes up to 1 MB"));
}

TEST(Prefetch, OfAnotherLengthGoesOnFromTheSameState) {
  const Dataset samples = counted(20).dataset.shuffle(7).batch(2);
  const Ids whole = ids(samples);
  DatasetIterator first = samples.prefetch(4).iterate({.threads = 1});
  data_test::collect(first, 3);
  DatasetIterator second = samples.prefetch(2).iterate({.threads = 1});
  second.restore(first.state());
  Ids rest = values_of<std::int64_t>(collect(second), "id");
  EXPECT_EQ(rest, Ids(whole.begin() + 6, whole.end()));
  EXPECT_THROW(samples.iterate().restore(first.state()), FormatError) << "none is another pipeline";
}

TEST(Stream, RefusesSizesThatCannotBe) {
  const Dataset dataset = counted(10).dataset;
  EXPECT_THROW(dataset.batch(0), ContractError);
  EXPECT_THROW(dataset.shuffle(0), ContractError);
  EXPECT_THROW(dataset.prefetch(0), ContractError);
  EXPECT_THROW(dataset.take(-1), ContractError);
  EXPECT_THROW(dataset.skip(-1), ContractError);
  EXPECT_THROW(dataset.repeat(0), ContractError);
}

}  // namespace
}  // namespace tenon
