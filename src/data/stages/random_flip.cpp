#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/word_error.hpp"
#include "data/arguments.hpp"
#include "data/image.hpp"
#include "data/stages/entries.hpp"
#include "data/stages/spatial_stage.hpp"
#include "tenon/random.hpp"

namespace tenon::data {
namespace {

/// Which of depth, height and width of one sample are flipped.
using Flips = std::array<bool, 3>;

class RandomFlipStage final : public NamedStage<SampleStage> {
 public:
  RandomFlipStage(Keys keys, std::vector<std::string> axes, SourceLocation location)
      : NamedStage("random_flip", location), keys_(std::move(keys)), axes_(std::move(axes)) {}

  void edit(SchemaEditor& editor) const override {
    for (const std::string& key : keys_) {
      const TensorSpec* spec = editor.require(key);
      if (spec == nullptr) continue;
      const std::string problem = why_not_flipped(*spec);
      if (!problem.empty()) {
        editor.problem(make_diagnostic(
            "S002", fmt::format("random_flip cannot flip {}: {}", quote_key(key), problem)));
      }
      editor.change(key, TensorSpec(*spec));
    }
  }

  SampleFunction bind(std::shared_ptr<const Schema> in,
                      std::shared_ptr<const Schema> out) const override {
    std::vector<std::pair<std::size_t, bool>> slots;
    for (const std::string& key : keys_) {
      const std::size_t slot = in->slot(key);
      slots.emplace_back(slot, is_batched(*in, slot));
    }
    return [this, slots = std::move(slots), out](Record record, const SampleContext& context) {
      std::vector<Tensor> values = record.values();
      for (const auto& [slot, batched] : slots) {
        values[slot] = batched ? flip_rows(values[slot], context)
                               : flip(values[slot], draw(context, context.epoch, context.sample));
      }
      return Record(out, std::move(values), std::move(record.samples()));
    };
  }

  std::optional<Keys> own_keys() const override { return keys_; }
  std::string arguments() const override {
    return fmt::format("keys=[{}], axes=[{}]", join_texts(keys_), join_texts(axes_));
  }

 private:
  std::string why_not_flipped(const TensorSpec& spec) const {
    const TensorSpec sample = spec.batched() ? spec.without_batch() : spec;
    const bool has_depth = std::ranges::find(axes_, "depth") != axes_.end();
    if (sample.rank_known && has_depth && !is_volume(sample)) {
      return fmt::format("it is {}, which has no depth", sample.to_string());
    }
    return why_not_spatial(sample);
  }

  /// Depends on the sample alone, so that all keys of it flip together.
  Flips draw(const SampleContext& context, std::int64_t epoch, std::int64_t sample) const {
    Random random(context.seed, static_cast<std::uint64_t>(epoch),
                  static_cast<std::uint64_t>(sample), static_cast<std::uint64_t>(context.stage));
    Flips flips{};
    for (const std::string& axis : axes_) {
      const std::size_t at = axis == "depth" ? 0 : axis == "height" ? 1 : 2;
      flips[at] = random.next_below(2) == 1;
    }
    return flips;
  }

  /// The geometry of a volume goes along.
  static Tensor flip(Tensor value, const Flips& flips) {
    if (value.rank() == 4) {
      return flips == Flips{} ? value : reorient(value, {0, 1, 2}, flips);
    }
    if (!is_image_rank(value.rank(), false)) {
      throw DataError(make_diagnostic(
          "S002",
          fmt::format("random_flip: a tensor {} is no image and no volume",
                      value.shape().to_string()),
          {"expected: (height, width), (height, width, channels) or (depth, height, width, "
           "channels)"}));
    }
    for (const int axis : {0, 1}) {
      if (flips[static_cast<std::size_t>(axis) + 1]) value = flip_axis(value, axis);
    }
    return value;
  }

  Tensor flip_rows(const Tensor& batch, const SampleContext& context) const {
    std::vector<Tensor> rows;
    for (std::int64_t row = 0; row < batch.dim(0); ++row) {
      const auto at = static_cast<std::size_t>(row);
      const RowContext name =
          at < context.rows.size() ? context.rows[at] : RowContext{context.epoch, row};
      Tensor one = batch.row(row);
      if (const Geometry* geometry = batch.row_geometry(row)) one.set_geometry(*geometry);
      rows.push_back(flip(std::move(one), draw(context, name.epoch, name.sample)));
    }
    return rows.empty() ? batch : stack(rows);
  }

  Keys keys_;
  std::vector<std::string> axes_;
};

}  // namespace

StageEntry random_flip_entry() {
  return {"random_flip",
          "flips all keys of a sample together, each axis with probability 1/2",
          {{"keys", ArgumentType::kTextList, true, "", "which keys"},
           {"axes", ArgumentType::kTextList, true, "",
            "of \"depth\" (volumes), \"height\" and \"width\""}},
          [](const Dataset& dataset, const ArgumentMap& given, SourceLocation location) {
            const Arguments arguments("random_flip", given);
            return dataset.random_flip(arguments.texts("keys"), arguments.texts("axes"), location);
          }};
}

}  // namespace tenon::data

namespace tenon {

Dataset Dataset::random_flip(Keys keys, std::vector<std::string> axes, Here location) const {
  data::require_some_keys("random_flip", keys);
  data::require_distinct("random_flip", "axes", axes);
  const std::array<std::string, 3> known = {"depth", "height", "width"};
  for (const std::string& axis : axes) {
    if (std::find(known.begin(), known.end(), axis) == known.end())
      throw_word_error("random_flip", "the axis ", axis, known);
  }
  return stage(std::make_shared<data::RandomFlipStage>(std::move(keys), std::move(axes), location));
}

}  // namespace tenon
