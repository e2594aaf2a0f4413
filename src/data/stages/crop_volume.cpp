#include <fmt/format.h>

#include "data/arguments.hpp"
#include "data/region.hpp"
#include "data/stages/entries.hpp"
#include "data/stages/spatial_stage.hpp"

namespace tenon::data {
namespace {

std::array<Dim, 3> dims_of(const Size3D& size) { return {size[0], size[1], size[2]}; }

/// The middle of the volume; over the border it is padded.
class CropCenterStage final : public SpatialKeyStage {
 public:
  CropCenterStage(Keys keys, const PatchSize& size, double padding, SourceLocation location)
      : SpatialKeyStage("crop_center", std::move(keys), location), size_(size), padding_(padding) {}

  Partwise bind_parts(std::shared_ptr<const Schema> in,
                      std::shared_ptr<const Schema> out) const override {
    SlotFlow flow = SlotFlow::of_parts(*in, *out, keys());
    Cut cut = [this, slots = flow.parts](RegionReader& before, const SampleContext&) {
      std::vector<Piece> pieces;
      for (std::size_t i = 0; i < slots.size(); ++i) {
        const std::size_t slot = slots[i];
        const Index3D first = first_voxel(keys()[i], before.shape(slot));
        before.expect(slot, first, size_.voxels);
        pieces.push_back({slot, [this, &before, slot, first] {
                            return before.part(slot, first, size_.voxels, padding_);
                          }});
      }
      return pieces;
    };
    return cut_parts(std::move(flow), std::move(cut));
  }

 protected:
  TensorSpec spec_after(const TensorSpec& spec, std::string& problem) const override {
    problem = why_no_depth(size_, spec);
    return spec.rank_known ? with_spatial_size(spec, dims_of(size_.voxels)) : spec;
  }
  Tensor apply(const Tensor& volume, std::size_t position) const override {
    return crop_volume(volume, first_voxel(keys()[position], volume.shape()), size_.voxels,
                       padding_);
  }
  std::string more_arguments() const override {
    return fmt::format("size={}, padding_value={}", to_text(size_.voxels), padding_);
  }

 private:
  Index3D first_voxel(const std::string& key, const Shape& shape) const {
    require_depth(name(), key, shape, size_);
    const Grid grid(shape);
    Index3D first{};
    for (std::size_t axis = 0; axis < 3; ++axis) {
      // As MONAI's CenterSpatialCrop: the middle voxel of both is one.
      first[axis] = grid.size[axis] / 2 - size_.voxels[axis] / 2;
    }
    if (grid.rank != 4) first[0] = 0;
    return first;
  }

  PatchSize size_;
  double padding_;
};

/// Padded at both ends to a multiple of a number.
class PadToMultipleStage final : public SpatialKeyStage {
 public:
  PadToMultipleStage(Keys keys, const PatchSize& multiple, double padding, SourceLocation location)
      : SpatialKeyStage("pad_to_multiple", std::move(keys), location),
        multiple_(multiple),
        padding_(padding) {}

 protected:
  TensorSpec spec_after(const TensorSpec& spec, std::string& problem) const override {
    problem = why_no_depth(multiple_, spec);
    if (!spec.rank_known) return spec;
    std::array<Dim, 3> size = spatial_size(spec);
    for (std::size_t axis = 0; axis < 3; ++axis) {
      if (size[axis].known()) size[axis] = rounded_up(size[axis].size(), axis);
    }
    return with_spatial_size(spec, size);
  }
  Tensor apply(const Tensor& volume, std::size_t position) const override {
    require_depth(name(), keys()[position], volume.shape(), multiple_);
    const Grid grid(volume.shape());
    Index3D first{};
    Size3D size = grid.size;
    for (std::size_t axis = grid.rank == 4 ? 0 : 1; axis < 3; ++axis) {
      size[axis] = rounded_up(grid.size[axis], axis);
      first[axis] = -((size[axis] - grid.size[axis]) / 2);
    }
    return size == grid.size ? volume : crop_volume(volume, first, size, padding_);
  }
  std::string more_arguments() const override {
    return fmt::format("multiple={}, padding_value={}", to_text(multiple_.voxels), padding_);
  }

 private:
  std::int64_t rounded_up(std::int64_t size, std::size_t axis) const {
    const std::int64_t multiple = multiple_.voxels[axis];
    return (size + multiple - 1) / multiple * multiple;
  }
  PatchSize multiple_;
  double padding_;
};

/// The smallest box around what is above a threshold in one key, cut out of all.
class CropForegroundStage final : public SpatialStage, public PartwiseStage {
 public:
  CropForegroundStage(Keys keys, std::string source, CropForegroundOptions options,
                      SourceLocation location)
      : SpatialStage("crop_foreground", std::move(keys), location),
        source_(std::move(source)),
        options_(options) {}

  Partwise bind_parts(std::shared_ptr<const Schema> in,
                      std::shared_ptr<const Schema> out) const override {
    SlotFlow flow = SlotFlow::of_parts(*in, *out, keys());
    flow.wholes = {in->slot(source_)};
    Cut cut = [this, slots = flow.parts, from = flow.wholes.front()](RegionReader& before,
                                                                     const SampleContext&) {
      const Tensor source = before.whole(from);
      const VoxelBox box = box_of(source);
      std::vector<Piece> pieces;
      for (std::size_t i = 0; i < slots.size(); ++i) {
        const std::size_t slot = slots[i];
        require_grid(keys()[i], before.shape(slot), source.shape());
        before.expect(slot, box.first, box.size);
        pieces.push_back(
            {slot, [&before, slot, box] { return before.part(slot, box.first, box.size, 0.0); }});
      }
      return pieces;
    };
    return cut_parts(std::move(flow), std::move(cut));
  }

 protected:
  TensorSpec spec_after(const TensorSpec& spec, std::string& /*problem*/) const override {
    if (!spec.rank_known) return spec;
    const Dim depth = is_volume(spec) ? Dim::unknown() : Dim(1);
    return with_spatial_size(spec, {depth, Dim::unknown(), Dim::unknown()});
  }
  void edit_others(SchemaEditor& editor) const override {
    static_cast<void>(editor.require(source_));
  }
  Keys others() const override { return {source_}; }

  void work(std::span<Value> values, Random& /*random*/) const override {
    const Tensor source = values.back().tensor;
    const VoxelBox box = box_of(source);
    for (Value& value : values.first(keys().size())) {
      require_grid(value.key, value.tensor.shape(), source.shape());
      value.tensor = crop_volume(value.tensor, box.first, box.size);
    }
  }

  std::string more_arguments() const override {
    return fmt::format("source={}, threshold={}, margin={}", quote_key(source_), options_.threshold,
                       options_.margin);
  }

 private:
  VoxelBox box_of(const Tensor& source) const {
    const Grid grid(source.shape());
    VoxelBox box;
    Index3D first = grid.size;
    Index3D last{-1, -1, -1};
    find_box(source, grid, first, last);
    if (last[0] < 0) {
      throw DataError(make_diagnostic("D002",
                                      fmt::format("crop_foreground: nothing in {} is above {}",
                                                  quote_key(source_), options_.threshold),
                                      {}, "lower the threshold, or leave the sample out"));
    }
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const std::int64_t margin = grid.rank == 4 || axis > 0 ? options_.margin : 0;
      box.first[axis] = std::max<std::int64_t>(0, first[axis] - margin);
      box.size[axis] = std::min(grid.size[axis] - 1, last[axis] + margin) - box.first[axis] + 1;
    }
    return box;
  }

  void require_grid(const std::string& key, const Shape& shape, const Shape& source) const {
    if (Grid(shape).size == Grid(source).size) return;
    throw DataError(
        make_diagnostic("S002",
                        fmt::format("crop_foreground: {} is {}, but {} is {}", quote_key(key),
                                    shape.to_string(), quote_key(source_), source.to_string()),
                        {"expected: the same height, width and depth"}));
  }

  void find_box(const Tensor& source, const Grid& grid, Index3D& first, Index3D& last) const {
    const Tensor floats = source.dtype() == DType::kFloat32 ? source : source.cast(DType::kFloat32);
    const float* value = floats.data<float>().data();
    const auto threshold = static_cast<float>(options_.threshold);
    for (std::int64_t d = 0; d < grid.size[0]; ++d) {
      for (std::int64_t h = 0; h < grid.size[1]; ++h) {
        for (std::int64_t w = 0; w < grid.size[2]; ++w, value += grid.channels) {
          if (!std::any_of(value, value + grid.channels, [&](float v) { return v > threshold; }))
            continue;
          const Index3D here{d, h, w};
          for (std::size_t axis = 0; axis < 3; ++axis) {
            first[axis] = std::min(first[axis], here[axis]);
            last[axis] = std::max(last[axis], here[axis]);
          }
        }
      }
    }
  }

  std::string source_;
  CropForegroundOptions options_;
};

ArgumentDescriptor keys_argument() {
  return {"keys", ArgumentType::kTextList, true, "", "which keys"};
}

}  // namespace

StageEntry crop_center_entry() {
  return {"crop_center",
          "the middle of images and volumes; over the border it is padded",
          {keys_argument(),
           {"size", ArgumentType::kIntegerList, true, "",
            "[depth, height, width] of volumes, [height, width] of images"},
           {"padding_value", ArgumentType::kNumber, false, "0.0", "outside of the volume"}},
          [](const Dataset& dataset, const ArgumentMap& given, SourceLocation location) {
            const Arguments arguments("crop_center", given);
            return dataset.crop_center(arguments.texts("keys"), arguments.integers("size"),
                                       arguments.number("padding_value", 0.0), location);
          }};
}

StageEntry pad_to_multiple_entry() {
  return {"pad_to_multiple",
          "pads both ends, so that every size is a multiple of a number",
          {keys_argument(),
           {"multiple", ArgumentType::kIntegerList, true, "",
            "[depth, height, width], or [height, width]"},
           {"value", ArgumentType::kNumber, false, "0.0", "what is put there"}},
          [](const Dataset& dataset, const ArgumentMap& given, SourceLocation location) {
            const Arguments arguments("pad_to_multiple", given);
            return dataset.pad_to_multiple(arguments.texts("keys"), arguments.integers("multiple"),
                                           arguments.number("value", 0.0), location);
          }};
}

StageEntry crop_foreground_entry() {
  return {"crop_foreground",
          "cuts the smallest box around what is above a threshold in one key out of all keys",
          {keys_argument(),
           {"source", ArgumentType::kText, true, "", "the key that is looked at"},
           {"threshold", ArgumentType::kNumber, false, "0.0", "foreground is above this"},
           {"margin", ArgumentType::kInteger, false, "0", "voxels kept around the box"}},
          [](const Dataset& dataset, const ArgumentMap& given, SourceLocation location) {
            const Arguments arguments("crop_foreground", given);
            return dataset.crop_foreground(arguments.texts("keys"), arguments.text("source"),
                                           {.threshold = arguments.number("threshold", 0.0),
                                            .margin = arguments.integer("margin", 0)},
                                           location);
          }};
}

}  // namespace tenon::data

namespace tenon {

Dataset Dataset::crop_center(Keys keys, std::vector<std::int64_t> size, double padding_value,
                             Here location) const {
  data::require_some_keys("crop_center", keys);
  const auto wanted = data::patch_size("crop_center", size);
  return stage(
      std::make_shared<data::CropCenterStage>(std::move(keys), wanted, padding_value, location));
}

Dataset Dataset::pad_to_multiple(Keys keys, std::vector<std::int64_t> multiple, double value,
                                 Here location) const {
  data::require_some_keys("pad_to_multiple", keys);
  const auto wanted = data::patch_size("pad_to_multiple", multiple, "multiple");
  return stage(
      std::make_shared<data::PadToMultipleStage>(std::move(keys), wanted, value, location));
}

Dataset Dataset::crop_foreground(Keys keys, std::string source, CropForegroundOptions options,
                                 Here location) const {
  data::require_some_keys("crop_foreground", keys);
  if (options.margin < 0) {
    throw_argument_error("crop_foreground", fmt::format("margin = {}", options.margin),
                         "0 or more");
  }
  return stage(std::make_shared<data::CropForegroundStage>(std::move(keys), std::move(source),
                                                           options, location));
}

}  // namespace tenon
