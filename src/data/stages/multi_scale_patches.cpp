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
namespace {

constexpr const char* kName = "multi_scale_patches";

PatchSize patch_size_of(const ScalePatch& patch) { return patch_size(kName, patch.size); }
Size3D size_of(const ScalePatch& patch) { return patch_size_of(patch).voxels; }

/// Patches of several scales around one centre, as the paths of DeepMedic take them.
class MultiScaleStage final : public NamedStage<SampleStage>, public PartwiseStage {
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
    return [cut = bind_cut(*in, *out), out](Record record, const SampleContext& context) {
      RecordReader reader(record);
      std::vector<Tensor> values = record.values();
      values.resize(out->size());
      for (const Piece& piece : cut(reader, context)) values[piece.slot] = piece.take();
      return Record(out, std::move(values), std::move(record.samples()));
    };
  }

  Partwise bind_parts(std::shared_ptr<const Schema> in,
                      std::shared_ptr<const Schema> out) const override {
    SlotFlow flow = SlotFlow::of_all(in->size(), out->size());
    for (const ScalePatch& patch : patches_) {
      flow.parts.push_back(in->slot(patch.from));
      flow.origins[out->slot(patch.to)] = SlotFlow::kMade;
    }
    if (!label_.empty()) flow.wholes.push_back(in->slot(label_));
    return cut_parts(std::move(flow), bind_cut(*in, *out));
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

  Cut bind_cut(const Schema& in, const Schema& out) const {
    struct Slots {
      std::size_t from;
      std::size_t to;
    };
    std::vector<Slots> slots;
    for (const ScalePatch& patch : patches_)
      slots.push_back({in.slot(patch.from), out.slot(patch.to)});
    const auto label = label_.empty() ? std::nullopt : std::optional(in.slot(label_));
    return [this, slots = std::move(slots), label](RegionReader& before,
                                                   const SampleContext& context) {
      Random random(context.seed, static_cast<std::uint64_t>(context.epoch),
                    static_cast<std::uint64_t>(context.sample),
                    static_cast<std::uint64_t>(context.stage));
      const Grid grid(before.shape(slots.front().from));
      for (std::size_t i = 0; i < slots.size(); ++i) check(before.shape(slots[i].from), grid, i);
      const Index3D middle = center(grid, label ? before.whole(*label) : Tensor(), random);
      std::vector<Piece> pieces;
      for (std::size_t i = 0; i < slots.size(); ++i) {
        const std::size_t from = slots[i].from;
        const View view = view_of(before.shape(from), middle, patches_[i]);
        before.expect(from, view.box.first, view.box.size);
        pieces.push_back(
            {slots[i].to, [&before, from, view] { return patch_at(before, from, view); }});
      }
      return pieces;
    };
  }

  void check(const Shape& shape, const Grid& grid, std::size_t i) const {
    require_depth(kName, patches_[i].from, shape, patch_size_of(patches_[i]));
    if (Grid(shape).size == grid.size) return;
    throw DataError(
        make_diagnostic("S008",
                        fmt::format("multi_scale_patches: {} is {} voxels, but {} is {}",
                                    quote_key(patches_[i].from), to_text(Grid(shape).size),
                                    quote_key(patches_.front().from), to_text(grid.size)),
                        {"expected: one grid, so that one centre is meant in all"}));
  }

  /// `label`: undefined where the centre does not depend on one.
  Index3D center(const Grid& grid, const Tensor& label, Random& random) const {
    std::int64_t voxel = 0;
    if (label.defined()) {
      const bool positive =
          random.next_double() * (parts_.positive + parts_.negative) < parts_.positive;
      voxel = draw_voxel(label, positive, random);
    } else {
      voxel =
          static_cast<std::int64_t>(random.next_below(static_cast<std::uint64_t>(grid.voxels())));
    }
    return {voxel / (grid.size[1] * grid.size[2]), voxel / grid.size[2] % grid.size[1],
            voxel % grid.size[2]};
  }

  /// What a patch sees: where its first voxel lies, every how many it has one, and what is read.
  struct View {
    Index3D first{};
    Size3D size{};
    Size3D factor{1, 1, 1};
    bool linear = true;
    VoxelBox box{};
  };

  /// Voxel floor(size / 2) of every patch lies on the centre, whatever its factor. An image has no
  /// depth to be seen further along.
  static View view_of(const Shape& shape, const Index3D& middle, const ScalePatch& patch) {
    View view;
    view.size = size_of(patch);
    view.linear = patch.interpolation == "linear";
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const std::int64_t factor = shape.rank() != 4 && axis == 0 ? 1 : patch.factor;
      view.factor[axis] = factor;
      view.first[axis] = middle[axis] - factor * (view.size[axis] / 2);
      view.box.first[axis] = view.first[axis] - (view.linear ? (factor - 1) / 2 : 0);
      view.box.size[axis] =
          view.linear ? view.size[axis] * factor : (view.size[axis] - 1) * factor + 1;
    }
    return view;
  }

  /// Means of blocks around each point, as a scanner of that resolution sees it, or single voxels.
  static Tensor patch_at(RegionReader& before, std::size_t slot, const View& view) {
    const Tensor seen = before.part(slot, view.box.first, view.box.size, 0.0);
    if (view.factor == Size3D{1, 1, 1}) return seen;
    if (view.linear) return mean_of_blocks(seen, view.factor);
    IndexTransform steps;
    IndexTransform to_old;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      steps.matrix[axis * 4] = to_old.matrix[axis * 4] = static_cast<double>(view.factor[axis]);
      to_old.offset[axis] = static_cast<double>(view.first[axis]);
    }
    Tensor patch = resample(seen, view.size, steps, {.linear = false});
    // Out of the whole's at once: two steps would round twice.
    if (const Geometry* geometry = before.geometry(slot))
      patch.set_geometry(transformed(*geometry, to_old));
    return patch;
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
