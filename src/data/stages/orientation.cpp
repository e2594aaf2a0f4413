#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "data/arguments.hpp"
#include "data/region.hpp"
#include "data/stages/entries.hpp"
#include "data/stages/spatial_stage.hpp"

namespace tenon::data {
namespace {

/// The axis of the patient that a letter is about.
char line_of(char side) {
  if (side == 'L' || side == 'R') return 'L';
  return side == 'A' || side == 'P' ? 'P' : 'S';
}

class OrientationStage final : public SpatialKeyStage {
 public:
  OrientationStage(Keys keys, std::string axes, SourceLocation location)
      : SpatialKeyStage("orientation", std::move(keys), location), axes_(std::move(axes)) {}

  Partwise bind_parts(std::shared_ptr<const Schema> in,
                      std::shared_ptr<const Schema> out) const override {
    SlotFlow flow = SlotFlow::of_all(in->size(), out->size());
    std::vector<std::size_t> slots;
    for (const std::string& key : keys()) {
      slots.push_back(in->slot(key));
      const TensorSpec& spec = (*in)[slots.back()].spec;
      if (!is_known_grid(spec) || !is_volume(spec)) return {};
      flow.changed[slots.back()] = true;
    }
    return {std::move(flow), [this, slots = std::move(slots), count = in->size()](
                                 RegionReader& before, const SampleContext&) {
              SlotTurns turns(count);
              for (std::size_t i = 0; i < slots.size(); ++i)
                turns[slots[i]] = turn_of(before.geometry(slots[i]), i);
              return turned_reader(before, turns);
            }};
  }

 protected:
  TensorSpec spec_after(const TensorSpec& spec, std::string& problem) const override {
    if (!spec.rank_known) return spec;
    if (!is_volume(spec)) {
      problem = fmt::format("it is {}, and only a volume has an orientation", spec.to_string());
      return spec;
    }
    // Which size goes where depends on how each volume lies.
    const auto size = spatial_size(spec);
    const bool cube = size[0].known() && size[0] == size[1] && size[1] == size[2];
    return cube ? spec : with_spatial_size(spec, {Dim::unknown(), Dim::unknown(), Dim::unknown()});
  }

  Tensor apply(const Tensor& volume, std::size_t position) const override {
    if (volume.rank() != 4) {
      throw DataError(make_diagnostic(
          "S002", fmt::format("orientation: {} is {}, and only a volume has an orientation",
                              quote_key(keys()[position]), volume.shape().to_string())));
    }
    const std::optional<Turn> turn = turn_of(volume.geometry(), position);
    return turn ? reorient(volume, turn->from, turn->flipped) : volume;
  }

  std::string more_arguments() const override { return fmt::format("axes={}", axes_); }

 private:
  /// Nothing: it lies as it should.
  std::optional<Turn> turn_of(const Geometry* geometry, std::size_t position) const {
    if (geometry == nullptr) {
      throw DataError(make_diagnostic(
          "S009",
          fmt::format("orientation: it is not known how {} lies", quote_key(keys()[position])),
          {"expected: a volume with a geometry, as load_volume gives it"}));
    }
    const std::string now = orientation_of(*geometry);
    if (now == axes_) return std::nullopt;
    Turn turn;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const auto found = std::ranges::find_if(
          now, [&](char side) { return line_of(side) == line_of(axes_[axis]); });
      turn.from[axis] = static_cast<int>(found - now.begin());
      turn.flipped[axis] = *found != axes_[axis];
    }
    return turn;
  }

  std::string axes_;
};

}  // namespace

StageEntry orientation_entry() {
  return {"orientation",
          "turns volumes by transposing and flipping, so that their axes run to named sides",
          {{"keys", ArgumentType::kTextList, true, "", "which keys"},
           {"axes", ArgumentType::kText, false, "\"SPL\"",
            "the sides to which depth, height and width grow: one each of L/R, A/P, S/I"}},
          [](const Dataset& dataset, const ArgumentMap& given, SourceLocation location) {
            const Arguments arguments("orientation", given);
            return dataset.orientation(arguments.texts("keys"), arguments.text("axes", "SPL"),
                                       location);
          }};
}

}  // namespace tenon::data

namespace tenon {

Dataset Dataset::orientation(Keys keys, std::string axes, Here location) const {
  data::require_some_keys("orientation", keys);
  if (!is_orientation(axes)) {
    throw_argument_error("orientation", fmt::format("axes = {}", quote_key(axes)),
                         "three letters, one each of L/R, A/P and S/I: \"SPL\"");
  }
  return stage(
      std::make_shared<data::OrientationStage>(std::move(keys), std::move(axes), location));
}

}  // namespace tenon
