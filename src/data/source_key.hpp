#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tenon/lineage.hpp"

namespace tenon::data {

/// The key of the source whose values `key` holds, sample by sample, in front of stage `stage`:
/// followed back through renames, copies, batches, and casts from integers to integers. Nothing
/// where a stage made it or changed what it holds.
std::optional<std::string> source_key(const Lineage& lineage, std::int64_t stage,
                                      const std::string& key);

}  // namespace tenon::data
