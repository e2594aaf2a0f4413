#include "core/thread_pool.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "core/thread_count.hpp"
#include "tenon/error.hpp"

namespace tenon {

ThreadPool::ThreadPool(std::size_t num_threads) : at_once_(num_threads) {
  if (num_threads == 0) throw_argument_error("ThreadPool", "0 threads", "at least 1 thread");
  threads_.reserve(num_threads);
  try {
    for (std::size_t i = 0; i < num_threads; ++i) threads_.emplace_back([this] { work(); });
  } catch (const std::system_error& error) {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
      wake_.notify_all();
    }
    throw_no_thread(fmt::format("thread {} of {}", threads_.size() + 1, num_threads), error);
  }
}

ThreadPool::~ThreadPool() {
  std::deque<std::function<void()>> dropped;
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    dropped.swap(tasks_);
  }
  wake_.notify_all();
  // Before the threads are waited for, so that nobody waits on a task that will never begin.
  dropped.clear();
  threads_.clear();
}

void ThreadPool::enqueue(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    // A task that outlives the pool's last moments is dropped like the others that have not begun.
    if (closing_) return;
    tasks_.push_back(std::move(task));
  }
  wake_.notify_one();
}

void ThreadPool::run_at_once(std::size_t count) {
  {
    const std::lock_guard lock(mutex_);
    at_once_ = std::max<std::size_t>(count, 1);
  }
  wake_.notify_all();
}

void ThreadPool::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return closing_ || (!tasks_.empty() && running_ < at_once_); });
    if (tasks_.empty()) return;
    {
      const std::function<void()> task = std::move(tasks_.front());
      tasks_.pop_front();
      ++running_;
      lock.unlock();
      task();
    }
    lock.lock();
    --running_;
  }
}

}  // namespace tenon
