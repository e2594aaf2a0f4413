#include <algorithm>

#include "backend/reference/kernel.hpp"
#include "backend/reference/loops.hpp"

namespace tenon::backend::reference {
namespace {

template <class T>
void dense(const KernelContext& context) {
  const std::int64_t rows = context.input_shape(0)[0];
  const std::int64_t inputs = context.input_shape(1)[0];
  const std::int64_t outputs = context.input_shape(1)[1];
  const T* x = context.input<T>(0);
  const T* kernel = context.input<T>(1);
  const T* bias = context.input<T>(2);
  T* y = context.output<T>(0);
  for (std::int64_t row = 0; row < rows; ++row) {
    T* y_row = y + row * outputs;
    if (bias != nullptr) {
      std::copy_n(bias, outputs, y_row);
    } else {
      std::fill_n(y_row, outputs, T(0));
    }
    for (std::int64_t i = 0; i < inputs; ++i) {
      add_scaled(x[row * inputs + i], kernel + i * outputs, y_row, outputs);
    }
  }
}

template <class T>
void dense_backward_data(const KernelContext& context) {
  const std::int64_t rows = context.input_shape(0)[0];
  const std::int64_t inputs = context.input_shape(1)[0];
  const std::int64_t outputs = context.input_shape(1)[1];
  const T* dy = context.input<T>(0);
  const T* kernel = context.input<T>(1);
  T* dx = context.output<T>(0);
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t i = 0; i < inputs; ++i) {
      dx[row * inputs + i] = inner_product(kernel + i * outputs, dy + row * outputs, outputs);
    }
  }
}

template <class T>
void dense_backward_weights(const KernelContext& context) {
  const std::int64_t rows = context.input_shape(0)[0];
  const std::int64_t inputs = context.input_shape(0)[1];
  const std::int64_t outputs = context.input_shape(1)[1];
  const T* x = context.input<T>(0);
  const T* dy = context.input<T>(1);
  if (T* dkernel = context.output<T>(0)) {
    std::fill_n(dkernel, inputs * outputs, T(0));
    for (std::int64_t row = 0; row < rows; ++row) {
      for (std::int64_t i = 0; i < inputs; ++i) {
        add_scaled(x[row * inputs + i], dy + row * outputs, dkernel + i * outputs, outputs);
      }
    }
  }
  if (T* dbias = context.output<T>(1)) {
    sum_over_rows(
        rows, outputs, [&](std::int64_t element, std::int64_t) { return dy[element]; },
        [&](std::int64_t unit, double sum) { dbias[unit] = static_cast<T>(sum); });
  }
}

constexpr KernelEntry kKernels[] = {
    {ops::OpKind::kDense, dense<float>, dense<double>},
    {ops::OpKind::kDenseBackwardData, dense_backward_data<float>, dense_backward_data<double>},
    {ops::OpKind::kDenseBackwardWeights, dense_backward_weights<float>,
     dense_backward_weights<double>},
};

}  // namespace

std::span<const KernelEntry> dense_kernels() { return kKernels; }

}  // namespace tenon::backend::reference
