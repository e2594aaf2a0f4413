#include "data/meter.hpp"

#include <algorithm>

namespace tenon::data {
namespace {

constexpr std::size_t kStripes = 8;

std::int64_t nanoseconds(RunMeter::Clock::time_point time) noexcept {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

/// A small number of this thread's own.
std::size_t thread_number() noexcept {
  static std::atomic<std::size_t> next{0};
  thread_local const std::size_t mine = next.fetch_add(1, std::memory_order_relaxed);
  return mine;
}

}  // namespace

void QueueMeter::note(std::size_t ready, std::size_t capacity) noexcept {
  asked_.fetch_add(1, std::memory_order_relaxed);
  ready_.fetch_add(static_cast<std::int64_t>(ready), std::memory_order_relaxed);
  capacity_.fetch_add(static_cast<std::int64_t>(capacity), std::memory_order_relaxed);
  if (ready == 0) starved_.fetch_add(1, std::memory_order_relaxed);
}

QueueProfile QueueMeter::read() const {
  QueueProfile profile;
  profile.name = name_;
  profile.asked = asked_.load(std::memory_order_relaxed);
  const double asked = static_cast<double>(std::max<std::int64_t>(profile.asked, 1));
  profile.ready = static_cast<double>(ready_.load(std::memory_order_relaxed)) / asked;
  profile.capacity = static_cast<double>(capacity_.load(std::memory_order_relaxed)) / asked;
  profile.starved = static_cast<double>(starved_.load(std::memory_order_relaxed)) / asked;
  return profile;
}

RunMeter::RunMeter(std::vector<StageReference> stages, std::size_t num_threads)
    : stages_(std::move(stages)),
      num_desks_(num_threads + 4),
      desks_(std::make_unique<Desk[]>(num_desks_)),
      counters_(std::make_unique<Counter[]>(kStripes * stages_.size())) {}

QueueMeter& RunMeter::add_queue(std::string name) {
  const std::lock_guard lock(queues_mutex_);
  return queues_.emplace_back(std::move(name));
}

RunMeter::Desk* RunMeter::take_desk() noexcept {
  const std::size_t first = thread_number();
  for (std::size_t i = 0; i < num_desks_; ++i) {
    Desk& desk = desks_[(first + i) % num_desks_];
    if (!desk.taken.exchange(true, std::memory_order_acquire)) return &desk;
  }
  return nullptr;  // More threads than were announced: this one is not watched.
}

RunMeter::Counter& RunMeter::counter(std::int64_t stage) noexcept {
  const std::size_t stripe = thread_number() % kStripes;
  return counters_[stripe * stages_.size() + static_cast<std::size_t>(stage + 1)];
}

std::vector<Stall> RunMeter::overdue(Clock::time_point now, Clock::duration limit) {
  std::vector<Stall> stalls;
  const std::int64_t time = nanoseconds(now);
  const std::int64_t most = std::chrono::duration_cast<std::chrono::nanoseconds>(limit).count();
  for (std::size_t i = 0; i < num_desks_; ++i) {
    Desk& desk = desks_[i];
    const std::int64_t since = desk.since.load(std::memory_order_acquire);
    if (since == 0 || since == desk.told || time - since <= most) continue;
    Stall stall;
    stall.stage = desk.stage.load(std::memory_order_relaxed);
    stall.sample = desk.sample.load(std::memory_order_relaxed);
    {
      const std::lock_guard lock(desk.file_mutex);
      stall.file = desk.file;
    }
    // If the thread went on while this was read, the next look will tell it right.
    if (desk.since.load(std::memory_order_acquire) != since) continue;
    stall.seconds = 1e-9 * static_cast<double>(time - since);
    desk.told = since;
    stalls.push_back(std::move(stall));
  }
  return stalls;
}

void RunMeter::read(DataProfile& profile) const {
  for (std::size_t stage = 0; stage < stages_.size(); ++stage) {
    StageProfile sum;
    sum.stage = stages_[stage];
    for (std::size_t stripe = 0; stripe < kStripes; ++stripe) {
      const Counter& counter = counters_[stripe * stages_.size() + stage];
      sum.calls += counter.calls.load(std::memory_order_relaxed);
      sum.seconds +=
          1e-9 * static_cast<double>(counter.nanoseconds.load(std::memory_order_relaxed));
      sum.bytes += counter.bytes.load(std::memory_order_relaxed);
    }
    if (sum.calls > 0) profile.stages.push_back(std::move(sum));
  }
  const std::lock_guard lock(queues_mutex_);
  for (const QueueMeter& queue : queues_) {
    QueueProfile read = queue.read();
    if (read.asked > 0) profile.queues.push_back(std::move(read));
  }
}

RunMeter::Work::Work(RunMeter* meter, std::int64_t sample) noexcept : meter_(meter) {
  if (meter_ == nullptr) return;
  last_ = nanoseconds(Clock::now());
  desk_ = meter_->take_desk();
  if (desk_ != nullptr) desk_->sample.store(sample, std::memory_order_relaxed);
}

RunMeter::Work::~Work() {
  if (desk_ == nullptr) return;
  if (has_file_) {
    const std::lock_guard lock(desk_->file_mutex);
    desk_->file.clear();
  }
  desk_->since.store(0, std::memory_order_relaxed);
  desk_->taken.store(false, std::memory_order_release);
}

void RunMeter::Work::begin(std::int64_t stage) noexcept {
  if (meter_ == nullptr) return;
  stage_ = stage;
  if (desk_ == nullptr) return;
  desk_->stage.store(stage, std::memory_order_relaxed);
  desk_->since.store(last_, std::memory_order_release);
}

void RunMeter::Work::reads(const std::string& file) {
  if (desk_ == nullptr) return;
  const std::lock_guard lock(desk_->file_mutex);
  desk_->file = file;
  has_file_ = true;
}

void RunMeter::Work::done(std::int64_t bytes) noexcept {
  if (meter_ == nullptr) return;
  const std::int64_t now = nanoseconds(Clock::now());
  Counter& counter = meter_->counter(stage_);
  counter.calls.fetch_add(1, std::memory_order_relaxed);
  counter.nanoseconds.fetch_add(now - last_, std::memory_order_relaxed);
  counter.bytes.fetch_add(bytes, std::memory_order_relaxed);
  last_ = now;
  if (!has_file_) return;
  const std::lock_guard lock(desk_->file_mutex);
  desk_->file.clear();
  has_file_ = false;
}

std::int64_t RunMeter::Work::turn_to(std::int64_t stage) noexcept {
  const std::int64_t before = stage_;
  if (meter_ == nullptr || stage == before) return before;
  const std::int64_t now = nanoseconds(Clock::now());
  meter_->counter(before).nanoseconds.fetch_add(now - last_, std::memory_order_relaxed);
  last_ = now;
  begin(stage);
  return before;
}

void RunMeter::Work::count(std::int64_t stage, std::int64_t bytes) noexcept {
  if (meter_ == nullptr) return;
  Counter& counter = meter_->counter(stage);
  counter.calls.fetch_add(1, std::memory_order_relaxed);
  counter.bytes.fetch_add(bytes, std::memory_order_relaxed);
}

std::int64_t bytes_of(const Record& record) noexcept {
  std::size_t bytes = 0;
  for (const Tensor& value : record.values()) bytes += value.byte_size();
  return static_cast<std::int64_t>(bytes);
}

}  // namespace tenon::data

namespace tenon {

const StageProfile* DataProfile::slowest() const noexcept {
  const auto most = std::max_element(
      stages.begin(), stages.end(),
      [](const StageProfile& a, const StageProfile& b) { return a.seconds < b.seconds; });
  return most == stages.end() ? nullptr : &*most;
}

}  // namespace tenon
