#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

namespace tenon::names {

/// One assignment of least cost, row by row (Kuhn and Munkres, with potentials). `Sequence` is
/// std::vector, or something like it that the compiler can work with; `costs[row][column]` needs at
/// least as many columns as rows. Counts rows and columns from 1; column 0 stands for "not assigned
/// yet".
template <template <class...> class Sequence, class Costs>
class AssignmentSolver {
 public:
  constexpr AssignmentSolver(const Costs& costs, std::size_t rows, std::size_t columns)
      : costs_(costs),
        row_potential_(rows + 1, 0),
        column_potential_(columns + 1, 0),
        row_of_(columns + 1, 0),
        previous_(columns + 1, 0) {}

  constexpr void add_row(std::size_t row) {
    row_of_[0] = row;
    std::size_t column = 0;
    Sequence<std::int64_t> least(row_of_.size(), kInfinite);
    Sequence<bool> seen(row_of_.size(), false);
    do {
      seen[column] = true;
      column = next_column(column, least, seen);
    } while (row_of_[column] != 0);
    while (column != 0) {
      row_of_[column] = row_of_[previous_[column]];
      column = previous_[column];
    }
  }

  /// By column; 0 where no row took it.
  constexpr const Sequence<std::size_t>& row_of() const { return row_of_; }

 private:
  static constexpr std::int64_t kInfinite = std::numeric_limits<std::int64_t>::max() / 4;

  constexpr std::size_t next_column(std::size_t column, Sequence<std::int64_t>& least,
                                    const Sequence<bool>& seen) {
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

  const Costs& costs_;
  Sequence<std::int64_t> row_potential_;
  Sequence<std::int64_t> column_potential_;
  Sequence<std::size_t> row_of_;
  Sequence<std::size_t> previous_;
};

}  // namespace tenon::names
