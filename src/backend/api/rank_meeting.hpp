#pragma once

#include <span>
#include <string_view>

namespace tenon::backend {

/// Where the processes ("ranks") of a run tell each other numbers within a step. All ranks come to
/// the same places in the same order, those without rows, too.
class RankMeeting {
 public:
  virtual ~RankMeeting() = default;
  /// Gives what each rank gave, rank by rank, valid until the next call; all give as many numbers.
  /// `place`: the node, for messages. Throws what ends the run.
  virtual std::span<const double> gather(std::string_view place, std::span<const double> own) = 0;
  /// This rank's part of the batch's rows, above 0. A gradient here is that of the mean over its
  /// rows; so much of it is its part of the whole batch's.
  virtual double share() const noexcept = 0;
};

/// Two numbers per channel, taken over so many rows: first the one of each, then the other.
struct RankSums {
  double rows = 0.0;
  std::span<double> values;  ///< (2, channels)
};

/// Of the numbers that ranks give for `channels`: what one that has no rows gives, too, as zeros.
constexpr std::size_t rank_sums_size(std::size_t channels) { return 1 + 2 * channels; }

/// From mean and Σ (x − mean)² of this rank's rows to those of all ranks', combined in double, rank
/// by rank (Chan, Golub and LeVeque, 1979): nothing is lost where means are large.
void combine_moments(RankMeeting& ranks, std::string_view place, RankSums& sums);

/// From sums over this rank's rows of what is linear in a gradient to those over all ranks' rows,
/// as this rank's gradients are weighted.
void combine_gradients(RankMeeting& ranks, std::string_view place, RankSums& sums);

}  // namespace tenon::backend
