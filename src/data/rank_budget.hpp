#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "data/bad_samples.hpp"
#include "data/batch_news.hpp"

namespace tenon::data {

/// The budget of bad samples of data that ranks share, each its part (RankShare::shared_budget):
/// judged after the same samples, in the order in which one process would read them, and told with
/// the same numbers. All ranks have one, and tell each the same.
class RankBudget {
 public:
  /// `state`: of an iterator of the data, in which what all ranks had read and met is to be found;
  /// empty where the data begin. Throws FormatError (F001).
  RankBudget(BadSampleOptions options, const std::string& state);

  /// What this rank has to tell of its batches since it last told, the first one first.
  std::string text_of(std::span<const BatchNews> batches) const;
  /// What each rank told, by rank, of the same batches; some may have had one less. Throws
  /// TooManyBadSamples.
  void add(std::span<const std::string> by_rank);
  /// As BadSampleLog has it.
  void check_at_end() const { check_budget(options_, counts_, met_); }

  const SampleCounts& counts() const noexcept { return counts_; }
  /// Those of all ranks in that order, each once.
  const std::vector<BadSample>& bad_samples() const noexcept { return met_; }
  /// `state` of this rank's iterator with what all ranks had read and met.
  std::string in_state(const std::string& state) const;

 private:
  bool knows(const BadSample& bad) const;
  void remember(BadSample bad);
  void read_to(std::int64_t read);

  BadSampleOptions options_;
  SampleCounts counts_;
  std::vector<BadSample> met_;
  std::set<std::pair<std::int64_t, std::int64_t>> known_;
};

}  // namespace tenon::data
