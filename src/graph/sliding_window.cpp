#include "graph/sliding_window.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tenon::graph {
namespace {

std::int64_t ceil_divide(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

std::int64_t extent_of(std::int64_t size, std::int64_t dilation) {
  return (size - 1) * dilation + 1;
}

std::int64_t padding_along(std::int64_t input, std::int64_t size, std::int64_t stride,
                           std::int64_t dilation) {
  const std::int64_t covered =
      (ceil_divide(input, stride) - 1) * stride + extent_of(size, dilation);
  return std::max<std::int64_t>(covered - input, 0);
}

bool looks_channels_first(const CallContext& call) {
  constexpr std::int64_t kMostImageChannels = 4;
  const Dim first = call.dim(1);
  const Dim last = call.dim(3);
  return first.known() && last.known() && first.size() <= kMostImageChannels &&
         last.size() > kMostImageChannels;
}

Dim slide_along(const CallContext& call, int axis, std::string_view axis_name, std::int64_t size,
                std::int64_t stride, std::int64_t dilation, const std::string& padding) {
  const Dim input = call.dim(axis);
  if (!input.known()) return {};
  if (padding == "same") return ceil_divide(input.size(), stride);
  const std::int64_t extent = extent_of(size, dilation);
  if (extent > input.size()) {
    const std::string what = fmt::format("its window covers {} along {}, and the input has only {}",
                                         extent, axis_name, input.size());
    if (looks_channels_first(call)) {
      call.refuse(what, "channels last: (batch, height, width, channels)",
                  "the input looks channels first; give it as (height, width, channels)", "S004");
    }
    call.refuse(what, fmt::format("a {} of at least {}", axis_name, extent),
                R"(use padding "same", a smaller window, or a larger input)");
  }
  return (input.size() - extent) / stride + 1;
}

}  // namespace

TensorSpec slide(const CallContext& call, const SlidingWindow& window, Dim channels) {
  call.require_rank(4, "(batch, height, width, channels)");
  const Dim height = slide_along(call, 1, "height", window.size.height, window.strides.height,
                                 window.dilation.height, window.padding);
  const Dim width = slide_along(call, 2, "width", window.size.width, window.strides.width,
                                window.dilation.width, window.padding);
  return output_spec({call.dim(0), height, width, std::move(channels)});
}

WindowPadding padding_of(const SlidingWindow& window, const Shape& image) {
  WindowPadding padding;
  if (window.padding != "same") return padding;
  const std::array<std::int64_t, 2> total = {
      padding_along(image.dim(1), window.size.height, window.strides.height,
                    window.dilation.height),
      padding_along(image.dim(2), window.size.width, window.strides.width, window.dilation.width)};
  for (std::size_t axis = 0; axis < total.size(); ++axis) {
    padding.before[axis] = total[axis] / 2;
    padding.after[axis] = total[axis] - total[axis] / 2;
  }
  return padding;
}

}  // namespace tenon::graph
