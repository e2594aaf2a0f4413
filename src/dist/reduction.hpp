#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "dist/communicator.hpp"

namespace tenon::dist {

/// What a reduction needs beside its numbers; one at a time may use it.
struct ReductionSpace {
  struct Part {
    std::vector<float> wide;            ///< Of my part: what this rank sent.
    std::vector<std::uint16_t> narrow;  ///< As it is sent in bfloat16.
    std::vector<std::uint16_t> narrow_in;
  };
  std::vector<Part> parts;  ///< By rank.
  std::vector<std::uint16_t> narrow_sum;
};

/// A sum over all ranks that is on its way. The numbers are cut into as many parts as there are
/// ranks; each rank sums one: first all parts go to their owners, then the sums to all. So each
/// rank sends and receives 2·(N-1)/N of the numbers' bytes, in 2·(N-1) messages, as a ring does,
/// but in two rounds instead of 2·(N-1).
class Reduction {
 public:
  /// `weights`: by rank; empty: 1. `space`: its own where none is given.
  Reduction(Transport& transport, std::span<float> values, int bucket, Wire wire,
            std::span<const float> weights = {}, std::shared_ptr<ReductionSpace> space = nullptr);

  /// Moves it on as far as messages have come; true when it is done. Never waits.
  bool progress();
  bool done() const noexcept { return round_ == Round::kDone; }
  /// A rank that has not sent yet what this one needs next.
  int waits_for() const noexcept;

 private:
  enum class Round : std::uint8_t { kParts, kSums, kDone };
  struct Part {
    std::span<float> values;
    std::optional<Ticket> sending;
    std::optional<Ticket> receiving;
  };
  void begin_parts();
  void begin_sums();
  void add_parts();
  bool all_arrived();
  Ticket send_to(int rank, std::span<const float> values, int tag);
  Ticket receive_from(int rank, std::span<float> values, int tag);
  void widen(std::size_t rank, std::span<float> values) const;
  void add_some(std::size_t at, std::span<float> mine);

  Transport& transport_;
  Wire wire_;
  int tag_;
  Round round_ = Round::kParts;
  std::vector<Part> parts_;  ///< By rank.
  std::vector<float> weights_;
  std::shared_ptr<ReductionSpace> space_;
};

}  // namespace tenon::dist
