#include "data/stages/intensity.hpp"

#include <fmt/format.h>

#include "tenon/error.hpp"

namespace tenon::data {

RandomIntensityStage::RandomIntensityStage(std::string name, Keys keys, double probability,
                                           SourceLocation location)
    : SpatialStage(std::move(name), std::move(keys), location), probability_(probability) {}

TensorSpec RandomIntensityStage::spec_after(const TensorSpec& spec, std::string& problem) const {
  if (spec.dtype != DType::kFloat32) {
    problem = fmt::format("it is {}; cast or scale it to float32 first", spec.to_string());
  }
  TensorSpec after = spec;
  after.range.reset();
  return after;
}

void RandomIntensityStage::work(std::span<Value> values, Random& random) const {
  const bool chosen = random.next_double() < probability_;
  if (!chosen) return;
  const Draw drawn = draw(random);
  for (Value& value : values) {
    Tensor changed = as_floats(value.tensor);
    change(changed, drawn, value.position);
    value.tensor = std::move(changed);
  }
}

std::string RandomIntensityStage::more_arguments() const {
  return fmt::format("{}, probability={}", own_arguments(), probability_);
}

Tensor as_floats(const Tensor& volume) { return volume.cast(DType::kFloat32); }

}  // namespace tenon::data
