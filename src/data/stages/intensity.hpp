#pragma once

#include <string>
#include <vector>

#include "data/stages/spatial_stage.hpp"

namespace tenon::data {

/// A stage that changes the intensities of images and volumes at random, with one draw for all keys
/// of a sample, and leaves `1 - probability` of the samples as they are. The dtype must be
/// floating.
class RandomIntensityStage : public SpatialStage {
 public:
  RandomIntensityStage(std::string name, Keys keys, double probability, SourceLocation location);

 protected:
  TensorSpec spec_after(const TensorSpec& spec, std::string& problem) const override;
  void work(std::span<Value> values, Random& random) const override;
  std::string more_arguments() const override;

  /// What was drawn for a sample: what the stage makes of it is its own.
  struct Draw {
    double amount = 0.0;
    bool inverted = false;
    std::uint64_t seed = 0;
  };
  virtual Draw draw(Random& random) const = 0;
  /// `volume` is float32 and this stage's own to change.
  virtual void change(Tensor& volume, const Draw& drawn, std::size_t position) const = 0;
  virtual std::string own_arguments() const = 0;

 private:
  double probability_;
};

/// A float32 copy with the geometry of `volume`.
Tensor as_floats(const Tensor& volume);

}  // namespace tenon::data
