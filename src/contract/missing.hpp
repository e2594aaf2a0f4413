#pragma once

#include <optional>
#include <string>
#include <vector>

#include "contract/contract.hpp"
#include "contract/pairing.hpp"

namespace tenon::contract {

/// A missing wish with all that is known of it.
struct Missing {
  const Wanted* wish = nullptr;
  std::optional<Candidate> candidate;
  const LineageEvent* end = nullptr;  ///< What dropped or renamed it; of the split's lineage.
  std::string code;
};

/// The wishes of `join` that have no data, each with the unused key that is offered for it.
std::vector<Missing> find_missing(const Split& split, const Join& join);

}  // namespace tenon::contract
