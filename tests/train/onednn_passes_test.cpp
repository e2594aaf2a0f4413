// What the oneDNN engine's passes leave as it was: the numbers.
#include <gmock/gmock.h>

#include <algorithm>

#include <cmath>

#include "pass_models.hpp"
#include "tenon/error.hpp"

namespace tenon::train::passes {
namespace {

class OnednnPasses : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!backend::has_onednn_engine())
      GTEST_SKIP() << "skipped: built with -DTENON_WITH_ONEDNN=OFF";
  }
};

// Forward, gradients and updates count, and rounding has not grown yet.
constexpr int kSteps = 3;
constexpr double kTolerance = 1e-3;

std::vector<std::string> every_pass() {
  std::vector<std::string> names;
  for (const auto& pass : backend::onednn_engine().passes()) names.push_back(pass.name);
  return names;
}

TEST_F(OnednnPasses, KeepTheNumbersOfTheReference) {
  for (const Subject& subject : subjects()) {
    const Trained expected = train(subject, backend::reference_engine(), {}, kSteps);
    const auto& engine = backend::onednn_engine();
    expect_near(train(subject, engine, {}, kSteps), expected, kTolerance, subject.name);
    for (const std::string& pass : every_pass()) {
      expect_near(train(subject, engine, {.without_passes = {pass}}, kSteps), expected, kTolerance,
                  subject.name + " without " + pass);
    }
    expect_near(train(subject, engine, {.without_passes = every_pass()}, kSteps), expected,
                kTolerance, subject.name + " without any pass");
  }
}

TEST_F(OnednnPasses, GiveTheSameBitsEachTime) {
  for (const Subject& subject : subjects()) {
    for (const int threads : {1, 2}) {
      const auto& engine = backend::onednn_engine();
      const Trained first = train(subject, engine, {.threads = threads}, 20);
      expect_same_bits(train(subject, engine, {.threads = threads}, 20), first, subject.name);
    }
  }
}

class OnednnInBFloat16 : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!backend::has_onednn_engine())
      GTEST_SKIP() << "skipped: built with -DTENON_WITH_ONEDNN=OFF";
    const std::string obstacle = backend::onednn_engine().obstacle(kMixed);
    if (!obstacle.empty()) GTEST_SKIP() << "skipped: " << obstacle;
  }
  static constexpr auto kMixed = backend::Precision::kMixedBFloat16;
};

// Two sums that differ in a float's last bit may be rounded to neighbours, 1/128 apart, and then
// another element may be the largest of its window. So not each number is held near, but all
// together: ‖a − b‖ <= tolerance · ‖b‖, over the weights and over the optimizer's slots.
double relative_distance(const Trained& actual, const Trained& expected, bool slots) {
  double difference = 0.0;
  double size = 0.0;
  for (std::size_t i = 0; i < expected.variables.size(); ++i) {
    const auto& [name, b] = expected.variables[i];
    if (name.starts_with("sgd/") != slots) continue;
    const auto a = actual.variables[i].second.data<float>();
    for (std::size_t k = 0; k < a.size(); ++k) {
      const auto x = static_cast<double>(a[k]);
      const auto y = static_cast<double>(b.data<float>()[k]);
      difference += (x - y) * (x - y);
      size += y * y;
    }
  }
  return std::sqrt(difference / size);
}

void expect_near_in_bfloat16(const Trained& actual, const Trained& expected,
                             const std::string& what) {
  for (std::size_t i = 0; i < expected.losses.size(); ++i) {
    EXPECT_NEAR(actual.losses[i], expected.losses[i], 0.02F * expected.losses[0])
        << what << ", step " << i;
  }
  EXPECT_LT(relative_distance(actual, expected, false), 0.002) << what;
  EXPECT_LT(relative_distance(actual, expected, true), 0.12) << what;
}

TEST_F(OnednnInBFloat16, KeepsTheNumbersOfTheReferenceWhateverPassIsLeftOut) {
  for (const Subject& subject : subjects()) {
    const Trained expected =
        train(subject, backend::reference_engine(), {.precision = kMixed}, kSteps);
    const auto& engine = backend::onednn_engine();
    expect_near_in_bfloat16(train(subject, engine, {.precision = kMixed}, kSteps), expected,
                            subject.name);
    for (const std::string& pass : every_pass()) {
      if (pass == "assign_precision") continue;
      expect_near_in_bfloat16(
          train(subject, engine, {.precision = kMixed, .without_passes = {pass}}, kSteps), expected,
          subject.name + " without " + pass);
    }
  }
}

TEST_F(OnednnInBFloat16, WithoutItsPassIsFloat32) {
  const Subject subject = subjects().front();
  const auto& engine = backend::onednn_engine();
  expect_same_bits(
      train(subject, engine, {.precision = kMixed, .without_passes = {"assign_precision"}}, 2),
      train(subject, engine, {}, 2), subject.name);
}

TEST_F(OnednnInBFloat16, FollowsTheLossesOfFloat32) {
  for (const Subject& subject : subjects()) {
    const auto& engine = backend::onednn_engine();
    const Trained wide = train(subject, engine, {}, 20);
    const Trained mixed = train(subject, engine, {.precision = kMixed}, 20);
    EXPECT_NE(mixed.losses, wide.losses) << subject.name << ": nothing was rounded";
    for (std::size_t i = 0; i < wide.losses.size(); ++i) {
      EXPECT_NEAR(mixed.losses[i], wide.losses[i], 0.03F * wide.losses.front() + 0.01F)
          << subject.name << ", step " << i;
    }
  }
}

TEST_F(OnednnInBFloat16, GivesTheSameBitsEachTime) {
  for (const Subject& subject : subjects()) {
    for (const int threads : {1, 2}) {
      const auto& engine = backend::onednn_engine();
      const backend::CompileOptions options{.precision = kMixed, .threads = threads};
      const Trained first = train(subject, engine, options, 20);
      expect_same_bits(train(subject, engine, options, 20), first, subject.name);
    }
  }
}

// Sums are cut among threads, so that rounding differs; in 20 steps it grows to less than this.
constexpr double kBetweenThreadCounts = 2e-3;

TEST_F(OnednnPasses, GiveNearlyTheSameOnOneThreadAndOnTwo) {
  const auto& engine = backend::onednn_engine();
  for (const Subject& subject : subjects()) {
    const Trained one = train(subject, engine, {.threads = 1}, 20);
    expect_near(train(subject, engine, {.threads = 2}, 20), one, kBetweenThreadCounts,
                subject.name);
  }
}

/// Steps whose op or implementation has `word` in it.
std::ptrdiff_t count_steps(const backend::PlanReport& report, const std::string& word) {
  return std::ranges::count_if(report.steps, [&](const backend::PlanStep& step) {
    return step.op.find(word) != std::string::npos ||
           step.implementation.find(word) != std::string::npos;
  });
}

/// What a pass changes in the plan of a subject.
struct Effect {
  std::string pass;
  std::string subject;
  std::string word;  ///< Of steps that there are …
  std::ptrdiff_t with = 0;
  std::ptrdiff_t without = 0;
};

TEST_F(OnednnPasses, ChangeThePlanAsTheySay) {
  const auto& engine = backend::onednn_engine();
  const std::vector<Effect> effects{
      {"fuse_rectifiers", "stages", "activation_backward", 0, 3},
      {"fuse_sums", "residual", "add_n+relu", 7, 0},
      {"fuse_sums", "residual", "add_n+relu_backward", 3, 0},
      {"fuse_loss", "stages", "own:activated_loss", 1, 0},
      {"fuse_loss", "classes", "own:activated_loss", 1, 0},
      {"small_products", "tiny", "own:small_product", 8, 0},
      {"fold_pads", "residual", "pad", 0, 2},
      {"fuse_normalized_pooling", "stages", "own:normalized_pooling", 6, 0},
      {"fuse_dense_few", "two_scale", "own:dense_few", 2, 0},
      {"remove_unread", "two_scale", "concatenate", 0, 1},
      {"fuse_input_conversion", "bytes", "cast", 0, 1},
      {"fuse_input_conversion", "bytes", "affine", 0, 1},
      {"group_updates", "stages", "sgd_update", 1, 16},
  };
  for (const Effect& effect : effects) {
    const Subject subject = subject_of(effect.subject);
    EXPECT_EQ(count_steps(train(subject, engine, {}, 1).report, effect.word), effect.with)
        << effect.pass;
    EXPECT_EQ(count_steps(train(subject, engine, {.without_passes = {effect.pass}}, 1).report,
                          effect.word),
              effect.without)
        << "without " << effect.pass;
  }
}

TEST_F(OnednnPasses, TakeWinogradsAlgorithmInBlocksOnly) {
  const auto& engine = backend::onednn_engine();
  if (engine.description().find("oneDNN 2.") == std::string::npos ||
      engine.description().find("AVX-512") == std::string::npos) {
    GTEST_SKIP() << "skipped: oneDNN has Winograd's algorithm in versions 2, for AVX-512";
  }
  const Subject subject = subject_of("many_tiles");
  const auto winograd = [&](std::vector<std::string> without) {
    return count_steps(train(subject, engine, {.without_passes = std::move(without)}, 1).report,
                       "wino");
  };
  EXPECT_EQ(winograd({}), 3);
  EXPECT_EQ(winograd({"choose_winograd"}), 0);
  EXPECT_EQ(winograd({"assign_layouts"}), 0);
}

TEST_F(OnednnPasses, SaveMemoryInPlace) {
  const auto& engine = backend::onednn_engine();
  const Subject subject = subject_of("two_scale");
  EXPECT_LT(train(subject, engine, {}, 1).report.arena_bytes,
            train(subject, engine, {.without_passes = {"in_place"}}, 1).report.arena_bytes);
}

// The arena is placed by lifetimes; gaps between them cost less than a tenth.
TEST_F(OnednnPasses, TakeLittleMoreMemoryThanIsNeededAtOnce) {
  const auto& engine = backend::onednn_engine();
  for (const Subject& subject : subjects()) {
    const backend::PlanReport report = train(subject, engine, {}, 1).report;
    EXPECT_GT(report.alive_bytes, 0U) << subject.name;
    EXPECT_GE(report.arena_bytes, report.alive_bytes) << subject.name;
    EXPECT_LE(static_cast<double>(report.arena_bytes),
              1.1 * static_cast<double>(report.alive_bytes))
        << subject.name;
  }
}

TEST_F(OnednnPasses, LeaveSmallStepsOnOneThread) {
  const auto& engine = backend::onednn_engine();
  const Subject subject = subject_of("tiny");
  expect_same_bits(train(subject, engine, {.threads = 2}, 20),
                   train(subject, engine, {.threads = 1}, 20), "tiny");
}

TEST_F(OnednnPasses, AreKnownByName) {
  const auto passes = backend::onednn_engine().passes();
  ASSERT_FALSE(passes.empty());
  for (const auto& pass : passes) EXPECT_FALSE(pass.purpose.empty()) << pass.name;
  try {
    train(subjects().front(), backend::onednn_engine(), {.without_passes = {"fuse_nothing"}}, 1);
    FAIL() << "a pass that does not exist was left out";
  } catch (const EngineError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("the onednn engine has no pass `fuse_nothing`"));
    EXPECT_THAT(error.what(), ::testing::HasSubstr(passes.front().name));
  }
}

}  // namespace
}  // namespace tenon::train::passes
