#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "tenon/spec.hpp"
#include "tenon/tensor.hpp"

namespace tenon::readers {

/// True for nothing, and for nothing but blanks and tabs.
bool is_empty_cell(std::string_view cell) noexcept;

/// A cell as a scalar of `dtype`; nothing if its text is no such value, or one that does not fit
/// (300 for kUInt8, 1e300 for kFloat32). Blanks around numbers are let pass, texts are kept to the
/// letter. kBool takes 0, 1, true, false in any case. kBFloat16 is not read.
std::optional<Tensor> cell_value(std::string_view cell, DType dtype);

/// Learns the dtype of a column from its cells: kInt64 if all are whole numbers, kFloat32 if all
/// are numbers, else kString. Empty cells say nothing; without any other the column is kString.
/// Whole numbers that int64 cannot hold are names, not quantities: kString.
class ColumnType {
 public:
  /// True for the first cell that is neither a number nor empty.
  bool note(std::string_view cell);
  DType dtype() const noexcept;
  /// True while no cell was seen but numbers and empty ones.
  bool may_be_numbers() const noexcept { return numbers_; }
  /// From the least to the greatest of a column of whole numbers; nothing for others.
  std::optional<ValueRange> range() const noexcept;
  /// How many cells are no numbers, where nearly all the others are; else 0.
  std::int64_t odd_cells() const noexcept;

 private:
  static constexpr std::int64_t kMostOdd = 1000;  ///< With more of them it is a column of text.
  static constexpr std::int64_t kNumbersPerOdd = 4;

  bool seen_ = false;
  bool whole_ = true;       ///< All cells so far are whole numbers.
  bool fits_ = true;        ///< … that int64 holds.
  bool numbers_ = true;     ///< All cells so far are numbers.
  std::int64_t count_ = 0;  ///< Of numbers.
  std::int64_t odd_ = 0;    ///< Of cells that are none, up to kMostOdd + 1.
  bool finite_ = false;     ///< One of them is neither NaN nor infinite.
  std::int64_t least_ = std::numeric_limits<std::int64_t>::max();
  std::int64_t most_ = std::numeric_limits<std::int64_t>::min();
};

/// Learns which texts a column holds, as long as they are few.
class ColumnTexts {
 public:
  /// To be called for every cell, behind ColumnType::note; `type` is that of the column so far.
  void note(std::string_view cell, const ColumnType& type);
  /// All texts in the order of their first cells; nothing if they are many.
  std::optional<std::vector<std::string>> texts() const;

 private:
  static constexpr std::size_t kMostTexts = 1024;
  static constexpr std::size_t kMostNumbers = 64;  ///< Measurements are soon given up.
  bool complete_ = true;
  std::vector<std::string> texts_;
  std::unordered_set<std::string> known_;
  std::string last_;  ///< Neighbours are often alike.
};

}  // namespace tenon::readers
