// evaluate and predict of several ranks give what one process gives. The ranks are threads here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <mutex>
#include <stdexcept>

#include "support/thread_ranks.hpp"
#include "tenon/error.hpp"
#include "tenon/progress.hpp"
#include "train/distribution_maker.hpp"
#include "train/rank_rows.hpp"
#include "train/small_models.hpp"

namespace tenon::train {
namespace {

using test::run_ranks;
using test::text_of;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using MakeData = std::function<Dataset()>;

Model passes_model(const std::string& engine, std::uint64_t seed = 5) {
  Model model = testing::cell_model();
  model.initialize(seed);
  CompileArguments arguments = testing::cell_arguments(engine);
  arguments.metrics = {{"cell", {"accuracy"}}, {"age", {"mae"}}};
  arguments.threads = 1;
  model.compile(arguments);
  return model;
}

/// 50 rows in batches of 8: the 7th has 2 rows, none for ranks 2 and 3.
Dataset uneven() { return Dataset::from_tensors(testing::cell_data(50)).batch(8); }
/// Rows are chosen behind the batch: every rank reads all of it.
Dataset whole() { return Dataset::from_tensors(testing::cell_data(50)).batch(7); }

/// What `body` does on each of so many ranks.
std::vector<std::exception_ptr> on_ranks(int size,
                                         const std::function<void(const Distribution&)>& body) {
  return run_ranks(size, [&](std::unique_ptr<dist::Transport> transport) {
    body(DistributionMaker::make(std::move(transport), {}));
  });
}

class RankPasses : public ::testing::TestWithParam<const char*> {};

TEST_P(RankPasses, EvaluateGivesAllRanksTheNumbersOfOneProcess) {
  for (const MakeData& data : {MakeData(uneven), MakeData(whole)}) {
    const Logs one = passes_model(GetParam()).evaluate(data(), {.data_threads = 1});
    for (const int size : {2, 4}) {
      std::vector<Logs> all(static_cast<std::size_t>(size));
      const auto thrown = on_ranks(size, [&](const Distribution& ranks) {
        all[static_cast<std::size_t>(ranks.rank())] =
            passes_model(GetParam()).evaluate(data(), {.data_threads = 1, .distribution = ranks});
      });
      for (const auto& each : thrown) EXPECT_FALSE(each) << text_of(each);
      for (const auto& [name, value] : one) {
        EXPECT_NEAR(all[0].at(name), value, 1e-6) << name;
        for (const Logs& other : all) EXPECT_EQ(other.at(name), all[0].at(name)) << name;
      }
    }
  }
}

TEST_P(RankPasses, PredictGivesRankZeroTheRowsOfAllInTheOrderOfTheData) {
  for (const MakeData& data : {MakeData(uneven), MakeData(whole)}) {
    const PredictResult one = passes_model(GetParam()).predict(data(), {.data_threads = 1});
    for (const int size : {2, 4}) {
      std::vector<PredictResult> all(static_cast<std::size_t>(size));
      const auto thrown = on_ranks(size, [&](const Distribution& ranks) {
        all[static_cast<std::size_t>(ranks.rank())] =
            passes_model(GetParam()).predict(data(), {.data_threads = 1, .distribution = ranks});
      });
      for (const auto& each : thrown) EXPECT_FALSE(each) << text_of(each);
      EXPECT_EQ(all[0].samples, one.samples);
      ASSERT_EQ(all[0].outputs.size(), one.outputs.size());
      for (std::size_t i = 0; i < one.outputs.size(); ++i) {
        const auto& [name, value] = one.outputs[i];
        EXPECT_EQ(all[0].outputs[i].first, name);
        ASSERT_EQ(all[0].outputs[i].second.shape(), value.shape());
        for (std::size_t k = 0; k < value.data<float>().size(); ++k)
          EXPECT_NEAR(all[0].outputs[i].second.data<float>()[k], value.data<float>()[k], 1e-6);
      }
      EXPECT_THAT(all[1].outputs, IsEmpty());
      EXPECT_THAT(all[1].samples, IsEmpty());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, RankPasses, ::testing::Values("reference", "onednn"));

/// The loss of 4 ranks is that of one process, and rank 0 gets so many rows of predictions.
void expect_as_one_process(const std::function<Dataset()>& data, std::int64_t rows) {
  const Logs one = passes_model("reference").evaluate(data());
  const auto thrown = on_ranks(4, [&](const Distribution& ranks) {
    Model model = passes_model("reference");
    EXPECT_NEAR(model.evaluate(data(), {.distribution = ranks}).at("loss"), one.at("loss"), 1e-6);
    const PredictResult result = model.predict(data(), {.distribution = ranks});
    if (ranks.rank() == 0) {
      EXPECT_EQ(result.outputs.at(0).second.dim(0), rows);
    }
  });
  for (const auto& each : thrown) EXPECT_FALSE(each) << text_of(each);
}

TEST(RankPassesData, FewerRowsThanRanksLeaveSomeWithoutAny) {
  expect_as_one_process([] { return Dataset::from_tensors(testing::cell_data(3)).batch(8); }, 3);
}

TEST(RankPassesData, ADroppedRemainderIsDroppedByAll) {
  expect_as_one_process(
      [] {
        return Dataset::from_tensors(testing::cell_data(47)).batch(8, {.drop_remainder = true});
      },
      40);
}

TEST(RankPassesData, StepsAreThoseOfTheWhole) {
  const Logs one = passes_model("reference").evaluate(uneven(), {.steps = 3});
  const auto thrown = on_ranks(2, [&](const Distribution& ranks) {
    Model model = passes_model("reference");
    const Logs logs = model.evaluate(uneven(), {.steps = 3, .distribution = ranks});
    EXPECT_NEAR(logs.at("loss"), one.at("loss"), 1e-6);
    const PredictResult result = model.predict(uneven(), {.steps = 3, .distribution = ranks});
    if (ranks.rank() == 0) {
      EXPECT_EQ(result.outputs.at(0).second.dim(0), 24);
    }
  });
  for (const auto& each : thrown) EXPECT_FALSE(each) << text_of(each);
  const auto too_many = on_ranks(2, [&](const Distribution& ranks) {
    passes_model("reference").evaluate(uneven(), {.steps = 30, .distribution = ranks});
  });
  for (const auto& each : too_many) EXPECT_THAT(text_of(each), HasSubstr("error[G001]"));
}

TEST(RankPassesData, SamplesAreHandedOverByTheRankThatTheyBelongTo) {
  std::mutex mutex;
  std::vector<std::int64_t> seen;
  const auto thrown = on_ranks(4, [&](const Distribution& ranks) {
    PredictArguments arguments{.distribution = ranks};
    arguments.on_sample = [&](const NamedTensors&, const SampleIdentity& sample) {
      const std::lock_guard lock(mutex);
      EXPECT_EQ(sample.index % 4, ranks.rank());
      seen.push_back(sample.index);
    };
    passes_model("reference").predict(uneven(), arguments);
  });
  for (const auto& each : thrown) EXPECT_FALSE(each) << text_of(each);
  std::ranges::sort(seen);
  ASSERT_EQ(seen.size(), 50U);
  for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], static_cast<std::int64_t>(i));
}

Dataset with_bad_samples() {
  NamedTensors data = testing::cell_data(50);
  for (const std::size_t bad : {9, 22, 23})
    data[0].second.data<float>()[bad * 4] = std::numeric_limits<float>::quiet_NaN();
  return Dataset::from_tensors(data)
      .map([](Record& record) {
        const float first = std::as_const(record).at("Small").data<float>()[0];
        if (!(first == first)) throw std::runtime_error("no cell in it");
      })
      .batch(8)
      .on_bad_sample({.policy = BadSamplePolicy::kSkip, .max_bad = 1.0});
}

/// 200 samples of which 8 are bad, every one in the part of rank 1 of 2.
Dataset with_bad_samples_of_one_rank(double max_bad, bool drop_remainder) {
  return Dataset::from_tensors(testing::cell_data(200))
      .map([](Record& record) {
        const std::int64_t index = record.samples().front().index;
        if (index > 100 && index < 165 && index % 8 == 5) throw std::runtime_error("no cell in it");
      })
      .batch(6, {.drop_remainder = drop_remainder})
      .on_bad_sample({.policy = BadSamplePolicy::kSkip, .max_bad = max_bad});
}

/// "" where it goes through.
std::string what_ends(const std::function<void()>& body) {
  try {
    body();
  } catch (const DataError& error) {
    return error.diagnostics().front().message;
  }
  return "";
}

TEST(RankPassesData, BadSamplesOfOneRankAreJudgedAmongThoseOfAll) {
  for (const bool drop_remainder : {false, true}) {
    for (const double max_bad : {0.06, 0.05}) {
      const auto data = [&] { return with_bad_samples_of_one_rank(max_bad, drop_remainder); };
      const std::string one =
          what_ends([&] { passes_model("reference").predict(data(), {.data_threads = 1}); });
      EXPECT_EQ(one, max_bad == 0.06
                         ? ""
                         : "8 of 158 samples read are bad (5.06 %), more than max_bad = 5.00 %");
      EXPECT_EQ(what_ends([&] { passes_model("reference").evaluate(data()); }), one);
      for (const int size : {2, 4}) {
        const auto thrown = on_ranks(size, [&](const Distribution& ranks) {
          EXPECT_EQ(what_ends([&] {
                      passes_model("reference").predict(data(), {.distribution = ranks});
                    }),
                    one)
              << size;
        });
        for (const auto& each : thrown) EXPECT_FALSE(each) << text_of(each);
        const auto evaluated = on_ranks(size, [&](const Distribution& ranks) {
          EXPECT_EQ(what_ends([&] {
                      passes_model("reference").evaluate(data(), {.distribution = ranks});
                    }),
                    one)
              << size;
        });
        for (const auto& each : evaluated) EXPECT_FALSE(each) << text_of(each);
      }
    }
  }
}

TEST(RankPassesData, FewSamplesAreJudgedAtTheEndOfTheDataNotOfTheSteps) {
  const auto data = [] {
    return with_bad_samples().on_bad_sample({.policy = BadSamplePolicy::kSkip, .max_bad = 0.02});
  };
  const auto ends = [&](std::optional<std::int64_t> steps, const Distribution& ranks) {
    return what_ends([&] {
      passes_model("reference")
          .evaluate(data(), {.steps = steps, .data_threads = 1, .distribution = ranks});
    });
  };
  const std::string over = "3 of 50 samples read are bad (6.00 %), more than max_bad = 2.00 %";
  EXPECT_EQ(ends(3, {}), "");
  EXPECT_EQ(ends({}, {}), over);
  for (const int size : {2, 3, 4}) {
    const auto thrown = on_ranks(size, [&](const Distribution& ranks) {
      EXPECT_EQ(ends(3, ranks), "") << size;
      EXPECT_EQ(ends({}, ranks), over) << size;
    });
    for (const auto& each : thrown) EXPECT_FALSE(each) << text_of(each);
  }
}

TEST(RankPassesData, BadSamplesOfAllRanksAreLeftOutAndTheOrderStays) {
  const PredictResult one = passes_model("reference").predict(with_bad_samples());
  ASSERT_EQ(one.bad_samples.size(), 3U);
  const Logs evaluated = passes_model("reference").evaluate(with_bad_samples());
  for (const int size : {2, 4}) {
    const auto thrown = on_ranks(size, [&](const Distribution& ranks) {
      Model model = passes_model("reference");
      const PredictResult result = model.predict(with_bad_samples(), {.distribution = ranks});
      EXPECT_EQ(result.bad_samples.size(), 3U);
      const Logs logs = model.evaluate(with_bad_samples(), {.distribution = ranks});
      EXPECT_NEAR(logs.at("loss"), evaluated.at("loss"), 1e-6);
      if (ranks.rank() != 0) return;
      EXPECT_EQ(result.samples, one.samples);
      const Tensor& mine = result.outputs.at(0).second;
      const Tensor& theirs = one.outputs.at(0).second;
      ASSERT_EQ(mine.shape(), theirs.shape());
      for (std::size_t k = 0; k < mine.data<float>().size(); ++k)
        EXPECT_NEAR(mine.data<float>()[k], theirs.data<float>()[k], 1e-6);
    });
    for (const auto& each : thrown) EXPECT_FALSE(each) << text_of(each);
  }
}

TEST(RankPassesFail, OneRanksBadRowEndsAllWithItsDiagnostic) {
  const auto data = [] {
    NamedTensors tensors = testing::cell_data(50);
    tensors[0].second.data<float>()[21 * 4] = std::numeric_limits<float>::quiet_NaN();
    return Dataset::from_tensors(tensors).batch(8);
  };
  for (const bool predicts : {false, true}) {
    const auto thrown = on_ranks(4, [&](const Distribution& ranks) {
      Model model = passes_model("reference");
      if (predicts) {
        model.predict(data(), {.distribution = ranks});
      } else {
        model.evaluate(data(), {.distribution = ranks});
      }
    });
    for (std::size_t rank = 0; rank < 4; ++rank) {
      EXPECT_THAT(text_of(thrown[rank]), AllOf(HasSubstr("error[D002]"), HasSubstr("sample 21")));
      if (rank != 1) {
        EXPECT_THAT(text_of(thrown[rank]), HasSubstr("it happened on rank 1 of 4"));
      }
    }
  }
}

TEST(RankPassesFail, OtherWeightsOfOneRankAreToldToAll) {
  const auto evaluated = on_ranks(2, [&](const Distribution& ranks) {
    const auto seed = static_cast<std::uint64_t>(ranks.rank());
    passes_model("reference", seed).evaluate(uneven(), {.distribution = ranks});
  });
  for (const auto& each : evaluated) {
    EXPECT_THAT(text_of(each),
                AllOf(HasSubstr("error[R001]"),
                      HasSubstr("ranks 0 and 1 are not about to evaluate the same: weights")));
  }
  const auto predicted = on_ranks(2, [&](const Distribution& ranks) {
    passes_model("reference")
        .predict(ranks.rank() == 0 ? uneven() : whole(), {.distribution = ranks});
  });
  for (const auto& each : predicted)
    EXPECT_THAT(text_of(each), HasSubstr("are not about to predict the same: data"));
}

TEST(RankPassesFail, ALossThatIsNoMeanOverRowsIsRefused) {
  const auto thrown = on_ranks(2, [&](const Distribution& ranks) {
    Model model = testing::cell_model();
    model.compile({.optimizer = "sgd",
                   .loss = {{"cell", "sparse_categorical_crossentropy"},
                            {"age", losses::MeanSquaredError({.reduction = "sum"})}},
                   .engine = "reference"});
    model.evaluate(uneven(), {.distribution = ranks});
  });
  EXPECT_THAT(text_of(thrown[1]),
              AllOf(HasSubstr("error[A001]"), HasSubstr("evaluate: "), HasSubstr("\"sum\"")));
}

TEST(RankPassesProgress, IsShownByRankZeroAlone) {
  std::mutex mutex;
  int ended = 0;
  const ProgressSink before = set_progress_sink([&](const ProgressEvent& event) {
    const std::lock_guard lock(mutex);
    ended += event.kind == ProgressEvent::Kind::kEnd ? 1 : 0;
  });
  const auto thrown = on_ranks(3, [&](const Distribution& ranks) {
    Model model = passes_model("reference");
    model.evaluate(uneven(), {.verbose = 1, .distribution = ranks});
    model.predict(uneven(), {.verbose = 1, .distribution = ranks});
  });
  set_progress_sink(before);
  for (const auto& each : thrown) EXPECT_FALSE(each) << text_of(each);
  EXPECT_EQ(ended, 2);
}

TEST(RowsInOrder, AreThoseOfTheWholeBatchAndOfTheSourceWhereSomeWereLeftOut) {
  const auto rows = [](std::vector<std::int64_t> batches, const std::vector<std::int64_t>& indexes,
                       bool bad) {
    RankRows made;
    made.batches = std::move(batches);
    for (const std::int64_t index : indexes) made.samples.emplace_back().index = index;
    if (bad) made.bad_samples.emplace_back();
    return made;
  };
  const auto indexes = [](const std::vector<RankRows>& all) {
    std::vector<std::int64_t> found;
    for (const RowOfRank& at : rows_in_order(all))
      found.push_back(all[at.rank].samples[static_cast<std::size_t>(at.row)].index);
    return found;
  };
  using ::testing::ElementsAre;
  // A shuffled order stays as it is.
  EXPECT_THAT(indexes({rows({2, 1}, {5, 2, 0}, false), rows({2, 0}, {4, 1}, false)}),
              ElementsAre(5, 4, 2, 1, 0));
  EXPECT_THAT(indexes({rows({2, 1}, {0, 2, 4}, true), rows({2}, {3, 5}, false)}),
              ElementsAre(0, 2, 3, 4, 5));
  EXPECT_THAT(indexes({rows({2, 1}, {5, 2, 0}, true), rows({2}, {4, 1}, false)}),
              ElementsAre(5, 4, 2, 1, 0));
}

}  // namespace
}  // namespace tenon::train
