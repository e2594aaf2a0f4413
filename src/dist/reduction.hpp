#pragma once

#include <optional>
#include <span>
#include <vector>

#include "dist/communicator.hpp"

namespace tenon::dist {

/// A sum over all ranks that is on its way. The numbers are cut into as many parts as there are
/// ranks; each rank sums one: first all parts go to their owners, then the sums to all. So each
/// rank sends and receives 2·(N-1)/N of the numbers' bytes, in 2·(N-1) messages, as a ring does,
/// but in two rounds instead of 2·(N-1).
class Reduction {
 public:
  Reduction(Transport& transport, std::span<float> values, int bucket, Wire wire);

  /// Moves it on as far as messages have come; true when it is done. Never waits.
  bool progress();
  bool done() const noexcept { return round_ == Round::kDone; }
  /// A rank that has not sent yet what this one needs next.
  int waits_for() const noexcept;

 private:
  enum class Round : std::uint8_t { kParts, kSums, kDone };
  struct Part {
    std::span<float> values;
    std::vector<float> wide;            ///< Of my part: what this rank sent.
    std::vector<std::uint16_t> narrow;  ///< As it is sent in bfloat16.
    std::vector<std::uint16_t> narrow_in;
    std::optional<Ticket> sending;
    std::optional<Ticket> receiving;
  };
  void begin_parts();
  void begin_sums();
  void add_parts();
  bool all_arrived();
  Ticket send_to(int rank, Part& part, std::span<const float> values, int tag);
  Ticket receive_from(int rank, Part& part, std::span<float> values, int tag);
  void widen(Part& part, std::span<float> values) const;

  Transport& transport_;
  Wire wire_;
  int tag_;
  Round round_ = Round::kParts;
  std::vector<Part> parts_;  ///< By rank.
  std::vector<std::uint16_t> narrow_sum_;
};

}  // namespace tenon::dist
