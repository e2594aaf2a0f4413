#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "graph/call_context.hpp"
#include "tenon/layers.hpp"

namespace tenon::graph {

/// A window that slides over height and width, with Keras's padding words "valid" and "same".
struct SlidingWindow {
  Pair size;
  Pair strides;
  Pair dilation = 1;
  std::string padding;
};

/// (B, H', W', channels) of an input (B, H, W, …). Refuses a window that does not fit, and tells
/// where the image looks channels first (S004).
TensorSpec slide(const CallContext& call, const SlidingWindow& window, Dim channels);

/// Zeros before and after, for height and width. "same": in total
/// max((ceil(in / stride) − 1)·stride + (size − 1)·dilation + 1 − in, 0), the smaller half before.
struct WindowPadding {
  std::array<std::int64_t, 2> before{0, 0};
  std::array<std::int64_t, 2> after{0, 0};
};
/// `image` is (B, H, W, C).
WindowPadding padding_of(const SlidingWindow& window, const Shape& image);

}  // namespace tenon::graph
