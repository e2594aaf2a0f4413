#pragma once

#include <optional>
#include <string_view>

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
  void note(std::string_view cell);
  DType dtype() const noexcept;

 private:
  bool seen_ = false;
  bool whole_ = true;    ///< All cells so far are whole numbers.
  bool fits_ = true;     ///< … that int64 holds.
  bool numbers_ = true;  ///< All cells so far are numbers.
  bool finite_ = false;  ///< One of them is neither NaN nor infinite.
};

}  // namespace tenon::readers
