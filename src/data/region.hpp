#pragma once

#include <memory>

#include "data/stage.hpp"
#include "data/volume.hpp"

namespace tenon::data {

/// A sample whose values are read when they are asked for, as a whole or a part of them.
class RegionReader {
 public:
  virtual ~RegionReader() = default;
  virtual const Shape& shape(std::size_t slot) const = 0;
  virtual Tensor whole(std::size_t slot) = 0;
  /// What crop_volume() gives of the whole.
  virtual Tensor part(std::size_t slot, const Index3D& first, const Size3D& size,
                      double padding) = 0;
  virtual std::vector<SampleIdentity> samples() const = 0;
};

/// A sample stage that can do with a part of the values before it.
class RegionStage {
 public:
  virtual ~RegionStage() = default;
  using Cut = std::function<Record(RegionReader& reader, const SampleContext& context)>;
  /// Gives what the stage's own function gives of the whole record.
  virtual Cut bind_cut(std::shared_ptr<const Schema> in,
                       std::shared_ptr<const Schema> out) const = 0;
};

}  // namespace tenon::data
