#include <algorithm>
#include <cmath>

#include "backend/reference/kernel.hpp"
#include "backend/reference/loops.hpp"

namespace tenon::backend::reference {
namespace {

/// The two places of x, along one axis, that a place of y is mixed from; weights add up to 1.
template <class T>
struct Mix {
  std::int64_t low;
  std::int64_t high;
  T low_weight;
  T high_weight;
};

/// Nearest takes floor(place / factor). Bilinear looks at half-pixel centres, (place + ½) / factor
/// − ½, and repeats the border outside.
template <class T>
Mix<T> mix_at(std::int64_t place, std::int64_t factor, std::int64_t size, bool bilinear) {
  if (!bilinear) {
    return {place / factor, place / factor, T(1), T(0)};
  }
  const T centre = (static_cast<T>(place) + T(0.5)) / static_cast<T>(factor) - T(0.5);
  const T floor = std::floor(centre);
  const auto low = static_cast<std::int64_t>(floor);
  return {std::max<std::int64_t>(low, 0), std::min(low + 1, size - 1), 1 - (centre - floor),
          centre - floor};
}

/// Calls visit(offset in small, offset in large, weight) for each pixel of the large image and
/// each of those of the small one that it is mixed from.
template <class T, class Visit>
void for_each_mix(const ImageSize& small, const ImageSize& large,
                  const ops::UpSamplingAttributes& attributes, Visit visit) {
  const auto factors = with_depth(attributes.size, 1);
  for (std::int64_t pixel = 0; pixel < large.batch * large.pixels(); ++pixel) {
    const auto place = place_in(large.size, pixel % large.pixels());
    const auto mix = [&](std::size_t axis) {
      return mix_at<T>(place[axis], factors[axis], small.size[axis], attributes.bilinear);
    };
    const Mix<T> rows = mix(1);
    const Mix<T> columns = mix(2);
    const std::int64_t layer = pixel / large.pixels() * small.size[0] + place[0] / factors[0];
    const auto offset = [&](std::int64_t row, std::int64_t column) {
      return ((layer * small.size[1] + row) * small.size[2] + column) * small.channels;
    };
    const std::int64_t at = pixel * large.channels;
    visit(offset(rows.low, columns.low), at, rows.low_weight * columns.low_weight);
    if (attributes.bilinear) {
      visit(offset(rows.low, columns.high), at, rows.low_weight * columns.high_weight);
      visit(offset(rows.high, columns.low), at, rows.high_weight * columns.low_weight);
      visit(offset(rows.high, columns.high), at, rows.high_weight * columns.high_weight);
    }
  }
}

template <class T>
void up_sampling(const KernelContext& context) {
  const T* x = context.input<T>(0);
  T* y = context.output<T>(0);
  const ImageSize small(context.input_shape(0));
  std::fill_n(y, context.output_size(0), T(0));
  for_each_mix<T>(small, ImageSize(context.output_shape(0)),
                  context.attributes<ops::UpSamplingAttributes>(),
                  [&](std::int64_t at_small, std::int64_t at_large, T weight) {
                    add_scaled(weight, x + at_small, y + at_large, small.channels);
                  });
}

template <class T>
void up_sampling_backward(const KernelContext& context) {
  const T* dy = context.input<T>(0);
  T* dx = context.output<T>(0);
  const ImageSize small(context.output_shape(0));
  std::fill_n(dx, context.output_size(0), T(0));
  for_each_mix<T>(small, ImageSize(context.input_shape(0)),
                  context.attributes<ops::UpSamplingAttributes>(),
                  [&](std::int64_t at_small, std::int64_t at_large, T weight) {
                    add_scaled(weight, dy + at_large, dx + at_small, small.channels);
                  });
}

constexpr KernelEntry kKernels[] = {
    {ops::OpKind::kUpSampling, up_sampling<float>, up_sampling<double>},
    {ops::OpKind::kUpSamplingBackward, up_sampling_backward<float>, up_sampling_backward<double>},
};

}  // namespace

std::span<const KernelEntry> image_kernels() { return kKernels; }

}  // namespace tenon::backend::reference
