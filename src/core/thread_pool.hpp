#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace tenon {

/// A fixed number of threads that take tasks in the order of `submit`. All of it is thread-safe.
///
/// The destructor waits for the tasks that have begun; those that have not are dropped, and their
/// futures throw std::future_error (broken_promise). A task may submit further tasks, but must not
/// wait for them: with every thread waiting none would run them.
class ThreadPool {
 public:
  /// `num_threads` of at least 1. Throws ContractError (A001) otherwise, EngineError (E001) if the
  /// system gives no more threads.
  explicit ThreadPool(std::size_t num_threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  std::size_t num_threads() const noexcept { return threads_.size(); }
  /// From now on no task begins while `count` others run; at least 1. All threads at first.
  void run_at_once(std::size_t count);

  /// Runs `task()` on a thread of the pool. Its result, or what it throws, arrives at the future.
  template <class Task>
  std::future<std::invoke_result_t<std::decay_t<Task>&>> submit(Task&& task) {
    using Result = std::invoke_result_t<std::decay_t<Task>&>;
    // std::function wants a copyable target, std::packaged_task is none.
    auto packaged = std::make_shared<std::packaged_task<Result()>>(std::forward<Task>(task));
    std::future<Result> future = packaged->get_future();
    enqueue([packaged = std::move(packaged)] { (*packaged)(); });
    return future;
  }

 private:
  void enqueue(std::function<void()> task);
  void work();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;
  std::size_t at_once_;
  std::size_t running_ = 0;
  bool closing_ = false;
  std::vector<std::jthread> threads_;  // Last, so that the threads end before what they use.
};

}  // namespace tenon
