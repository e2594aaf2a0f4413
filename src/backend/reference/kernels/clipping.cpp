#include <algorithm>
#include <cmath>

#include "backend/reference/kernel.hpp"

namespace tenon::backend::reference {
namespace {

template <class T>
double sum_of_squares(const KernelContext& context, int port) {
  const T* g = context.input<T>(port);
  double sum = 0.0;
  for (std::int64_t i = 0; i < context.input_size(port); ++i) {
    sum += static_cast<double>(g[i]) * static_cast<double>(g[i]);
  }
  return sum;
}

/// y = g · limit / max(norm, limit)
template <class T>
void scale_to_limit(const KernelContext& context, int port, double norm) {
  const double limit = context.attributes<ops::ClipAttributes>().limit;
  const T scale = static_cast<T>(limit / std::max(limit, norm));
  const T* g = context.input<T>(port);
  T* y = context.output<T>(port);
  for (std::int64_t i = 0; i < context.output_size(port); ++i) {
    y[i] = g[i] * scale;
  }
}

template <class T>
void clip_by_value(const KernelContext& context) {
  const T limit = static_cast<T>(context.attributes<ops::ClipAttributes>().limit);
  const T* g = context.input<T>(0);
  T* y = context.output<T>(0);
  for (std::int64_t i = 0; i < context.output_size(0); ++i) {
    y[i] = std::clamp(g[i], -limit, limit);
  }
}

template <class T>
void clip_by_norm(const KernelContext& context) {
  scale_to_limit<T>(context, 0, std::sqrt(sum_of_squares<T>(context, 0)));
}

template <class T>
void clip_by_global_norm(const KernelContext& context) {
  double sum = 0.0;
  for (int port = 0; port < context.num_inputs(); ++port) {
    sum += sum_of_squares<T>(context, port);
  }
  for (int port = 0; port < context.num_inputs(); ++port) {
    scale_to_limit<T>(context, port, std::sqrt(sum));
  }
}

constexpr KernelEntry kKernels[] = {
    {ops::OpKind::kClipByValue, clip_by_value<float>, clip_by_value<double>},
    {ops::OpKind::kClipByNorm, clip_by_norm<float>, clip_by_norm<double>},
    {ops::OpKind::kClipByGlobalNorm, clip_by_global_norm<float>, clip_by_global_norm<double>},
};

}  // namespace

std::span<const KernelEntry> clip_kernels() { return kKernels; }

}  // namespace tenon::backend::reference
