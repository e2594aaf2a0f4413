#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tenon/model.hpp"
#include "train/trainer.hpp"

namespace tenon::train {

/// Where the windows of `window` voxels start along an axis of `size` voxels (at least as many), as
/// MONAI lays them: window · (1 − overlap) apart, at least one voxel, the last one at the border.
std::vector<std::int64_t> window_starts(std::int64_t size, std::int64_t window, double overlap);

/// What each place of a window along one axis weighs: MONAI's Gaussian with its middle at the
/// window's and a deviation of sigma_scale · window; 1 for constant blending.
std::vector<float> axis_weights(std::int64_t window, const SlidingWindow& options);

/// Predicts whole images and volumes by windows.
class SlidingPredictor {
 public:
  /// Throws ContractError (A001) for an argument outside of its range, or a model that has no
  /// spatial input.
  SlidingPredictor(const Model& model, SlidingWindow options);

  /// `interface` with the spatial axes of what is windowed open, for data that are larger.
  TrainingInterface opened(TrainingInterface interface) const;

  /// One batch of whole inputs, in the order of the model's: the outputs, with the geometries of
  /// the first input that is windowed. Inputs of another rank go along with each window. Throws
  /// ShapeError (S002) where two windowed inputs differ in size, or an output is not as large as
  /// its window.
  std::vector<Tensor> predict(Trainer& trainer, const std::vector<Tensor>& inputs);

 private:
  using Sizes = std::vector<std::int64_t>;
  struct Place {
    std::int64_t row;
    Sizes first;  ///< In the padded volume.
  };
  struct Frame;

  bool windowed(const TensorSpec& spec) const;
  Frame frame_of(const std::vector<Tensor>& inputs) const;
  std::vector<Tensor> window_inputs(const std::vector<Tensor>& inputs, const Frame& frame,
                                    const std::vector<Place>& places, std::size_t begin) const;
  void cut(const Tensor& input, const Frame& frame, const Place& place, std::byte* window) const;
  void add(const Tensor& prediction, const std::string& output, const Frame& frame,
           const std::vector<Place>& places, std::size_t begin, std::vector<float>& sums) const;
  Tensor joined(const std::vector<float>& sums, const Frame& frame, std::int64_t channels) const;

  SlidingWindow options_;
  std::vector<Port> inputs_;
  std::vector<Port> outputs_;
  std::vector<float> weights_;  ///< Of each voxel of a window.
};

}  // namespace tenon::train
