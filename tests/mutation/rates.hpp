#pragma once

#include <string>
#include <vector>

#include "judge.hpp"

namespace tenon::mutation {

struct Rate {
  std::string kind;
  int cases = 0;
  int code = 0;
  int key = 0;
  int stage = 0;
  int alone = 0;
  int fixable = 0;
  int fixed = 0;
};

/// How often the checker was right, kind by kind.
class Rates {
 public:
  void add(const Case& one, const Verdict& verdict);
  void set_pairs(int pairs, int both);
  Rate total() const;
  std::string table() const;
  /// Fails the running test where a rate is below what is promised.
  void hold_thresholds() const;

 private:
  std::vector<Rate> rates_;
  int pairs_ = 0;
  int both_ = 0;
};

}  // namespace tenon::mutation
