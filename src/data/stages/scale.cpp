#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "data/arguments.hpp"
#include "data/numeric.hpp"
#include "data/stages/entries.hpp"
#include "data/stages/per_key_stage.hpp"

namespace tenon::data {
namespace {

class ScaleStage final : public PerKeyStage {
 public:
  ScaleStage(Keys keys, double factor, double offset, SourceLocation location)
      : PerKeyStage("scale", std::move(keys), location), factor_(factor), offset_(offset) {}

 protected:
  TensorSpec spec_after(const TensorSpec& spec, std::string& problem) const override {
    if (spec.dtype == DType::kString) problem = "it holds text; encode turns it into numbers";
    TensorSpec after = spec;
    after.dtype = DType::kFloat32;
    if (const auto range = implied_range(spec)) {
      const double a = range->low * factor_ + offset_;
      const double b = range->high * factor_ + offset_;
      after.range = ValueRange{std::min(a, b), std::max(a, b)};
    }
    return after;
  }

  Tensor apply(const Tensor& value, const ValueContext&) const override {
    Tensor result = Tensor::uninitialized(DType::kFloat32, value.shape());
    with_number_type(value.dtype(), [&](auto type) {
      using T = decltype(type);
      const auto factor = static_cast<Wide<T>>(factor_);
      const auto offset = static_cast<Wide<T>>(offset_);
      const auto in = value.data<T>();
      std::transform(in.begin(), in.end(), result.data<float>().begin(),
                     [&](T x) { return static_cast<float>(widen(x) * factor + offset); });
    });
    return result;
  }

  bool pointwise(const TensorSpec& /*spec*/) const override { return true; }

  std::string more_arguments() const override {
    return fmt::format("factor={}, offset={}", factor_, offset_);
  }

 private:
  double factor_;
  double offset_;
};

}  // namespace

StageEntry scale_entry() {
  return {"scale",
          "x * factor + offset, as float32",
          {{"keys", ArgumentType::kTextList, true, "", "which keys"},
           {"factor", ArgumentType::kNumber, true, "", "what values are multiplied with"},
           {"offset", ArgumentType::kNumber, false, "0.0", "what is added then"}},
          [](const Dataset& dataset, const ArgumentMap& given, SourceLocation location) {
            const Arguments arguments("scale", given);
            return dataset.scale(arguments.texts("keys"), arguments.number("factor", 1.0),
                                 arguments.number("offset", 0.0), location);
          }};
}

}  // namespace tenon::data

namespace tenon {

Dataset Dataset::scale(Keys keys, double factor, double offset, Here location) const {
  data::require_some_keys("scale", keys);
  if (!std::isfinite(static_cast<float>(factor)) || !std::isfinite(static_cast<float>(offset))) {
    throw_argument_error("scale", fmt::format("factor = {}, offset = {}", factor, offset),
                         "finite numbers that float32 holds (up to 3.4e38)");
  }
  return stage(std::make_shared<data::ScaleStage>(std::move(keys), factor, offset, location));
}

}  // namespace tenon
