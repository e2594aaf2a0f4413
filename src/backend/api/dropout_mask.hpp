#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "backend/api/engine.hpp"

namespace tenon::backend {

/// The key of one dropout's random numbers: a pure function of the run's seed (StepNumbers), the
/// layer's seed and stream (DropoutAttributes) and the iteration, so that a resumed run draws the
/// same masks on every engine.
std::array<std::uint32_t, 2> dropout_key(std::uint64_t run_seed, std::uint64_t layer_seed,
                                         std::int64_t iteration, std::uint64_t stream);

/// Fills mask[i] with 1 (keep) or 0 (drop) for the elements first_element + i of a dropout's mask.
/// Each element is dropped with probability `rate`, in [0, 1). Element e takes word e % 4 of the
/// block with counter e / 4, so a mask filled in parts by several threads is the same bit for bit.
void fill_dropout_mask(std::span<std::uint8_t> mask, double rate, std::array<std::uint32_t, 2> key,
                       std::int64_t first_element = 0);

/// The same for elements of a mask of shape `mask_shape` whose batch is shared as `rows` say:
/// each takes the place that it has in the mask of the whole batch, so that a batch that several
/// processes share is dropped as in one. A mask that all rows share is the same everywhere.
void fill_dropout_mask(std::span<std::uint8_t> mask, double rate, std::array<std::uint32_t, 2> key,
                       std::int64_t first_element, const BatchRows& rows, const Shape& mask_shape);

}  // namespace tenon::backend
