#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tenon/error.hpp"
#include "train/callbacks/fake_control.hpp"

namespace tenon {
namespace {

using testing::FakeControl;
using ::testing::HasSubstr;
using testing::logs;

/// Tells the values of one name, epoch by epoch, and returns after how many it stopped; 0: never.
int epochs_until_stop(const EarlyStoppingOptions& options, const std::vector<double>& values) {
  FakeControl control;
  const auto callback = EarlyStopping(options);
  callback->on_train_begin(control);
  for (std::size_t epoch = 0; epoch < values.size(); ++epoch) {
    callback->on_epoch_end(control, static_cast<std::int64_t>(epoch),
                           logs({{options.monitor.c_str(), values[epoch]}}));
    if (control.stopped) return static_cast<int>(epoch) + 1;
  }
  return 0;
}

TEST(EarlyStopping, WaitsForPatienceEpochsWithoutImprovement) {
  EXPECT_EQ(epochs_until_stop({.patience = 2}, {1.0, 0.9, 0.95, 0.96, 0.8}), 4);
  EXPECT_EQ(epochs_until_stop({.patience = 2}, {1.0, 0.9, 0.95, 0.8, 0.7}), 0);
}

TEST(EarlyStopping, TheMetricsOwnDirectionDecides) {
  EXPECT_EQ(epochs_until_stop({.monitor = "val_accuracy", .patience = 1}, {0.5, 0.6, 0.7}), 0);
  EXPECT_EQ(epochs_until_stop({.monitor = "val_accuracy", .patience = 1}, {0.7, 0.6}), 2);
  EXPECT_EQ(
      epochs_until_stop({.monitor = "val_accuracy", .patience = 1, .mode = "min"}, {0.7, 0.6}), 0);
}

TEST(EarlyStopping, SmallChangesAreNone) {
  EXPECT_EQ(epochs_until_stop({.min_delta = 0.1, .patience = 1}, {1.0, 0.95}), 2);
}

TEST(EarlyStopping, BelowTheBaselinePatienceRunsOut) {
  EXPECT_EQ(epochs_until_stop({.patience = 2, .baseline = 0.1}, {1.0, 0.9, 0.95}), 3);
}

TEST(EarlyStopping, EpochsBeforeTheStartDoNotCount) {
  EXPECT_EQ(epochs_until_stop({.patience = 1, .start_from_epoch = 3}, {1.0, 2.0, 3.0, 4.0, 5.0}),
            5);
}

TEST(EarlyStopping, RestoresTheBestWeights) {
  FakeControl control;
  const auto weight = control.model().weights().front();
  const auto set = [&](float value) { weight->assign(Tensor::from<float>({1, 1}, {value})); };
  const auto callback = EarlyStopping({.patience = 1, .restore_best_weights = true});
  callback->on_train_begin(control);
  set(1.0F);
  callback->on_epoch_end(control, 0, logs({{"val_loss", 0.5}}));
  set(2.0F);
  callback->on_epoch_end(control, 1, logs({{"val_loss", 0.4}}));
  set(3.0F);
  callback->on_epoch_end(control, 2, logs({{"val_loss", 0.6}}));
  callback->on_train_end(control, {});
  EXPECT_TRUE(control.stopped);
  EXPECT_EQ(weight->value().item<float>(), 2.0F);
}

TEST(EarlyStopping, TellsWhatItWatchesAndRefusesWrongModes) {
  EXPECT_EQ(EarlyStopping({.monitor = "val_los"})->monitor(), "val_los");
  try {
    EarlyStopping({.mode = "smallest"});
    FAIL();
  } catch (const ContractError& error) {
    EXPECT_THAT(error.what(), HasSubstr("EarlyStopping"));
    EXPECT_THAT(error.what(), HasSubstr("mode is \"smallest\""));
  }
}

}  // namespace
}  // namespace tenon
