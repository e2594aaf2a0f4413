#pragma once

#include <cstdint>
#include <vector>

namespace tenon::contract {

/// The assignment of rows to columns of least total cost (Hungarian method: H. W. Kuhn, 1955; the
/// O(n³) form with potentials). costs[row][column]; there must be at least as many columns as rows.
/// Returns the column of each row.
std::vector<int> assign(const std::vector<std::vector<std::int64_t>>& costs);

}  // namespace tenon::contract
