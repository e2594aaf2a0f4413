#include "contract/assignment.hpp"

#include <cstddef>

#include "tenon/detail/assignment.hpp"

namespace tenon::contract {

std::vector<int> assign(const std::vector<std::vector<std::int64_t>>& costs) {
  std::vector<int> column_of(costs.size(), -1);
  if (costs.empty()) return column_of;
  names::AssignmentSolver<std::vector, std::vector<std::vector<std::int64_t>>> solver(
      costs, costs.size(), costs.front().size());
  for (std::size_t row = 1; row <= costs.size(); ++row) solver.add_row(row);
  for (std::size_t column = 1; column < solver.row_of().size(); ++column) {
    const std::size_t row = solver.row_of()[column];
    if (row != 0) column_of[row - 1] = static_cast<int>(column - 1);
  }
  return column_of;
}

}  // namespace tenon::contract
