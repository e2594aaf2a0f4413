#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <limits>

#include "tenon/error.hpp"
#include "tenon/file.hpp"
#include "tenon/message.hpp"
#include "train/callbacks/fake_control.hpp"

namespace tenon {
namespace {

using testing::FakeControl;
using testing::logs;

class Loggers : public ::testing::Test {
 protected:
  Loggers()
      : folder_(std::filesystem::temp_directory_path() /
                ("tenon_loggers_" + std::to_string(::getpid()) + "_" +
                 ::testing::UnitTest::GetInstance()->current_test_info()->name())) {}
  ~Loggers() override { std::filesystem::remove_all(folder_); }
  std::string path(const char* name) const { return (folder_ / "runs" / name).string(); }

  std::filesystem::path folder_;
};

TEST_F(Loggers, HistoryHasARowPerEpoch) {
  FakeControl control({"loss", "val_loss"});
  const auto logger = CSVLogger(path("history.csv"));
  logger->on_train_begin(control);
  logger->on_epoch_end(control, 0, logs({{"loss", 0.5}}));
  logger->on_epoch_end(control, 1, logs({{"loss", 1.0 / 3.0}, {"val_loss", 2.0}}));
  logger->on_train_end(control, {});
  EXPECT_EQ(read_file(path("history.csv")), "epoch,loss,val_loss\n0,0.5,NA\n1,0.333333333,2\n");
}

TEST_F(Loggers, AppendingKeepsRowsAndTheHeader) {
  FakeControl control({"loss"});
  for (const bool append : {false, true}) {
    const auto logger = CSVLogger(path("h.csv"), {.separator = ";", .append = append});
    logger->on_train_begin(control);
    logger->on_epoch_end(control, append ? 1 : 0, logs({{"loss", 1.0}}));
    logger->on_train_end(control, {});
  }
  EXPECT_EQ(read_file(path("h.csv")), "epoch;loss\n0;1\n1;1\n");
}

TEST_F(Loggers, StepsHaveTheBatchsOwnNumbersInNineDigits) {
  FakeControl control;
  const auto logger = StepsLogger(path("steps.csv"));
  logger->on_train_begin(control);
  StepInfo info{
      .epoch = 1, .step = 2, .examples = 32, .seconds_data = 0.25, .seconds_compute = 0.5};
  info.batch = logs({{"loss", 0.123456789012}, {"accuracy", 0.75}});
  logger->on_train_batch_end(control, info, logs({{"loss", 9.0}}));
  EXPECT_EQ(read_file(path("steps.csv")),
            "epoch,step,loss,accuracy,examples,seconds_data,seconds_compute\n"
            "1,2,0.123456789,0.75,32,0.25,0.5\n")
      << "rows are there while training goes on";
  logger->on_train_end(control, {});
}

TEST_F(Loggers, AFolderThatIsAFileIsF001) {
  FakeControl control({"loss"});
  const auto first = CSVLogger(path("x"));
  first->on_train_begin(control);
  try {
    CSVLogger(path("x") + "/history.csv")->on_train_begin(control);
    FAIL();
  } catch (const FormatError& error) {
    EXPECT_EQ(error.code(), "F001");
  }
}

/// No file of this process grows beyond so many bytes, as on a full disk.
class MostBytes {
 public:
  explicit MostBytes(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~MostBytes() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  MostBytes(const MostBytes&) = delete;
  MostBytes& operator=(const MostBytes&) = delete;

 private:
  sighandler_t handler_;
  rlimit before_{};
};

TEST_F(Loggers, RowsWaitForRoomAndAreWrittenThen) {
  FakeControl control({"loss"});
  std::vector<std::string> told;
  const MessageSink before =
      set_message_sink([&](const Diagnostic& message) { told.push_back(message.message); });
  const auto logger = CSVLogger(path("h.csv"));
  {
    const MostBytes limit(18);
    logger->on_train_begin(control);
    for (int epoch = 0; epoch < 3; ++epoch)
      logger->on_epoch_end(control, epoch, logs({{"loss", 0.5}}));
  }
  EXPECT_EQ(read_file(path("h.csv")), "epoch,loss\n0,0.5\n1") << "a row is cut";
  CallbackState state;
  logger->save_state(state);
  logger->on_epoch_end(control, 3, logs({{"loss", 0.25}}));
  logger->on_train_end(control, {});
  set_message_sink(before);
  EXPECT_EQ(read_file(path("h.csv")), "epoch,loss\n0,0.5\n1,0.5\n2,0.5\n3,0.25\n");
  EXPECT_EQ(state.integer("bytes"), 29) << "with the rows that waited";
  EXPECT_EQ(told.size(), 1U) << "told once";
}

TEST_F(Loggers, RowsThatFoundNoRoomAreToldAtTheEnd) {
  FakeControl control({"loss"});
  const MessageSink before = set_message_sink([](const Diagnostic&) {});
  const auto logger = CSVLogger(path("h.csv"));
  const MostBytes limit(3);
  logger->on_train_begin(control);
  EXPECT_THROW(logger->on_train_end(control, {}), DataError);
  set_message_sink(before);
}

TEST_F(Loggers, TerminateOnNanStopsAndSaysWhere) {
  FakeControl control;
  std::vector<std::string> told;
  const MessageSink before =
      set_message_sink([&](const Diagnostic& message) { told.push_back(message.message); });
  const auto callback = TerminateOnNaN();
  StepInfo info{.epoch = 0, .step = 4};
  info.batch = logs({{"loss", 1.0}});
  callback->on_train_batch_end(control, info, {});
  EXPECT_FALSE(control.stopped);
  info.batch = logs({{"loss", std::numeric_limits<double>::quiet_NaN()}});
  callback->on_train_batch_end(control, info, {});
  set_message_sink(before);
  EXPECT_TRUE(control.stopped);
  EXPECT_TRUE(callback->handles_bad_loss());
  EXPECT_THAT(told, ::testing::ElementsAre(::testing::HasSubstr("epoch 1, step 5")));
}

}  // namespace
}  // namespace tenon
