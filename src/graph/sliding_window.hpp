#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "graph/call_context.hpp"
#include "ops/op.hpp"
#include "tenon/layers.hpp"

namespace tenon::graph {

/// (height, width) or (depth, height, width), as the ops have it.
ops::PerAxis per_axis(const Pair& pair);
ops::PerAxis per_axis(const Triple& triple);

/// A window that slides over height and width, or over depth, height and width, with Keras's
/// padding words "valid" and "same".
struct SlidingWindow {
  ops::PerAxis size;
  ops::PerAxis strides;
  ops::PerAxis dilation;
  std::string padding;
};

/// "(batch, height, width, channels)", or with a depth.
std::string_view image_axes(std::size_t spatial_axes);
/// Refuses an input without these axes.
void require_image(const CallContext& call, std::size_t spatial_axes);

/// (B, [D',] H', W', channels) of an input (B, [D,] H, W, …). Refuses a window that does not fit,
/// and tells where the image looks channels first (S004).
TensorSpec slide(const CallContext& call, const SlidingWindow& window, Dim channels);

/// Zeros before and after along each spatial axis. "same": in total
/// max((ceil(in / stride) − 1)·stride + (size − 1)·dilation + 1 − in, 0), the smaller half before.
struct WindowPadding {
  ops::PerAxis before;
  ops::PerAxis after;
};
/// `image` is (B, [D,] H, W, C).
WindowPadding padding_of(const SlidingWindow& window, const Shape& image);

}  // namespace tenon::graph
