#include "backend/api/rank_meeting.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace tenon::backend {
namespace {

/// The rank that comes last: the others' numbers are there.
class OthersGave final : public RankMeeting {
 public:
  OthersGave(std::vector<std::vector<double>> others, double share)
      : others_(std::move(others)), share_(share) {}
  std::span<const double> gather(std::string_view place, std::span<const double> own) override {
    place_ = place;
    all_.clear();
    for (const auto& other : others_) all_.insert(all_.end(), other.begin(), other.end());
    all_.insert(all_.end(), own.begin(), own.end());
    return all_;
  }
  double share() const noexcept override { return share_; }

  std::string place_;
  std::vector<double> all_;

 private:
  std::vector<std::vector<double>> others_;
  double share_;
};

struct Moments {
  double mean = 0.0;
  double squares = 0.0;
};

Moments moments_of(const std::vector<double>& x) {
  Moments moments;
  for (const double value : x) moments.mean += value / static_cast<double>(x.size());
  for (const double value : x) moments.squares += (value - moments.mean) * (value - moments.mean);
  return moments;
}

TEST(RankMeetingTest, MomentsAreThoseOfAllRowsAlsoOfLargeMeansAndOfRanksWithoutRows) {
  for (const double offset : {0.0, 1e6}) {
    const std::vector<double> first = {offset + 1.0, offset + 2.5, offset - 1.0};
    const std::vector<double> second = {offset + 7.0};
    const std::vector<double> own = {offset - 3.0, offset + 0.25};
    std::vector<double> all = first;
    all.insert(all.end(), second.begin(), second.end());
    all.insert(all.end(), own.begin(), own.end());
    const Moments a = moments_of(first);
    const Moments b = moments_of(second);
    const Moments c = moments_of(own);
    OthersGave ranks({{0, 0, 0}, {3, a.mean, a.squares}, {0, 0, 0}, {1, b.mean, b.squares}}, 1.0);
    std::vector<double> values = {c.mean, c.squares};
    RankSums sums{2.0, values};
    combine_moments(ranks, "norm", sums);
    const Moments whole = moments_of(all);
    EXPECT_EQ(sums.rows, 6.0);
    EXPECT_NEAR(values[0], whole.mean, 1e-9);
    EXPECT_NEAR(values[1], whole.squares, 1e-8);
    EXPECT_EQ(ranks.place_, "norm");
  }
}

TEST(RankMeetingTest, GradientsAreWeightedByEachRanksShare) {
  OthersGave ranks({{3, 0.75 * 10.0, 0.75 * 2.0}}, 0.25);
  std::vector<double> values = {4.0, 8.0};
  RankSums sums{1.0, values};
  combine_gradients(ranks, "norm/gradient", sums);
  EXPECT_EQ(sums.rows, 4.0);
  EXPECT_EQ(values[0], (0.75 * 10.0 + 0.25 * 4.0) / 0.25);
  EXPECT_EQ(values[1], (0.75 * 2.0 + 0.25 * 8.0) / 0.25);
}

}  // namespace
}  // namespace tenon::backend
