#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

#include "ops/descriptor.hpp"

namespace tenon::ops {

// What shape rules are written with. All throw ShapeError whose message begins with the node's name
// and op and ends with the shapes of all inputs.

/// S002: the inputs do not fit the op or each other.
[[noreturn]] void fail_shape(const InferContext& context, const std::string& what);
/// A001: an attribute is outside of what the op takes.
[[noreturn]] void fail_attribute(const InferContext& context, const std::string& what);

bool has_input(const InferContext& context, std::size_t port);
/// The value of a connected port.
const Value& input(const InferContext& context, std::size_t port);
const Shape& input_shape(const InferContext& context, std::size_t port);

[[noreturn]] void fail_attribute_type(const InferContext& context);
/// The node's attributes of type T.
template <class T>
const T& attributes_of(const InferContext& context) {
  const T* attributes = std::get_if<T>(&context.node.attributes);
  if (attributes == nullptr) fail_attribute_type(context);
  return *attributes;
}
/// … of a node whose shape rule has passed.
template <class T>
const T& attributes_of(const Node& node) {
  return std::get<T>(node.attributes);
}

/// `axes` names them: "(N, H, W, C)".
void require_rank(const InferContext& context, std::size_t port, int rank, std::string_view axes);
/// Four axes, or five with a depth. `axes` names them: "(N, [D,] H, W, C)".
void require_image(const InferContext& context, std::size_t port, std::string_view axes);
/// Between the first axis and the last of an image or a volume: 2 or 3.
std::size_t spatial_axes(const Shape& image);
/// A001 unless the attribute has a number for each of `count` spatial axes.
void require_per_axis(const InferContext& context, std::string_view name, const PerAxis& numbers,
                      std::size_t count);
void require_input_shape(const InferContext& context, std::size_t port, const Shape& expected);
/// All connected inputs, opaque ones apart, have one floating dtype, which is returned.
DType require_one_floating_dtype(const InferContext& context);
/// All connected inputs have one dtype of any kind but string, which is returned.
DType require_one_dtype(const InferContext& context);
/// `axis` counted from the front. Fails if `rank` axes do not have it.
int require_axis(const InferContext& context, int axis, int rank);

void set_output(InferContext& context, std::size_t port, DType dtype, Shape shape);

/// NumPy's broadcast of both shapes.
Shape broadcast_shape(const InferContext& context, const Shape& a, const Shape& b);
/// True if `from` broadcasts to exactly `to`.
bool broadcasts_to(const Shape& from, const Shape& to);

/// A window that slides along one axis of an image.
struct Window {
  std::string_view axis;  ///< "height"
  std::int64_t input = 0;
  std::int64_t size = 1;
  std::int64_t stride = 1;
  std::int64_t pad_before = 0;
  std::int64_t pad_after = 0;
  std::int64_t dilation = 1;
};
/// How many places it takes: floor((before + input + after − extent) / stride) + 1.
std::int64_t window_count(const InferContext& context, const Window& window);

}  // namespace tenon::ops
