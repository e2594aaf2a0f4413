#include "backend/api/rank_meeting.hpp"

#include <algorithm>
#include <vector>

namespace tenon::backend {
namespace {

/// Calls take(rows, values) with what each rank gave.
template <class Take>
void meet(RankMeeting& ranks, std::string_view place, const RankSums& sums, double factor,
          const Take& take) {
  std::vector<double> own(1, sums.rows);
  for (const double value : sums.values) own.push_back(factor * value);
  const std::span<const double> all = ranks.gather(place, own);
  for (std::size_t at = 0; at < all.size(); at += own.size())
    take(all[at], all.subspan(at + 1, own.size() - 1));
}

}  // namespace

void combine_moments(RankMeeting& ranks, std::string_view place, RankSums& sums) {
  const std::size_t channels = sums.values.size() / 2;
  double rows = 0.0;
  meet(ranks, place, sums, 1.0, [&](double more, std::span<const double> theirs) {
    if (more == 0.0) return;
    if (rows == 0.0) {
      std::ranges::copy(theirs, sums.values.begin());
      rows = more;
      return;
    }
    const double all = rows + more;
    for (std::size_t c = 0; c < channels; ++c) {
      const double apart = theirs[c] - sums.values[c];
      sums.values[c] += apart * (more / all);
      sums.values[channels + c] += theirs[channels + c] + apart * apart * (rows * more / all);
    }
    rows = all;
  });
  sums.rows = rows;
}

void combine_gradients(RankMeeting& ranks, std::string_view place, RankSums& sums) {
  const double share = ranks.share();
  std::vector<double> totals(sums.values.size(), 0.0);
  double rows = 0.0;
  meet(ranks, place, sums, share, [&](double more, std::span<const double> theirs) {
    rows += more;
    for (std::size_t i = 0; i < totals.size(); ++i) totals[i] += theirs[i];
  });
  std::ranges::transform(totals, sums.values.begin(), [&](double sum) { return sum / share; });
  sums.rows = rows;
}

}  // namespace tenon::backend
