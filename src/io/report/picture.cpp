#include "io/report/picture.hpp"

#include <algorithm>
#include <cmath>

namespace tenon::report {
namespace {

constexpr std::int64_t kGap = 4;
constexpr std::uint8_t kGround = 40;

struct ValueBounds {
  float low = 0.0F;
  float high = 1.0F;
};

ValueBounds range_of(const Tensor& image, DType original) {
  if (original == DType::kUInt8) return {0.0F, 255.0F};
  if (original == DType::kUInt16) return {0.0F, 65535.0F};
  const auto values = image.data<float>();
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  if (*low >= 0.0F && *high <= 1.0F) return {};
  return {*low, *high > *low ? *high : *low + 1.0F};
}

}  // namespace

void draw_image(Tensor& ground, const Tensor& image, const Frame& frame) {
  const Tensor floats = image.cast(DType::kFloat32);
  const ValueBounds range = range_of(floats, image.dtype());
  const auto from = floats.data<float>();
  const auto to = ground.data<std::uint8_t>();
  const std::int64_t channels = image.dim(2);
  for (std::int64_t y = 0; y < frame.height; ++y) {
    const std::int64_t source_y = y * image.dim(0) / frame.height;
    for (std::int64_t x = 0; x < frame.width; ++x) {
      const std::int64_t source_x = x * image.dim(1) / frame.width;
      for (std::int64_t c = 0; c < 3; ++c) {
        const std::int64_t source =
            (source_y * image.dim(1) + source_x) * channels + (channels == 3 ? c : 0);
        const float share =
            (from[static_cast<std::size_t>(source)] - range.low) / (range.high - range.low);
        const std::int64_t target = ((frame.top + y) * ground.dim(1) + frame.left + x) * 3 + c;
        to[static_cast<std::size_t>(target)] =
            static_cast<std::uint8_t>(std::lround(255.0F * std::clamp(share, 0.0F, 1.0F)));
      }
    }
  }
}

bool is_image(const Tensor& tensor) {
  if (!tensor.defined() || tensor.rank() != 3 || tensor.size() == 0) return false;
  return tensor.dtype() != DType::kString && (tensor.dim(2) == 1 || tensor.dim(2) == 3);
}

Tensor picture_grid(const std::vector<std::vector<Tensor>>& rows, std::int64_t cell) {
  std::size_t columns = 0;
  for (const auto& row : rows) columns = std::max(columns, row.size());
  const std::int64_t step = cell + kGap;
  Tensor ground(DType::kUInt8, {static_cast<std::int64_t>(rows.size()) * step + kGap,
                                static_cast<std::int64_t>(columns) * step + kGap, 3});
  std::fill_n(ground.data<std::uint8_t>().begin(), ground.size(), kGround);
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::size_t c = 0; c < rows[r].size(); ++c) {
      if (!is_image(rows[r][c])) continue;
      draw_image(ground, rows[r][c],
                 {kGap + static_cast<std::int64_t>(r) * step,
                  kGap + static_cast<std::int64_t>(c) * step, cell, cell});
    }
  }
  return ground;
}

}  // namespace tenon::report
