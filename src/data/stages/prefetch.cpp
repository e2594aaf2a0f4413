#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "core/thread_count.hpp"
#include "data/arguments.hpp"
#include "data/node.hpp"
#include "data/stages/entries.hpp"
#include "data/stages/named_stage.hpp"
#include "data/stream_stage.hpp"
#include "tenon/error.hpp"
#include "tenon/message.hpp"

namespace tenon::data {
namespace {

/// With batches = -1: so many to begin with, and at most.
constexpr std::size_t kFirstAhead = 2;
constexpr std::size_t kMostAhead = 16;

/// Runs what is before it in a thread of its own, up to `capacity` items ahead; 0: as many as help.
class PrefetchNode final : public UpstreamNode {
 public:
  PrefetchNode(std::unique_ptr<Node> upstream, const NodeContext& context, std::size_t capacity)
      : UpstreamNode("prefetch", std::move(upstream)),
        execution_(context.execution),
        reference_(context.reference),
        grows_(capacity == 0),
        capacity_(grows_ ? kFirstAhead : capacity),
        meter_(execution_->meter ? &execution_->meter->add_queue("prefetch") : nullptr) {}
  ~PrefetchNode() override {
    stop();
    release();
  }

  bool next(Item& item) override {
    while (!revivals_.empty()) {
      item = {std::move(revivals_.front()), std::nullopt};
      revivals_.pop_front();
      if (upstream().revive(item)) return true;
    }
    if (!thread_.joinable() && !ended_) start();
    std::unique_lock lock(mutex_);
    if (!ended_) look();
    changed_.wait(lock, [this] { return !queue_.empty() || ended_; });
    if (queue_.empty()) {
      if (error_) std::rethrow_exception(error_);
      item = std::exchange(rest_, Item());
      return false;
    }
    execution_->ram_budget.give_back(queue_.front().reserved);
    held_ -= queue_.front().bytes;
    item = std::move(queue_.front().item);
    queue_.pop_front();
    changed_.notify_all();
    return true;
  }

  void begin(std::uint64_t pass) override {
    stop();
    UpstreamNode::begin(pass);
  }

  void save(std::vector<NodeState>& states) const override {
    // The thread holds this while it pulls and stores, so nothing is between two places now.
    const std::lock_guard lock(upstream_mutex_);
    UpstreamNode::save(states);
  }

 protected:
  void reset(std::uint64_t) override {
    release();
    revivals_.clear();
    rest_ = Item();
    ended_ = false;
    error_ = nullptr;
  }
  void write(NodeState& state) const override {
    const std::lock_guard lock(mutex_);
    state.numbers["ended"] = ended_ && !error_ ? 1 : 0;
    state.items.assign(revivals_.begin(), revivals_.end());
    for (const Ready& ready : queue_) state.items.push_back(ready.item.tickets);
  }
  void read(const NodeState& state) override {
    reset(0);
    ended_ = state.number("ended") != 0;
    revivals_.assign(state.items.begin(), state.items.end());
  }

 private:
  struct Ready {
    Item item;
    std::int64_t reserved = 0;  ///< Of the budget of memory.
    std::int64_t bytes = 0;
  };

  void release() {
    for (const Ready& ready : queue_) execution_->ram_budget.give_back(ready.reserved);
    queue_.clear();
    held_ = 0;
  }

  /// Before an item is taken, under the mutex: notes how many there are, and makes room for more
  /// where there was none after the queue had been full.
  void look() {
    if (meter_ != nullptr) meter_->note(queue_.size(), capacity_);
    if (!queue_.empty() || !grows_ || !was_full_) return;
    was_full_ = false;
    capacity_ = std::min(kMostAhead, capacity_ * 2);
    changed_.notify_all();
  }

  /// Under the mutex: true if there is room for one more, which is then reserved.
  bool has_room() {
    if (queue_.size() >= capacity_) {
      was_full_ = true;
      return false;
    }
    const std::int64_t one_more = largest_ + kElementBytes;
    if (!queue_.empty() && held_ + one_more > execution_->prefetch_bytes) {
      tell_bound();
      return false;
    }
    reserved_ = largest_;
    return execution_->ram_budget.take(reserved_, queue_.empty());
  }

  /// Once, that it does not hold as many as it was asked for.
  void tell_bound() {
    if (std::exchange(bound_told_, true)) return;
    Diagnostic warning = make_diagnostic(
        "A001", fmt::format("prefetch keeps {} elements ready, not {}", queue_.size(), capacity_),
        {fmt::format("one takes up to {:.3g} MB, and a quarter of the memory that there is, {:.3g} "
                     "MB, is all that it takes",
                     1e-6 * static_cast<double>(largest_),
                     1e-6 * static_cast<double>(execution_->prefetch_bytes))},
        "batches = -1 keeps as many as help");
    warning.severity = Severity::kWarning;
    warning.stage = reference_;
    emit(warning);
  }

  void start() {
    try {
      thread_ = std::thread([this] { run(); });
    } catch (const std::system_error& error) {
      throw_no_thread("the thread of prefetch", error);
    }
  }

  void run() {
    for (;;) {
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return stopping_ || has_room(); });
        if (stopping_) return;
      }
      const std::lock_guard upstream_lock(upstream_mutex_);
      if (!pull()) return;
    }
  }

  /// One item into the queue; false at the end.
  bool pull() {
    Item item;
    bool more = false;
    std::exception_ptr error;
    try {
      more = upstream().next(item);
    } catch (...) {
      error = std::current_exception();
    }
    const std::lock_guard lock(mutex_);
    if (more) {
      const std::int64_t bytes = bytes_of(*item.record);
      largest_ = std::max(largest_, bytes);
      held_ += bytes + kElementBytes;
      queue_.push_back({std::move(item), reserved_, bytes + kElementBytes});
    } else {
      execution_->ram_budget.give_back(reserved_);
      rest_ = std::move(item);
    }
    error_ = error;
    ended_ = !more;
    changed_.notify_all();
    return more;
  }

  void stop() {
    if (!thread_.joinable()) return;
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      execution_->cancelled = true;
      changed_.notify_all();
    }
    thread_.join();
    stopping_ = false;
    execution_->cancelled = false;
  }

  std::shared_ptr<Execution> execution_;
  StageReference reference_;
  bool grows_;
  std::size_t capacity_;
  QueueMeter* meter_;
  bool was_full_ = false;
  std::int64_t largest_ = 0;  ///< Bytes of an item at most.
  std::int64_t held_ = 0;     ///< Bytes of what is in the queue.
  bool bound_told_ = false;
  std::int64_t reserved_ = 0;     ///< For the one that is being pulled.
  std::deque<Tickets> revivals_;  ///< From a restored state; made again before the thread starts.
  mutable std::mutex upstream_mutex_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Ready> queue_;
  Item rest_;  ///< As next() gives it at the end.
  std::exception_ptr error_;
  bool ended_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

class PrefetchStage final : public NamedStage<StreamStage> {
 public:
  PrefetchStage(std::int64_t batches, SourceLocation location)
      : NamedStage("prefetch", location), batches_(batches) {}
  Cardinality cardinality(const Cardinality& in) const override { return in; }
  bool works_on_tickets() const override { return false; }
  bool keeps_order() const override { return true; }
  std::string arguments() const override { return fmt::format("batches={}", batches_); }
  std::int64_t elements_held() const override {
    return batches_ < 0 ? static_cast<std::int64_t>(kFirstAhead) : batches_;
  }
  std::unique_ptr<Node> node(std::unique_ptr<Node> upstream,
                             const NodeContext& context) const override {
    return std::make_unique<PrefetchNode>(
        std::move(upstream), context,
        static_cast<std::size_t>(std::max<std::int64_t>(batches_, 0)));
  }

 private:
  std::int64_t batches_;
};

}  // namespace

StageEntry prefetch_entry() {
  return {"prefetch",
          "prepares elements in the background while earlier ones are used",
          {{"batches", ArgumentType::kInteger, true, "",
            "how many are kept ready; -1: as many as help"}},
          [](const Dataset& dataset, const ArgumentMap& given, SourceLocation location) {
            return dataset.prefetch(Arguments("prefetch", given).integer("batches"), location);
          }};
}

}  // namespace tenon::data

namespace tenon {

Dataset Dataset::prefetch(std::int64_t batches, Here location) const {
  if (batches < 1 && batches != -1) {
    throw_argument_error("prefetch", fmt::format("batches = {}", batches),
                         "1 or more, or -1 for as many as help");
  }
  return stage(std::make_shared<data::PrefetchStage>(batches, location));
}

}  // namespace tenon
