#include "cli/phantom.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <optional>

namespace tenon::cli {
namespace {

using Color = std::array<float, 3>;

/// An outline that is a circle with a few soft bumps.
struct Blob {
  float x = 0.0F;
  float y = 0.0F;
  float radius = 0.0F;
  std::array<float, 3> bump{};  ///< Share of the radius, of 2, 3 and 5 bumps around.
  std::array<float, 3> phase{};

  float radius_at(float angle) const {
    constexpr std::array<float, 3> kBumps{2.0F, 3.0F, 5.0F};
    float scale = 1.0F;
    for (std::size_t i = 0; i < kBumps.size(); ++i)
      scale += bump[i] * std::cos(kBumps[i] * angle + phase[i]);
    return radius * scale;
  }
};

float between(Random& random, float low, float high) {
  return low + (high - low) * random.next_float();
}

Blob make_blob(Random& random, float x, float y, float radius, float roughness) {
  Blob blob{x, y, radius, {}, {}};
  for (std::size_t i = 0; i < blob.bump.size(); ++i) {
    blob.bump[i] = between(random, 0.0F, roughness);
    blob.phase[i] = between(random, 0.0F, 2.0F * std::numbers::pi_v<float>);
  }
  return blob;
}

/// A picture in floats, with soft edges where blobs are laid over it.
class Canvas {
 public:
  Canvas(std::int64_t height, std::int64_t width, Color ground) : height_(height), width_(width) {
    pixels_.resize(static_cast<std::size_t>(height * width));
    std::fill(pixels_.begin(), pixels_.end(), ground);
  }

  /// `pale` > 0 lightens towards the middle.
  void lay(const Blob& blob, Color color, float opacity, float pale = 0.0F) {
    const float reach = blob.radius * 1.5F + 2.0F;
    for (std::int64_t y = first(blob.y - reach); y <= last(blob.y + reach, height_); ++y) {
      for (std::int64_t x = first(blob.x - reach); x <= last(blob.x + reach, width_); ++x) {
        const float dx = static_cast<float>(x) + 0.5F - blob.x;
        const float dy = static_cast<float>(y) + 0.5F - blob.y;
        const float distance = std::sqrt(dx * dx + dy * dy);
        const float edge = blob.radius_at(std::atan2(dy, dx));
        const float inside = std::clamp((edge - distance) / 1.5F + 0.5F, 0.0F, 1.0F);
        if (inside <= 0.0F) continue;
        const float middle = pale * std::exp(-4.0F * (distance / edge) * (distance / edge));
        Color& pixel = pixels_[static_cast<std::size_t>(y * width_ + x)];
        const float share = opacity * inside * (1.0F - middle);
        for (std::size_t c = 0; c < 3; ++c) pixel[c] += share * (color[c] - pixel[c]);
      }
    }
  }

  Tensor develop(Random& random, float noise) const {
    Tensor image = Tensor::uninitialized(DType::kUInt8, {height_, width_, 3});
    const auto out = image.data<std::uint8_t>();
    for (std::size_t i = 0; i < pixels_.size(); ++i) {
      const float grain = noise * (random.next_float() + random.next_float() - 1.0F);
      for (std::size_t c = 0; c < 3; ++c) {
        out[3 * i + c] =
            static_cast<std::uint8_t>(std::lround(std::clamp(pixels_[i][c] + grain, 0.0F, 255.0F)));
      }
    }
    return image;
  }

 private:
  static std::int64_t first(float at) {
    return std::max<std::int64_t>(0, static_cast<std::int64_t>(at));
  }
  static std::int64_t last(float at, std::int64_t size) {
    return std::min(size - 1, static_cast<std::int64_t>(at) + 1);
  }
  std::int64_t height_;
  std::int64_t width_;
  std::vector<Color> pixels_;
};

struct CellKind {
  const char* name;
  float least_radius;
  float most_radius;
  int least_count;
  int most_count;
};
constexpr std::array<CellKind, 3> kKinds{
    {{"WBC", 48.0F, 62.0F, 1, 2}, {"RBC", 30.0F, 40.0F, 5, 8}, {"Platelets", 9.0F, 15.0F, 2, 3}}};

Color varied(Random& random, Color color, float by) {
  const float shift = between(random, -by, by);
  for (float& channel : color) channel += shift + between(random, -by / 3.0F, by / 3.0F);
  return color;
}

void draw_nucleus(Canvas& canvas, Random& random, const Blob& body) {
  const int lobes = 2 + static_cast<int>(random.next_below(3));
  for (int i = 0; i < lobes; ++i) {
    const float angle = between(random, 0.0F, 2.0F * std::numbers::pi_v<float>);
    const float away = between(random, 0.1F, 0.35F) * body.radius;
    const Blob lobe =
        make_blob(random, body.x + away * std::cos(angle), body.y + away * std::sin(angle),
                  between(random, 0.4F, 0.55F) * body.radius, 0.06F);
    canvas.lay(lobe, varied(random, {112.0F, 70.0F, 150.0F}, 14.0F), 0.85F);
  }
}

void draw_cell(Canvas& canvas, Random& random, const CellKind& kind, const Blob& blob) {
  const std::string name = kind.name;
  if (name == "RBC") {
    canvas.lay(blob, varied(random, {208.0F, 150.0F, 150.0F}, 14.0F), 0.9F,
               between(random, 0.2F, 0.6F));
  } else if (name == "WBC") {
    canvas.lay(blob, varied(random, {196.0F, 172.0F, 206.0F}, 12.0F), 0.9F);
    draw_nucleus(canvas, random, blob);
  } else {
    canvas.lay(blob, varied(random, {150.0F, 112.0F, 176.0F}, 16.0F), 0.9F);
    draw_nucleus(canvas, random, blob);
  }
}

DrawnCell box_of(const CellKind& kind, const Blob& blob, std::int64_t height, std::int64_t width) {
  float left = blob.x;
  float right = blob.x;
  float top = blob.y;
  float bottom = blob.y;
  for (int i = 0; i < 90; ++i) {
    const float angle = static_cast<float>(i) * 2.0F * std::numbers::pi_v<float> / 90.0F;
    const float radius = blob.radius_at(angle);
    left = std::min(left, blob.x + radius * std::cos(angle));
    right = std::max(right, blob.x + radius * std::cos(angle));
    top = std::min(top, blob.y + radius * std::sin(angle));
    bottom = std::max(bottom, blob.y + radius * std::sin(angle));
  }
  const auto bound = [](float at, std::int64_t size) {
    return std::clamp<std::int64_t>(std::lround(at), 0, size);
  };
  return {kind.name, bound(left, width), bound(top, height), bound(right, width),
          bound(bottom, height)};
}

std::optional<Blob> find_room(Random& random, const CellKind& kind, const std::vector<Blob>& placed,
                              std::int64_t height, std::int64_t width) {
  for (int tries = 0; tries < 60; ++tries) {
    const float radius = between(random, kind.least_radius, kind.most_radius);
    const float x = between(random, radius, static_cast<float>(width) - radius);
    const float y = between(random, radius, static_cast<float>(height) - radius);
    const bool free = std::none_of(placed.begin(), placed.end(), [&](const Blob& other) {
      const float apart = std::hypot(other.x - x, other.y - y);
      return apart < 1.05F * (other.radius + radius) + 4.0F;
    });
    if (free) return make_blob(random, x, y, radius, 0.04F);
  }
  return std::nullopt;
}

}  // namespace

Smear draw_smear(Random& random, std::int64_t height, std::int64_t width) {
  Canvas canvas(height, width, varied(random, {226.0F, 214.0F, 220.0F}, 10.0F));
  Smear smear;
  std::vector<Blob> placed;
  for (const CellKind& kind : kKinds) {
    const auto more = static_cast<std::uint64_t>(kind.most_count - kind.least_count) + 1;
    const int count = kind.least_count + static_cast<int>(random.next_below(more));
    for (int i = 0; i < count; ++i) {
      const auto blob = find_room(random, kind, placed, height, width);
      if (!blob) continue;
      placed.push_back(*blob);
      draw_cell(canvas, random, kind, *blob);
      smear.cells.push_back(box_of(kind, *blob, height, width));
    }
  }
  smear.image = canvas.develop(random, 8.0F);
  return smear;
}

}  // namespace tenon::cli
