#include "data/region.hpp"

#include <algorithm>

namespace tenon::data {
namespace {

class ChangedReader final : public ReaderOver {
 public:
  ChangedReader(RegionReader& before, const SlotChanges& changes)
      : ReaderOver(before), changes_(changes) {}

  Tensor whole(std::size_t slot) override {
    const auto& change = changes_[slot];
    return change ? change(before().whole(slot)) : before().whole(slot);
  }
  /// What is outside is not changed: it is met behind the change.
  Tensor part(std::size_t slot, const Index3D& first, const Size3D& size, double padding) override {
    const auto& change = changes_[slot];
    if (!change) return before().part(slot, first, size, padding);
    return part_from_box(shape(slot), geometry(slot), first, size, padding,
                         [&](const Index3D& low, const Size3D& inside) {
                           return change(before().part(slot, low, inside, 0.0));
                         });
  }

 private:
  const SlotChanges& changes_;
};

class MovedReader final : public ReaderOver {
 public:
  MovedReader(RegionReader& before, const std::vector<std::size_t>& origins)
      : ReaderOver(before), origins_(origins) {}

  const Shape& shape(std::size_t slot) const override { return before().shape(origins_[slot]); }
  const Geometry* geometry(std::size_t slot) const override {
    return before().geometry(origins_[slot]);
  }
  Tensor whole(std::size_t slot) override { return before().whole(origins_[slot]); }
  Tensor part(std::size_t slot, const Index3D& first, const Size3D& size, double padding) override {
    return before().part(origins_[slot], first, size, padding);
  }

 private:
  const std::vector<std::size_t>& origins_;
};

}  // namespace

std::unique_ptr<RegionReader> changed_reader(RegionReader& before, const SlotChanges& changes) {
  return std::make_unique<ChangedReader>(before, changes);
}

std::unique_ptr<RegionReader> moved_reader(RegionReader& before,
                                           const std::vector<std::size_t>& origins) {
  return std::make_unique<MovedReader>(before, origins);
}

Tensor part_from_box(const Shape& shape, const Geometry* geometry, const Index3D& first,
                     const Size3D& size, double padding,
                     const std::function<Tensor(const Index3D& first, const Size3D& size)>& box) {
  const Grid grid(shape);
  Index3D low{};
  Size3D inside{};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const std::int64_t end = first[axis] + size[axis];
    // A voxel at least is asked for, so that the result has a dtype.
    low[axis] = std::clamp<std::int64_t>(first[axis], 0, grid.size[axis] - 1);
    inside[axis] = std::clamp<std::int64_t>(end, low[axis] + 1, grid.size[axis]) - low[axis];
  }
  Tensor result = box(low, inside);
  if (low == first && inside == size) {
    if (geometry == nullptr) result.clear_geometry();
  } else {
    const Index3D from{first[0] - low[0], first[1] - low[1], first[2] - low[2]};
    result.clear_geometry();
    result = crop_volume(result, from, size, padding);
  }
  if (geometry != nullptr) {
    IndexTransform shift;
    for (std::size_t axis = 0; axis < 3; ++axis)
      shift.offset[axis] = static_cast<double>(first[axis]);
    result.set_geometry(transformed(*geometry, shift));
  }
  return result;
}

bool is_known_grid(const TensorSpec& spec) {
  return spec.dtype != DType::kString && spec.rank_known && !spec.batched() &&
         is_spatial_rank(spec.rank());
}

}  // namespace tenon::data
