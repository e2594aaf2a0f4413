#include "data/bad_samples.hpp"

#include <stdexcept>

#include "data/support.hpp"

namespace tenon {
namespace {

using data_test::collect;
using data_test::thrown_by;
using data_test::values_of;
using ::testing::HasSubstr;

/// `count` rows of a table, of which each for which `bad` holds cannot be read.
Dataset table(std::int64_t count, std::function<bool(std::int64_t)> bad) {
  return Dataset::from_function(
      {{"id", TensorSpec(DType::kInt64, {})}}, count, [bad](std::int64_t index) {
        Record record;
        record.set("id", Tensor::scalar<std::int64_t>(bad(index) ? -index : index));
        record.samples().push_back(
            {index, "cell " + std::to_string(index), "cells.csv", index + 2});
        return record;
      });
}

Dataset checked(const Dataset& dataset) {
  return dataset.map(
      [](Record& record) {
        if (record.at("id").item<std::int64_t>() < 0) throw std::runtime_error("no cell in it");
      },
      {.name = "find_cell", .result = Schema{{"id", TensorSpec(DType::kInt64, {})}}},
      {"train.cpp", 21});
}

bool every_tenth(std::int64_t index) { return index % 10 == 3; }

TEST(BadSamples, StopNamesSampleFileRowStageAndError) {
  const Dataset dataset = checked(table(20, every_tenth));
  DatasetIterator iterator = dataset.iterate({.threads = 2});
  Record record;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(iterator.next(record)) << "nothing lost before it";
  const auto error = thrown_by<DataError>([&] { iterator.next(record); });
  EXPECT_EQ(error.code(), "G003");
  EXPECT_THAT(error.what(),
              HasSubstr("stage 0 find_cell (train.cpp:21) failed on sample 3 \"cell 3\" "
                        "(cells.csv:5): no cell in it"));
  EXPECT_EQ(error.diagnostics()[0].sample->row, 5);
  EXPECT_EQ(error.diagnostics()[0].stage->index, 0);
}

TEST(BadSamples, SkipGoesOnAndLists) {
  for (const auto policy : {BadSamplePolicy::kSkip, BadSamplePolicy::kQuarantine}) {
    const Dataset dataset =
        checked(table(20, every_tenth)).on_bad_sample({.policy = policy, .max_bad = 0.2});
    for (const int threads : {1, 3}) {
      DatasetIterator iterator = dataset.batch(6).prefetch(2).iterate({.threads = threads});
      const auto ids = values_of<std::int64_t>(collect(iterator), "id");
      EXPECT_EQ(ids.size(), 18U);
      ASSERT_EQ(iterator.bad_samples().size(), 2U);
      const BadSample& bad = iterator.bad_samples()[1];
      EXPECT_EQ(bad.sample, (SampleIdentity{13, "cell 13", "cells.csv", 15}));
      EXPECT_EQ(bad.stage.name, "find_cell");
      EXPECT_EQ(bad.reason, "no cell in it");
    }
  }
}

TEST(BadSamples, OverTheBudgetTheRunEnds) {
  const Dataset dataset = checked(table(1000, every_tenth))
                              .on_bad_sample({.policy = BadSamplePolicy::kSkip, .max_bad = 0.05});
  DatasetIterator iterator = dataset.iterate({.threads = 1});
  std::vector<Record> records;
  const auto error = thrown_by<DataError>([&] {
    Record record;
    while (iterator.next(record)) records.push_back(record);
  });
  EXPECT_EQ(records.size(), 89U) << "judged when 100 were read";
  EXPECT_THAT(error.what(),
              HasSubstr("10 of 100 samples read are bad (10.00 %), more than max_bad = 5.00 %"));
  EXPECT_THAT(error.what(), HasSubstr("\"cell 3\" (cells.csv:5)"));
  EXPECT_THAT(error.what(), HasSubstr("no cell in it"));
  EXPECT_THAT(error.what(), HasSubstr("and 5 more"));
}

TEST(BadSamples, AFewSamplesAreJudgedAtTheEnd) {
  const Dataset dataset =
      checked(table(20, every_tenth)).on_bad_sample({.policy = BadSamplePolicy::kSkip});
  DatasetIterator iterator = dataset.iterate({.threads = 1});
  Record record;
  int given = 0;
  const auto error = thrown_by<DataError>([&] {
    while (iterator.next(record)) ++given;
  });
  EXPECT_EQ(given, 18);
  EXPECT_THAT(error.what(), HasSubstr("2 of 20 samples"));
}

TEST(BadSamples, WithinTheBudgetItIsFine) {
  const Dataset dataset = checked(table(1000, [](std::int64_t i) {
                            return i % 200 == 150;
                          })).on_bad_sample({.policy = BadSamplePolicy::kSkip});
  EXPECT_EQ(collect(dataset).size(), 995U);
}

TEST(BadSamples, TheSourcesOwnErrorsCountToo) {
  const Dataset dataset = Dataset::from_function({{"x", TensorSpec(DType::kInt64, {})}}, 10,
                                                 [](std::int64_t index) {
                                                   if (index == 4)
                                                     throw_file_error("scan4.png", "truncated");
                                                   Record record;
                                                   record.set("x", Tensor::scalar(index));
                                                   return record;
                                                 },
                                                 {"train.cpp", 3});
  const auto error = thrown_by<DataError>([&] { collect(dataset); });
  EXPECT_EQ(error.code(), "F001") << "the original code stays";
  EXPECT_THAT(error.what(), HasSubstr("source function (train.cpp:3) failed on sample 4"));
  EXPECT_THAT(error.what(), HasSubstr("truncated"));
  const Dataset skipping =
      dataset.on_bad_sample({.policy = BadSamplePolicy::kSkip, .max_bad = 0.5});
  EXPECT_EQ(collect(skipping).size(), 9U);
}

TEST(BadSamples, ASampleThatIsBadInEveryEpochIsListedOnce) {
  const Dataset dataset = checked(table(20, every_tenth))
                              .on_bad_sample({.policy = BadSamplePolicy::kSkip, .max_bad = 0.2});
  DatasetIterator iterator = dataset.iterate({.threads = 1});
  collect(iterator);
  iterator.next_epoch();
  collect(iterator);
  EXPECT_EQ(iterator.bad_samples().size(), 2U);
}

TEST(BadSamples, AStateKeepsThemAndTheBudget) {
  const Dataset dataset = checked(table(300, every_tenth))
                              .on_bad_sample({.policy = BadSamplePolicy::kSkip, .max_bad = 0.5})
                              .shuffle(10);
  DatasetIterator first = dataset.iterate({.threads = 2});
  collect(first, 60);
  DatasetIterator second = dataset.iterate({.threads = 2});
  second.restore(first.state());
  ASSERT_EQ(second.bad_samples().size(), first.bad_samples().size());
  EXPECT_EQ(second.bad_samples()[2].sample, first.bad_samples()[2].sample);
  EXPECT_GE(first.bad_samples()[2].source.index, 0);
  EXPECT_EQ(second.bad_samples()[2].source, first.bad_samples()[2].source);
  data_test::expect_equal(collect(first), collect(second));
  EXPECT_EQ(second.bad_samples().size(), 30U);
}

TEST(BadSamples, ABatchThatFailsListsItsSamples) {
  const Dataset dataset = table(12, every_tenth)
                              .batch(4)
                              .cast({"id"}, DType::kUInt8)
                              .on_bad_sample({.policy = BadSamplePolicy::kSkip, .max_bad = 1.0});
  DatasetIterator iterator = dataset.iterate({.threads = 1});
  EXPECT_EQ(values_of<std::uint8_t>(collect(iterator), "id").size(), 8U);
  EXPECT_EQ(iterator.bad_samples().size(), 4U);
}

TEST(BadSamples, TheBudgetIsAShare) {
  EXPECT_THROW(table(1, every_tenth).on_bad_sample({.max_bad = 1.5}), ContractError);
}

}  // namespace
}  // namespace tenon
