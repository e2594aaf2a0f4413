// The pass contiguous_updates: where weights, gradients and slots lie, and what is told of it.
#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "backend/api/gradient_ranges.hpp"
#include "pass_models.hpp"

namespace tenon::train::passes {
namespace {

using backend::GradientRange;
using backend::PlanStep;

class OnednnContiguousUpdates : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!backend::has_onednn_engine())
      GTEST_SKIP() << "skipped: built with -DTENON_WITH_ONEDNN=OFF";
  }
};

std::vector<std::pair<std::string, Optimizer>> optimizers() {
  return {{"sgd", SGD()},
          {"momentum", SGD({.momentum = 0.9})},
          {"nesterov", SGD({.momentum = 0.9, .nesterov = true, .weight_decay = 0.01})},
          {"adam", Adam()},
          {"amsgrad", Adam({.amsgrad = true})},
          {"adamw", AdamW()},
          {"rmsprop", RMSprop()},
          {"clipped values", Adam({.clipvalue = 1e-3})},
          {"clipped norms", Adam({.clipnorm = 0.01})},
          {"clipped together", Adam({.global_clipnorm = 0.1})}};
}

std::vector<PlanStep> updates_of(const backend::PlanReport& report) {
  std::vector<PlanStep> found;
  std::ranges::copy_if(report.steps, std::back_inserter(found), [](const PlanStep& step) {
    return step.implementation.starts_with("own:update");
  });
  return found;
}

constexpr std::int64_t kFloatsOfALine = 16;
std::int64_t whole_lines(std::int64_t floats) {
  return (floats + kFloatsOfALine - 1) / kFloatsOfALine * kFloatsOfALine;
}

/// How many pieces of memory the ranges are, and that what is between those of one piece is 0.
int pieces(const std::vector<GradientRange>& ranges, const std::string& what) {
  int count = ranges.empty() ? 0 : 1;
  for (std::size_t i = 1; i < ranges.size(); ++i) {
    const GradientRange& before = ranges[i - 1];
    if (ranges[i].data != before.data + whole_lines(before.count)) {
      ++count;
      continue;
    }
    for (const float* gap = before.data + before.count; gap < ranges[i].data; ++gap) {
      EXPECT_EQ(*gap, 0.0F) << what << ", behind range " << i - 1;
    }
  }
  return count;
}

TEST_F(OnednnContiguousUpdates, GiveTheBitsOfOneUpdatePerWeight) {
  const auto& engine = backend::onednn_engine();
  for (const Subject& subject : subjects()) {
    for (const auto& [name, optimizer] : optimizers()) {
      const Training how{.optimizer = optimizer, .learning_rate = 0.01F, .guard = true};
      const std::string what = subject.name + ", " + name;
      const Trained with = train(subject, engine, {}, 4, how);
      const Trained grouped =
          train(subject, engine, {.without_passes = {"contiguous_updates"}}, 4, how);
      expect_same_bits(with, grouped, what);
      const auto updates = updates_of(with.report);
      ASSERT_EQ(updates.size(), 1U) << what;
      EXPECT_EQ(updates[0].implementation, "own:update_in_one") << what;
      EXPECT_EQ(updates_of(grouped.report).front().implementation, "own:update") << what;
      if (name != "adam") continue;
      expect_same_bits(with,
                       train(subject, engine,
                             {.without_passes = {"contiguous_updates", "group_updates"}}, 4, how),
                       what + ", one by one");
    }
  }
}

TEST_F(OnednnContiguousUpdates, GiveTheSameBitsInBFloat16) {
  const auto& engine = backend::onednn_engine();
  constexpr auto kMixed = backend::Precision::kMixedBFloat16;
  if (!engine.supports(kMixed)) GTEST_SKIP() << "skipped: " << engine.obstacle(kMixed);
  for (const Subject& subject : subjects()) {
    const Training how{.optimizer = Adam(), .learning_rate = 0.01F};
    expect_same_bits(train(subject, engine, {.precision = kMixed}, 4, how),
                     train(subject, engine,
                           {.precision = kMixed, .without_passes = {"contiguous_updates"}}, 4, how),
                     subject.name);
  }
}

/// Every trainable weight has a range, of its own size at least, and they come in the order of the
/// steps behind which they are ready; in memory too, as one piece.
TEST_F(OnednnContiguousUpdates, LayGradientsInTheOrderInWhichTheyAreMade) {
  const auto& engine = backend::onednn_engine();
  for (const Subject& subject : subjects()) {
    std::size_t trainable = 0;
    for (const auto& weight : subject.model.weights()) trainable += weight->trainable() ? 1U : 0U;
    const auto look = [&](backend::Plan& plan, const backend::Variables& variables) {
      const std::vector<GradientRange> ranges = plan.gradient_ranges();
      EXPECT_EQ(ranges.size(), trainable) << subject.name;
      std::set<std::int32_t> slots;
      for (std::size_t i = 0; i < ranges.size(); ++i) {
        slots.insert(ranges[i].slot);
        const auto& spec = variables.specs()[static_cast<std::size_t>(ranges[i].slot)];
        EXPECT_GE(ranges[i].count, spec.shape.element_count()) << subject.name << " " << spec.name;
        EXPECT_GE(ranges[i].step, ranges[i > 0 ? i - 1 : 0].step) << subject.name;
      }
      EXPECT_EQ(slots.size(), ranges.size()) << subject.name;
      // Convolutions with kernels whose gradients are made in another layout: these are laid out
      // at the end, and alone until then.
      const bool apart = subject.name == "odd_widths" || subject.name == "joined";
      const int found = pieces(ranges, subject.name);
      EXPECT_TRUE(apart || found == 1) << subject.name << ": " << found << " pieces";
    };
    train(subject, engine, {}, 1, {.prepare = look});
  }
}

/// Halves every gradient when all are there, as a mean over two processes might.
class Halver final : public backend::GradientListener {
 public:
  explicit Halver(backend::Plan& plan) : ranges_(plan.gradient_ranges()) {}
  void ready(std::size_t index) override {
    EXPECT_EQ(index, told_++);
    const GradientRange& range = ranges_[index];
    values_.emplace_back(range.data, range.data + range.count);
  }
  bool finish() override {
    EXPECT_EQ(told_, ranges_.size());
    for (std::size_t i = 0; i < ranges_.size(); ++i) {
      const GradientRange& range = ranges_[i];
      EXPECT_TRUE(std::equal(values_[i].begin(), values_[i].end(), range.data))
          << "range " << i << " was written behind its step";
      for (std::int64_t k = 0; k < range.count; ++k) range.data[k] *= 0.5F;
    }
    values_.clear();
    told_ = 0;
    ++runs_;
    return false;
  }
  int runs() const { return runs_; }

 private:
  std::vector<GradientRange> ranges_;
  std::vector<std::vector<float>> values_;
  std::size_t told_ = 0;
  int runs_ = 0;
};

// Half the gradients, and half the rate: the same bits, also where the gradients are clipped behind
// the listener. Without the pass the ranges lie apart, and all else holds.
TEST_F(OnednnContiguousUpdates, TellWhoListensBeforeGradientsAreApplied) {
  const auto& engine = backend::onednn_engine();
  for (const Subject& subject : subjects()) {
    for (const std::vector<std::string>& without :
         std::vector<std::vector<std::string>>{{}, {"contiguous_updates"}, {"group_updates"}}) {
      std::optional<Halver> halver;
      const Trained halved =
          train(subject, engine, {.without_passes = without}, 3,
                {.optimizer = SGD({.momentum = 0.5}),
                 .learning_rate = 0.5F,
                 .guard = true,
                 .prepare = [&](backend::Plan& plan, const backend::Variables& /*variables*/) {
                   plan.listen(&halver.emplace(plan));
                 }});
      EXPECT_EQ(halver->runs(), 3) << subject.name;
      expect_same_bits(halved,
                       train(subject, engine, {}, 3,
                             {.optimizer = SGD({.momentum = 0.5}), .learning_rate = 0.25F}),
                       subject.name);
    }
  }
}

TEST_F(OnednnContiguousUpdates, TellWhoListensBeforeClips) {
  const Subject subject = subject_of("stages");
  std::optional<Halver> halver;
  const Trained halved =
      train(subject, backend::onednn_engine(), {}, 3,
            {.optimizer = SGD({.clipvalue = 1e-4}),
             .prepare = [&](backend::Plan& plan, const backend::Variables& /*variables*/) {
               plan.listen(&halver.emplace(plan));
             }});
  EXPECT_EQ(halver->runs(), 3);
  const Trained whole = train(subject, backend::onednn_engine(), {}, 3,
                              {.optimizer = SGD({.clipvalue = 2e-4}), .learning_rate = 0.025F});
  expect_same_bits(halved, whole, "0.05 · clip(g / 2, 1e-4) = 0.025 · clip(g, 2e-4)");
}

// A plan for predictions was compiled before the training gathered the weights; one of another
// batch size comes behind.
TEST_F(OnednnContiguousUpdates, TakeOtherPlansAlong) {
  const auto run = [](const char* engine) {
    Model model = subject_of("stages").model;
    const NamedTensors batch = subject_of("stages").batch;
    model.initialize(3);
    model.compile({.optimizer = "adam", .loss = "binary_crossentropy", .engine = engine});
    const Dataset data = Dataset::from_tensors(batch);
    std::vector<Tensor> seen;
    const auto look = [&] {
      seen.push_back(model.predict(data.batch(4)).outputs.front().second.clone());
    };
    look();
    model.fit(data.batch(4), {.epochs = 2, .verbose = 0});
    look();
    model.fit(data.batch(3), {.epochs = 2, .verbose = 0});
    look();
    model.fit(data.batch(4), {.verbose = 0});
    look();
    return seen;
  };
  const std::vector<Tensor> actual = run("onednn");
  const std::vector<Tensor> expected = run("reference");
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const auto a = actual[i].data<float>();
    const auto b = expected[i].data<float>();
    for (std::size_t k = 0; k < b.size(); ++k) EXPECT_NEAR(a[k], b[k], 2e-3F) << i << ", " << k;
  }
  EXPECT_FALSE(expected[0].equals(expected[1])) << "nothing was learned";
}

}  // namespace
}  // namespace tenon::train::passes
