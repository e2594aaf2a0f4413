#pragma once

#include <cstdint>
#include <vector>

#include "backend/onednn/graph.hpp"

namespace tenon::backend::onednn {

/// Images whose channels lie in blocks: (N, C / block, [D,] H, W, block). Plain where a channel has
/// one pixel, as that is the same.
Layout blocked_layout(const Shape& shape, std::int64_t block);

/// The axes of an image as they lie: (N, C / block, [D,] H, W, block), or the shape itself where
/// `block` is 0.
Shape stored_shape(const Shape& shape, std::int64_t block);
/// The same for the starts of a range, or what is put before it.
std::vector<std::int64_t> stored_range(const std::vector<std::int64_t>& range, std::int64_t block);

/// True if the node gives its results in blocks where it is given such.
bool follows_layout(const Graph& graph, const GraphNode& node, std::int64_t block);

}  // namespace tenon::backend::onednn
