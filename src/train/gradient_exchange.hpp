#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "dist/communicator.hpp"
#include "dist/reduction.hpp"
#include "tenon/tensor.hpp"

namespace tenon::train {

/// What ranks add up in a step: gradients first, then other values, each weighted by its rank's
/// share of the batch. They lie in one memory, in the order in which a backward pass gives them
/// (the last first), and are sent in buckets: a bucket as soon as all of it was given.
class GradientExchange {
 public:
  /// Of these shapes. `buckets_of`: bytes of a bucket, about; the last `rest` values are in one of
  /// their own.
  GradientExchange(dist::Communicator& communicator, const std::vector<Shape>& shapes,
                   std::size_t rest, std::size_t buckets_of);

  /// A view of value `index`: the sum, between finish() and the next begin().
  const Tensor& value(std::size_t index) const { return values_[index]; }

  void begin();
  /// `share`: the rank's part of the batch's rows. Moves on what is on its way.
  void give(std::size_t index, std::span<const float> value, float share);
  bool given(std::size_t index) const { return given_[index]; }
  void progress() { communicator_.progress(); }
  /// Gives zeros for all that was not given, and waits until all is summed.
  void finish();

 private:
  struct Bucket {
    std::span<float> values;
    std::size_t missing = 0;
    std::size_t count = 0;
    std::shared_ptr<dist::Reduction> reduction;
  };
  void arrived(std::size_t index);

  dist::Communicator& communicator_;
  Tensor memory_;
  std::vector<Tensor> values_;
  std::vector<std::size_t> bucket_of_;
  std::vector<bool> given_;
  std::vector<Bucket> buckets_;
};

}  // namespace tenon::train
