#pragma once

#include <span>
#include <vector>

#include "data/kept_reader.hpp"
#include "data/region.hpp"

namespace tenon::data {

/// Steps in a row that are opened one after another, and asked for whole values behind the last.
struct Stretch {
  std::size_t steps = 0;           ///< None: there is nothing to be saved.
  SlotCares before{};              ///< Of what the first one takes.
  std::vector<SlotCares> cares{};  ///< Of what each step gives.
};

/// How many of the steps with these flows, the first ones, are to be taken together, so that of
/// what the first reads or changes (or of what it takes, if `reads_before`) a part is enough. As
/// few as that needs: what they give is kept until the last has been through. Values that somebody
/// needs whole are read whole and once.
Stretch plan_stretch(std::span<const SlotFlow* const> flows, bool reads_before);

}  // namespace tenon::data
