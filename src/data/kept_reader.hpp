#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "data/region.hpp"

namespace tenon::data {

/// What is done about a slot that is asked for more than once.
enum class Care : std::uint8_t {
  kNone,
  kKeepWhole,   ///< It is read as a whole, once; parts are cut out of that.
  kJoinParts,   ///< Parts that are expected are read at once where that is no more to read.
  kReadUnasked  ///< Nobody asks for it: it is read to know that it can be.
};
using SlotCares = std::vector<Care>;
bool any_kept(const SlotCares& cares);

/// Gives what `before` does, and reads less often. Kept by the caller: `cares`.
std::unique_ptr<RegionReader> kept_reader(RegionReader& before, const SlotCares& cares);

}  // namespace tenon::data
