#include <fmt/format.h>

#include "data/arguments.hpp"
#include "data/image.hpp"
#include "data/stages/entries.hpp"
#include "data/stages/per_key_stage.hpp"

namespace tenon::data {
namespace {

class PadStage final : public PerKeyStage {
 public:
  PadStage(Keys keys, Size2D size, PadOptions options, SourceLocation location)
      : PerKeyStage("pad", std::move(keys), location), size_(size), options_(options) {}

 protected:
  TensorSpec spec_after(const TensorSpec& spec, std::string& problem) const override {
    problem = why_no_image(spec);
    if (problem.empty() && spec.rank_known) {
      const auto first = static_cast<std::size_t>(first_axis(spec));
      const bool larger =
          spec.shape[first].size() > size_[0] || spec.shape[first + 1].size() > size_[1];
      if (larger) {
        problem =
            fmt::format("it is {}, larger than [{}, {}]", spec.to_string(), size_[0], size_[1]);
      }
    }
    TensorSpec after = with_image_size(spec, size_[0], size_[1]);
    if (after.range) {
      after.range->low = std::min(after.range->low, options_.value);
      after.range->high = std::max(after.range->high, options_.value);
    }
    return after;
  }

  Tensor apply(const Tensor& value, const ValueContext& context) const override {
    const ImageAxes axes = image_axes(context.batched);
    if (!is_image_rank(value.rank(), context.batched) || value.dim(axes.height) > size_[0] ||
        value.dim(axes.width) > size_[1]) {
      throw DataError(make_diagnostic(
          "S002", fmt::format("{} is {}", quote_key(context.key), value.shape().to_string()),
          {fmt::format("expected: an image of at most {} rows and {} columns", size_[0], size_[1])},
          "raise size, or resize or crop before"));
    }
    const std::int64_t top = options_.centered ? (size_[0] - value.dim(axes.height)) / 2 : 0;
    const std::int64_t left = options_.centered ? (size_[1] - value.dim(axes.width)) / 2 : 0;
    return crop_image(value, -top, -left, size_, options_.value, context.batched);
  }

  std::string more_arguments() const override {
    return fmt::format("size=[{}, {}], value={}, centered={}", size_[0], size_[1], options_.value,
                       options_.centered);
  }

 private:
  Size2D size_;
  PadOptions options_;
};

}  // namespace

StageEntry pad_entry() {
  return {"pad",
          "smaller images to one size; larger ones are bad samples",
          {{"keys", ArgumentType::kTextList, true, "", "which keys"},
           {"size", ArgumentType::kIntegerList, true, "", "[height, width]"},
           {"value", ArgumentType::kNumber, false, "0.0", "what is padded with"},
           {"centered", ArgumentType::kBool, false, "false", "half before, half after"}},
          [](const Dataset& dataset, const ArgumentMap& given, SourceLocation location) {
            const Arguments arguments("pad", given);
            PadOptions options;
            options.value = arguments.number("value", options.value);
            options.centered = arguments.boolean("centered", options.centered);
            return dataset.pad(arguments.texts("keys"), arguments.size("size"), options, location);
          }};
}

}  // namespace tenon::data

namespace tenon {

Dataset Dataset::pad(Keys keys, Size2D size, PadOptions options, Here location) const {
  data::require_some_keys("pad", keys);
  data::require_size("pad", "size", size);
  return stage(std::make_shared<data::PadStage>(std::move(keys), size, options, location));
}

}  // namespace tenon
