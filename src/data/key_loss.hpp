#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include "tenon/lineage.hpp"

namespace tenon::data {

/// The last event before stage `before` that took `key` away: a removal, or a renaming to something
/// else; nullptr if there is none.
const LineageEvent* find_loss(const Lineage& lineage, const std::string& key,
                              std::int64_t before = std::numeric_limits<std::int64_t>::max());

/// Says who took the key away, if somebody did, and offers to undo that in place of the fixes that
/// `diagnostic` has.
void tell_loss(Diagnostic& diagnostic, const Lineage& lineage, const std::string& key);

}  // namespace tenon::data
