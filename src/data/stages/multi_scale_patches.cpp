#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "data/arguments.hpp"
#include "data/stages/draw_voxel.hpp"
#include "data/stages/entries.hpp"
#include "data/stages/spatial_stage.hpp"

namespace tenon::data {
namespace {

constexpr const char* kName = "multi_scale_patches";

PatchSize patch_size_of(const ScalePatch& patch) { return patch_size(kName, patch.size); }
Size3D size_of(const ScalePatch& patch) { return patch_size_of(patch).voxels; }

/// Patches of several scales around one centre, as the paths of DeepMedic take them.
class MultiScaleStage final : public NamedStage<SampleStage> {
 public:
  bool random() const noexcept override { return true; }
  MultiScaleStage(std::vector<ScalePatch> patches, std::string label, LabelParts parts,
                  SourceLocation location)
      : NamedStage(kName, location),
        patches_(std::move(patches)),
        label_(std::move(label)),
        parts_(parts) {}

  void edit(SchemaEditor& editor) const override {
    if (editor.batched()) {
      editor.problem(make_diagnostic("A001",
                                     "multi_scale_patches cuts samples, and the data are in "
                                     "batches here",
                                     {}, "put multi_scale_patches before batch"));
    }
    if (!label_.empty()) static_cast<void>(editor.require(label_));
    // All specs are looked at before one is changed: a patch may take the place of its source.
    std::vector<TensorSpec> specs;
    for (const ScalePatch& patch : patches_) specs.push_back(spec_after(editor, patch));
    for (std::size_t i = 0; i < patches_.size(); ++i) {
      const bool exists = editor.schema().contains(patches_[i].to);
      const bool replaces = std::ranges::any_of(
          patches_, [&](const ScalePatch& patch) { return patch.from == patches_[i].to; });
      if (exists && replaces) {
        editor.change(patches_[i].to, std::move(specs[i]));
      } else {
        editor.add(patches_[i].to, std::move(specs[i]), patches_[i].from);
      }
    }
  }

  SampleFunction bind(std::shared_ptr<const Schema> in,
                      std::shared_ptr<const Schema> out) const override {
    struct Slots {
      std::size_t from;
      std::size_t to;
    };
    std::vector<Slots> slots;
    for (const ScalePatch& patch : patches_)
      slots.push_back({in->slot(patch.from), out->slot(patch.to)});
    const auto label = label_.empty() ? std::nullopt : std::optional(in->slot(label_));
    return
        [this, slots = std::move(slots), label, out](Record record, const SampleContext& context) {
          Random random(context.seed, static_cast<std::uint64_t>(context.epoch),
                        static_cast<std::uint64_t>(context.sample),
                        static_cast<std::uint64_t>(context.stage));
          const std::vector<Tensor> before = record.values();
          const Grid grid(before[slots.front().from].shape());
          for (std::size_t i = 0; i < slots.size(); ++i) check(before[slots[i].from], grid, i);
          const Index3D middle = center(grid, label ? &before[*label] : nullptr, random);
          std::vector<Tensor> values = before;
          values.resize(out->size());
          for (std::size_t i = 0; i < slots.size(); ++i)
            values[slots[i].to] = patch_at(before[slots[i].from], middle, patches_[i]);
          return Record(out, std::move(values), std::move(record.samples()));
        };
  }

  std::string arguments() const override {
    std::string text;
    for (const ScalePatch& patch : patches_) {
      text += fmt::format("{} to {} [{}] / {} {}, ", quote_key(patch.from), quote_key(patch.to),
                          fmt::join(patch.size, ", "), patch.factor, patch.interpolation);
    }
    return fmt::format("{}label={}, positive={}, negative={}", text, quote_key(label_),
                       parts_.positive, parts_.negative);
  }

 private:
  static TensorSpec spec_after(SchemaEditor& editor, const ScalePatch& patch) {
    const TensorSpec* found = editor.require(patch.from);
    if (found == nullptr) return TensorSpec::of_unknown_rank(DType::kFloat32);
    std::string problem = why_not_spatial(*found);
    if (problem.empty()) problem = why_no_depth(patch_size_of(patch), *found);
    if (!problem.empty()) {
      editor.problem(make_diagnostic("S002", fmt::format("multi_scale_patches cannot cut {}: {}",
                                                         quote_key(patch.from), problem)));
      return *found;
    }
    const Size3D size = size_of(patch);
    if (!found->rank_known) return *found;
    return with_spatial_size(*found, {size[0], size[1], size[2]});
  }

  void check(const Tensor& value, const Grid& grid, std::size_t i) const {
    require_depth(kName, patches_[i].from, value.shape(), patch_size_of(patches_[i]));
    if (Grid(value.shape()).size == grid.size) return;
    throw DataError(
        make_diagnostic("S008",
                        fmt::format("multi_scale_patches: {} is {} voxels, but {} is {}",
                                    quote_key(patches_[i].from), to_text(Grid(value.shape()).size),
                                    quote_key(patches_.front().from), to_text(grid.size)),
                        {"expected: one grid, so that one centre is meant in all"}));
  }

  Index3D center(const Grid& grid, const Tensor* label, Random& random) const {
    std::int64_t voxel = 0;
    if (label != nullptr) {
      const bool positive =
          random.next_double() * (parts_.positive + parts_.negative) < parts_.positive;
      voxel = draw_voxel(*label, positive, random);
    } else {
      voxel =
          static_cast<std::int64_t>(random.next_below(static_cast<std::uint64_t>(grid.voxels())));
    }
    return {voxel / (grid.size[1] * grid.size[2]), voxel / grid.size[2] % grid.size[1],
            voxel % grid.size[2]};
  }

  /// Voxel floor(size / 2) of every patch lies on the centre, whatever its factor.
  static Tensor patch_at(const Tensor& whole, const Index3D& middle, const ScalePatch& patch) {
    const Size3D size = size_of(patch);
    const bool is_image = whole.rank() != 4;
    IndexTransform to_old;
    Index3D first{};
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const std::int64_t factor = is_image && axis == 0 ? 1 : patch.factor;
      first[axis] = middle[axis] - factor * (size[axis] / 2);
      to_old.matrix[axis * 4] = static_cast<double>(factor);
      to_old.offset[axis] = static_cast<double>(first[axis]);
    }
    if (patch.factor == 1) return crop_volume(whole, first, size);
    const bool linear = patch.interpolation == "linear";
    if (!linear) return resample(whole, size, to_old, {.linear = false, .outside = 0.0});
    return averaged(whole, first, size, patch.factor);
  }

  /// The mean of the factor^3 voxels around each point, as a scanner of that resolution sees it.
  static Tensor averaged(const Tensor& whole, const Index3D& first, const Size3D& size,
                         std::int64_t factor) {
    const bool is_image = whole.rank() != 4;
    Index3D begin = first;
    Size3D wide = size;
    for (std::size_t axis = is_image ? 1 : 0; axis < 3; ++axis) {
      begin[axis] -= (factor - 1) / 2;
      wide[axis] = size[axis] * factor;
    }
    const Tensor part = crop_volume(whole, begin, wide);
    return mean_of_blocks(part,
                          is_image ? Size3D{1, factor, factor} : Size3D{factor, factor, factor});
  }

  std::vector<ScalePatch> patches_;
  std::string label_;
  LabelParts parts_;
};

std::vector<ScalePatch> patches_of(const Arguments& arguments) {
  const auto from = arguments.texts("from");
  const auto to = arguments.texts("to");
  const auto size = arguments.integers("size");
  const auto factors = arguments.integers("factors");
  std::vector<std::string> interpolation(to.size(), "linear");
  if (arguments.has("interpolation")) interpolation = arguments.texts("interpolation");
  const bool fits = factors.size() == to.size() && interpolation.size() == to.size() &&
                    (from.size() == 1 || from.size() == to.size());
  if (!fits) {
    throw_argument_error(kName,
                         fmt::format("{} names in to, {} in from, {} factors, {} interpolations",
                                     to.size(), from.size(), factors.size(), interpolation.size()),
                         "one of each per patch; from may be one key for all");
  }
  std::vector<ScalePatch> patches;
  for (std::size_t i = 0; i < to.size(); ++i) {
    patches.push_back({from[from.size() == 1 ? 0 : i], to[i], size, factors[i], interpolation[i]});
  }
  return patches;
}

}  // namespace

StageEntry multi_scale_patches_entry() {
  return {
      kName,
      "patches of several scales that share one centre, drawn at random once for all",
      {{"from", ArgumentType::kTextList, true, "", "the keys that are cut: one, or one per patch"},
       {"to", ArgumentType::kTextList, true, "", "the keys of the patches"},
       {"size", ArgumentType::kIntegerList, true, "",
        "of every patch: [depth, height, width] of volumes, [height, width] of images"},
       {"factors", ArgumentType::kIntegerList, true, "",
        "per patch: 1 is full resolution, 3 sees three times as far"},
       {"interpolation", ArgumentType::kTextList, false, "",
        "per patch: \"linear\" (means of voxels) or \"nearest\" (for labels)"},
       {"label", ArgumentType::kText, false, "\"\"",
        "the key of a label map by which the centre is drawn; 0 is background"},
       {"positive", ArgumentType::kNumber, false, "1.0", "how often foreground, as a part"},
       {"negative", ArgumentType::kNumber, false, "1.0", "how often background, as a part"}},
      [](const Dataset& dataset, const ArgumentMap& given, SourceLocation location) {
        const Arguments arguments(kName, given);
        return dataset.multi_scale_patches(patches_of(arguments), arguments.text("label", ""),
                                           {.positive = arguments.number("positive", 1.0),
                                            .negative = arguments.number("negative", 1.0)},
                                           location);
      }};
}

}  // namespace tenon::data

namespace tenon {

Dataset Dataset::multi_scale_patches(std::vector<ScalePatch> patches, std::string label,
                                     LabelParts parts, Here location) const {
  if (patches.empty()) throw_argument_error(data::kName, "no patches", "one or more");
  std::vector<std::string> names;
  for (const ScalePatch& patch : patches) {
    static_cast<void>(data::size_of(patch));
    static_cast<void>(data::linear_argument(data::kName, {patch.interpolation}, 1));
    names.push_back(patch.to);
    if (patch.factor < 1 || patch.factor > 64) {
      throw_argument_error(data::kName, fmt::format("a factor of {}", patch.factor), "1 to 64");
    }
  }
  data::require_distinct(data::kName, "to", names);
  data::require_parts(data::kName, parts);
  return stage(std::make_shared<data::MultiScaleStage>(std::move(patches), std::move(label), parts,
                                                       location));
}

}  // namespace tenon
