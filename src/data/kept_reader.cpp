#include "data/kept_reader.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

namespace tenon::data {
namespace {

bool holds(const VoxelBox& outer, const VoxelBox& inner) {
  for (std::size_t axis = 0; axis < 3; ++axis) {
    if (inner.first[axis] < outer.first[axis] ||
        inner.first[axis] + inner.size[axis] > outer.first[axis] + outer.size[axis])
      return false;
  }
  return true;
}

VoxelBox around(const VoxelBox& a, const VoxelBox& b) {
  VoxelBox box;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    box.first[axis] = std::min(a.first[axis], b.first[axis]);
    const std::int64_t end = std::max(a.first[axis] + a.size[axis], b.first[axis] + b.size[axis]);
    box.size[axis] = end - box.first[axis];
  }
  return box;
}

class KeptReader final : public ReaderOver {
 public:
  KeptReader(RegionReader& before, const SlotCares& cares) : ReaderOver(before), cares_(cares) {}

  Tensor whole(std::size_t slot) override {
    if (cares_[slot] != Care::kKeepWhole) return before().whole(slot);
    Tensor& value = wholes_[slot];
    if (!value.defined()) value = before().whole(slot);
    return value;
  }
  Tensor part(std::size_t slot, const Index3D& first, const Size3D& size, double padding) override {
    if (cares_[slot] == Care::kKeepWhole) return crop_volume(whole(slot), first, size, padding);
    if (cares_[slot] != Care::kJoinParts) return before().part(slot, first, size, padding);
    Parts& parts = parts_[slot];
    if (!parts.joined) join(parts);
    const VoxelBox wanted = box_inside(Grid(shape(slot)), first, size);
    if (!parts.joined || !holds(*parts.joined, wanted))
      return before().part(slot, first, size, padding);
    return part_from_box(shape(slot), geometry(slot), first, size, padding,
                         [&](const Index3D& low, const Size3D& inside) {
                           return from_joined(slot, parts, low, inside);
                         });
  }
  /// What is told before a part is taken counts.
  void expect(std::size_t slot, const Index3D& first, const Size3D& size) override {
    if (cares_[slot] != Care::kJoinParts) return;
    parts_[slot].expected.push_back(box_inside(Grid(shape(slot)), first, size));
  }

 private:
  struct Parts {
    std::vector<VoxelBox> expected{};
    std::optional<VoxelBox> joined{};
    Tensor value{};
  };

  static void join(Parts& parts) {
    const std::vector<VoxelBox> expected = std::exchange(parts.expected, {});
    if (expected.size() < 2) return;
    VoxelBox all = expected.front();
    std::int64_t voxels = 0;
    for (const VoxelBox& box : expected) {
      all = around(all, box);
      voxels += box.voxels();
    }
    if (all.voxels() <= voxels) parts.joined = all;
  }

  Tensor from_joined(std::size_t slot, Parts& parts, const Index3D& low, const Size3D& inside) {
    const VoxelBox& all = *parts.joined;
    if (!parts.value.defined()) parts.value = before().part(slot, all.first, all.size, 0.0);
    if (low == all.first && inside == all.size) return parts.value;
    return crop_volume(
        parts.value, {low[0] - all.first[0], low[1] - all.first[1], low[2] - all.first[2]}, inside);
  }

  const SlotCares& cares_;
  std::map<std::size_t, Tensor> wholes_;
  std::map<std::size_t, Parts> parts_;
};

}  // namespace

bool any_kept(const SlotCares& cares) {
  return std::ranges::any_of(
      cares, [](Care care) { return care == Care::kKeepWhole || care == Care::kJoinParts; });
}

std::unique_ptr<RegionReader> kept_reader(RegionReader& before, const SlotCares& cares) {
  return std::make_unique<KeptReader>(before, cares);
}

}  // namespace tenon::data
