#include "contract/assignment.hpp"

#include <cstddef>
#include <limits>

namespace tenon::contract {
namespace {

constexpr std::int64_t kInfinite = std::numeric_limits<std::int64_t>::max() / 4;

/// Works with rows and columns from 1; column 0 stands for "not assigned yet".
class Solver {
 public:
  Solver(const std::vector<std::vector<std::int64_t>>& costs, std::size_t columns)
      : costs_(costs),
        row_potential_(costs.size() + 1, 0),
        column_potential_(columns + 1, 0),
        row_of_(columns + 1, 0),
        previous_(columns + 1, 0) {}

  void add_row(std::size_t row) {
    row_of_[0] = row;
    std::size_t column = 0;
    std::vector<std::int64_t> least(row_of_.size(), kInfinite);
    std::vector<bool> seen(row_of_.size(), false);
    do {
      seen[column] = true;
      column = next_column(column, least, seen);
    } while (row_of_[column] != 0);
    while (column != 0) {
      row_of_[column] = row_of_[previous_[column]];
      column = previous_[column];
    }
  }

  const std::vector<std::size_t>& row_of() const { return row_of_; }

 private:
  std::size_t next_column(std::size_t column, std::vector<std::int64_t>& least,
                          const std::vector<bool>& seen) {
    const std::size_t row = row_of_[column];
    std::int64_t delta = kInfinite;
    std::size_t best = 0;
    for (std::size_t j = 1; j < row_of_.size(); ++j) {
      if (seen[j]) continue;
      const std::int64_t reduced =
          costs_[row - 1][j - 1] - row_potential_[row] - column_potential_[j];
      if (reduced < least[j]) {
        least[j] = reduced;
        previous_[j] = column;
      }
      if (least[j] < delta) {
        delta = least[j];
        best = j;
      }
    }
    for (std::size_t j = 0; j < row_of_.size(); ++j) {
      if (seen[j]) {
        row_potential_[row_of_[j]] += delta;
        column_potential_[j] -= delta;
      } else {
        least[j] -= delta;
      }
    }
    return best;
  }

  const std::vector<std::vector<std::int64_t>>& costs_;
  std::vector<std::int64_t> row_potential_;
  std::vector<std::int64_t> column_potential_;
  std::vector<std::size_t> row_of_;
  std::vector<std::size_t> previous_;
};

}  // namespace

std::vector<int> assign(const std::vector<std::vector<std::int64_t>>& costs) {
  std::vector<int> column_of(costs.size(), -1);
  if (costs.empty()) return column_of;
  Solver solver(costs, costs.front().size());
  for (std::size_t row = 1; row <= costs.size(); ++row) solver.add_row(row);
  for (std::size_t column = 1; column < solver.row_of().size(); ++column) {
    const std::size_t row = solver.row_of()[column];
    if (row != 0) column_of[row - 1] = static_cast<int>(column - 1);
  }
  return column_of;
}

}  // namespace tenon::contract
