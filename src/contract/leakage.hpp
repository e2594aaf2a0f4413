#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "contract/contract.hpp"

namespace tenon::contract {

struct LeakageOptions {
  /// A key of the sources whose value must not be in two splits ("patient"); empty: none.
  std::string group_key;
  std::uint64_t seed = 0;  ///< Of the run.
};

/// Samples, files and groups that are in more than one split: a warning (L001) for each kind and
/// pair, with counts and examples. Compares names only: no sample is read, no image decoded.
/// `splits`: only name and dataset are looked at.
std::vector<Diagnostic> leakage_problems(std::span<const Split> splits,
                                         const LeakageOptions& options);

/// K007 for every split whose source has no key `group_key`; nothing if that is empty.
std::vector<Diagnostic> group_problems(std::span<const Split> splits, const std::string& group_key);

}  // namespace tenon::contract
