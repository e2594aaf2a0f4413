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
  const Dim last = call.dim(-1);
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
      const auto axes = call.input().shape.size() - 2;
      call.refuse(what, fmt::format("channels last: {}", image_axes(axes)),
                  fmt::format("the input looks channels first; give it as ({}height, width, "
                              "channels)",
                              axes == 3 ? "depth, " : ""),
                  "S004");
    }
    call.refuse(what, fmt::format("a {} of at least {}", axis_name, extent),
                R"(use padding "same", a smaller window, or a larger input)");
  }
  return (input.size() - extent) / stride + 1;
}

}  // namespace

ops::PerAxis per_axis(const Pair& pair) { return {pair.height, pair.width}; }
ops::PerAxis per_axis(const Triple& triple) { return {triple.depth, triple.height, triple.width}; }

std::string_view image_axes(std::size_t spatial_axes) {
  return spatial_axes == 2 ? "(batch, height, width, channels)"
                           : "(batch, depth, height, width, channels)";
}

void require_image(const CallContext& call, std::size_t spatial_axes) {
  call.require_rank(static_cast<int>(spatial_axes) + 2, image_axes(spatial_axes));
}

TensorSpec slide(const CallContext& call, const SlidingWindow& window, Dim channels) {
  const std::size_t axes = window.size.size();
  require_image(call, axes);
  std::vector<Dim> dims = {call.dim(0)};
  for (std::size_t i = 0; i < axes; ++i) {
    dims.push_back(slide_along(call, static_cast<int>(i) + 1, ops::spatial_axis_name(i, axes),
                               window.size[i], window.strides[i], window.dilation[i],
                               window.padding));
  }
  dims.push_back(std::move(channels));
  return output_spec(std::move(dims));
}

WindowPadding padding_of(const SlidingWindow& window, const Shape& image) {
  const std::size_t axes = window.size.size();
  WindowPadding padding{ops::PerAxis(axes, 0), ops::PerAxis(axes, 0)};
  if (window.padding != "same") return padding;
  for (std::size_t i = 0; i < axes; ++i) {
    const std::int64_t total =
        padding_along(image[i + 1], window.size[i], window.strides[i], window.dilation[i]);
    padding.before[i] = total / 2;
    padding.after[i] = total - total / 2;
  }
  return padding;
}

}  // namespace tenon::graph
