#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tenon/error.hpp"
#include "train/callbacks/fake_control.hpp"

namespace tenon {
namespace {

using ::testing::ElementsAre;
using testing::FakeControl;
using ::testing::HasSubstr;
using testing::logs;

/// Keeps the names that it is asked to write.
class ListingWriter : public ModelWriter {
 public:
  void save(const Model&, const std::string& path) const override { paths.push_back(path); }
  void save_weights(const Model&, const std::string& path) const override {
    paths.push_back("weights:" + path);
  }
  mutable std::vector<std::string> paths;
};

void run_epochs(Callback& callback, const std::vector<double>& losses) {
  FakeControl control;
  callback.on_train_begin(control);
  for (std::size_t i = 0; i < losses.size(); ++i) {
    const auto epoch = static_cast<std::int64_t>(i);
    callback.on_epoch_begin(control, epoch);
    StepInfo info;
    callback.on_train_batch_end(control, info, logs({{"loss", losses[i]}}));
    info.step = 1;
    callback.on_train_batch_end(control, info, logs({{"loss", losses[i]}}));
    callback.on_epoch_end(control, epoch, logs({{"loss", losses[i]}, {"val_loss", losses[i]}}));
  }
}

TEST(ModelCheckpoint, FillsTheFileName) {
  ListingWriter writer;
  run_epochs(*ModelCheckpoint("m-{epoch:02d}-{val_loss:.2f}.keras", {}, writer), {0.5, 0.256});
  EXPECT_THAT(writer.paths, ElementsAre("m-01-0.50.keras", "m-02-0.26.keras"));
}

TEST(ModelCheckpoint, KeepsTheBestOnly) {
  ListingWriter writer;
  run_epochs(*ModelCheckpoint("{epoch}.keras", {.save_best_only = true}, writer), {0.5, 0.6, 0.4});
  EXPECT_THAT(writer.paths, ElementsAre("1.keras", "3.keras"));
}

TEST(ModelCheckpoint, EverySoManySteps) {
  ListingWriter writer;
  run_epochs(
      *ModelCheckpoint("{epoch}-{batch}", {.save_weights_only = true, .save_freq = "3"}, writer),
      {0.5, 0.6});
  EXPECT_THAT(writer.paths, ElementsAre("weights:2-1"));
}

TEST(ModelCheckpoint, WatchesTheNamesInItsFileName) {
  ListingWriter writer;
  const auto callback = ModelCheckpoint("{epoch}-{val_acc:.2f}", {}, writer);
  EXPECT_THAT(callback->monitors(), ElementsAre("val_acc"));
  EXPECT_FALSE(callback->monitor().has_value()) << "it does not look for the best one";
  const auto best = ModelCheckpoint("best", {.save_best_only = true}, writer);
  EXPECT_THAT(best->monitors(), ElementsAre("val_loss"));
}

TEST(ModelCheckpoint, RefusesWhatItCannotFillIn) {
  const auto message = [](const std::string& pattern) {
    ListingWriter writer;
    try {
      ModelCheckpoint(pattern, {}, writer);
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
  EXPECT_THROW(ModelCheckpoint("m", {.save_freq = "often"}, writer), ContractError);
}

}  // namespace
}  // namespace tenon
