#include "io/report/views.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <set>

#include "io/report/picture.hpp"
#include "tenon/geometry.hpp"

namespace tenon::report {
namespace {

constexpr std::int64_t kLargestSide = 384;   ///< A side of a slice.
constexpr std::int64_t kMostChannels = 16;   ///< A last axis that is longer is one of space.
constexpr std::size_t kMostLabels = 16;      ///< Values of a label map.
constexpr std::size_t kMostSampled = 65536;  ///< Values that tell the range of a volume.

/// The values that are black and white.
struct Levels {
  float low = 0.0F;
  float high = 1.0F;

  std::uint8_t grey(float value) const {
    if (std::isnan(value)) return 0;
    return static_cast<std::uint8_t>(
        std::lround(255.0F * std::clamp((value - low) / (high - low), 0.0F, 1.0F)));
  }
};

bool is_label_map(std::span<const float> values) {
  std::set<float> known;
  for (const float value : values) {
    if (value < 0.0F || value > 255.0F || value != std::floor(value)) return false;
    if (known.insert(value).second && known.size() > kMostLabels) return false;
  }
  return true;
}

/// From the least to the greatest but for one value in two hundred at each end.
Levels levels_without_extremes(std::span<const float> values) {
  // Spread as by chance: steps of one length may hit the same column in every row.
  constexpr std::size_t kSpread = 2654435761;
  const bool all = values.size() <= kMostSampled;
  std::vector<float> some;
  for (std::size_t i = 0; i < std::min(values.size(), kMostSampled); ++i) {
    const float value = values[all ? i : i * kSpread % values.size()];
    if (std::isfinite(value)) some.push_back(value);
  }
  if (some.empty()) return {};
  std::sort(some.begin(), some.end());
  const std::size_t cut = some.size() / 200;
  Levels levels{some[cut], some[some.size() - 1 - cut]};
  if (!(levels.high > levels.low)) levels = {some.front(), some.back()};
  if (levels.low >= 0.0F && levels.high <= 1.0F && some.back() <= 1.0F) return {};
  if (!(levels.high > levels.low)) levels.high = levels.low + 1.0F;
  return levels;
}

Levels levels_of(DType dtype, std::span<const float> values, std::int64_t channels) {
  const bool labels = channels == 1 && (is_integer(dtype) || dtype == DType::kBool);
  if (labels && is_label_map(values))
    return {0.0F, std::max(1.0F, *std::max_element(values.begin(), values.end()))};
  if (dtype == DType::kUInt8) return {0.0F, 255.0F};
  return levels_without_extremes(values);
}

/// Shares of classes that add up to one.
bool are_classes(std::span<const float> values, std::int64_t channels) {
  const auto count = static_cast<std::ptrdiff_t>(channels);
  for (auto at = values.begin(); at != values.end(); at += count) {
    float sum = 0.0F;
    for (auto each = at; each != at + count; ++each) {
      if (!(*each >= 0.0F)) return false;
      sum += *each;
    }
    if (!(std::abs(sum - 1.0F) < 1e-3F)) return false;
  }
  return true;
}

/// (…, channels) as float32 with one channel: the class of most, or the first.
Tensor with_one_channel(const Tensor& floats) {
  const std::int64_t channels = floats.dim(-1);
  const auto values = floats.data<float>();
  const bool classes = are_classes(values, channels);
  Shape shape = floats.shape();
  shape[shape.dims().size() - 1] = 1;
  Tensor one(DType::kFloat32, shape);
  for (std::int64_t i = 0; i < one.size(); ++i) {
    const auto first = values.begin() + i * channels;
    one.data<float>()[static_cast<std::size_t>(i)] =
        classes ? static_cast<float>(std::max_element(first, first + channels) - first) : *first;
  }
  return one;
}

/// Values that can be drawn: (depth, height, width, 1 or 3) as float32, and what is black and
/// white.
struct Block {
  Tensor values;
  Levels levels;
};

Block block_of(const Tensor& value, const Shape& shape) {
  Tensor floats = value.cast(DType::kFloat32).reshape(shape);
  DType dtype = value.dtype();
  if (shape.dims().back() != 1 && shape.dims().back() != 3) {
    floats = with_one_channel(floats);
    if (are_classes(value.cast(DType::kFloat32).data<float>(), shape.dims().back()))
      dtype = DType::kInt64;
  }
  const Levels levels = levels_of(dtype, floats.data<float>(), floats.dim(-1));
  return {std::move(floats), levels};
}

/// How the slices across one axis are shown.
struct View {
  int across = 0;
  int down = 1;
  int right = 2;
  bool turn_down = false;   ///< The index grows upwards in the picture.
  bool turn_right = false;  ///< … to the left.
  std::string word;
};

bool is_one_of(char letter, std::string_view letters) {
  return letters.find(letter) != std::string_view::npos;
}

/// As radiologists look at them: `sides` names where the index of each axis grows to.
View view_of_sides(int across, const std::string& sides) {
  View view{across, across == 0 ? 1 : 0, across == 2 ? 1 : 2, false, false, ""};
  const auto side = [&](int axis) { return sides[static_cast<std::size_t>(axis)]; };
  const bool axial = is_one_of(side(across), "SI");
  view.word = axial ? "axial" : is_one_of(side(across), "AP") ? "coronal" : "sagittal";
  const std::string_view vertical = axial ? "AP" : "SI";
  if (!is_one_of(side(view.down), vertical)) std::swap(view.down, view.right);
  view.turn_down = is_one_of(side(view.down), "AS");
  view.turn_right = is_one_of(side(view.right), "RA");
  return view;
}

View view_across(int across, const Geometry* geometry) {
  const std::string sides = geometry != nullptr ? orientation_of(*geometry) : std::string();
  if (sides.size() == 3 && is_orientation(sides)) return view_of_sides(across, sides);
  constexpr std::array<const char*, 3> kAxes = {"depth", "height", "width"};
  return {across,
          across == 0 ? 1 : 0,
          across == 2 ? 1 : 2,
          false,
          false,
          kAxes[static_cast<std::size_t>(across)]};
}

/// Height and width of the slice in pixels, in the proportions of the spacing.
std::pair<std::int64_t, std::int64_t> size_of(const Block& block, const View& view,
                                              const Geometry* geometry) {
  const auto spacing = [&](int axis) {
    const double given =
        geometry != nullptr ? geometry->spacing[static_cast<std::size_t>(axis)] : 1.0;
    return given > 0.0 && std::isfinite(given) ? given : 1.0;
  };
  const double unit = std::min(spacing(view.down), spacing(view.right));
  const double height =
      static_cast<double>(block.values.dim(view.down)) * spacing(view.down) / unit;
  const double width =
      static_cast<double>(block.values.dim(view.right)) * spacing(view.right) / unit;
  const double scale = std::min(1.0, static_cast<double>(kLargestSide) / std::max(height, width));
  const auto pixels = [&](double side) {
    return std::max<std::int64_t>(static_cast<std::int64_t>(std::llround(side * scale)), 1);
  };
  return {pixels(height), pixels(width)};
}

/// The middle slice, uint8 (height, width, 1 or 3).
Tensor middle_slice(const Block& block, const View& view, const Geometry* geometry) {
  const auto [height, width] = size_of(block, view, geometry);
  const std::int64_t channels = block.values.dim(3);
  Tensor picture(DType::kUInt8, {height, width, channels});
  const auto from = block.values.data<float>();
  const auto to = picture.data<std::uint8_t>();
  std::array<std::int64_t, 3> at{};
  at[static_cast<std::size_t>(view.across)] = block.values.dim(view.across) / 2;
  const auto place = [](std::int64_t pixel, std::int64_t pixels, std::int64_t voxels, bool turned) {
    return (turned ? pixels - 1 - pixel : pixel) * voxels / pixels;
  };
  std::size_t target = 0;
  for (std::int64_t y = 0; y < height; ++y) {
    at[static_cast<std::size_t>(view.down)] =
        place(y, height, block.values.dim(view.down), view.turn_down);
    for (std::int64_t x = 0; x < width; ++x) {
      at[static_cast<std::size_t>(view.right)] =
          place(x, width, block.values.dim(view.right), view.turn_right);
      const std::int64_t voxel =
          (at[0] * block.values.dim(1) + at[1]) * block.values.dim(2) + at[2];
      for (std::int64_t c = 0; c < channels; ++c)
        to[target++] = block.levels.grey(from[static_cast<std::size_t>(voxel * channels + c)]);
    }
  }
  return picture;
}

using Views = std::vector<std::pair<std::string, Tensor>>;

Views views_of_volume(const std::string& key, const Tensor& value, const Shape& shape) {
  const Block block = block_of(value, shape);
  Views views;
  for (int across = 0; across < 3; ++across) {
    const View view = view_across(across, value.geometry());
    if (block.values.dim(view.down) == 1 || block.values.dim(view.right) == 1) continue;
    views.emplace_back(fmt::format("{} {} {}", key, view.word, block.values.dim(across) / 2),
                       middle_slice(block, view, value.geometry()));
  }
  // Whatever the order of the axes: axial, coronal, sagittal; depth, height, width.
  std::ranges::sort(views, {}, &Views::value_type::first);
  return views;
}

Tensor drawn_image(const Tensor& value, const Shape& shape) {
  const Block block = block_of(value, shape);
  return middle_slice(block, {}, nullptr);
}

}  // namespace

std::vector<std::pair<std::string, Tensor>> views_of(const std::string& key, const Tensor& value) {
  const bool numbers = value.defined() && value.dtype() != DType::kString && value.size() > 0;
  if (!numbers || value.rank() < 2 || value.rank() > 4) return {};
  const std::vector<std::int64_t>& dims = value.shape().dims();
  if (value.rank() == 4) return views_of_volume(key, value, value.shape());
  if (value.rank() == 3 && dims[2] > kMostChannels)
    return views_of_volume(key, value, {dims[0], dims[1], dims[2], 1});
  if (value.rank() == 2 && std::min(dims[0], dims[1]) == 1) return {};
  if (is_image(value) && (dims[2] == 3 || is_floating(value.dtype()))) return {{key, value}};
  return {{key, drawn_image(value, {1, dims[0], dims[1], value.rank() == 2 ? 1 : dims[2]})}};
}

}  // namespace tenon::report
