#include "train/progress.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace tenon {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

ProgressEvent event(ProgressEvent::Kind kind, std::int64_t step, double seconds) {
  ProgressEvent out;
  out.kind = kind;
  out.epochs = 4;
  out.step = step;
  out.steps = 88;
  out.seconds = seconds;
  out.logs.set("accuracy", 0.98);
  out.logs.set("loss", 0.0005);
  return out;
}

TEST(Progress, TheLineLooksLikeKeras) {
  EXPECT_EQ(train::progress_line(event(ProgressEvent::Kind::kEnd, 88, 0.968)),
            "88/88 ━━━━━━━━━━━━━━━━━━━━ 0s 11ms/step - accuracy: 0.9800 - loss: 5.0000e-04");
}

TEST(Progress, WhileItRunsTheTimeLeftIsShown) {
  EXPECT_EQ(train::progress_line(event(ProgressEvent::Kind::kStep, 44, 100.0)),
            "44/88 ━━━━━━━━━━           1:40 2s/step - accuracy: 0.9800 - loss: 5.0000e-04");
}

TEST(Progress, AnUnknownNumberOfStepsHasNoBar) {
  ProgressEvent unknown = event(ProgressEvent::Kind::kStep, 3, 0.0009);
  unknown.steps.reset();
  EXPECT_THAT(train::progress_line(unknown), ::testing::StartsWith("3/Unknown 0s 300us/step"));
}

TEST(Progress, ABarIsDrawnAnewInItsLine) {
  std::ostringstream out;
  const ProgressSink sink = progress_printer(out);
  sink(event(ProgressEvent::Kind::kBegin, 0, 0.0));
  sink(event(ProgressEvent::Kind::kStep, 1, 0.01));
  sink(event(ProgressEvent::Kind::kStep, 2, 0.02));
  sink(event(ProgressEvent::Kind::kEnd, 88, 1.0));
  EXPECT_THAT(out.str(), HasSubstr("Epoch 1/4\n\r1/88"));
  EXPECT_THAT(out.str(), Not(HasSubstr("\r2/88"))) << "drawn too often";
  EXPECT_THAT(out.str(), HasSubstr("\r88/88"));
}

TEST(Progress, LinesHoldNoControlCharacters) {
  std::ostringstream out;
  const ProgressSink sink = progress_printer(out, ProgressStyle::kLines);
  sink(event(ProgressEvent::Kind::kBegin, 0, 0.0));
  sink(event(ProgressEvent::Kind::kStep, 1, 0.01));
  sink(event(ProgressEvent::Kind::kEnd, 88, 1.0));
  EXPECT_THAT(out.str(), Not(HasSubstr("\r")));
  EXPECT_THAT(out.str(), Not(HasSubstr("\x1b")));
  EXPECT_THAT(out.str(), Not(HasSubstr("1/88 ━ ")));
}

TEST(Progress, WithoutASinkNothingIsWanted) {
  set_progress_sink({});
  EXPECT_FALSE(train::progress_is_wanted(1));
  int told = 0;
  set_progress_sink([&](const ProgressEvent&) { ++told; });
  EXPECT_TRUE(train::progress_is_wanted(1));
  EXPECT_FALSE(train::progress_is_wanted(0));
  train::tell_progress({});
  EXPECT_EQ(told, 1);
  set_progress_sink({});
}

}  // namespace
}  // namespace tenon
