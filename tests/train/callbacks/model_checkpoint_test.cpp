#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <utility>

#include "tenon/error.hpp"
#include "tenon/message.hpp"
#include "train/callbacks/fake_control.hpp"
#include "train/training_state.hpp"

namespace tenon {
namespace {

namespace fs = std::filesystem;

using ::testing::ElementsAre;
using testing::FakeControl;
using ::testing::HasSubstr;
using testing::logs;

/// Keeps the names that it is asked to write, as model, weights or state.
class ListingWriter : public ModelWriter, public StateStore {
 public:
  void save(const Model&, const std::string& path) const override { paths.push_back("m:" + path); }
  void save_weights(const Model&, const std::string& path) const override {
    paths.push_back("w:" + path);
  }
  std::unique_ptr<Snapshot> snapshot(const Model&, const TrainingState&) const override {
    return std::make_unique<ListedState>(*this);
  }
  std::shared_ptr<const TrainingState> read(const std::string&, Model&) const override {
    return {};
  }
  mutable std::vector<std::string> paths;
  bool full = false;  ///< The disk.

 private:
  struct ListedState : Snapshot {
    explicit ListedState(const ListingWriter& writer) : list(writer) {}
    void write(const std::string& path) const override {
      if (list.full) throw FormatError(make_diagnostic("F001", path + ": no room", {}, ""));
      list.paths.push_back(path);
      std::ofstream(path) << "state";
    }
    const ListingWriter& list;
  };
};

/// Two steps per epoch; states come where they are asked for, as fit gives them.
void run_epochs(Callback& callback, const std::vector<double>& losses, bool with_states = true) {
  FakeControl control;
  const TrainingState state;
  const auto deliver = [&] {
    if (std::exchange(control.state_wanted, false) && with_states)
      callback.on_state(control, state);
  };
  callback.on_train_begin(control);
  for (std::size_t i = 0; i < losses.size(); ++i) {
    const auto epoch = static_cast<std::int64_t>(i);
    callback.on_epoch_begin(control, epoch);
    StepInfo info;
    for (info.step = 0; info.step < 2; ++info.step) {
      callback.on_train_batch_end(control, info, logs({{"loss", losses[i]}}));
      deliver();
    }
    callback.on_epoch_end(control, epoch, logs({{"loss", losses[i]}, {"val_loss", losses[i]}}));
    deliver();
  }
  callback.on_train_end(control, logs({}));
}

/// In a folder of its own, for files that are not looked at.
class ModelCheckpointFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("tenon_checkpoint_" + std::to_string(::getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::set<std::string> files() const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_))
      names.insert(entry.path().filename().string());
    return names;
  }

  fs::path folder_;
  ListingWriter writer_;
};

TEST_F(ModelCheckpointFiles, HoldTheStateOfTheTraining) {
  run_epochs(*ModelCheckpoint(path("{epoch}-{val_loss:.1f}.keras"), {}, writer_, writer_),
             {0.5, 0.3});
  EXPECT_THAT(writer_.paths, ElementsAre(path("1-0.5.keras"), path("2-0.3.keras")));
}

TEST_F(ModelCheckpointFiles, EverySoManySteps) {
  run_epochs(*ModelCheckpoint(path("{epoch}-{batch}.keras"), {.save_freq = "3"}, writer_, writer_),
             {0.5, 0.6, 0.7});
  EXPECT_THAT(writer_.paths, ElementsAre(path("2-1.keras"), path("3-2.keras")));
}

TEST_F(ModelCheckpointFiles, TheNewestStay) {
  run_epochs(*ModelCheckpoint(path("{epoch}.keras"), {.max_to_keep = 2}, writer_, writer_),
             {0.5, 0.6, 0.7, 0.8});
  EXPECT_EQ(files(), (std::set<std::string>{"3.keras", "4.keras"}));
}

TEST_F(ModelCheckpointFiles, OfARunThatIsGoneOnWithAreRemovedToo) {
  const auto options = ModelCheckpointOptions{.max_to_keep = 2};
  const auto first = ModelCheckpoint(path("a{epoch}.keras"), options, writer_, writer_);
  run_epochs(*first, {0.5, 0.6});
  CallbackState state;
  first->save_state(state);
  const auto second = ModelCheckpoint(path("b{epoch}.keras"), options, writer_, writer_);
  second->restore_state(state);
  run_epochs(*second, {0.7});
  EXPECT_EQ(files(), (std::set<std::string>{"a2.keras", "b1.keras"}));
}

TEST_F(ModelCheckpointFiles, AFullDiskIsToldAndEndsTheRunAtItsEnd) {
  writer_.full = true;
  std::vector<Diagnostic> told;
  const MessageSink before =
      set_message_sink([&](const Diagnostic& message) { told.push_back(message); });
  const auto callback = ModelCheckpoint(path("{epoch}.keras"), {}, writer_, writer_);
  EXPECT_THROW(run_epochs(*callback, {0.5, 0.6}), DataError);
  set_message_sink(before);
  ASSERT_EQ(told.size(), 1U) << "once until a file can be written again";
  EXPECT_EQ(told[0].severity, Severity::kWarning);
  EXPECT_THAT(told[0].message, HasSubstr("no room"));
  EXPECT_THAT(told[0].notes.back(), HasSubstr("goes on without this file"));
}

TEST(ModelCheckpoint, WithoutAStateItIsTheModel) {
  ListingWriter writer;
  run_epochs(*ModelCheckpoint("{epoch}.keras", {}, writer, writer), {0.5, 0.6}, false);
  EXPECT_THAT(writer.paths, ElementsAre("m:1.keras", "m:2.keras"));
}

TEST(ModelCheckpoint, FillsTheFileName) {
  ListingWriter writer;
  run_epochs(*ModelCheckpoint("m-{epoch:02d}-{val_loss:.2f}.weights.h5",
                              {.save_weights_only = true}, writer),
             {0.5, 0.256});
  EXPECT_THAT(writer.paths, ElementsAre("w:m-01-0.50.weights.h5", "w:m-02-0.26.weights.h5"));
}

TEST(ModelCheckpoint, KeepsTheBestOnly) {
  ListingWriter writer;
  run_epochs(*ModelCheckpoint("{epoch}.weights.h5",
                              {.save_best_only = true, .save_weights_only = true}, writer),
             {0.5, 0.6, 0.4});
  EXPECT_THAT(writer.paths, ElementsAre("w:1.weights.h5", "w:3.weights.h5"));
}

TEST(ModelCheckpoint, WeightsEverySoManySteps) {
  ListingWriter writer;
  run_epochs(*ModelCheckpoint("{epoch}-{batch}.weights.h5",
                              {.save_weights_only = true, .save_freq = "3"}, writer),
             {0.5, 0.6});
  EXPECT_THAT(writer.paths, ElementsAre("w:2-1.weights.h5"));
}

TEST(ModelCheckpoint, WatchesTheNamesInItsFileName) {
  ListingWriter writer;
  const auto callback = ModelCheckpoint("{epoch}-{val_acc:.2f}.keras", {}, writer);
  EXPECT_THAT(callback->monitors(), ElementsAre("val_acc"));
  EXPECT_FALSE(callback->monitor().has_value()) << "it does not look for the best one";
  const auto best = ModelCheckpoint("best.keras", {.save_best_only = true}, writer);
  EXPECT_THAT(best->monitors(), ElementsAre("val_loss"));
}

TEST(ModelCheckpoint, RefusesWhatItCannotFillIn) {
  const auto message = [](const std::string& pattern) {
    ListingWriter writer;
    try {
      ModelCheckpoint(pattern + ".keras", {}, writer);
    } catch (const ContractError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_THAT(message("{epoch"), HasSubstr("a brace is not closed"));
  EXPECT_THAT(message("epoch}"), HasSubstr("was not opened"));
  EXPECT_THAT(message("{loss:02d}"), HasSubstr("{loss:02d} has a format"));
  EXPECT_EQ(message("{{epoch}}"), "") << "doubled braces stand for themselves";
  ListingWriter writer;
  EXPECT_THAT(message("{epcoh:02d}"), HasSubstr("is neither epoch nor batch"));
  EXPECT_THROW(ModelCheckpoint("m.h5", {}, writer), ContractError);
  EXPECT_THROW(ModelCheckpoint("m.keras", {.save_weights_only = true}, writer), ContractError);
  EXPECT_THROW(ModelCheckpoint("m.keras", {.save_freq = "often"}, writer), ContractError);
  EXPECT_THROW(ModelCheckpoint("m.keras", {.max_to_keep = -1}, writer), ContractError);
}

}  // namespace
}  // namespace tenon
