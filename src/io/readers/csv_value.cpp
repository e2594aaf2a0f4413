#include "io/readers/csv_value.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <system_error>

namespace tenon::readers {
namespace {

constexpr std::string_view kBlanks = " \t";

/// Without blanks at its ends, and without a leading plus (which from_chars does not take).
std::string_view number_text(std::string_view cell) {
  const std::size_t first = cell.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) {
    return {};
  }
  cell = cell.substr(first, cell.find_last_not_of(kBlanks) - first + 1);
  if (cell.size() > 1 && cell[0] == '+' && cell[1] != '-') {
    cell.remove_prefix(1);
  }
  return cell;
}

bool is_whole(std::string_view text) {
  if (!text.empty() && text[0] == '-') {
    text.remove_prefix(1);
  }
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

/// A number too small for double is 0; one too large is none.
std::optional<double> real_number(std::string_view text) {
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size()) {
    return std::nullopt;
  }
  if (error == std::errc::result_out_of_range) {
    const bool small =
        text.find("e-") != std::string_view::npos || text.find("E-") != std::string_view::npos;
    return small ? std::optional(0.0) : std::nullopt;
  }
  return error == std::errc() ? std::optional(value) : std::nullopt;
}

template <class T>
std::optional<Tensor> whole_value(std::string_view cell) {
  const auto value = whole_number(number_text(cell));
  if (!value || *value < static_cast<std::int64_t>(std::numeric_limits<T>::min()) ||
      *value > static_cast<std::int64_t>(std::numeric_limits<T>::max())) {
    return std::nullopt;
  }
  return Tensor::scalar(static_cast<T>(*value));
}

template <class T>
std::optional<Tensor> real_value(std::string_view cell) {
  const auto value = real_number(number_text(cell));
  if (!value || (std::isfinite(*value) && std::abs(*value) > std::numeric_limits<T>::max())) {
    return std::nullopt;
  }
  return Tensor::scalar(static_cast<T>(*value));
}

std::optional<Tensor> truth_value(std::string_view cell) {
  std::string text(number_text(cell));
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (text == "1" || text == "true") {
    return Tensor::scalar(true);
  }
  if (text == "0" || text == "false") {
    return Tensor::scalar(false);
  }
  return std::nullopt;
}

}  // namespace

bool is_empty_cell(std::string_view cell) noexcept {
  return cell.find_first_not_of(kBlanks) == std::string_view::npos;
}

std::optional<Tensor> cell_value(std::string_view cell, DType dtype) {
  switch (dtype) {
    case DType::kFloat32:
      return real_value<float>(cell);
    case DType::kFloat64:
      return real_value<double>(cell);
    case DType::kInt8:
      return whole_value<std::int8_t>(cell);
    case DType::kInt16:
      return whole_value<std::int16_t>(cell);
    case DType::kInt32:
      return whole_value<std::int32_t>(cell);
    case DType::kInt64:
      return whole_value<std::int64_t>(cell);
    case DType::kUInt8:
      return whole_value<std::uint8_t>(cell);
    case DType::kUInt16:
      return whole_value<std::uint16_t>(cell);
    case DType::kBool:
      return truth_value(cell);
    case DType::kString:
      return Tensor::scalar(std::string(cell));
    case DType::kBFloat16:
      break;
  }
  return std::nullopt;
}

bool ColumnType::note(std::string_view cell) {
  if (odd_ > kMostOdd || is_empty_cell(cell)) {
    return false;
  }
  seen_ = true;
  const std::string_view text = number_text(cell);
  if (!numbers_) {
    real_number(text) ? ++count_ : ++odd_;
    return false;
  }
  if (is_whole(text)) {
    const auto value = whole_number(text);
    fits_ = fits_ && value.has_value();
    if (value) {
      least_ = std::min(least_, *value);
      most_ = std::max(most_, *value);
    }
    finite_ = true;
    ++count_;
    return false;
  }
  whole_ = false;
  const auto value = real_number(text);
  numbers_ = value.has_value();
  finite_ = finite_ || (value && std::isfinite(*value));
  numbers_ ? ++count_ : ++odd_;
  return !numbers_;
}

std::int64_t ColumnType::odd_cells() const noexcept {
  return odd_ <= kMostOdd && odd_ * kNumbersPerOdd <= count_ ? odd_ : 0;
}

std::optional<ValueRange> ColumnType::range() const noexcept {
  if (dtype() != DType::kInt64) {
    return std::nullopt;
  }
  return ValueRange{static_cast<double>(least_), static_cast<double>(most_)};
}

void ColumnTexts::note(std::string_view cell, const ColumnType& type) {
  if (!complete_ || (!texts_.empty() && cell == last_)) {
    return;
  }
  last_ = cell;
  if (known_.insert(last_).second) {
    texts_.push_back(last_);
  }
  if (texts_.size() > (type.may_be_numbers() ? kMostNumbers : kMostTexts)) {
    complete_ = false;
    texts_ = {};
    known_ = {};
  }
}

std::optional<std::vector<std::string>> ColumnTexts::texts() const {
  return complete_ ? std::optional(texts_) : std::nullopt;
}

DType ColumnType::dtype() const noexcept {
  if (!seen_ || !numbers_ || !finite_) {
    return DType::kString;
  }
  if (whole_) {
    return fits_ ? DType::kInt64 : DType::kString;
  }
  return DType::kFloat32;
}

}  // namespace tenon::readers
