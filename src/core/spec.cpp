#include "tenon/spec.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tenon {

Dim Dim::symbol(std::string name) {
  Dim dim;
  dim.symbol_ = std::move(name);
  return dim;
}

bool Dim::fits(const Dim& other) const noexcept {
  return !known() || !other.known() || size_ == other.size_;
}

std::string Dim::to_string() const {
  if (known()) return std::to_string(size_);
  return symbol_.empty() ? "?" : symbol_;
}

TensorSpec TensorSpec::of(DType dtype, const Shape& shape, std::string axes) {
  return {dtype, std::vector<Dim>(shape.begin(), shape.end()), std::move(axes)};
}

TensorSpec TensorSpec::of_unknown_rank(DType dtype) {
  TensorSpec spec(dtype, {});
  spec.rank_known = false;
  return spec;
}

TensorSpec TensorSpec::with_batch(Dim size) const {
  TensorSpec result = *this;
  if (!rank_known) return result;
  result.shape.insert(result.shape.begin(), std::move(size));
  result.axes = "B" + (axes.empty() ? std::string(shape.size(), '?') : axes);
  return result;
}

TensorSpec TensorSpec::without_batch() const {
  TensorSpec result = *this;
  if (!result.shape.empty()) result.shape.erase(result.shape.begin());
  if (!result.axes.empty()) result.axes.erase(result.axes.begin());
  const bool nothing_known =
      std::all_of(result.axes.begin(), result.axes.end(), [](char axis) { return axis == '?'; });
  if (nothing_known) result.axes.clear();
  return result;
}

bool TensorSpec::shape_fits(const TensorSpec& other) const noexcept {
  if (!rank_known || !other.rank_known) return true;
  return std::equal(shape.begin(), shape.end(), other.shape.begin(), other.shape.end(),
                    [](const Dim& a, const Dim& b) { return a.fits(b); });
}

bool TensorSpec::shape_fits(const Shape& other) const noexcept {
  if (!rank_known) return true;
  return std::equal(
      shape.begin(), shape.end(), other.begin(), other.end(),
      [](const Dim& dim, std::int64_t size) { return !dim.known() || dim.size() == size; });
}

std::string TensorSpec::shape_string() const {
  if (!rank_known) return "(…)";
  std::string text = "(";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) text += ", ";
    text += shape[i].to_string();
  }
  return text + (shape.size() == 1 ? ",)" : ")");
}

std::string TensorSpec::to_string() const {
  return fmt::format("{} {}", short_name_of(dtype), shape_string());
}

std::string_view name_of(Role role) noexcept {
  switch (role) {
    case Role::kInput:
      return "input";
    case Role::kTarget:
      return "target";
    case Role::kWeight:
      return "weight";
    case Role::kData:
      break;
  }
  return "data";
}

}  // namespace tenon
