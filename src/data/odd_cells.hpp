#pragma once

#include <cstdint>
#include <string>

#include "data/source.hpp"

namespace tenon::data {

/// Adds to a problem with the text that `key` holds in front of stage `stage`: the cells that make
/// it text, where it is a column of a table that holds numbers otherwise; with the first one's
/// sample, and what to do.
void tell_odd_cells(Diagnostic& problem, const Source& source, const Lineage& lineage,
                    std::int64_t stage, const std::string& key);

}  // namespace tenon::data
