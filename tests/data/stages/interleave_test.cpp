// The order of interleave beside tf.data's, its state and its shards.
#include <algorithm>
#include <numeric>

#include "data/source.hpp"
#include "data/sources/joined.hpp"
#include "data/support.hpp"
#include "tenon/random.hpp"

namespace tenon {
namespace {

using data_test::collect;
using data_test::expect_equal;
using data_test::values_of;
using testing::ElementsAre;
using testing::HasSubstr;

/// The samples of files of these lengths: which file, and its number over all.
class FilesSource final : public data::Source {
 public:
  explicit FilesSource(const std::vector<std::int64_t>& lengths) {
    std::partial_sum(lengths.begin(), lengths.end(), std::back_inserter(ends_));
  }
  StageReference reference() const override { return {-1, "files", {}}; }
  std::shared_ptr<const Schema> schema() const override { return schema_; }
  Cardinality cardinality() const override {
    return {Cardinality::Kind::kKnown, ends_.back(), true};
  }
  std::vector<std::int64_t> part_ends() const override { return ends_; }
  void keep_parts(std::size_t count) const override { kept = count; }
  Record read(std::int64_t index) const override {
    const auto file = std::upper_bound(ends_.begin(), ends_.end(), index) - ends_.begin();
    return Record(schema_, {Tensor::scalar<std::int64_t>(file + 1), Tensor::scalar(index)},
                  {identity(index)});
  }
  mutable std::size_t kept = 0;

 private:
  std::vector<std::int64_t> ends_;
  std::shared_ptr<const Schema> schema_ = std::make_shared<const Schema>(
      Schema{{"file", TensorSpec(DType::kInt64, {})}, {"id", TensorSpec(DType::kInt64, {})}});
};

Dataset files(const std::vector<std::int64_t>& lengths) {
  return Dataset::from_source(std::make_shared<FilesSource>(lengths));
}

std::vector<std::int64_t> turns_of(const Dataset& dataset, const std::string& key = "file",
                                   IterateOptions options = {.threads = 1}) {
  return values_of<std::int64_t>(collect(dataset, options), key);
}

TEST(Interleave, GivesTheOrderThatTensorFlowsDocumentationShows) {
  // Dataset.range(1, 6).interleave(…repeat(6), cycle_length=2, block_length=4)
  const Dataset dataset = files({6, 6, 6, 6, 6}).interleave(2, {.block_length = 4});
  EXPECT_THAT(turns_of(dataset), ElementsAre(1, 1, 1, 1, 2, 2, 2, 2, 1, 1, 2, 2, 3, 3, 3, 3, 4, 4,
                                             4, 4, 3, 3, 4, 4, 5, 5, 5, 5, 5, 5));
}

TEST(Interleave, TakesFilesOfDifferentLengthsEmptyOnesToo) {
  EXPECT_THAT(turns_of(files({3, 0, 1, 4}).interleave(2)), ElementsAre(1, 1, 3, 1, 4, 4, 4, 4));
  // A block that ends with its file: the place stays empty for one round, as in tf.data.
  EXPECT_THAT(turns_of(files({2, 4, 2}).interleave(2, {.block_length = 2})),
              ElementsAre(1, 1, 2, 2, 2, 2, 3, 3));
  EXPECT_THAT(turns_of(files({2, 2}).interleave(9)), ElementsAre(1, 2, 1, 2));
  EXPECT_THAT(turns_of(files({2, 2}).interleave(1)), ElementsAre(1, 1, 2, 2));
  EXPECT_THAT(turns_of(files({0, 0, 1}).interleave(2)), ElementsAre(3));
}

TEST(Interleave, FilesInADrawnOrderDifferByEpochAndAreComplete) {
  const Dataset dataset =
      files({3, 5, 2, 4, 6, 1}).interleave(3, {.block_length = 2, .shuffle_files = true});
  DatasetIterator iterator = dataset.iterate({.seed = 3, .threads = 2});
  const auto first = values_of<std::int64_t>(collect(iterator), "id");
  iterator.next_epoch();
  const auto second = values_of<std::int64_t>(collect(iterator), "id");
  EXPECT_NE(first, second);
  EXPECT_EQ(first, turns_of(dataset, "id", {.seed = 3, .threads = 4}));
  for (auto ids : {first, second}) {
    std::sort(ids.begin(), ids.end());
    std::vector<std::int64_t> all(21);
    std::iota(all.begin(), all.end(), 0);
    EXPECT_EQ(ids, all);
  }
  const auto twice = turns_of(dataset.repeat(2), "id", {.seed = 3, .threads = 1});
  EXPECT_TRUE(std::equal(first.begin(), first.end(), twice.begin()));
  EXPECT_FALSE(std::equal(first.begin(), first.end(), twice.begin() + 21));
}

TEST(Interleave, FiftyRandomPlacesGiveTheSameRemainderForAnyNumberOfThreads) {
  Random random(23);
  const Dataset source = files({7, 0, 13, 1, 20, 9, 9});
  const std::vector<Dataset> pipelines = {
      source.interleave(3, {.block_length = 2}),
      source.interleave(4, {.shuffle_files = true}).shuffle(11).repeat(2).batch(3).prefetch(2),
      source.interleave(2, {.block_length = 5}).shard(1, 3).shuffle(5)};
  for (std::size_t which = 0; which < pipelines.size(); ++which) {
    const Dataset& dataset = pipelines[which];
    const auto all = collect(dataset, {.seed = 5, .epoch = 2, .threads = 1});
    for (int place = 0; place < 50; ++place) {
      const auto cut = static_cast<std::size_t>(random.next_below(all.size() + 1));
      constexpr std::array<int, 3> kThreads = {1, 2, 4};
      SCOPED_TRACE(testing::Message() << "pipeline " << which << ", at " << cut);
      DatasetIterator first =
          dataset.iterate({.seed = 5, .epoch = 2, .threads = kThreads[random.next_below(3)]});
      collect(first, cut);
      DatasetIterator second = dataset.iterate({.threads = kThreads[random.next_below(3)]});
      second.restore(first.state());
      expect_equal(collect(second), {all.begin() + static_cast<std::ptrdiff_t>(cut), all.end()});
      ASSERT_FALSE(testing::Test::HasFailure());
    }
  }
}

TEST(Interleave, ShardsBehindItAreEvenCompleteAndDisjoint) {
  const Dataset dataset = files({7, 0, 13, 1, 20, 9, 9}).interleave(3, {.shuffle_files = true});
  for (const std::int64_t ranks : {1, 2, 3, 5}) {
    std::vector<std::int64_t> all;
    for (std::int64_t rank = 0; rank < ranks; ++rank) {
      const auto own = turns_of(dataset.shard(rank, ranks), "id", {.seed = 1, .threads = 2});
      EXPECT_NEAR(static_cast<double>(own.size()), 59.0 / static_cast<double>(ranks), 1.0);
      all.insert(all.end(), own.begin(), own.end());
    }
    std::sort(all.begin(), all.end());
    std::vector<std::int64_t> expected(59);
    std::iota(expected.begin(), expected.end(), 0);
    EXPECT_EQ(all, expected) << ranks << " ranks";
  }
}

TEST(Interleave, AStateOfThreeRanksIsContinuedByTwo) {
  const Dataset dataset = files({7, 0, 13, 1, 20, 9, 9}).interleave(3, {.block_length = 2});
  const auto order = turns_of(dataset, "id");
  DatasetIterator first = dataset.shard(2, 3).iterate({.threads = 2});
  collect(first, 6);
  std::vector<std::vector<std::int64_t>> rest;
  for (std::int64_t rank = 0; rank < 2; ++rank) {
    DatasetIterator iterator = dataset.shard(rank, 2).iterate({.threads = 1});
    iterator.restore(first.state());
    rest.push_back(values_of<std::int64_t>(collect(iterator), "id"));
  }
  for (std::size_t i = 18; i < order.size(); ++i)
    EXPECT_EQ(rest[i % 2][(i - 18) / 2], order[i]) << "element " << i;
}

TEST(Interleave, SaysHowManyFilesAreReadAtATime) {
  const auto source = std::make_shared<FilesSource>(std::vector<std::int64_t>{3, 3, 3});
  const Dataset dataset = Dataset::from_source(source).interleave(2);
  static_cast<void>(dataset.iterate({.threads = 1}));
  EXPECT_EQ(source->kept, 2U);
  static_cast<void>(dataset.batch(2).shuffle(2).iterate({.threads = 4}));
  EXPECT_EQ(source->kept, 4U);
  static_cast<void>(dataset.shuffle(9).batch(2).iterate({.threads = 1}));
  EXPECT_EQ(source->kept, 0U) << "a shuffle mixes samples of many files";
}

TEST(Interleave, StandsDirectlyBehindASourceOfFiles) {
  const Dataset late = files({2, 2}).shuffle(4).interleave(2);
  ASSERT_EQ(late.diagnostics().size(), 1U);
  EXPECT_EQ(late.diagnostics()[0].code, "A001");
  EXPECT_THAT(late.diagnostics()[0].message, HasSubstr("interleave behind stage 0 shuffle"));
  EXPECT_THAT(late.diagnostics()[0].fixes.at(0).text, HasSubstr("shuffle_files = true"));
  const Dataset one = Dataset::from_tensors({{"x", Tensor(DType::kFloat32, {4, 2})}}).interleave(2);
  ASSERT_EQ(one.diagnostics().size(), 1U);
  EXPECT_THAT(one.diagnostics()[0].message, HasSubstr("is not made of several files"));
  EXPECT_THROW(static_cast<void>(files({2}).interleave(0)), ContractError);
  EXPECT_THROW(static_cast<void>(files({2}).interleave(1, {.block_length = 0})), ContractError);
}

TEST(Interleave, AStateWithNonsenseIsRefused) {
  const Dataset dataset = files({7, 5}).interleave(2);
  DatasetIterator iterator = dataset.iterate({.threads = 1});
  collect(iterator, 3);
  std::string state = iterator.state();
  const auto at = state.find("\"next 0\":");
  ASSERT_NE(at, std::string::npos);
  state.insert(at + 9, "99");
  try {
    dataset.iterate({.threads = 1}).restore(state);
    FAIL() << "nothing was thrown";
  } catch (const FormatError& error) {
    EXPECT_THAT(error.what(), HasSubstr("its interleave stands in a file that there is not"));
  }
}

TEST(JoinedSource, IsOneSourceOfSeveral) {
  const auto parts = [](const std::vector<std::int64_t>& lengths) {
    return std::make_shared<const FilesSource>(lengths);
  };
  const Dataset joined = Dataset::from_source(
      data::join_sources({parts({2}), parts({0}), parts({3})}, {"a", "b", "c"}));
  EXPECT_EQ(joined.cardinality(), (Cardinality{Cardinality::Kind::kKnown, 5, true}));
  EXPECT_THAT(turns_of(joined, "id"), ElementsAre(0, 1, 0, 1, 2));
  EXPECT_THAT(turns_of(joined.interleave(3), "id"), ElementsAre(0, 0, 1, 1, 2));
  std::vector<std::int64_t> samples;
  for (const Record& record : collect(joined)) samples.push_back(record.sample().index);
  EXPECT_THAT(samples, ElementsAre(0, 1, 2, 3, 4));
}

}  // namespace
}  // namespace tenon
