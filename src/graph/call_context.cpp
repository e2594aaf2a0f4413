#include "graph/call_context.hpp"

#include <fmt/format.h>

#include "tenon/error.hpp"

namespace tenon::graph {
namespace {

std::string shapes_of(const std::vector<TensorSpec>& specs) {
  std::string text;
  for (const TensorSpec& spec : specs) {
    if (!text.empty()) text += ", ";
    text += spec.shape_string();
  }
  return text;
}

}  // namespace

Dim CallContext::dim(int axis, std::size_t index) const {
  const std::vector<Dim>& shape = inputs_[index].shape;
  const int counted = axis < 0 ? axis + static_cast<int>(shape.size()) : axis;
  return shape[static_cast<std::size_t>(counted)];
}

void CallContext::refuse(const std::string& what, const std::string& expected,
                         const std::string& fix, std::string_view code) const {
  std::vector<std::string> notes;
  if (!expected.empty()) notes.push_back("expected: " + expected);
  throw ShapeError(make_diagnostic(
      code,
      fmt::format("{} cannot take {}: {}{}", title_, shapes_of(inputs_), what, place_of(location_)),
      std::move(notes), fix));
}

void CallContext::require_rank(int rank, std::string_view axes) const {
  for (const TensorSpec& spec : inputs_) {
    if (spec.rank() == rank) continue;
    const std::string fix =
        spec.rank() == rank - 1 ? "give Input the shape without the batch axis; it is added" : "";
    refuse(fmt::format("it has {} axes", spec.rank()), fmt::format("{} axes {}", rank, axes), fix,
           spec.rank() == rank - 1 ? "S001" : "S002");
  }
}

std::int64_t CallContext::require_size(int axis, std::string_view axis_name) const {
  const Dim size = dim(axis);
  if (!size.known() || size.size() < 1) {
    refuse(fmt::format("the size of {} is {}", axis_name, size.to_string()),
           fmt::format("a known size of {}, as weights are made for it", axis_name),
           "give Input a full shape");
  }
  return size.size();
}

int CallContext::require_axis(int axis) const {
  const int rank = input().rank();
  const int counted = axis < 0 ? axis + rank : axis;
  if (counted < 0 || counted >= rank) {
    refuse(fmt::format("there is no axis {}", axis),
           fmt::format("an axis from {} to {}", -rank, rank - 1));
  }
  return counted;
}

Dim CallContext::product(const Dim& a, const Dim& b) const {
  if (!a.known() || !b.known()) return {};
  std::int64_t result = 0;
  if (__builtin_mul_overflow(a.size(), b.size(), &result) || result > kLargestSize) {
    refuse(fmt::format("{} times {} is too large for an axis", a.size(), b.size()),
           fmt::format("at most {}", kLargestSize));
  }
  return result;
}

Dim CallContext::sum(const Dim& a, const Dim& b) const {
  if (!a.known() || !b.known()) return {};
  if (a.size() > kLargestSize - b.size()) {
    refuse(fmt::format("{} and {} are too much for an axis", a.size(), b.size()),
           fmt::format("at most {}", kLargestSize));
  }
  return a.size() + b.size();
}

TensorSpec output_spec(std::vector<Dim> dims) {
  constexpr std::size_t kImageRank = 4;
  constexpr std::size_t kVolumeRank = 5;
  std::string axes = "B";
  if (dims.size() == kImageRank) {
    axes += "HWC";
  } else if (dims.size() == kVolumeRank) {
    axes += "DHWC";
  } else {
    axes.append(dims.empty() ? 0 : dims.size() - 1, '?');
  }
  return {DType::kFloat32, std::move(dims), std::move(axes)};
}

TensorSpec same_spec(const TensorSpec& input) { return {DType::kFloat32, input.shape, input.axes}; }

std::string place_of(SourceLocation location) {
  return location.known() ? fmt::format(" ({})", to_string(location)) : std::string();
}

}  // namespace tenon::graph
