#include "core/thread_pool.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <latch>
#include <set>
#include <stdexcept>

#include "core/thread_count.hpp"
#include "core/throws.hpp"

namespace tenon {
namespace {

TEST(ThreadPool, ResultsArriveAtTheirFutures) {
  ThreadPool pool(3);
  EXPECT_EQ(pool.num_threads(), 3U);
  std::vector<std::future<int>> futures;
  for (int i = 0; i < 200; ++i) futures.push_back(pool.submit([i] { return i * i; }));
  for (int i = 0; i < 200; ++i) EXPECT_EQ(futures[static_cast<std::size_t>(i)].get(), i * i);
}

TEST(ThreadPool, ExceptionsArriveAtTheirFutures) {
  ThreadPool pool(2);
  auto failing = pool.submit([]() -> int { throw std::runtime_error("sample 17 is damaged"); });
  auto fine = pool.submit([] { return 1; });
  EXPECT_EQ(fine.get(), 1);
  try {
    failing.get();
    FAIL() << "nothing was thrown";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "sample 17 is damaged");
  }
}

TEST(ThreadPool, TasksRunAtTheSameTime) {
  ThreadPool pool(2);
  std::latch both(2);
  auto first = pool.submit([&] { both.arrive_and_wait(); });
  auto second = pool.submit([&] { both.arrive_and_wait(); });
  first.get();
  second.get();
}

TEST(ThreadPool, OneThreadKeepsTheOrder) {
  std::vector<int> order;
  {
    ThreadPool pool(1);
    std::future<void> last;
    for (int i = 0; i < 50; ++i) last = pool.submit([&order, i] { order.push_back(i); });
    last.get();
  }
  for (int i = 0; i < 50; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
}

TEST(ThreadPool, DestructorFinishesWhatHasBegunAndDropsTheRest) {
  std::atomic<int> ran{0};
  std::latch begun(1);
  std::latch may_end(1);
  std::vector<std::future<void>> waiting;
  std::future<void> running;
  std::jthread helper;
  {
    ThreadPool pool(1);
    running = pool.submit([&] {
      begun.count_down();
      may_end.wait();
      ++ran;
    });
    begun.wait();
    for (int i = 0; i < 5; ++i) waiting.push_back(pool.submit([&] { ++ran; }));
    // The helper lets the task end only once the pool has dropped the others.
    helper = std::jthread([&] {
      for (auto& future : waiting) future.wait();
      may_end.count_down();
    });
  }
  helper.join();
  running.get();
  EXPECT_EQ(ran, 1);
  for (auto& future : waiting) EXPECT_THROW(future.get(), std::future_error);
}

TEST(ThreadPool, TasksMaySubmitTasks) {
  ThreadPool pool(2);
  auto outer = pool.submit([&] { return pool.submit([] { return 5; }); });
  EXPECT_EQ(outer.get().get(), 5);
}

TEST(ThreadPool, WantsAThread) {
  EXPECT_EQ(text_thrown<ContractError>([] {
              ThreadPool pool(0);
              return 0;
            }),
            "error[A001]: ThreadPool: 0 threads\n  expected: at least 1 thread");
}

/// A limit on this process's memory that leaves room for a few stacks of threads only.
class FewStacks {
 public:
  FewStacks() {
    ::getrlimit(RLIMIT_AS, &before_);
    std::uint64_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    const std::uint64_t room = std::uint64_t{64} << 20U;
    rlimit now = before_;
    now.rlim_cur = pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) + room;
    ::setrlimit(RLIMIT_AS, &now);
  }
  ~FewStacks() { ::setrlimit(RLIMIT_AS, &before_); }
  FewStacks(const FewStacks&) = delete;
  FewStacks& operator=(const FewStacks&) = delete;

 private:
  rlimit before_{};
};

TEST(ThreadPool, SaysSoIfTheSystemGivesNoMoreThreads) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "skipped: a sanitizer ends the process where memory is refused";
#endif
  const std::string text = text_thrown<EngineError>([] {
    const FewStacks few;
    ThreadPool pool(1000);
    return 0;
  });
  EXPECT_THAT(text, ::testing::MatchesRegex("error.E001.: thread [0-9]+ of 1000 cannot be started: "
                                            "Resource temporarily unavailable\n  fix: .*"));
}

TEST(ThreadCount, IsBounded) {
  EXPECT_GE(most_threads(), 64);
  EXPECT_GE(most_threads(), 4 * num_cores());
  EXPECT_NO_THROW(check_threads("compile", "threads", most_threads()));
  EXPECT_EQ(text_thrown<ContractError>([] { return check_threads("fit", "threads", -4), 0; }),
            "error[A001]: fit: threads is -4\n  expected: 0 (one per core) or more");
  const std::string text =
      text_thrown<ContractError>([] { return check_threads("fit", "threads", 5000), 0; });
  EXPECT_THAT(text, ::testing::HasSubstr("fit: threads is 5000 where at most "));
  EXPECT_THAT(text, ::testing::HasSubstr("expected: 0 (one per core: "));
}

}  // namespace
}  // namespace tenon
