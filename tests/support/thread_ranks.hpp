#pragma once

#include <algorithm>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <thread>
#include <tuple>
#include <vector>

#include "dist/transport.hpp"

namespace tenon::test {

/// What threads send each other in place of processes.
class ThreadWorld {
 public:
  explicit ThreadWorld(int size) : announced_(static_cast<std::size_t>(size)) {}
  int size() const { return static_cast<int>(announced_.size()); }

  using Bytes = std::vector<std::byte>;
  void put(int from, int to, int tag, std::span<const std::byte> bytes) {
    const std::lock_guard lock(mutex_);
    messages_[{from, to, tag}].emplace_back(bytes.begin(), bytes.end());
  }
  std::optional<Bytes> take(int from, int to, int tag) {
    const std::lock_guard lock(mutex_);
    auto& queue = messages_[{from, to, tag}];
    if (queue.empty()) return std::nullopt;
    Bytes bytes = std::move(queue.front());
    queue.pop_front();
    return bytes;
  }
  void announce(int from, const std::string& text) {
    const std::lock_guard lock(mutex_);
    for (int to = 0; to < size(); ++to) {
      if (to != from) announced_[static_cast<std::size_t>(to)].push_back({from, text});
    }
  }
  std::optional<dist::Transport::Announcement> heard(int rank) {
    const std::lock_guard lock(mutex_);
    auto& queue = announced_[static_cast<std::size_t>(rank)];
    if (queue.empty()) return std::nullopt;
    auto told = queue.front();
    queue.pop_front();
    return told;
  }

 private:
  std::mutex mutex_;
  std::map<std::tuple<int, int, int>, std::deque<Bytes>> messages_;
  std::vector<std::deque<dist::Transport::Announcement>> announced_;
};

/// A rank of it. `jitter`: above 0, messages are looked for at odd times, drawn from that seed.
class ThreadTransport final : public dist::Transport {
 public:
  ThreadTransport(std::shared_ptr<ThreadWorld> world, int rank, unsigned jitter = 0)
      : world_(std::move(world)), rank_(rank), jitter_(jitter), random_(jitter + 1) {}
  int rank() const noexcept override { return rank_; }
  int size() const noexcept override { return world_->size(); }
  int local_size() const noexcept override { return world_->size(); }

  dist::Ticket send(int to, int tag, std::span<const std::byte> bytes) override {
    sent_ += bytes.size();
    world_->put(rank_, to, tag, bytes);
    return -1;
  }
  dist::Ticket receive(int from, int tag, std::span<std::byte> bytes) override {
    waiting_.emplace(next_, Waiting{from, tag, bytes});
    return next_++;
  }
  bool done(dist::Ticket ticket) override {
    const auto entry = waiting_.find(ticket);
    if (entry == waiting_.end()) return true;
    if (jitter_ > 0 && random_() % 3 != 0) return false;
    const auto& [from, tag, bytes] = entry->second;
    const auto came = world_->take(from, rank_, tag);
    if (!came) return false;
    if (came->size() != bytes.size()) throw std::runtime_error("a message of another length");
    std::ranges::copy(*came, bytes.begin());
    waiting_.erase(entry);
    return true;
  }
  void abandon() noexcept override { waiting_.clear(); }
  void announce(const std::string& text) override { world_->announce(rank_, text); }
  std::optional<Announcement> heard() override { return world_->heard(rank_); }
  bool was_heard_by(int, double) override { return true; }
  std::size_t bytes_sent() const { return sent_; }

 private:
  struct Waiting {
    int from;
    int tag;
    std::span<std::byte> bytes;
  };
  std::shared_ptr<ThreadWorld> world_;
  int rank_;
  unsigned jitter_;
  std::mt19937 random_;
  dist::Ticket next_ = 0;
  std::map<dist::Ticket, Waiting> waiting_;
  std::size_t sent_ = 0;
};

/// Runs `body` on as many ranks, each in a thread; what each threw, by rank.
inline std::vector<std::exception_ptr> run_ranks(
    int size, const std::function<void(std::unique_ptr<dist::Transport>)>& body,
    unsigned jitter = 0) {
  const auto world = std::make_shared<ThreadWorld>(size);
  std::vector<std::exception_ptr> thrown(static_cast<std::size_t>(size));
  std::vector<std::thread> threads;
  for (int rank = 0; rank < size; ++rank) {
    threads.emplace_back([&, rank] {
      try {
        body(std::make_unique<ThreadTransport>(
            world, rank, jitter > 0 ? jitter + static_cast<unsigned>(rank) : 0));
      } catch (...) {
        thrown[static_cast<std::size_t>(rank)] = std::current_exception();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return thrown;
}

inline std::string text_of(const std::exception_ptr& thrown) {
  if (!thrown) return "nothing was thrown";
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& error) {
    return error.what();
  }
}

}  // namespace tenon::test
