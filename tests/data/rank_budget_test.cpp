#include "data/rank_budget.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "data/iterator_state.hpp"
#include "data/pipeline.hpp"
#include "data/rank_share.hpp"
#include "tenon/random.hpp"

namespace tenon::data {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

struct PartData {
  std::int64_t count = 0;
  std::set<std::int64_t> bad{};
  double max_bad = 0.05;
  std::int64_t batch = 8;
  bool drop_remainder = false;
  bool shuffles = false;
  bool prefetches = false;

  Dataset dataset() const {
    Dataset data =
        Dataset::from_function({{"x", TensorSpec(DType::kInt64, {})}}, count,
                               [](std::int64_t index) {
                                 Record record;
                                 record.set("x", Tensor::scalar(index));
                                 record.samples().push_back({index, "", "cells.csv", index + 2});
                                 return record;
                               },
                               {"train.cpp", 3});
    data = data.map(
        [bad = bad](Record& record) {
          if (bad.contains(record.at("x").item<std::int64_t>()))
            throw std::runtime_error("no cell in it");
        },
        {.name = "find_cell"}, {"train.cpp", 7});
    if (shuffles) data = data.shuffle(10);
    data = data.batch(batch, {.drop_remainder = drop_remainder})
               .on_bad_sample({.policy = BadSamplePolicy::kSkip, .max_bad = max_bad});
    return prefetches ? data.prefetch(3) : data;
  }
};

constexpr int kEpochs = 2;

/// What ends so many epochs, or else what was bad.
std::string told_by_one(const Dataset& dataset) {
  DatasetIterator iterator = dataset.iterate({.seed = 5, .threads = 2});
  try {
    for (int epoch = 0; epoch < kEpochs; ++epoch) {
      for (Record record; iterator.next(record);) {
      }
      iterator.next_epoch();
    }
  } catch (const TooManyBadSamples& error) {
    return error.what();
  }
  std::string text;
  for (const BadSample& bad : iterator.bad_samples()) text += to_string(bad.sample) + "\n";
  return text;
}

/// The parts of a dataset, which are taken step by step.
class Parts {
 public:
  Parts(const Dataset& dataset, std::int64_t of, const std::string& state = {}) {
    for (std::int64_t rank = 0; rank < of; ++rank) {
      const RankStart start = share_from(dataset, state, {rank, of}, false);
      EXPECT_TRUE(start.share.shared_budget);
      only_whole_ = start.share.only_whole;
      parts_.push_back(iterate_part(start.share.dataset, {.seed = 5, .threads = 2}, true));
      if (!start.state.empty()) parts_.back().iterator.restore(start.state);
      budgets_.emplace_back(dataset.pipeline()->bad_samples(), start.state);
    }
  }

  /// Every rank's next batch, judged; false where the epoch is over. `told_at_once`: batches of
  /// which ranks tell each other together.
  bool step(int told_at_once = 1) {
    bool all_ended = true;
    bool some_ended = false;
    std::vector<std::string> told;
    for (std::size_t rank = 0; rank < parts_.size(); ++rank) {
      std::vector<BatchNews> news;
      bool more = true;
      for (int i = 0; more && i < told_at_once; ++i) {
        Record record;
        more = parts_[rank].iterator.next(record);
        news.push_back(parts_[rank].take_news());
      }
      all_ended = all_ended && !more;
      some_ended = some_ended || !more;
      told.push_back(budgets_[rank].text_of(news));
    }
    const bool over = all_ended || (only_whole_ && some_ended);
    std::set<std::string> ends;
    for (RankBudget& budget : budgets_) {
      try {
        budget.add(told);
        if (over) budget.check_at_end();
        ends.insert("");
      } catch (const TooManyBadSamples& error) {
        ends.insert(error.what());
      }
    }
    EXPECT_EQ(ends.size(), 1U) << "all ranks say the same";
    end_ = *ends.begin();
    return !over && end_.empty();
  }
  void next_epoch() {
    for (PartIterator& part : parts_) part.iterator.next_epoch();
  }
  const std::string& end() const { return end_; }
  const RankBudget& budget() const { return budgets_.front(); }
  std::string state() const { return budget().in_state(parts_.front().iterator.state()); }

 private:
  std::vector<PartIterator> parts_;
  std::vector<RankBudget> budgets_;
  bool only_whole_ = false;
  std::string end_;
};

std::string told_by_parts(const Dataset& dataset, std::int64_t of, int told_at_once = 1) {
  Parts parts(dataset, of);
  for (int epoch = 0; epoch < kEpochs; ++epoch) {
    while (parts.step(told_at_once)) {
    }
    if (!parts.end().empty()) return parts.end();
    parts.next_epoch();
  }
  std::string text;
  for (const BadSample& bad : parts.budget().bad_samples()) text += to_string(bad.sample) + "\n";
  return text;
}

TEST(RankBudget, BadSamplesOfOneRankAreJudgedAmongThoseOfAll) {
  // 8 of 200, all in rank 1's part, of which they are 8 %.
  PartData data{.count = 200, .max_bad = 0.06};
  for (std::int64_t i = 0; i < 8; ++i) data.bad.insert(101 + 6 * i);
  std::string told = told_by_parts(data.dataset(), 2);
  EXPECT_EQ(told, told_by_one(data.dataset()));
  EXPECT_THAT(told, AllOf(HasSubstr("sample 101 (cells.csv:103)"), HasSubstr("sample 143")));
  data.max_bad = 0.05;
  told = told_by_parts(data.dataset(), 2);
  EXPECT_EQ(told, told_by_one(data.dataset()));
  EXPECT_THAT(told,
              AllOf(HasSubstr("7 of 138 samples read are bad (5.07 %), more than max_bad = 5.00 %"),
                    HasSubstr("sample 101 (cells.csv:103), row 103, stage 0 find_cell")));
}

TEST(RankBudget, FewSamplesAreJudgedAtTheEnd) {
  PartData data{.count = 43, .bad = {1, 3, 41}};
  const std::string told = told_by_parts(data.dataset(), 4);
  EXPECT_THAT(told, HasSubstr("3 of 43 samples read are bad (6.98 %)"));
  EXPECT_EQ(told, told_by_one(data.dataset()));
}

TEST(RankBudget, SaysWhatOneProcessSaysOfAnyData) {
  Random random(7, 0, 0, 0);
  int over = 0;
  constexpr int kCases = 40;
  for (int i = 0; i < kCases; ++i) {
    PartData data;
    data.count = 20 + static_cast<std::int64_t>(random.next_below(250));
    data.batch = 4 + static_cast<std::int64_t>(random.next_below(9));
    data.drop_remainder = random.next_below(3) == 0;
    data.shuffles = random.next_below(2) == 0;
    data.prefetches = random.next_below(2) == 0;
    data.max_bad = 0.01 * static_cast<double>(1 + random.next_below(10));
    const std::uint64_t few = 10 + random.next_below(40);
    for (std::int64_t sample = 0; sample < data.count; ++sample) {
      if (random.next_below(few) == 0) data.bad.insert(sample);
    }
    const std::string one = told_by_one(data.dataset());
    over += one.find("max_bad") != std::string::npos ? 1 : 0;
    for (const std::int64_t of : {1, 2, 3, 4}) {
      EXPECT_EQ(told_by_parts(data.dataset(), of), one) << of << " ranks, case " << i;
      EXPECT_EQ(told_by_parts(data.dataset(), of, 5), one) << of << " ranks, case " << i;
    }
  }
  EXPECT_GT(over, kCases / 5);
  EXPECT_LT(over, kCases * 4 / 5);
}

TEST(RankBudget, GoesOnFromAStateWithAnyNumberOfRanks) {
  PartData data{.count = 160, .bad = {9, 21, 33, 117, 121}, .max_bad = 1.0, .prefetches = true};
  const Dataset dataset = data.dataset();
  {
    Parts parts(dataset, 3);
    while (parts.step()) {
    }
    EXPECT_EQ(parts.budget().counts().read, 160);
    EXPECT_EQ(parts.budget().counts().bad, 5);
  }
  for (const std::int64_t before : {2, 3}) {
    Parts first(dataset, before);
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(first.step());
    const std::string state = first.state();
    EXPECT_EQ(read_state(state).counts.read, 32) << "of all, and not what was read ahead";
    EXPECT_EQ(read_state(state).counts.bad, 2);
    EXPECT_EQ(read_state(state).bad_samples.size(), 2U);
    for (const std::int64_t after : {1, 2, 3, 4}) {
      Parts second(dataset, after, state);
      while (second.step()) {
      }
      EXPECT_EQ(second.budget().counts().read, 160) << before << " ranks, then " << after;
      EXPECT_EQ(second.budget().counts().bad, 5);
      EXPECT_EQ(second.budget().bad_samples().size(), 5U);
    }
  }
}

TEST(RankBudget, RanksThatReadAllJudgeByThemselves) {
  const auto shared = [](const Dataset& dataset) {
    return share_of_rank(dataset, {1, 2}).shared_budget;
  };
  const Dataset samples =
      Dataset::from_function({{"x", TensorSpec(DType::kInt64, {})}}, 30, [](std::int64_t index) {
        Record record;
        record.set("x", Tensor::scalar(index));
        return record;
      });
  const Dataset skipping = samples.on_bad_sample({.policy = BadSamplePolicy::kSkip});
  EXPECT_TRUE(shared(skipping.shuffle(4).batch(8)));
  EXPECT_FALSE(shared(samples.batch(8))) << "the first bad one ends the run";
  EXPECT_FALSE(shared(skipping.filter([](const Record&) { return true; }).batch(8)))
      << "every rank looks at every sample";
  EXPECT_FALSE(shared(skipping.batch(8).take(2))) << "every rank gets whole batches";
}

}  // namespace
}  // namespace tenon::data
