// Several ranks go on from the state of a training that ended in the middle.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "tenon/error.hpp"
#include "train/ranks_training.hpp"

namespace tenon::train {
namespace {

namespace fs = std::filesystem;
using namespace ranks_training;  // NOLINT(google-build-using-namespace)
using ::testing::HasSubstr;

class RanksResumeEachWay : public RanksEachWay {};

TEST_P(RanksResumeEachWay, GoOnBitForBitBeforeABatchWithFewerRowsThanRanks) {
  const fs::path folder = fs::temp_directory_path() / ("tenon_short_" + std::to_string(::getpid()));
  fs::create_directories(folder);
  RankSetup setup = setup_of_way();
  setup.samples = 49;  // 7 batches, of which the last has a row.
  setup.fit.epochs = 2;
  const auto undisturbed = train_together(2, setup);
  const auto kept = [&](int kill_after) {
    setup.change = [&, kill_after](int, Model&, FitArguments& arguments) {
      arguments.callbacks = {
          BackupAndRestore(folder.string(), {.save_freq = "6", .delete_checkpoint = false}),
          std::make_shared<KillRank>(kill_after)};
    };
  };
  kept(6);
  const auto thrown = run_ranks(2, [&](std::unique_ptr<dist::Transport> transport) {
    train_as(setup, ranks_of(setup, std::move(transport)));
  });
  EXPECT_THAT(text_of(thrown[1]), HasSubstr("killed"));
  kept(1000);
  const auto resumed = train_together(2, setup);
  EXPECT_EQ(largest_difference(undisturbed[0], resumed[0]), 0.0);
  expect_same_logs(undisturbed[0].history, resumed[0].history, 0.0);
  // More ranks than a batch has rows: each reads all.
  setup.batch = 2;
  fs::remove_all(folder);
  kept(6);
  run_ranks(2, [&](std::unique_ptr<dist::Transport> transport) {
    train_as(setup, ranks_of(setup, std::move(transport)));
  });
  setup.change = {};
  const Trained alone = train_as(setup, {});
  kept(1000);
  EXPECT_LT(largest_difference(train_together(3, setup)[0], alone), 1e-6);
  fs::remove_all(folder);
}

INSTANTIATE_TEST_SUITE_P(Engines, RanksResumeEachWay,
                         ::testing::Values(Way{"reference", "reference", false},
                                           Way{"onednn", "onednn", false},
                                           Way{"onednn_by_messages", "onednn", true}),
                         [](const auto& named) { return std::string(named.param.name); });

TEST(RanksResume, GoOnBitForBitWithAsManyAndInTheSameOrderWithAnotherNumber) {
  const fs::path folder = fs::temp_directory_path() / ("tenon_ranks_" + std::to_string(::getpid()));
  fs::create_directories(folder);
  RankSetup setup;
  setup.optimizer = "adam";
  setup.normalized = false;
  setup.fit.epochs = 3;
  const auto undisturbed = train_together(2, setup);
  const auto kept_in = [&](const std::string& name, bool restore, int kill_after) {
    setup.change = [&, name, restore, kill_after](int, Model&, FitArguments& arguments) {
      arguments.callbacks = {
          BackupAndRestore((folder / name).string(),
                           {.save_freq = "3", .delete_checkpoint = false, .restore = restore}),
          std::make_shared<KillRank>(kill_after)};
    };
  };
  kept_in("state", false, 11);
  const auto thrown = run_ranks(2, [&](std::unique_ptr<dist::Transport> transport) {
    train_as(setup, DistributionMaker::make(std::move(transport), {}));
  });
  EXPECT_THAT(text_of(thrown[1]), HasSubstr("killed"));
  fs::copy(folder / "state", folder / "other", fs::copy_options::recursive);
  kept_in("state", true, 1000);
  const auto resumed = train_together(2, setup);
  EXPECT_EQ(largest_difference(undisturbed[0], resumed[0]), 0.0);
  EXPECT_EQ(largest_difference(resumed[0], resumed[1]), 0.0);
  expect_same_logs(undisturbed[0].history, resumed[0].history, 0.0);
  kept_in("other", true, 1000);
  const auto of_four = train_together(4, setup);
  EXPECT_LT(largest_difference(undisturbed[0], of_four[0]), 1e-4);
  fs::remove_all(folder);
}

}  // namespace
}  // namespace tenon::train
