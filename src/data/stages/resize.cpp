#include <fmt/format.h>

#include "data/arguments.hpp"
#include "data/image.hpp"
#include "data/stages/entries.hpp"
#include "data/stages/per_key_stage.hpp"

namespace tenon::data {
namespace {

class ResizeStage final : public PerKeyStage {
 public:
  ResizeStage(Keys keys, Size2D size, ResizeOptions options, SourceLocation location)
      : PerKeyStage("resize", std::move(keys), location), size_(size), options_(options) {}

 protected:
  TensorSpec spec_after(const TensorSpec& spec, std::string& problem) const override {
    problem = why_no_image(spec);
    return with_image_size(spec, size_[0], size_[1]);
  }
  Tensor apply(const Tensor& value, const ValueContext& context) const override {
    return resize_image(value, size_, options_.interpolation, options_.antialias, context.batched);
  }
  std::string more_arguments() const override {
    return fmt::format("size=[{}, {}], interpolation={}, antialias={}", size_[0], size_[1],
                       name_of(options_.interpolation), options_.antialias);
  }

 private:
  Size2D size_;
  ResizeOptions options_;
};

}  // namespace

StageEntry resize_entry() {
  return {"resize",
          "images to one size",
          {{"keys", ArgumentType::kTextList, true, "", "which keys"},
           {"size", ArgumentType::kIntegerList, true, "", "[height, width]"},
           {"interpolation", ArgumentType::kText, false, "\"bilinear\"",
            "\"nearest\", \"bilinear\" or \"area\""},
           {"antialias", ArgumentType::kBool, false, "true",
            "when shrinking with bilinear: look at all pixels"}},
          [](const Dataset& dataset, const ArgumentMap& given, SourceLocation location) {
            const Arguments arguments("resize", given);
            ResizeOptions options;
            options.interpolation = arguments.interpolation("interpolation", options.interpolation);
            options.antialias = arguments.boolean("antialias", options.antialias);
            return dataset.resize(arguments.texts("keys"), arguments.size("size"), options,
                                  location);
          }};
}

}  // namespace tenon::data

namespace tenon {

Dataset Dataset::resize(Keys keys, Size2D size, ResizeOptions options, Here location) const {
  data::require_some_keys("resize", keys);
  data::require_size("resize", "size", size);
  return stage(std::make_shared<data::ResizeStage>(std::move(keys), size, options, location));
}

}  // namespace tenon
