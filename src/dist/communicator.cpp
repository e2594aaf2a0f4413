#include "dist/communicator.hpp"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <thread>

#include "dist/failure.hpp"
#include "dist/reduction.hpp"
#include "dist/tags.hpp"
#include "tenon/error.hpp"

namespace tenon::dist {
namespace {

using Clock = std::chrono::steady_clock;

/// Short texts go along with their length.
struct Head {
  std::uint64_t length = 0;
  std::array<char, 120> text{};
};

Head head_of(std::string_view text) {
  Head head;
  head.length = text.size();
  std::ranges::copy(text.substr(0, head.text.size()), head.text.begin());
  return head;
}

/// Messages are counted in ints below; longer ones go in pieces.
constexpr std::size_t kLongestMessage = std::size_t{1} << 28;

/// Fewer numbers are sent whole to all, and summed by each: one round less.
constexpr std::size_t kFewNumbers = 1024;

std::string place_text(const Place& place) {
  std::string text = place.stage;
  if (place.epoch >= 0) text += fmt::format(", epoch {}", place.epoch + 1);
  if (place.step >= 0) text += fmt::format(", step {}", place.step + 1);
  return text;
}

}  // namespace

Communicator::Communicator(std::unique_ptr<Transport> transport, CommunicatorOptions options)
    : transport_(std::move(transport)), options_(options) {}
Communicator::~Communicator() = default;

void Communicator::throw_timeout(int rank) {
  transport_->abandon();
  throw Error(make_diagnostic(
      "R002",
      fmt::format("rank {} waited {:g} seconds for rank {} ({})", this->rank(),
                  options_.timeout_seconds, rank, place_text(place_)),
      {fmt::format("rank {} has stopped, hangs, or cannot be reached; or it takes longer than the "
                   "timeout where the others do not",
                   rank)},
      "look at what that process does; where it only takes long, give a longer timeout"));
}

void Communicator::throw_what_was_heard() {
  const auto told = transport_->heard();
  if (!told) return;
  failed_ = told_ = true;
  transport_->abandon();
  throw_failure(told->text, fmt::format("it happened on rank {} of {}", told->from, size()));
}

void Communicator::wait_until(const std::function<bool()>& done,
                              const std::function<int()>& waits_for) {
  // Messages between processes of one machine come within microseconds. Later the core is better
  // used by others: there may be more ranks than cores.
  constexpr int kHotTries = 200;
  constexpr auto kNap = std::chrono::microseconds(50);
  constexpr auto kBeforeNaps = std::chrono::milliseconds(2);
  const Clock::time_point start = Clock::now();
  const auto longest = std::chrono::duration<double>(options_.timeout_seconds);
  for (int tries = 0;; ++tries) {
    if (done()) return;
    if (tries % 16 == 15) throw_what_was_heard();
    if (tries < kHotTries) continue;
    const auto waited = Clock::now() - start;
    if (waited > longest) throw_timeout(waits_for());
    if (waited < kBeforeNaps) {
      ::sched_yield();
    } else {
      std::this_thread::sleep_for(kNap);
    }
  }
}

void Communicator::wait_for(Ticket ticket, int rank) {
  wait_until([&] { return transport_->done(ticket); }, [&] { return rank; });
}

std::vector<std::string> Communicator::all_gather(std::string_view bytes) {
  const auto ranks = static_cast<std::size_t>(size());
  const auto me = static_cast<std::size_t>(rank());
  const Head own = head_of(bytes);
  std::vector<Head> heads(ranks);
  std::vector<std::string> all(ranks);
  std::vector<std::pair<Ticket, int>> tickets;
  const auto with_each = [&](auto call) {
    tickets.clear();
    for (std::size_t i = 0; i < ranks; ++i) {
      if (i != me) call(i, static_cast<int>(i));
    }
    for (const auto& [ticket, other] : tickets) wait_for(ticket, other);
  };
  with_each([&](std::size_t i, int other) {
    tickets.emplace_back(
        transport_->receive(other, kControlTag, std::as_writable_bytes(std::span(&heads[i], 1))),
        other);
    tickets.emplace_back(transport_->send(other, kControlTag, std::as_bytes(std::span(&own, 1))),
                         other);
  });
  const auto long_texts = [&](std::size_t i, int other) {
    all[i].assign(heads[i].text.data(), std::min<std::size_t>(heads[i].length, own.text.size()));
    if (heads[i].length > own.text.size()) {
      all[i].resize(heads[i].length);
      tickets.emplace_back(
          transport_->receive(other, kBodyTag, std::as_writable_bytes(std::span(all[i]))), other);
    }
    if (bytes.size() > own.text.size())
      tickets.emplace_back(transport_->send(other, kBodyTag, std::as_bytes(std::span(bytes))),
                           other);
  };
  with_each(long_texts);
  all[me] = bytes;
  return all;
}

std::vector<std::string> Communicator::gather(std::string_view bytes, int root) {
  const std::uint64_t length = bytes.size();
  const auto lengths = all_gather({reinterpret_cast<const char*>(&length), sizeof length});
  std::vector<std::string> all(rank() == root ? lengths.size() : 0);
  const auto in_pieces = [&](std::size_t whole, int other, auto begin) {
    for (std::size_t at = 0; at < whole; at += kLongestMessage)
      wait_for(begin(at, std::min(kLongestMessage, whole - at)), other);
  };
  if (rank() != root) {
    in_pieces(bytes.size(), root, [&](std::size_t at, std::size_t count) {
      return transport_->send(root, kBodyTag, std::as_bytes(std::span(bytes)).subspan(at, count));
    });
    return all;
  }
  for (int other = 0; other < size(); ++other) {
    std::string& text = all[static_cast<std::size_t>(other)];
    if (other == root) {
      text = bytes;
      continue;
    }
    std::uint64_t theirs = 0;
    std::memcpy(&theirs, lengths[static_cast<std::size_t>(other)].data(), sizeof theirs);
    text.resize(theirs);
    in_pieces(theirs, other, [&](std::size_t at, std::size_t count) {
      return transport_->receive(other, kBodyTag,
                                 std::as_writable_bytes(std::span(text)).subspan(at, count));
    });
  }
  return all;
}

void Communicator::broadcast(std::span<std::byte> bytes, int root) {
  for (std::size_t at = 0; at < bytes.size(); at += kLongestMessage) {
    const auto piece = bytes.subspan(at, std::min(kLongestMessage, bytes.size() - at));
    if (rank() != root) {
      wait_for(transport_->receive(root, kBodyTag, piece), root);
      continue;
    }
    std::vector<std::pair<Ticket, int>> tickets;
    for (int other = 0; other < size(); ++other) {
      if (other != root) tickets.emplace_back(transport_->send(other, kBodyTag, piece), other);
    }
    for (const auto& [ticket, other] : tickets) wait_for(ticket, other);
  }
}

std::string Communicator::broadcast(std::string text, int root) {
  std::uint64_t length = text.size();
  broadcast(std::as_writable_bytes(std::span(&length, 1)), root);
  text.resize(length);
  broadcast(std::as_writable_bytes(std::span(text)), root);
  return text;
}

void Communicator::all_reduce(std::span<double> values) {
  for (std::size_t at = 0; at < values.size() && size() > 1; at += kFewNumbers) {
    const auto some = values.subspan(at, std::min(kFewNumbers, values.size() - at));
    const auto bytes = std::as_bytes(some);
    const auto all = all_gather({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    std::vector<double> theirs(some.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
      std::memcpy(theirs.data(), all[i].data(), std::min(all[i].size(), bytes.size()));
      for (std::size_t k = 0; k < some.size(); ++k)
        some[k] = i == 0 ? theirs[k] : some[k] + theirs[k];
    }
  }
}

void Communicator::all_reduce(std::span<float> values) {
  Reduction reduction(*transport_, values, kOwnBucket, Wire::kFloat32);
  wait(reduction);
}

std::shared_ptr<Reduction> Communicator::begin_reduction(std::span<float> values, int bucket,
                                                         std::span<const float> weights) {
  auto& space = spaces_[bucket];
  if (!space) space = std::make_shared<ReductionSpace>();
  auto reduction =
      std::make_shared<Reduction>(*transport_, values, bucket, options_.wire, weights, space);
  active_.push_back(reduction);
  return reduction;
}

void Communicator::progress() {
  std::erase_if(active_, [](const std::weak_ptr<Reduction>& entry) {
    const auto reduction = entry.lock();
    return !reduction || reduction->progress();
  });
}

void Communicator::wait(Reduction& reduction) {
  wait_until(
      [&] {
        progress();
        return reduction.progress();
      },
      [&] { return reduction.waits_for(); });
}

void Communicator::fail(const std::exception_ptr& why) noexcept {
  if (failed_ || size() == 1) return;
  failed_ = true;
  transport_->abandon();
  try {
    transport_->announce(failure_text(why));
  } catch (...) {  // The others' watchdogs end them.
  }
}

bool Communicator::first_rank_knows(double seconds) {
  constexpr double kOften = 0.01;
  const auto start = Clock::now();
  bool knows = rank() == 0 || told_;
  while (!knows && Clock::now() - start < std::chrono::duration<double>(seconds)) {
    const auto told = transport_->heard();
    knows = (told && told->from == 0) || transport_->was_heard_by(0, kOften);
  }
  return knows;
}

}  // namespace tenon::dist
