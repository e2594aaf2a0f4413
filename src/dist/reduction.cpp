#include "dist/reduction.hpp"

#include <algorithm>

#include "dist/tags.hpp"
#include "tenon/dtype.hpp"

namespace tenon::dist {
namespace {

void narrow(std::span<const float> from, std::vector<std::uint16_t>& to) {
  to.resize(from.size());
  std::ranges::transform(from, to.begin(), [](float value) { return BFloat16(value).bits; });
}

float widened(std::uint16_t bits) {
  BFloat16 value;
  value.bits = bits;
  return static_cast<float>(value);
}

}  // namespace

Reduction::Reduction(Transport& transport, std::span<float> values, int bucket, Wire wire)
    : transport_(transport), wire_(wire), tag_(kFirstBucketTag + 2 * bucket) {
  const auto ranks = static_cast<std::size_t>(transport.size());
  parts_.resize(ranks);
  for (std::size_t i = 0; i < ranks; ++i) {
    const std::size_t begin = values.size() * i / ranks;
    const std::size_t end = values.size() * (i + 1) / ranks;
    parts_[i].values = values.subspan(begin, end - begin);
  }
  if (ranks == 1) {
    round_ = Round::kDone;
  } else {
    begin_parts();
  }
}

Ticket Reduction::send_to(int rank, Part& part, std::span<const float> values, int tag) {
  if (wire_ == Wire::kFloat32) return transport_.send(rank, tag, std::as_bytes(values));
  narrow(values, part.narrow);
  return transport_.send(rank, tag, std::as_bytes(std::span(part.narrow)));
}

Ticket Reduction::receive_from(int rank, Part& part, std::span<float> values, int tag) {
  if (wire_ == Wire::kFloat32) {
    return transport_.receive(rank, tag, std::as_writable_bytes(values));
  }
  part.narrow_in.resize(values.size());
  return transport_.receive(rank, tag, std::as_writable_bytes(std::span(part.narrow_in)));
}

void Reduction::widen(Part& part, std::span<float> values) const {
  if (wire_ == Wire::kBFloat16) std::ranges::transform(part.narrow_in, values.begin(), widened);
}

void Reduction::begin_parts() {
  const int me = transport_.rank();
  const std::size_t mine = parts_[static_cast<std::size_t>(me)].values.size();
  for (int rank = 0; rank < transport_.size(); ++rank) {
    Part& part = parts_[static_cast<std::size_t>(rank)];
    if (rank == me) continue;
    part.wide.resize(mine);
    part.receiving = receive_from(rank, part, part.wide, tag_);
    part.sending = send_to(rank, part, part.values, tag_);
  }
}

void Reduction::add_parts() {
  const auto me = static_cast<std::size_t>(transport_.rank());
  std::span<float> mine = parts_[me].values;
  const std::vector<float> own(mine.begin(), mine.end());
  for (std::size_t rank = 0; rank < parts_.size(); ++rank) {
    if (rank != me) widen(parts_[rank], parts_[rank].wide);
    const std::span<const float> from = rank == me ? std::span(own) : std::span(parts_[rank].wide);
    if (rank == 0) {
      std::ranges::copy(from, mine.begin());
    } else {
      for (std::size_t i = 0; i < mine.size(); ++i) mine[i] += from[i];
    }
  }
  if (wire_ == Wire::kFloat32) return;
  narrow(mine, narrow_sum_);
  std::ranges::transform(narrow_sum_, mine.begin(), widened);  // As the others get it.
}

void Reduction::begin_sums() {
  const int me = transport_.rank();
  const std::span<float> mine = parts_[static_cast<std::size_t>(me)].values;
  for (int rank = 0; rank < transport_.size(); ++rank) {
    if (rank == me) continue;
    Part& part = parts_[static_cast<std::size_t>(rank)];
    part.receiving = receive_from(rank, part, part.values, tag_ + 1);
    part.sending = transport_.send(
        rank, tag_ + 1,
        wire_ == Wire::kFloat32 ? std::as_bytes(mine) : std::as_bytes(std::span(narrow_sum_)));
  }
}

bool Reduction::all_arrived() {
  bool all = true;
  for (Part& part : parts_) {
    for (std::optional<Ticket>* ticket : {&part.receiving, &part.sending}) {
      if (*ticket && transport_.done(**ticket)) ticket->reset();
      all = all && !*ticket;
    }
  }
  return all;
}

bool Reduction::progress() {
  if (round_ == Round::kParts && all_arrived()) {
    add_parts();
    begin_sums();
    round_ = Round::kSums;
  }
  if (round_ == Round::kSums && all_arrived()) {
    for (std::size_t rank = 0; rank < parts_.size(); ++rank) {
      if (rank != static_cast<std::size_t>(transport_.rank()))
        widen(parts_[rank], parts_[rank].values);
    }
    round_ = Round::kDone;
  }
  return done();
}

int Reduction::waits_for() const noexcept {
  for (std::size_t rank = 0; rank < parts_.size(); ++rank) {
    if (parts_[rank].receiving) return static_cast<int>(rank);
  }
  for (std::size_t rank = 0; rank < parts_.size(); ++rank) {
    if (parts_[rank].sending) return static_cast<int>(rank);
  }
  return transport_.rank();
}

}  // namespace tenon::dist
