#include <algorithm>
#include <cmath>

#include "backend/reference/kernel.hpp"

namespace tenon::backend::reference {
namespace {

/// The lines of an array along one axis: element i of a line stands at begin + i · step.
struct Lines {
  std::int64_t outer = 1;
  std::int64_t length = 1;
  std::int64_t step = 1;

  explicit Lines(const KernelContext& context) {
    const Shape& shape = context.output_shape(0);
    const int given = context.attributes<ops::AxisAttributes>().axis;
    const int axis = given < 0 ? given + shape.rank() : given;
    for (int i = 0; i < shape.rank(); ++i) {
      const std::int64_t size = shape[static_cast<std::size_t>(i)];
      (i < axis ? outer : i == axis ? length : step) *= size;
    }
  }

  template <class Visit>
  void for_each(Visit visit) const {
    for (std::int64_t i = 0; i < outer; ++i) {
      for (std::int64_t j = 0; j < step; ++j) {
        visit(i * length * step + j);
      }
    }
  }
};

/// log Σ e^x of a line, and its largest x, by which nothing overflows.
template <class T>
T log_sum_exp(const T* x, const Lines& lines) {
  T largest = x[0];
  for (std::int64_t i = 1; i < lines.length; ++i) {
    largest = std::max(largest, x[i * lines.step]);
  }
  T sum = 0;
  for (std::int64_t i = 0; i < lines.length; ++i) {
    sum += std::exp(x[i * lines.step] - largest);
  }
  return largest + std::log(sum);
}

template <class T>
void softmax(const KernelContext& context) {
  const Lines lines(context);
  lines.for_each([&](std::int64_t begin) {
    const T* x = context.input<T>(0) + begin;
    T* y = context.output<T>(0) + begin;
    T largest = x[0];
    for (std::int64_t i = 1; i < lines.length; ++i) {
      largest = std::max(largest, x[i * lines.step]);
    }
    T sum = 0;
    for (std::int64_t i = 0; i < lines.length; ++i) {
      y[i * lines.step] = std::exp(x[i * lines.step] - largest);
      sum += y[i * lines.step];
    }
    for (std::int64_t i = 0; i < lines.length; ++i) {
      y[i * lines.step] /= sum;
    }
  });
}

template <class T>
void softmax_backward(const KernelContext& context) {
  const Lines lines(context);
  lines.for_each([&](std::int64_t begin) {
    const T* y = context.input<T>(0) + begin;
    const T* dy = context.input<T>(1) + begin;
    T* dx = context.output<T>(0) + begin;
    T sum = 0;
    for (std::int64_t i = 0; i < lines.length; ++i) {
      sum += y[i * lines.step] * dy[i * lines.step];
    }
    for (std::int64_t i = 0; i < lines.length; ++i) {
      dx[i * lines.step] = y[i * lines.step] * (dy[i * lines.step] - sum);
    }
  });
}

template <class T>
void log_softmax(const KernelContext& context) {
  const Lines lines(context);
  lines.for_each([&](std::int64_t begin) {
    const T* x = context.input<T>(0) + begin;
    T* y = context.output<T>(0) + begin;
    const T logarithm = log_sum_exp(x, lines);
    for (std::int64_t i = 0; i < lines.length; ++i) {
      y[i * lines.step] = x[i * lines.step] - logarithm;
    }
  });
}

template <class T>
void log_softmax_backward(const KernelContext& context) {
  const Lines lines(context);
  lines.for_each([&](std::int64_t begin) {
    const T* y = context.input<T>(0) + begin;
    const T* dy = context.input<T>(1) + begin;
    T* dx = context.output<T>(0) + begin;
    T sum = 0;
    for (std::int64_t i = 0; i < lines.length; ++i) {
      sum += dy[i * lines.step];
    }
    for (std::int64_t i = 0; i < lines.length; ++i) {
      dx[i * lines.step] = dy[i * lines.step] - std::exp(y[i * lines.step]) * sum;
    }
  });
}

constexpr KernelEntry kKernels[] = {
    {ops::OpKind::kSoftmax, softmax<float>, softmax<double>},
    {ops::OpKind::kSoftmaxBackward, softmax_backward<float>, softmax_backward<double>},
    {ops::OpKind::kLogSoftmax, log_softmax<float>, log_softmax<double>},
    {ops::OpKind::kLogSoftmaxBackward, log_softmax_backward<float>, log_softmax_backward<double>},
};

}  // namespace

std::span<const KernelEntry> softmax_kernels() { return kKernels; }

}  // namespace tenon::backend::reference
