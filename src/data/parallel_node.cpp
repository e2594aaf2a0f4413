#include "data/parallel_node.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <future>

namespace tenon::data {
namespace {

/// So many tasks per thread are under way: enough that none waits while the first is collected.
constexpr std::size_t kTasksPerThread = 2;
/// … and at most, where a budget of memory says what that may cost.
constexpr std::size_t kMostTasksPerThread = 16;

struct QueuedWork {
  Item item;
  Tickets tickets;  ///< Kept apart: they are what a state holds of an item on its way.
  Outcome outcome = Outcome::kKept;
  std::optional<Failure> failure;
  std::int64_t peak = 0;      ///< Bytes that it had at most.
  std::int64_t reserved = 0;  ///< Of the budget.
};

struct Group {
  std::vector<QueuedWork> works;
  std::size_t taken = 0;
  std::future<void> done;
};

class ParallelNode final : public UpstreamNode {
 public:
  ParallelNode(std::unique_ptr<Node> upstream, std::shared_ptr<Execution> execution,
               std::shared_ptr<const SampleChain> chain, bool counts_samples, std::size_t group,
               bool keeps_slots)
      : UpstreamNode("samples", std::move(upstream)),
        execution_(std::move(execution)),
        chain_(std::move(chain)),
        counts_samples_(counts_samples),
        keeps_slots_(keeps_slots),
        group_size_(execution_->pool ? group : 1),
        most_groups_(execution_->pool ? kTasksPerThread * execution_->num_threads : 1),
        queue_(execution_->meter && execution_->pool ? &execution_->meter->add_queue("workers")
                                                     : nullptr) {}

  ~ParallelNode() override { release_groups(); }

  bool next(Item& item) override {
    for (;;) {
      if (execution_->cancelled.load(std::memory_order_relaxed)) throw Cancelled{};
      look();
      fill();
      if (groups_.empty()) {
        if (upstream_error_) std::rethrow_exception(upstream_error_);
        return false;
      }
      if (take(item)) return true;
    }
  }

  bool revive(Item& item) override {
    if (item.record) return true;
    if (!upstream().revive(item)) return false;
    std::optional<Failure> failure;
    const Outcome outcome = chain_->run(item, failure);
    if (failure) item.bad = slots_of(execution_->bad_samples.note_failure(*failure, keeps_slots_));
    return outcome == Outcome::kKept;
  }

 protected:
  void reset(std::uint64_t) override {
    for (const auto& group : groups_) {
      if (group->done.valid()) group->done.wait();
    }
    release_groups();
    pending_.clear();
    upstream_ended_ = false;
    upstream_error_ = nullptr;
  }

  void write(NodeState& state) const override {
    state.numbers["ended"] = upstream_ended_ && !upstream_error_ ? 1 : 0;
    for (const auto& group : groups_) {
      for (std::size_t i = group->taken; i < group->works.size(); ++i) {
        state.items.push_back(group->works[i].tickets);
      }
    }
    state.items.insert(state.items.end(), pending_.begin(), pending_.end());
  }

  void read(const NodeState& state) override {
    reset(0);
    upstream_ended_ = state.number("ended") != 0;
    pending_.assign(state.items.begin(), state.items.end());
  }

 private:
  /// A group holds the future of its task, and the task holds the group: one of them lets go.
  void release_groups() {
    for (const auto& group : groups_) {
      group->done = {};
      for (std::size_t i = group->taken; i < group->works.size(); ++i)
        execution_->ram_budget.give_back(group->works[i].reserved);
    }
    groups_.clear();
  }

  static bool is_ready(const Group& group) {
    return !group.done.valid() ||
           group.done.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  }

  /// Notes how many tasks are ready. More are put under way where the next one is waited for,
  /// within the budget of memory: tasks of very different lengths even out.
  void look() {
    if (!execution_->pool || groups_.empty() || groups_.front()->taken > 0) return;
    std::size_t ready = 0;
    while (ready < groups_.size() && is_ready(*groups_[ready])) ++ready;
    if (queue_ != nullptr) queue_->note(ready, most_groups_);
    const std::size_t most = kMostTasksPerThread * execution_->num_threads;
    if (ready == 0 && execution_->ram_budget.bounded() && most_groups_ < most) ++most_groups_;
  }

  /// True if one more group fits into the budget, for which it is then taken. Before the first is
  /// done nobody knows how large they are: they come one at a time.
  bool reserve(std::int64_t& bytes) {
    bytes = 0;
    if (!execution_->ram_budget.bounded()) return true;
    if (largest_ == 0) return groups_.empty();
    bytes = largest_;
    return execution_->ram_budget.take(bytes * static_cast<std::int64_t>(group_size_),
                                       groups_.empty());
  }

  void fill() {
    while (groups_.size() < most_groups_ && !(pending_.empty() && upstream_ended_)) {
      std::int64_t bytes = 0;
      if (!reserve(bytes)) return;
      auto group = std::make_shared<Group>();
      group->works.reserve(group_size_);
      while (group->works.size() < group_size_ && pull(*group)) {
      }
      for (QueuedWork& work : group->works) work.reserved = bytes;
      execution_->ram_budget.give_back(
          bytes * static_cast<std::int64_t>(group_size_ - group->works.size()));
      if (group->works.empty()) continue;
      start(group);
      groups_.push_back(std::move(group));
    }
  }

  /// One more item into `group`; false if there is none, or an error that is told in its turn.
  bool pull(Group& group) {
    Item item;
    try {
      if (!pending_.empty()) {
        item.tickets = std::move(pending_.front());
        pending_.pop_front();
        if (!upstream().revive(item)) return true;
      } else if (upstream_ended_ || !upstream().next(item)) {
        upstream_ended_ = true;
        return false;
      }
    } catch (const Cancelled&) {
      throw;
    } catch (...) {
      upstream_error_ = std::current_exception();
      upstream_ended_ = true;
      return false;
    }
    QueuedWork work;
    work.tickets = item.tickets;
    work.item = std::move(item);
    group.works.push_back(std::move(work));
    return true;
  }

  void start(const std::shared_ptr<Group>& group) {
    const auto run = [group, chain = chain_] {
      for (QueuedWork& work : group->works)
        work.outcome = chain->run(work.item, work.failure, &work.peak);
    };
    if (execution_->pool) {
      group->done = execution_->pool->submit(run);
    } else {
      run();
    }
  }

  /// The next item of the first group; false if it was dropped or bad.
  bool take(Item& item) {
    Group& group = *groups_.front();
    if (group.done.valid()) group.done.get();
    // An item whose failure ends the run stays where it is: a state saved now meets it again.
    const QueuedWork& first = group.works[group.taken];
    std::vector<BadSample> bad;
    if (first.failure) bad = execution_->bad_samples.note_failure(*first.failure);
    QueuedWork work = std::move(group.works[group.taken++]);
    if (group.taken == group.works.size()) groups_.pop_front();
    largest_ = std::max(largest_, work.peak);
    execution_->ram_budget.give_back(work.reserved);
    if (counts_samples_) {
      execution_->bad_samples.count_read(static_cast<std::int64_t>(work.tickets.size()));
    }
    if (work.outcome == Outcome::kKept) {
      item = std::move(work.item);
    } else {
      item = {std::move(work.tickets), std::nullopt, slots_of(std::move(bad))};
    }
    return work.outcome == Outcome::kKept || keeps_slots_;
  }

  std::shared_ptr<Execution> execution_;
  std::shared_ptr<const SampleChain> chain_;
  bool counts_samples_;
  bool keeps_slots_;
  std::size_t group_size_;
  std::size_t most_groups_;
  QueueMeter* queue_;
  std::int64_t largest_ = 0;  ///< Bytes that an element had at most.
  std::deque<std::shared_ptr<Group>> groups_;
  std::deque<Tickets> pending_;  ///< From a restored state: before anything new from upstream.
  bool upstream_ended_ = false;
  std::exception_ptr upstream_error_;
};

}  // namespace

std::unique_ptr<Node> make_parallel_node(std::unique_ptr<Node> upstream,
                                         std::shared_ptr<Execution> execution,
                                         std::shared_ptr<const SampleChain> chain,
                                         bool counts_samples, std::size_t group, bool keeps_slots) {
  return std::make_unique<ParallelNode>(std::move(upstream), std::move(execution), std::move(chain),
                                        counts_samples, group, keeps_slots);
}

}  // namespace tenon::data
