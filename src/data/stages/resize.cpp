#include <fmt/format.h>

#include "data/arguments.hpp"
#include "data/image.hpp"
#include "data/stages/entries.hpp"
#include "data/stages/per_key_stage.hpp"
#include "data/stages/spatial_stage.hpp"
#include "data/volume.hpp"

namespace tenon::data {
namespace {

/// A volume as a batch of slices, then as an image whose height is the depth: the filters of images
/// along each axis.
Tensor resize_volume(const Tensor& volume, const Size3D& size, const ResizeOptions& options) {
  const Grid grid(volume.shape());
  const Tensor slices =
      resize_image(volume, {size[1], size[2]}, options.interpolation, options.antialias, true);
  const std::int64_t area = size[1] * size[2];
  const Tensor flat = slices.reshape({grid.size[0], area, grid.channels});
  Tensor resized =
      resize_image(flat, {size[0], area}, options.interpolation, options.antialias, false)
          .reshape(grid.shape_of(size))
          .clone();
  if (const Geometry* geometry = volume.geometry()) {
    resized.set_geometry(transformed(*geometry, rescaling(grid.size, size)));
  }
  return resized;
}

/// Rows of a batch may have geometries of their own.
Tensor resize_volumes(const Tensor& batch, const Size3D& size, const ResizeOptions& options) {
  std::vector<Tensor> rows;
  for (std::int64_t row = 0; row < batch.dim(0); ++row) {
    Tensor one = batch.row(row);
    if (const Geometry* geometry = batch.row_geometry(row)) one.set_geometry(*geometry);
    rows.push_back(resize_volume(one, size, options));
  }
  return stack(rows);
}

class ResizeStage final : public PerKeyStage {
 public:
  ResizeStage(Keys keys, std::vector<std::int64_t> size, ResizeOptions options,
              SourceLocation location)
      : PerKeyStage("resize", std::move(keys), location),
        of_volumes_(size.size() == 3),
        size_(size_argument("resize", "size", size)),
        options_(options) {}

 protected:
  TensorSpec spec_after(const TensorSpec& spec, std::string& problem) const override {
    if (!of_volumes_) {
      problem = why_no_image(spec);
      return with_image_size(spec, size_[1], size_[2]);
    }
    if (!spec.rank_known) return spec;
    const TensorSpec sample = spec.batched() ? spec.without_batch() : spec;
    if (!is_volume(sample)) {
      problem = fmt::format("size has three numbers, and it is {}", sample.to_string());
      return spec;
    }
    const TensorSpec after = with_spatial_size(sample, {size_[0], size_[1], size_[2]});
    return spec.batched() ? after.with_batch(spec.shape.front()) : after;
  }
  Tensor apply(const Tensor& value, const ValueContext& context) const override {
    if (!of_volumes_) {
      return resize_image(value, {size_[1], size_[2]}, options_.interpolation, options_.antialias,
                          context.batched);
    }
    if (value.rank() != (context.batched ? 5 : 4)) {
      throw DataError(make_diagnostic(
          "S002", fmt::format("resize: a tensor {} is no volume", value.shape().to_string()),
          {"expected: (depth, height, width, channels)"}));
    }
    return context.batched ? resize_volumes(value, size_, options_)
                           : resize_volume(value, size_, options_);
  }
  std::string more_arguments() const override {
    const std::string size =
        of_volumes_ ? to_text(size_) : fmt::format("[{}, {}]", size_[1], size_[2]);
    return fmt::format("size={}, interpolation={}, antialias={}", size,
                       name_of(options_.interpolation), options_.antialias);
  }

 private:
  bool of_volumes_;
  Size3D size_;
  ResizeOptions options_;
};

}  // namespace

StageEntry resize_entry() {
  return {"resize",
          "images to one size, or volumes",
          {{"keys", ArgumentType::kTextList, true, "", "which keys"},
           {"size", ArgumentType::kIntegerList, true, "",
            "[height, width], or [depth, height, width] of volumes"},
           {"interpolation", ArgumentType::kText, false, "\"bilinear\"",
            "\"nearest\", \"bilinear\" or \"area\""},
           {"antialias", ArgumentType::kBool, false, "true",
            "when shrinking with bilinear: look at all pixels"}},
          [](const Dataset& dataset, const ArgumentMap& given, SourceLocation location) {
            const Arguments arguments("resize", given);
            ResizeOptions options;
            options.interpolation = arguments.interpolation("interpolation", options.interpolation);
            options.antialias = arguments.boolean("antialias", options.antialias);
            return dataset.resize(arguments.texts("keys"), arguments.integers("size"), options,
                                  location);
          }};
}

}  // namespace tenon::data

namespace tenon {

Dataset Dataset::resize(Keys keys, std::vector<std::int64_t> size, ResizeOptions options,
                        Here location) const {
  data::require_some_keys("resize", keys);
  return stage(
      std::make_shared<data::ResizeStage>(std::move(keys), std::move(size), options, location));
}

}  // namespace tenon
