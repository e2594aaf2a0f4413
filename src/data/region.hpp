#pragma once

#include <functional>
#include <memory>

#include "data/stage.hpp"
#include "data/volume.hpp"

namespace tenon::data {

/// A sample whose values are read when they are asked for, as a whole or a part of them. Of one
/// thread at a time.
class RegionReader {
 public:
  virtual ~RegionReader() = default;
  virtual const Shape& shape(std::size_t slot) const = 0;
  /// Where the whole lies; nullptr where that is not known.
  virtual const Geometry* geometry(std::size_t slot) const = 0;
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

/// A sample stage of which a part of what it gives can be had from the same part of what it takes.
class PartwiseStage {
 public:
  virtual ~PartwiseStage() = default;
  using Open = std::function<std::unique_ptr<RegionReader>(RegionReader& before)>;
  /// Reads what the stage's own function gives, bit for bit, and fails where that does. `before`
  /// outlives the reader. Empty where the schemas do not say enough for that.
  virtual Open bind_open(std::shared_ptr<const Schema> in,
                         std::shared_ptr<const Schema> out) const = 0;
  /// True if it finds its values outside of the sample, so that cutting early saves reading.
  virtual bool reads_files() const noexcept { return false; }
};

/// A reader that gives what another one does, to be changed where it does not.
class ReaderOver : public RegionReader {
 public:
  explicit ReaderOver(RegionReader& before) : before_(before) {}
  const Shape& shape(std::size_t slot) const override { return before_.shape(slot); }
  const Geometry* geometry(std::size_t slot) const override { return before_.geometry(slot); }
  Tensor whole(std::size_t slot) override { return before_.whole(slot); }
  Tensor part(std::size_t slot, const Index3D& first, const Size3D& size, double padding) override {
    return before_.part(slot, first, size, padding);
  }
  std::vector<SampleIdentity> samples() const override { return before_.samples(); }

 protected:
  RegionReader& before() const noexcept { return before_; }

 private:
  RegionReader& before_;
};

/// A record that is there.
class RecordReader final : public RegionReader {
 public:
  explicit RecordReader(const Record& record) : record_(record) {}
  const Shape& shape(std::size_t slot) const override { return record_[slot].shape(); }
  const Geometry* geometry(std::size_t slot) const override { return record_[slot].geometry(); }
  Tensor whole(std::size_t slot) override { return record_[slot]; }
  Tensor part(std::size_t slot, const Index3D& first, const Size3D& size, double padding) override {
    return crop_volume(record_[slot], first, size, padding);
  }
  std::vector<SampleIdentity> samples() const override { return record_.samples(); }

 private:
  const Record& record_;
};

/// What each slot's values become, voxel by voxel; empty: they stay.
using SlotChanges = std::vector<std::function<Tensor(const Tensor& value)>>;
/// Kept by the caller: `changes`.
std::unique_ptr<RegionReader> changed_reader(RegionReader& before, const SlotChanges& changes);
/// Slot `i` is slot origins[i] of `before`. Kept by the caller: `origins`.
std::unique_ptr<RegionReader> moved_reader(RegionReader& before,
                                           const std::vector<std::size_t>& origins);

/// What crop_volume() gives of a whole of `shape` that lies as `geometry` says: `box` gives a part
/// that lies inside of it.
Tensor part_from_box(const Shape& shape, const Geometry* geometry, const Index3D& first,
                     const Size3D& size, double padding,
                     const std::function<Tensor(const Index3D& first, const Size3D& size)>& box);

/// True for numbers of one sample whose rank is an image's or a volume's, which stages that work on
/// each voxel by itself then have no quarrel with.
bool is_known_grid(const TensorSpec& spec);

}  // namespace tenon::data
