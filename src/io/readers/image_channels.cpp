#include <fmt/format.h>

#include <limits>
#include <span>
#include <type_traits>

#include "io/readers/image.hpp"
#include "tenon/error.hpp"

namespace tenon::readers {
namespace {

/// ITU-R 601 in 16-bit fixed point, rounded; the weights add up to 65536.
template <class T>
T luma(const T* pixel) {
  if constexpr (std::is_floating_point_v<T>) {
    return T(0.299) * pixel[0] + T(0.587) * pixel[1] + T(0.114) * pixel[2];
  } else {
    const std::int64_t sum = std::int64_t{19595} * pixel[0] + std::int64_t{38470} * pixel[1] +
                             std::int64_t{7471} * pixel[2] + 0x8000;
    return static_cast<T>(sum >> 16);
  }
}

/// What is not transparent at all.
template <class T>
constexpr T opaque() {
  return std::is_floating_point_v<T> ? T(1) : std::numeric_limits<T>::max();
}

/// One pixel of `from` channels (1 to 4) as one of `to` channels (1, 3 or 4).
template <class T>
void convert_pixel(const T* in, int from, T* out, int to) {
  const bool has_colour = from >= 3;
  if (to == 1) {
    out[0] = has_colour ? luma(in) : in[0];
    return;
  }
  for (int channel = 0; channel < 3; ++channel) {
    out[channel] = has_colour ? in[channel] : in[0];
  }
  if (to == 4) {
    const bool has_alpha = from == 2 || from == 4;
    out[3] = has_alpha ? in[from - 1] : opaque<T>();
  }
}

template <class T>
Tensor convert(const Tensor& image, int to) {
  const int from = static_cast<int>(image.dim(2));
  Tensor result = Tensor::uninitialized(image.dtype(), {image.dim(0), image.dim(1), to});
  const T* in = image.data<T>().data();
  T* out = result.data<T>().data();
  const std::int64_t pixels = image.dim(0) * image.dim(1);
  for (std::int64_t pixel = 0; pixel < pixels; ++pixel, in += from, out += to) {
    convert_pixel(in, from, out, to);
  }
  return result;
}

}  // namespace

Tensor convert_channels(const Tensor& image, int channels) {
  if (channels != 0 && channels != 1 && channels != 3 && channels != 4) {
    throw_argument_error("load_image", fmt::format("channels = {}", channels),
                         "1 (grey), 3 (colour), 4 (colour and alpha) or 0 (as in the file)");
  }
  const bool is_image =
      image.defined() && image.rank() == 3 && image.dim(2) >= 1 && image.dim(2) <= 4;
  if (!is_image) {
    throw_argument_error("convert_channels", image.shape().to_string(),
                         "an image (height, width, channels) with 1 to 4 channels");
  }
  if (channels == 0 || channels == image.dim(2)) {
    return image;
  }
  switch (image.dtype()) {
    case DType::kUInt16:
      return convert<std::uint16_t>(image, channels);
    case DType::kInt8:
      return convert<std::int8_t>(image, channels);
    case DType::kInt16:
      return convert<std::int16_t>(image, channels);
    case DType::kInt32:
      return convert<std::int32_t>(image, channels);
    case DType::kInt64:
      return convert<std::int64_t>(image, channels);
    case DType::kFloat32:
      return convert<float>(image, channels);
    case DType::kFloat64:
      return convert<double>(image, channels);
    default:
      return convert<std::uint8_t>(image, channels);
  }
}

}  // namespace tenon::readers
