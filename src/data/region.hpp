#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

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
  /// That this part will be asked for: parts that are known beforehand may be read at once.
  virtual void expect(std::size_t /*slot*/, const Index3D& /*first*/, const Size3D& /*size*/) {}
  /// Makes what a stage makes, so that what is wrong with it is found even if nobody asks for it.
  virtual void settle() {}
};

/// From where a stage has the slots that it gives, and what it asks for; numbers of slots.
struct SlotFlow {
  static constexpr std::size_t kMade = static_cast<std::size_t>(-1);
  std::size_t taken = 0;  ///< How many slots it takes.
  /// Per slot that it gives: which one it is of those it takes, or kMade.
  std::vector<std::size_t> origins{};
  std::vector<bool> changed{};        ///< … is changed voxel by voxel on the way.
  std::vector<std::size_t> wholes{};  ///< Taken as a whole.
  std::vector<std::size_t> parts{};   ///< A part of it is taken; once for each part.
  bool reads_files = false;           ///< What is made is a file's.

  /// Every slot stays, new ones come behind them.
  static SlotFlow of_all(std::size_t in, std::size_t out);
  /// … and a part of each of `keys` takes its place.
  static SlotFlow of_parts(const Schema& in, const Schema& out, const Keys& keys);
};

/// A stage bound to its schemas, to be asked for parts.
struct Partwise {
  using Open = std::function<std::unique_ptr<RegionReader>(RegionReader& before,
                                                           const SampleContext& context)>;
  SlotFlow flow{};
  /// Reads what the stage's own function gives, bit for bit, and fails where that does. `before`
  /// outlives the reader. Empty where the schemas do not say enough for that.
  Open open{};
};

/// A sample stage of which parts can be had, or which can do with parts of what it takes.
class PartwiseStage {
 public:
  virtual ~PartwiseStage() = default;
  virtual Partwise bind_parts(std::shared_ptr<const Schema> in,
                              std::shared_ptr<const Schema> out) const = 0;
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
  void expect(std::size_t slot, const Index3D& first, const Size3D& size) override {
    before_.expect(slot, first, size);
  }

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
Partwise changed_parts(SlotChanges changes);
/// How each slot's values are turned, as reorient() does; nothing: they stay.
using SlotTurns = std::vector<std::optional<Turn>>;
std::unique_ptr<RegionReader> turned_reader(RegionReader& before, const SlotTurns& turns);

/// Slot `i` is slot origins[i] of the `taken` ones.
Partwise moved_parts(std::size_t taken, std::vector<std::size_t> origins);

/// A value that a crop makes out of parts.
struct Piece {
  std::size_t slot = 0;
  std::function<Tensor()> take;
};
/// Tells what it expects of `before`, and gives the pieces, which are taken later and once.
using Cut = std::function<std::vector<Piece>(RegionReader& before, const SampleContext& context)>;
/// `flow` says which slots are made; the pieces are these.
Partwise cut_parts(SlotFlow flow, Cut cut);

/// A stage without parts, that takes and gives whole values of a few slots; all others stay.
Partwise worked_parts(SampleFunction function, std::shared_ptr<const Schema> in,
                      std::shared_ptr<const Schema> out, const Keys& keys);

/// What crop_volume() gives of a whole of `shape` that lies as `geometry` says: `box` gives a part
/// that lies inside of it.
Tensor part_from_box(const Shape& shape, const Geometry* geometry, const Index3D& first,
                     const Size3D& size, double padding,
                     const std::function<Tensor(const Index3D& first, const Size3D& size)>& box);

/// Voxels from `first` on.
struct VoxelBox {
  Index3D first{};
  Size3D size{};
  std::int64_t voxels() const noexcept { return size[0] * size[1] * size[2]; }
};
/// What is read inside of a grid for a part that may reach over its border: a voxel at least, so
/// that its dtype is known.
VoxelBox box_inside(const Grid& grid, const Index3D& first, const Size3D& size);

/// True for numbers of one sample whose rank is an image's or a volume's, which stages that work on
/// each voxel by itself then have no quarrel with.
bool is_known_grid(const TensorSpec& spec);

}  // namespace tenon::data
