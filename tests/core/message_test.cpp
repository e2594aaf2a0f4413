#include "tenon/message.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace tenon {
namespace {

/// Puts the sink back that was there before the test.
class SinkGuard {
 public:
  explicit SinkGuard(MessageSink sink) : before_(set_message_sink(std::move(sink))) {}
  ~SinkGuard() { set_message_sink(before_); }

 private:
  MessageSink before_;
};

TEST(MessageSink, GetsWhatIsEmitted) {
  std::vector<std::string> seen;
  const SinkGuard guard([&](const Diagnostic& message) { seen.push_back(message.message); });
  emit(make_diagnostic("D003", "the values are on the wrong scale"));
  EXPECT_EQ(seen, std::vector<std::string>{"the values are on the wrong scale"});
}

TEST(MessageSink, NoneIsFineAndTheOneBeforeIsReturned) {
  const SinkGuard guard(nullptr);
  emit(make_diagnostic("D003", "nobody listens"));
  int calls = 0;
  set_message_sink([&](const Diagnostic&) { ++calls; });
  const MessageSink before = set_message_sink(nullptr);
  before(make_diagnostic("D003", ""));
  EXPECT_EQ(calls, 1);
}

TEST(MessageSink, OneCallAtATime) {
  int plain_counter = 0;
  std::atomic<int> inside{0};
  std::atomic<int> met{0};
  const SinkGuard guard([&](const Diagnostic&) {
    if (inside.fetch_add(1) != 0) ++met;
    std::this_thread::yield();
    ++plain_counter;
    inside.fetch_sub(1);
  });
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([] {
        for (int j = 0; j < 25; ++j) emit(make_diagnostic("D003", "x"));
      });
    }
  }
  EXPECT_EQ(met, 0);
  EXPECT_EQ(plain_counter, 100);
}

TEST(MessageSink, MayReplaceItselfAndEmit) {
  std::vector<std::string> seen;
  const SinkGuard guard([&](const Diagnostic& message) {
    seen.push_back("first " + message.message);
    set_message_sink([&](const Diagnostic& next) { seen.push_back("second " + next.message); });
    emit(make_diagnostic("D003", "b"));
  });
  emit(make_diagnostic("D003", "a"));
  EXPECT_EQ(seen, (std::vector<std::string>{"first a", "second b"}));
}

}  // namespace
}  // namespace tenon
