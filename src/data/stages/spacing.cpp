#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "data/arguments.hpp"
#include "data/stages/entries.hpp"
#include "data/stages/spatial_stage.hpp"

namespace tenon::data {
namespace {

constexpr std::int64_t kMostVoxels = std::int64_t{1} << 32;

class SpacingStage final : public SpatialKeyStage {
 public:
  SpacingStage(Keys keys, std::array<double, 3> spacing, std::vector<bool> linear,
               SourceLocation location)
      : SpatialKeyStage("spacing", std::move(keys), location),
        spacing_(spacing),
        linear_(std::move(linear)) {}

 protected:
  TensorSpec spec_after(const TensorSpec& spec, std::string& problem) const override {
    if (!spec.rank_known) return spec;
    if (!is_volume(spec)) {
      problem = fmt::format("it is {}, and only a volume has a spacing", spec.to_string());
      return spec;
    }
    return with_spatial_size(spec, {Dim::unknown(), Dim::unknown(), Dim::unknown()});
  }

  Tensor apply(const Tensor& volume, std::size_t position) const override {
    if (volume.rank() != 4) {
      throw DataError(make_diagnostic(
          "S002", fmt::format("spacing: {} is {}, and only a volume has a spacing",
                              quote_key(keys()[position]), volume.shape().to_string())));
    }
    const Geometry* geometry = volume.geometry();
    if (geometry == nullptr) {
      throw DataError(make_diagnostic(
          "S009",
          fmt::format("spacing: the spacing of {} is not known", quote_key(keys()[position])),
          {"expected: a volume with a geometry, as load_volume gives it"}));
    }
    const Grid grid(volume.shape());
    IndexTransform to_old;
    Size3D size{};
    double voxels = 1.0;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const double factor = spacing_[axis] / geometry->spacing[axis];
      const double wanted = std::round(static_cast<double>(grid.size[axis]) / factor);
      voxels *= std::max(wanted, 1.0);
      if (voxels > static_cast<double>(kMostVoxels)) throw_too_large(*geometry, position);
      size[axis] = std::max<std::int64_t>(1, static_cast<std::int64_t>(wanted));
      to_old.matrix[axis * 4] = factor;
    }
    if (size == grid.size && geometry->spacing == spacing_) return volume;
    return resample(volume, size, to_old, {.linear = linear_[position]});
  }

  std::string more_arguments() const override {
    return fmt::format("spacing=[{}], linear=[{}]", fmt::join(spacing_, ", "),
                       fmt::join(linear_, ", "));
  }

 private:
  [[noreturn]] void throw_too_large(const Geometry& geometry, std::size_t position) const {
    throw DataError(make_diagnostic(
        "S009",
        fmt::format("spacing: {} would become more than 2^32 voxels", quote_key(keys()[position])),
        {fmt::format("its spacing is {} mm, wanted are {} mm", fmt::join(geometry.spacing, " x "),
                     fmt::join(spacing_, " x "))}));
  }

  std::array<double, 3> spacing_;
  std::vector<bool> linear_;
};

}  // namespace

StageEntry spacing_entry() {
  return {"spacing",
          "resamples volumes to a spacing; the first voxel stays where it is",
          {{"keys", ArgumentType::kTextList, true, "", "which keys"},
           {"spacing", ArgumentType::kNumberList, true, "", "[depth, height, width], millimetres"},
           {"interpolation", ArgumentType::kTextList, false, "[\"linear\"]",
            "\"linear\" or \"nearest\" (for labels), once or once per key"}},
          [](const Dataset& dataset, const ArgumentMap& given, SourceLocation location) {
            const Arguments arguments("spacing", given);
            std::vector<std::string> interpolation{"linear"};
            if (arguments.has("interpolation")) interpolation = arguments.texts("interpolation");
            return dataset.spacing(arguments.texts("keys"), arguments.numbers("spacing"),
                                   std::move(interpolation), location);
          }};
}

}  // namespace tenon::data

namespace tenon {

Dataset Dataset::spacing(Keys keys, std::vector<double> spacing,
                         std::vector<std::string> interpolation, Here location) const {
  data::require_some_keys("spacing", keys);
  const bool good = spacing.size() == 3 && std::ranges::all_of(spacing, [](double mm) {
                      return std::isfinite(mm) && mm > 0.0;
                    });
  if (!good) {
    throw_argument_error("spacing", fmt::format("spacing = [{}]", fmt::join(spacing, ", ")),
                         "[depth, height, width] in millimetres, each above 0");
  }
  auto linear = data::linear_argument("spacing", interpolation, keys.size());
  return stage(std::make_shared<data::SpacingStage>(
      std::move(keys), std::array<double, 3>{spacing[0], spacing[1], spacing[2]}, std::move(linear),
      location));
}

}  // namespace tenon
