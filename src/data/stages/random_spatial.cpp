#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "data/arguments.hpp"
#include "data/stages/entries.hpp"
#include "data/stages/spatial_stage.hpp"

namespace tenon::data {
namespace {

using Interval = std::array<double, 2>;
using Matrix = std::array<double, 9>;

/// All keys lie on one grid, so that one draw means the same in all.
void require_one_grid(const std::string& stage, std::span<const std::string> keys,
                      std::span<const Size3D> sizes) {
  for (std::size_t i = 1; i < sizes.size(); ++i) {
    if (sizes[i] == sizes[0]) continue;
    throw DataError(
        make_diagnostic("S008",
                        fmt::format("{}: {} is {} voxels, but {} is {}", stage, quote_key(keys[i]),
                                    to_text(sizes[i]), quote_key(keys[0]), to_text(sizes[0])),
                        {"expected: one grid for all keys of the stage"}));
  }
}

class RandomRotate90Stage final : public SpatialStage {
 public:
  RandomRotate90Stage(Keys keys, std::array<int, 2> axes, double probability,
                      SourceLocation location)
      : SpatialStage("random_rotate_90", std::move(keys), location),
        axes_(axes),
        probability_(probability) {}

 protected:
  TensorSpec spec_after(const TensorSpec& spec, std::string& problem) const override {
    if (!spec.rank_known) return spec;
    if (!is_volume(spec) && (axes_[0] == 0 || axes_[1] == 0)) {
      problem = fmt::format("it is {}, which has no depth", spec.to_string());
      return spec;
    }
    auto size = spatial_size(spec);
    Dim& a = size[static_cast<std::size_t>(axes_[0])];
    Dim& b = size[static_cast<std::size_t>(axes_[1])];
    if (a.known() && a == b) return spec;
    a = b = Dim::unknown();
    return with_spatial_size(spec, size);
  }

  /// As numpy.rot90: from the first axis towards the second, 1 to 3 times.
  void work(std::span<Value> values, Random& random) const override {
    const bool chosen = random.next_double() < probability_;
    const auto turns = static_cast<int>(1 + random.next_below(3));
    if (!chosen) return;
    std::array<int, 3> from{0, 1, 2};
    std::array<bool, 3> flipped{};
    const auto a = static_cast<std::size_t>(axes_[0]);
    const auto b = static_cast<std::size_t>(axes_[1]);
    if (turns != 2) std::swap(from[a], from[b]);
    // One turn: new[i, j] = old[j, n - 1 - i].
    flipped[a] = turns == 1 || turns == 2;
    flipped[b] = turns == 3 || turns == 2;
    for (Value& value : values) value.tensor = reorient(value.tensor, from, flipped);
  }

  std::string more_arguments() const override {
    return fmt::format("axes=[{}, {}], probability={}", axes_[0], axes_[1], probability_);
  }

 private:
  std::array<int, 2> axes_;
  double probability_;
};

Matrix product(const Matrix& a, const Matrix& b) {
  return IndexTransform{a, {}}.after({b, {}}).matrix;
}

/// A turn by `angle` radians in the plane of two axes.
Matrix turn(std::size_t a, std::size_t b, double angle) {
  Matrix m{1, 0, 0, 0, 1, 0, 0, 0, 1};
  m[a * 3 + a] = m[b * 3 + b] = std::cos(angle);
  m[a * 3 + b] = -std::sin(angle);
  m[b * 3 + a] = std::sin(angle);
  return m;
}

/// Turns, scales and shears around the middle of the grid: where voxel i of the result lies in the
/// old one.
IndexTransform around_middle(const Matrix& matrix, const Size3D& size,
                             const std::array<double, 3>& shift) {
  IndexTransform to_old{matrix, {}};
  std::array<double, 3> middle{};
  for (std::size_t axis = 0; axis < 3; ++axis)
    middle[axis] = static_cast<double>(size[axis] - 1) / 2.0;
  const std::array<double, 3> moved = to_old(middle);
  for (std::size_t axis = 0; axis < 3; ++axis)
    to_old.offset[axis] = middle[axis] - moved[axis] - shift[axis];
  return to_old;
}

/// What random_affine and random_elastic share: the keys' grid, interpolation and border.
class RandomResample : public SpatialStage {
 public:
  RandomResample(std::string name, Keys keys, std::vector<bool> linear,
                 std::optional<double> outside, double probability, SourceLocation location)
      : SpatialStage(std::move(name), std::move(keys), location),
        linear_(std::move(linear)),
        outside_(outside),
        probability_(probability) {}

 protected:
  void work(std::span<Value> values, Random& random) const override {
    const bool chosen = random.next_double() < probability_;
    std::vector<Size3D> sizes;
    for (const Value& value : values) sizes.push_back(Grid(value.tensor.shape()).size);
    require_one_grid(name(), keys(), sizes);
    if (!chosen) return;
    const bool is_image = values.front().tensor.rank() != 4;
    move(values, sizes.front(), is_image, random);
  }
  virtual void move(std::span<Value> values, const Size3D& size, bool is_image,
                    Random& random) const = 0;

  ResampleOptions options_of(std::size_t position) const {
    return {.linear = linear_[position], .outside = outside_};
  }
  /// An augmented sample is taken for one of its own on the same grid.
  template <class Move>
  static void move_each(std::span<Value> values, const Move& move) {
    for (Value& value : values) {
      Tensor moved = move(value);
      moved.clear_geometry();
      if (value.tensor.geometry() != nullptr) moved.set_geometry(*value.tensor.geometry());
      value.tensor = std::move(moved);
    }
  }
  std::string more_arguments() const override {
    return fmt::format("linear=[{}], outside={}, probability={}", fmt::join(linear_, ", "),
                       outside_ ? fmt::format("{}", *outside_) : "border", probability_);
  }

 private:
  std::vector<bool> linear_;
  std::optional<double> outside_;
  double probability_;
};

class RandomAffineStage final : public RandomResample {
 public:
  RandomAffineStage(Keys keys, RandomAffineOptions options, std::vector<bool> linear,
                    SourceLocation location)
      : RandomResample("random_affine", std::move(keys), std::move(linear), options.outside,
                       options.probability, location),
        options_(std::move(options)) {}

 protected:
  void move(std::span<Value> values, const Size3D& size, bool is_image,
            Random& random) const override {
    const IndexTransform to_old = draw(size, is_image, random);
    move_each(values, [&](const Value& value) {
      return resample(value.tensor, size, to_old, options_of(value.position));
    });
  }

  std::string more_arguments() const override {
    return fmt::format("rotate=[{}], scale=[{}], shear=[{}], translate=[{}], {}",
                       fmt::join(options_.rotate, ", "), fmt::join(options_.scale, ", "),
                       fmt::join(options_.shear, ", "), fmt::join(options_.translate, ", "),
                       RandomResample::more_arguments());
  }

 private:
  /// All numbers are drawn whatever the rank, so that a draw has one length.
  IndexTransform draw(const Size3D& size, bool is_image, Random& random) const {
    constexpr double kDegree = std::numbers::pi / 180.0;
    std::array<double, 3> angle{};
    std::array<double, 3> shear{};
    std::array<double, 3> shift{};
    for (double& one : angle) one = even_between(random, options_.rotate) * kDegree;
    const double scale = even_between(random, options_.scale);
    for (double& one : shear) one = even_between(random, options_.shear);
    for (double& one : shift) one = even_between(random, options_.translate);
    Matrix m = turn(1, 2, angle[0]);
    Matrix slant{1, 0, 0, 0, 1, shear[0], 0, 0, 1};
    if (!is_image) {
      m = product(m, product(turn(0, 1, angle[1]), turn(0, 2, angle[2])));
      slant[1] = shear[1];
      slant[2] = shear[2];
    }
    m = product(m, slant);
    for (std::size_t i = 0; i < 9; ++i) {
      const bool depth_of_image = is_image && i == 0;
      if (!depth_of_image) m[i] /= scale;
    }
    if (is_image) shift[0] = 0.0;
    return around_middle(m, size, shift);
  }

  RandomAffineOptions options_;
};

class RandomElasticStage final : public RandomResample {
 public:
  RandomElasticStage(Keys keys, RandomElasticOptions options, std::vector<bool> linear,
                     SourceLocation location)
      : RandomResample("random_elastic", std::move(keys), std::move(linear), options.outside,
                       options.probability, location),
        options_(std::move(options)) {}

 protected:
  void move(std::span<Value> values, const Size3D& size, bool is_image,
            Random& random) const override {
    const double magnitude = even_between(random, options_.magnitude);
    DisplacementField field;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const double nodes =
          std::ceil(static_cast<double>(size[axis]) / options_.node_distance) + 1.0;
      field.nodes[axis] = std::max<std::int64_t>(2, static_cast<std::int64_t>(nodes));
    }
    if (is_image) field.nodes[0] = 1;
    const auto count = static_cast<std::size_t>(field.nodes[0] * field.nodes[1] * field.nodes[2]);
    field.shifts.resize(count);
    for (auto& shift : field.shifts) {
      for (float& along : shift) along = static_cast<float>(magnitude) * random.next_normal();
      if (is_image) shift[0] = 0.0F;
    }
    move_each(values, [&](const Value& value) {
      return resample(value.tensor, size, {}, field, options_of(value.position));
    });
  }

  std::string more_arguments() const override {
    return fmt::format("magnitude=[{}], node_distance={}, {}", fmt::join(options_.magnitude, ", "),
                       options_.node_distance, RandomResample::more_arguments());
  }

 private:
  RandomElasticOptions options_;
};

std::vector<std::string> words_of(const Arguments& arguments) {
  if (!arguments.has("interpolation")) return {"linear"};
  return arguments.texts("interpolation");
}

std::optional<double> outside_of(const Arguments& arguments) {
  if (!arguments.has("outside")) return std::nullopt;
  return arguments.number("outside", 0.0);
}

std::vector<ArgumentDescriptor> resample_arguments() {
  return {{"interpolation", ArgumentType::kTextList, false, "[\"linear\"]",
           "\"linear\" or \"nearest\" (for labels), once or once per key"},
          {"outside", ArgumentType::kNumber, false, "",
           "what is met outside of the volume; left out: the nearest voxel of the border"},
          {"probability", ArgumentType::kNumber, false, "0.2", "of a sample to be changed"}};
}

int axis_named(const std::string& axis) {
  if (axis == "depth") return 0;
  if (axis == "height") return 1;
  return axis == "width" ? 2 : -1;
}

}  // namespace

StageEntry random_rotate_90_entry() {
  return {"random_rotate_90",
          "turns all keys of a sample together by 90, 180 or 270 degrees",
          {{"keys", ArgumentType::kTextList, true, "", "which keys"},
           {"axes", ArgumentType::kTextList, false, "[\"height\", \"width\"]",
            "the plane: two of \"depth\", \"height\", \"width\""},
           {"probability", ArgumentType::kNumber, false, "0.5", "of a sample to be changed"}},
          [](const Dataset& dataset, const ArgumentMap& given, SourceLocation location) {
            const Arguments arguments("random_rotate_90", given);
            std::vector<std::string> axes{"height", "width"};
            if (arguments.has("axes")) axes = arguments.texts("axes");
            return dataset.random_rotate_90(arguments.texts("keys"), std::move(axes),
                                            arguments.number("probability", 0.5), location);
          }};
}

StageEntry random_affine_entry() {
  std::vector<ArgumentDescriptor> arguments{
      {"keys", ArgumentType::kTextList, true, "", "which keys, on one grid"},
      {"rotate", ArgumentType::kNumberList, false, "[0.0, 0.0]",
       "[lowest, highest] degrees, drawn for each plane"},
      {"scale", ArgumentType::kNumberList, false, "[1.0, 1.0]", "above 1 magnifies"},
      {"shear", ArgumentType::kNumberList, false, "[0.0, 0.0]", "voxels per voxel"},
      {"translate", ArgumentType::kNumberList, false, "[0.0, 0.0]", "voxels, drawn for each axis"}};
  std::ranges::move(resample_arguments(), std::back_inserter(arguments));
  return {"random_affine",
          "turns, scales, shears and shifts all keys of a sample together, about the middle",
          std::move(arguments),
          [](const Dataset& dataset, const ArgumentMap& given, SourceLocation location) {
            const Arguments a("random_affine", given);
            RandomAffineOptions options;
            options.rotate = a.interval("rotate", options.rotate);
            options.scale = a.interval("scale", options.scale);
            options.shear = a.interval("shear", options.shear);
            options.translate = a.interval("translate", options.translate);
            options.interpolation = words_of(a);
            options.outside = outside_of(a);
            options.probability = a.number("probability", options.probability);
            return dataset.random_affine(a.texts("keys"), std::move(options), location);
          }};
}

StageEntry random_elastic_entry() {
  std::vector<ArgumentDescriptor> arguments{
      {"keys", ArgumentType::kTextList, true, "", "which keys, on one grid"},
      {"magnitude", ArgumentType::kNumberList, false, "[0.0, 4.0]",
       "[lowest, highest] standard deviation of the shifts, voxels"},
      {"node_distance", ArgumentType::kNumber, false, "16.0",
       "voxels between two points that are shifted at random"}};
  std::ranges::move(resample_arguments(), std::back_inserter(arguments));
  return {"random_elastic", "bends all keys of a sample together", std::move(arguments),
          [](const Dataset& dataset, const ArgumentMap& given, SourceLocation location) {
            const Arguments a("random_elastic", given);
            RandomElasticOptions options;
            options.magnitude = a.interval("magnitude", options.magnitude);
            options.node_distance = a.number("node_distance", options.node_distance);
            options.interpolation = words_of(a);
            options.outside = outside_of(a);
            options.probability = a.number("probability", options.probability);
            return dataset.random_elastic(a.texts("keys"), std::move(options), location);
          }};
}

}  // namespace tenon::data

namespace tenon {

Dataset Dataset::random_rotate_90(Keys keys, std::vector<std::string> axes, double probability,
                                  Here location) const {
  data::require_some_keys("random_rotate_90", keys);
  data::require_probability("random_rotate_90", probability);
  std::array<int, 2> plane{-1, -1};
  if (axes.size() == 2) plane = {data::axis_named(axes[0]), data::axis_named(axes[1])};
  if (plane[0] < 0 || plane[1] < 0 || plane[0] == plane[1]) {
    throw_argument_error("random_rotate_90", fmt::format("axes = [{}]", data::join_texts(axes)),
                         "two of \"depth\", \"height\", \"width\"");
  }
  return stage(
      std::make_shared<data::RandomRotate90Stage>(std::move(keys), plane, probability, location));
}

Dataset Dataset::random_affine(Keys keys, RandomAffineOptions options, Here location) const {
  data::require_some_keys("random_affine", keys);
  data::require_probability("random_affine", options.probability);
  data::require_interval("random_affine", "rotate", options.rotate);
  data::require_interval("random_affine", "scale", options.scale, 0.01);
  data::require_interval("random_affine", "shear", options.shear);
  data::require_interval("random_affine", "translate", options.translate);
  auto linear = data::linear_argument("random_affine", options.interpolation, keys.size());
  return stage(std::make_shared<data::RandomAffineStage>(std::move(keys), std::move(options),
                                                         std::move(linear), location));
}

Dataset Dataset::random_elastic(Keys keys, RandomElasticOptions options, Here location) const {
  data::require_some_keys("random_elastic", keys);
  data::require_probability("random_elastic", options.probability);
  data::require_interval("random_elastic", "magnitude", options.magnitude, 0.0);
  if (!(options.node_distance >= 2.0) || !std::isfinite(options.node_distance)) {
    throw_argument_error("random_elastic", fmt::format("node_distance = {}", options.node_distance),
                         "2 voxels or more");
  }
  auto linear = data::linear_argument("random_elastic", options.interpolation, keys.size());
  return stage(std::make_shared<data::RandomElasticStage>(std::move(keys), std::move(options),
                                                          std::move(linear), location));
}

}  // namespace tenon
