#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include "backend/reference/kernel.hpp"
#include "backend/reference/loops.hpp"

namespace tenon::backend::reference {
namespace {

/// y = operation(a, b) with NumPy's broadcasting.
template <class T, class Operation>
void broadcast(const KernelContext& context, Operation operation) {
  const T* a = context.input<T>(0);
  const T* b = context.input<T>(1);
  T* y = context.output<T>(0);
  if (context.input_shape(0) == context.input_shape(1)) {
    for (std::int64_t i = 0; i < context.output_size(0); ++i) {
      y[i] = operation(a[i], b[i]);
    }
    return;
  }
  const Shape& shape = context.output_shape(0);
  auto visit = [&](const std::array<std::int64_t, 3>& at) {
    y[at[2]] = operation(a[at[0]], b[at[1]]);
  };
  for_each_index<3>(shape,
                    {broadcast_strides(context.input_shape(0), shape),
                     broadcast_strides(context.input_shape(1), shape), strides_of(shape)},
                    visit);
}

template <class T>
void add(const KernelContext& context) {
  broadcast<T>(context, [](T a, T b) { return a + b; });
}
template <class T>
void subtract(const KernelContext& context) {
  broadcast<T>(context, [](T a, T b) { return a - b; });
}
template <class T>
void multiply(const KernelContext& context) {
  broadcast<T>(context, [](T a, T b) { return a * b; });
}
// A NaN on either side stays a NaN.
template <class T>
void maximum(const KernelContext& context) {
  broadcast<T>(context, [](T a, T b) { return a > b || std::isnan(a) ? a : b; });
}
template <class T>
void minimum(const KernelContext& context) {
  broadcast<T>(context, [](T a, T b) { return a < b || std::isnan(a) ? a : b; });
}

/// da = dy · share(a, b), db = dy · share(b, a), where share is 1 for the winner, ½ for each of two
/// equals; all of the broadcast shape.
template <class T, class Share>
void broadcast_extremum_backward(const KernelContext& context, Share share) {
  const T* a = context.input<T>(0);
  const T* b = context.input<T>(1);
  const T* dy = context.input<T>(2);
  T* da = context.output<T>(0);
  T* db = context.output<T>(1);
  const Shape& shape = context.input_shape(2);
  auto visit = [&](const std::array<std::int64_t, 3>& at) {
    if (da != nullptr) {
      da[at[2]] = dy[at[2]] * share(a[at[0]], b[at[1]]);
    }
    if (db != nullptr) {
      db[at[2]] = dy[at[2]] * share(b[at[1]], a[at[0]]);
    }
  };
  for_each_index<3>(shape,
                    {broadcast_strides(context.input_shape(0), shape),
                     broadcast_strides(context.input_shape(1), shape), strides_of(shape)},
                    visit);
}

template <class T>
void maximum_backward(const KernelContext& context) {
  broadcast_extremum_backward<T>(context, [](T own, T other) {
    return own > other ? T(1) : own == other ? T(0.5) : T(0);
  });
}
template <class T>
void minimum_backward(const KernelContext& context) {
  broadcast_extremum_backward<T>(context, [](T own, T other) {
    return own < other ? T(1) : own == other ? T(0.5) : T(0);
  });
}

template <class T>
void add_n(const KernelContext& context) {
  T* y = context.output<T>(0);
  const std::int64_t count = context.output_size(0);
  std::copy_n(context.input<T>(0), count, y);
  for (int port = 1; port < context.num_inputs(); ++port) {
    add_scaled(T(1), context.input<T>(port), y, count);
  }
}

/// Gathers the elements behind each element of y, so that each sum can be held in double.
template <class T>
void reduce_sum(const KernelContext& context) {
  const Shape& x_shape = context.input_shape(0);
  const Shape& y_shape = context.output_shape(0);
  const T* x = context.input<T>(0);
  T* y = context.output<T>(0);
  const Strides kept = broadcast_strides(y_shape, x_shape);
  const Strides x_strides = strides_of(x_shape);
  Shape outer = x_shape;
  Shape inner = x_shape;
  for (std::size_t axis = 0; axis < outer.dims().size(); ++axis) {
    (kept[axis] == 0 ? outer : inner)[axis] = 1;
  }
  auto sum_one = [&](const std::array<std::int64_t, 2>& at) {
    double sum = 0.0;
    auto accumulate = [&](const std::array<std::int64_t, 1>& step) {
      sum += static_cast<double>(x[at[0] + step[0]]);
    };
    for_each_index<1>(inner, {x_strides}, accumulate);
    y[at[1]] = static_cast<T>(sum);
  };
  for_each_index<2>(outer, {x_strides, kept}, sum_one);
}

template <class T>
void affine(const KernelContext& context) {
  const auto& attributes = context.attributes<ops::AffineAttributes>();
  const auto scales = static_cast<std::int64_t>(attributes.scale.size());
  const auto offsets = static_cast<std::int64_t>(attributes.offset.size());
  const T* x = context.input<T>(0);
  T* y = context.output<T>(0);
  for (std::int64_t i = 0; i < context.output_size(0); ++i) {
    // A list of one is for all; a longer one follows the last axis.
    y[i] = x[i] * static_cast<T>(attributes.scale[static_cast<std::size_t>(i % scales)]) +
           static_cast<T>(attributes.offset[static_cast<std::size_t>(i % offsets)]);
  }
}

/// As Tensor::cast: float to integer truncates and saturates, NaN becomes 0, bool is 0 or 1.
template <class To, class From>
To convert(From value) {
  if constexpr (std::is_same_v<From, BFloat16>) {
    return convert<To>(static_cast<float>(value));
  } else if constexpr (std::is_same_v<To, BFloat16>) {
    return BFloat16(static_cast<float>(value));
  } else if constexpr (std::is_same_v<To, bool>) {
    return value != From{0};
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    const auto wide = static_cast<double>(value);
    if (std::isnan(wide)) {
      return To{0};
    }
    // 2^63 is the first double above int64; what is below max() as a double fits.
    if (wide >= static_cast<double>(std::numeric_limits<To>::max())) {
      return std::numeric_limits<To>::max();
    }
    return wide <= static_cast<double>(std::numeric_limits<To>::min())
               ? std::numeric_limits<To>::min()
               : static_cast<To>(wide);
  } else {
    return static_cast<To>(value);
  }
}

template <class Body>
void with_numeric_type(DType dtype, Body body) {
  switch (dtype) {
    case DType::kFloat32:
      return body(float{});
    case DType::kFloat64:
      return body(double{});
    case DType::kBFloat16:
      return body(BFloat16{});
    case DType::kInt8:
      return body(std::int8_t{});
    case DType::kInt16:
      return body(std::int16_t{});
    case DType::kInt32:
      return body(std::int32_t{});
    case DType::kInt64:
      return body(std::int64_t{});
    case DType::kUInt8:
      return body(std::uint8_t{});
    case DType::kUInt16:
      return body(std::uint16_t{});
    case DType::kBool:
      return body(bool{});
    case DType::kString:
      return;
  }
}

void cast(const KernelContext& context) {
  with_numeric_type(context.input_buffer(0).dtype, [&](auto from) {
    with_numeric_type(context.output_buffer(0).dtype, [&](auto to) {
      const auto* x = context.input<decltype(from)>(0);
      auto* y = context.output<decltype(to)>(0);
      for (std::int64_t i = 0; i < context.output_size(0); ++i) {
        y[i] = convert<decltype(to)>(x[i]);
      }
    });
  });
}

constexpr KernelEntry kKernels[] = {
    {ops::OpKind::kAdd, add<float>, add<double>},
    {ops::OpKind::kSubtract, subtract<float>, subtract<double>},
    {ops::OpKind::kMultiply, multiply<float>, multiply<double>},
    {ops::OpKind::kMaximum, maximum<float>, maximum<double>},
    {ops::OpKind::kMinimum, minimum<float>, minimum<double>},
    {ops::OpKind::kMaximumBackward, maximum_backward<float>, maximum_backward<double>},
    {ops::OpKind::kMinimumBackward, minimum_backward<float>, minimum_backward<double>},
    {ops::OpKind::kAddN, add_n<float>, add_n<double>},
    {ops::OpKind::kReduceSum, reduce_sum<float>, reduce_sum<double>},
    {ops::OpKind::kAffine, affine<float>, affine<double>},
    {ops::OpKind::kCast, cast, cast},
};

}  // namespace

std::span<const KernelEntry> arithmetic_kernels() { return kKernels; }

}  // namespace tenon::backend::reference
