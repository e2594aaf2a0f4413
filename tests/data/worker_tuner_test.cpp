// The number of workers that is chosen, for runs that are computed and not timed.
#include "data/worker_tuner.hpp"

#include <algorithm>
#include <functional>

#include "core/thread_pool.hpp"
#include "data/support.hpp"

namespace tenon {
namespace {

using data::WorkerTuner;
using Seconds = double;

/// A pipeline whose elements take `work` on one core beside a step of `step`.
struct Machine {
  Seconds work = 0.0;
  /// What the step takes while so many workers run.
  std::function<Seconds(std::size_t workers)> step;
  std::size_t useful = 64;  ///< More workers than these make nothing faster (a slow disk).
  Seconds now = 0.0;

  /// Runs `elements`; how many workers there were behind each.
  std::vector<std::size_t> run(WorkerTuner& tuner, int elements) {
    std::vector<std::size_t> workers;
    for (int i = 0; i < elements; ++i) {
      const Seconds busy = step(tuner.workers());
      const Seconds pace = work / static_cast<double>(std::min(tuner.workers(), useful));
      const Seconds waited = std::max(0.0, pace - busy);
      now += busy + waited;
      tuner.note(static_cast<std::int64_t>(1e9 * now), static_cast<std::int64_t>(1e9 * waited));
      workers.push_back(tuner.workers());
    }
    return workers;
  }
};

TEST(WorkerTuner, LeavesAsManyAsTheStepNeeds) {
  // 0.1 s of work for a step of 30 ms: three workers cannot keep up, four can.
  Machine machine{.work = 0.1, .step = [](std::size_t) { return 0.03; }};
  WorkerTuner tuner(16);
  const auto workers = machine.run(tuner, 5000);
  EXPECT_EQ(tuner.workers(), 4U);
  const auto settled = std::find(workers.begin(), workers.end(), 4U) - workers.begin();
  EXPECT_LT(settled, 1000);
  const auto tried = std::count(workers.begin() + settled, workers.end(), 3U);
  EXPECT_GT(tried, 0) << "it looks again";
  EXPECT_LT(tried, 500) << "but seldom";
}

TEST(WorkerTuner, ATrialInVainCostsLittle) {
  // Two workers just keep up, one takes twice as long.
  Machine machine{.work = 0.1, .step = [](std::size_t) { return 0.05; }};
  WorkerTuner tuner(2);
  const auto workers = machine.run(tuner, 4000);
  EXPECT_EQ(tuner.workers(), 2U);
  EXPECT_GT(std::count(workers.begin(), workers.end(), 1U), 0);
  EXPECT_LT(machine.now, 4000 * 0.05 * 1.005);
}

TEST(WorkerTuner, KeepsAllWhileSomebodyWaits) {
  Machine machine{.work = 1.0, .step = [](std::size_t) { return 0.01; }};
  WorkerTuner tuner(8);
  const auto workers = machine.run(tuner, 2000);
  EXPECT_EQ(std::count(workers.begin(), workers.end(), 8U), 2000);
}

TEST(WorkerTuner, GoesDownToOneBesideALongStep) {
  Machine machine{.work = 0.01, .step = [](std::size_t) { return 0.1; }};
  WorkerTuner tuner(8);
  machine.run(tuner, 2000);
  EXPECT_EQ(tuner.workers(), 1U);
}

TEST(WorkerTuner, GivesCoresBackToAStepThatIsFasterWithThem) {
  // Each worker but the first takes 5 % of the step's cores.
  Machine machine{.work = 0.02, .step = [](std::size_t workers) {
                    return 0.04 * (1.0 + 0.05 * static_cast<double>(workers));
                  }};
  WorkerTuner tuner(8);
  machine.run(tuner, 3000);
  EXPECT_EQ(tuner.workers(), 1U);
}

TEST(WorkerTuner, GrowsAgainWhenTheStepGetsShorter) {
  Machine machine{.work = 0.1, .step = [](std::size_t) { return 0.2; }};
  WorkerTuner tuner(8);
  machine.run(tuner, 2000);
  ASSERT_EQ(tuner.workers(), 1U);
  machine.step = [](std::size_t) { return 0.026; };
  machine.run(tuner, 4000);
  EXPECT_EQ(tuner.workers(), 4U);
}

TEST(WorkerTuner, DoesNotGrowWhereThatIsNoFaster) {
  Machine machine{.work = 0.2, .step = [](std::size_t) { return 0.2; }, .useful = 2};
  WorkerTuner tuner(8);
  machine.run(tuner, 2000);
  ASSERT_EQ(tuner.workers(), 1U);
  machine.step = [](std::size_t) { return 0.05; };
  const auto workers = machine.run(tuner, 6000);
  EXPECT_EQ(tuner.workers(), 2U);
  EXPECT_LT(std::count_if(workers.begin(), workers.end(), [](std::size_t n) { return n > 2; }),
            600);
}

TEST(WorkerTuner, AnotherEpochIsNoPartOfTheWindow) {
  const auto workers_after = [](bool restarted) {
    Machine machine{.work = 0.1, .step = [](std::size_t) { return 0.03; }};
    WorkerTuner tuner(4);
    machine.run(tuner, 20);
    machine.now += 1000.0;  // A validation.
    if (restarted) tuner.restart();
    machine.run(tuner, 3000);
    return tuner.workers();
  };
  EXPECT_EQ(workers_after(true), 4U);
  EXPECT_EQ(workers_after(false), 4U) << "one wrong window is got over";
}

TEST(TunedRuns, GiveTheSameRecordsAndSayHowManyWorked) {
  const Dataset dataset = data_test::counted(200).dataset.shuffle(50).batch(4);
  DatasetIterator tuned = dataset.iterate({.seed = 3});
  DatasetIterator fixed = dataset.iterate({.seed = 3, .threads = 3});
  data_test::expect_equal(data_test::collect(tuned), data_test::collect(fixed));
  const DataProfile profile = fixed.profile();
  EXPECT_EQ(profile.workers, 3);
  EXPECT_EQ(profile.most_workers, 3);
  EXPECT_FALSE(profile.tuned);
  EXPECT_GE(tuned.profile().workers, 1);
  EXPECT_LE(tuned.profile().workers, tuned.profile().most_workers);
  EXPECT_EQ(tuned.profile().tuned, tuned.profile().most_workers > 1);
}

/// How many tasks of `pool` run at once, where all that may have begun have.
std::size_t at_once(ThreadPool& pool, std::size_t expected) {
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t running = 0;
  std::size_t most = 0;
  bool go = false;
  std::vector<std::future<void>> done;
  for (int i = 0; i < 16; ++i) {
    done.push_back(pool.submit([&] {
      std::unique_lock lock(mutex);
      most = std::max(most, ++running);
      changed.notify_all();
      changed.wait(lock, [&] { return go; });
      --running;
    }));
  }
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return running == expected; });
    go = true;
  }
  changed.notify_all();
  for (auto& each : done) each.get();
  return most;
}

TEST(ThreadPoolAtOnce, IsHeldToWhatWasSaidLast) {
  ThreadPool pool(4);
  EXPECT_EQ(at_once(pool, 4), 4U);
  pool.run_at_once(2);
  EXPECT_EQ(at_once(pool, 2), 2U);
  pool.run_at_once(1);
  EXPECT_EQ(at_once(pool, 1), 1U);
  pool.run_at_once(3);
  EXPECT_EQ(at_once(pool, 3), 3U);
}

}  // namespace
}  // namespace tenon
