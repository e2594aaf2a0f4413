#pragma once

#include <optional>

#include "data/pipeline.hpp"

namespace tenon::data {

/// The first record that `pipeline` gives, without shuffling, and with a small batch; nothing if it
/// gives none, or if its source cannot show one without using it up. Reads as little as it can.
std::optional<Record> first_record(const Pipeline& pipeline);

}  // namespace tenon::data
