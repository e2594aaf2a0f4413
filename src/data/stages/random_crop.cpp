#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "data/arguments.hpp"
#include "data/region.hpp"
#include "data/stages/draw_voxel.hpp"
#include "data/stages/entries.hpp"
#include "data/stages/spatial_stage.hpp"

namespace tenon::data {

void require_parts(const char* stage, const LabelParts& parts) {
  const bool good = parts.positive >= 0.0 && parts.negative >= 0.0 &&
                    std::isfinite(parts.positive) && std::isfinite(parts.negative) &&
                    parts.positive + parts.negative > 0.0;
  if (good) return;
  throw_argument_error(stage,
                       fmt::format("positive = {}, negative = {}", parts.positive, parts.negative),
                       "0 or more each, and not both 0");
}

namespace {

/// What the crops at random share: where is drawn by the deriving class.
class RandomCrop : public SpatialStage, public PartwiseStage {
 public:
  RandomCrop(std::string name, Keys keys, const PatchSize& size, SourceLocation location)
      : SpatialStage(std::move(name), std::move(keys), location), size_(size) {}

  Partwise bind_parts(std::shared_ptr<const Schema> in,
                      std::shared_ptr<const Schema> out) const override {
    SlotFlow flow = SlotFlow::of_parts(*in, *out, keys());
    const Keys more = others();
    if (!more.empty()) flow.wholes.push_back(in->slot(more.front()));
    Cut cut = [this, slots = flow.parts, labels = flow.wholes](RegionReader& before,
                                                               const SampleContext& context) {
      const Tensor label = labels.empty() ? Tensor() : before.whole(labels.front());
      const Shape& shape = before.shape(slots.front());
      const Grid grid(shape);
      for (std::size_t i = 0; i < slots.size(); ++i)
        check(keys()[i], before.shape(slots[i]), shape, grid);
      Random random = random_of(context);
      const Index3D first = first_voxel(labels.empty() ? nullptr : &label, grid, random);
      std::vector<Piece> pieces;
      for (const std::size_t slot : slots) {
        before.expect(slot, first, size());
        pieces.push_back(
            {slot, [this, &before, slot, first] { return before.part(slot, first, size(), 0.0); }});
      }
      return pieces;
    };
    return cut_parts(std::move(flow), std::move(cut));
  }

 protected:
  const Size3D& size() const { return size_.voxels; }
  /// `label`: the value of others(), if there is one.
  virtual Index3D first_voxel(const Tensor* label, const Grid& grid, Random& random) const = 0;

  TensorSpec spec_after(const TensorSpec& spec, std::string& problem) const override {
    if (!spec.rank_known) return spec;
    problem = why_no_depth(size_, spec);
    if (!problem.empty()) return spec;
    const auto there = spatial_size(spec);
    for (std::size_t axis = 0; axis < 3; ++axis) {
      if (there[axis].known() && there[axis].size() < size_.voxels[axis]) {
        problem = fmt::format("it is {}, smaller than the {} that is cut", spec.to_string(),
                              size_.to_string());
      }
    }
    return with_spatial_size(spec, {size()[0], size()[1], size()[2]});
  }

  void work(std::span<Value> values, Random& random) const override {
    const Shape shape = values.front().tensor.shape();
    const Grid grid(shape);
    for (const Value& value : values.first(keys().size()))
      check(value.key, value.tensor.shape(), shape, grid);
    const Tensor* label = values.size() > keys().size() ? &values.back().tensor : nullptr;
    const Index3D first = first_voxel(label, grid, random);
    for (Value& value : values.first(keys().size()))
      value.tensor = crop_volume(value.tensor, first, size_.voxels);
  }

  std::string more_arguments() const override { return fmt::format("size={}", to_text(size())); }

 private:
  void check(const std::string& key, const Shape& shape, const Shape& first,
             const Grid& grid) const {
    const Grid own(shape);
    if (own.size != grid.size) {
      throw DataError(make_diagnostic(
          "S002",
          fmt::format("{}: {} is {}, but {} is {}", name(), quote_key(key), shape.to_string(),
                      quote_key(keys().front()), first.to_string()),
          {"expected: the same height, width and depth, so that one place is cut out of all"}));
    }
    require_depth(name(), key, shape, size_);
    for (std::size_t axis = 0; axis < 3; ++axis) {
      if (grid.size[axis] >= size()[axis]) continue;
      throw DataError(
          make_diagnostic("S002",
                          fmt::format("{}: {} is {}, smaller than the {} that is cut", name(),
                                      quote_key(key), shape.to_string(), size_.to_string()),
                          {}, "pad before: crop_center, pad or pad_to_multiple"));
    }
  }

  PatchSize size_;
};

class RandomCropStage final : public RandomCrop {
 public:
  RandomCropStage(Keys keys, const PatchSize& size, SourceLocation location)
      : RandomCrop("random_crop", std::move(keys), size, location) {}

 protected:
  Index3D first_voxel(const Tensor* /*label*/, const Grid& grid, Random& random) const override {
    Index3D first{};
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const auto places = static_cast<std::uint64_t>(grid.size[axis] - size()[axis] + 1);
      first[axis] = static_cast<std::int64_t>(random.next_below(places));
    }
    return first;
  }
};

/// As MONAI's RandCropByPosNegLabel: around a voxel of the foreground or of the background; a patch
/// that would reach over the border is moved inside.
class RandomCropByLabelStage final : public RandomCrop {
 public:
  RandomCropByLabelStage(Keys keys, std::string label, const PatchSize& size, LabelParts parts,
                         SourceLocation location)
      : RandomCrop("random_crop_by_label", std::move(keys), size, location),
        label_(std::move(label)),
        parts_(parts) {}

 protected:
  void edit_others(SchemaEditor& editor) const override {
    static_cast<void>(editor.require(label_));
  }
  Keys others() const override { return {label_}; }

  Index3D first_voxel(const Tensor* labels, const Grid& grid, Random& random) const override {
    const Tensor& label = *labels;
    const Grid own(label.shape());
    if (own.size != grid.size) {
      throw DataError(make_diagnostic(
          "S002",
          fmt::format("random_crop_by_label: the label {} is {}, but {} is {}", quote_key(label_),
                      label.shape().to_string(), quote_key(keys().front()), to_text(grid.size)),
          {"expected: the same height, width and depth"}));
    }
    const bool positive =
        random.next_double() * (parts_.positive + parts_.negative) < parts_.positive;
    const std::int64_t center = draw_voxel(label, positive, random);
    const Index3D middle{center / (own.size[1] * own.size[2]), center / own.size[2] % own.size[1],
                         center % own.size[2]};
    Index3D first{};
    for (std::size_t axis = 0; axis < 3; ++axis) {
      first[axis] = std::clamp<std::int64_t>(middle[axis] - size()[axis] / 2, 0,
                                             grid.size[axis] - size()[axis]);
    }
    return first;
  }

  std::string more_arguments() const override {
    return fmt::format("label={}, {}, positive={}, negative={}", quote_key(label_),
                       RandomCrop::more_arguments(), parts_.positive, parts_.negative);
  }

 private:
  std::string label_;
  LabelParts parts_;
};

}  // namespace

std::int64_t draw_voxel(const Tensor& label, bool positive, Random& random) {
  const Grid grid(label.shape());
  const Tensor ids = label.dtype() == DType::kUInt8 ? label : label.cast(DType::kBool);
  const std::byte* value = ids.bytes();
  std::vector<std::int64_t> per_slice(static_cast<std::size_t>(grid.size[0]), 0);
  const std::int64_t slice = grid.size[1] * grid.size[2];
  const auto is_wanted = [&](std::int64_t voxel) {
    const std::byte* first = value + voxel * grid.channels;
    const bool foreground =
        std::any_of(first, first + grid.channels, [](std::byte b) { return b != std::byte{0}; });
    return foreground == positive;
  };
  std::int64_t total = 0;
  for (std::int64_t d = 0; d < grid.size[0]; ++d) {
    std::int64_t count = 0;
    for (std::int64_t i = d * slice; i < (d + 1) * slice; ++i) count += is_wanted(i) ? 1 : 0;
    per_slice[static_cast<std::size_t>(d)] = count;
    total += count;
  }
  if (total == 0) {
    return static_cast<std::int64_t>(random.next_below(static_cast<std::uint64_t>(grid.voxels())));
  }
  auto rest = static_cast<std::int64_t>(random.next_below(static_cast<std::uint64_t>(total)));
  std::int64_t d = 0;
  while (rest >= per_slice[static_cast<std::size_t>(d)])
    rest -= per_slice[static_cast<std::size_t>(d++)];
  for (std::int64_t i = d * slice;; ++i) {
    if (is_wanted(i) && rest-- == 0) return i;
  }
}

StageEntry random_crop_entry() {
  return {"random_crop",
          "a part of images and volumes at a random place, the same for all keys",
          {{"keys", ArgumentType::kTextList, true, "", "which keys"},
           {"size", ArgumentType::kIntegerList, true, "",
            "[depth, height, width] of volumes, [height, width] of images"}},
          [](const Dataset& dataset, const ArgumentMap& given, SourceLocation location) {
            const Arguments arguments("random_crop", given);
            return dataset.random_crop(arguments.texts("keys"), arguments.integers("size"),
                                       location);
          }};
}

StageEntry random_crop_by_label_entry() {
  return {"random_crop_by_label",
          "a part around a random voxel of the foreground or of the background of a label map",
          {{"keys", ArgumentType::kTextList, true, "", "which keys; name the label too"},
           {"label", ArgumentType::kText, true, "", "the key of the label map; 0 is background"},
           {"size", ArgumentType::kIntegerList, true, "",
            "[depth, height, width] of volumes, [height, width] of images"},
           {"positive", ArgumentType::kNumber, false, "1.0", "how often foreground, as a part"},
           {"negative", ArgumentType::kNumber, false, "1.0", "how often background, as a part"}},
          [](const Dataset& dataset, const ArgumentMap& given, SourceLocation location) {
            const Arguments arguments("random_crop_by_label", given);
            return dataset.random_crop_by_label(arguments.texts("keys"), arguments.text("label"),
                                                arguments.integers("size"),
                                                {.positive = arguments.number("positive", 1.0),
                                                 .negative = arguments.number("negative", 1.0)},
                                                location);
          }};
}

}  // namespace tenon::data

namespace tenon {

Dataset Dataset::random_crop(Keys keys, std::vector<std::int64_t> size, Here location) const {
  data::require_some_keys("random_crop", keys);
  const auto wanted = data::patch_size("random_crop", size);
  return stage(std::make_shared<data::RandomCropStage>(std::move(keys), wanted, location));
}

Dataset Dataset::random_crop_by_label(Keys keys, std::string label, std::vector<std::int64_t> size,
                                      LabelParts parts, Here location) const {
  data::require_some_keys("random_crop_by_label", keys);
  const auto wanted = data::patch_size("random_crop_by_label", size);
  data::require_parts("random_crop_by_label", parts);
  return stage(std::make_shared<data::RandomCropByLabelStage>(std::move(keys), std::move(label),
                                                              wanted, parts, location));
}

}  // namespace tenon
