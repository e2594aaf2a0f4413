#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tenon/tensor.hpp"

namespace tenon::cli {

/// Who was taken for whom: counts[true class][predicted class].
struct Confusion {
  Confusion() = default;
  /// Nothing counted yet; classes beyond the names given are called by their number.
  Confusion(std::vector<std::string> names, std::size_t count);
  /// `probabilities` (rows, classes) against integer `labels` (rows) or (rows, 1); labels that are
  /// no class are not counted.
  void add(const Tensor& probabilities, const Tensor& labels);

  std::vector<std::string> classes;
  std::vector<std::vector<std::int64_t>> counts;

  std::int64_t total() const;
  double accuracy() const;                       ///< NaN where there are no samples.
  double recall(std::size_t class_id) const;     ///< NaN where the class has no samples.
  double precision(std::size_t class_id) const;  ///< NaN where nothing was taken for it.
};

/// A table for people: a line per class with recall, precision and counts.
std::string to_text(const Confusion& confusion);

}  // namespace tenon::cli
