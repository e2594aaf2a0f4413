#include "data/region.hpp"

#include <algorithm>
#include <numeric>
#include <optional>

#include "data/source_node.hpp"

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
  void expect(std::size_t slot, const Index3D& first, const Size3D& size) override {
    before().expect(origins_[slot], first, size);
  }

 private:
  const std::vector<std::size_t>& origins_;
};

class TurnedReader final : public ReaderOver {
 public:
  TurnedReader(RegionReader& before, const SlotTurns& turns)
      : ReaderOver(before), values_(turns.size()) {
    for (std::size_t slot = 0; slot < turns.size(); ++slot) {
      if (turns[slot]) values_[slot] = turned(before, slot, *turns[slot]);
    }
  }

  const Shape& shape(std::size_t slot) const override {
    return values_[slot] ? values_[slot]->shape : before().shape(slot);
  }
  const Geometry* geometry(std::size_t slot) const override {
    if (!values_[slot]) return before().geometry(slot);
    return values_[slot]->geometry ? &*values_[slot]->geometry : nullptr;
  }
  Tensor whole(std::size_t slot) override {
    Tensor value = before().whole(slot);
    if (!values_[slot]) return value;
    return reorient(value, values_[slot]->turn.from, values_[slot]->turn.flipped);
  }
  Tensor part(std::size_t slot, const Index3D& first, const Size3D& size, double padding) override {
    if (!values_[slot]) return before().part(slot, first, size, padding);
    const Value& value = *values_[slot];
    return part_from_box(value.shape, geometry(slot), first, size, padding,
                         [&](const Index3D& low, const Size3D& inside) {
                           const VoxelBox old = value.before({low, inside});
                           return reorient(before().part(slot, old.first, old.size, 0.0),
                                           value.turn.from, value.turn.flipped);
                         });
  }
  void expect(std::size_t slot, const Index3D& first, const Size3D& size) override {
    if (!values_[slot]) return before().expect(slot, first, size);
    const VoxelBox inside = box_inside(Grid(values_[slot]->shape), first, size);
    const VoxelBox old = values_[slot]->before(inside);
    before().expect(slot, old.first, old.size);
  }

 private:
  struct Value {
    Turn turn;
    Size3D old_size{};
    Shape shape{};
    std::optional<Geometry> geometry{};

    /// Where what lies in `box`, which is inside, lay before.
    VoxelBox before(const VoxelBox& box) const {
      VoxelBox old;
      for (std::size_t axis = 0; axis < 3; ++axis) {
        const auto from = static_cast<std::size_t>(turn.from[axis]);
        old.size[from] = box.size[axis];
        old.first[from] = turn.flipped[axis] ? old_size[from] - box.first[axis] - box.size[axis]
                                             : box.first[axis];
      }
      return old;
    }
  };

  static Value turned(const RegionReader& before, std::size_t slot, const Turn& turn) {
    const Grid grid(before.shape(slot));
    Value value{turn, grid.size};
    Size3D size{};
    for (std::size_t axis = 0; axis < 3; ++axis)
      size[axis] = grid.size[static_cast<std::size_t>(turn.from[axis])];
    value.shape = grid.shape_of(size);
    if (const Geometry* geometry = before.geometry(slot))
      value.geometry = transformed(*geometry, turning(grid.size, turn));
    return value;
  }

  std::vector<std::optional<Value>> values_;
};

/// Values that are made when they are first asked for; the others are those of `before`.
class MadeReader : public ReaderOver {
 public:
  const Shape& shape(std::size_t slot) const final {
    return is_made(slot) ? value(slot).shape() : before().shape(slot);
  }
  const Geometry* geometry(std::size_t slot) const final {
    return is_made(slot) ? value(slot).geometry() : before().geometry(slot);
  }
  Tensor whole(std::size_t slot) final {
    return is_made(slot) ? value(slot) : before().whole(slot);
  }
  Tensor part(std::size_t slot, const Index3D& first, const Size3D& size, double padding) final {
    return is_made(slot) ? crop_volume(value(slot), first, size, padding)
                         : before().part(slot, first, size, padding);
  }
  void expect(std::size_t slot, const Index3D& first, const Size3D& size) final {
    if (!is_made(slot)) before().expect(slot, first, size);
  }

 protected:
  MadeReader(RegionReader& before, const SlotFlow& flow) : ReaderOver(before), flow_(flow) {}
  bool is_made(std::size_t slot) const { return flow_.origins[slot] == SlotFlow::kMade; }
  virtual const Tensor& value(std::size_t slot) const = 0;

 private:
  const SlotFlow& flow_;
};

class CutReader final : public MadeReader {
 public:
  CutReader(RegionReader& before, const SlotFlow& flow, std::vector<Piece> pieces)
      : MadeReader(before, flow), pieces_(std::move(pieces)), values_(pieces_.size()) {}
  void settle() override {
    for (const Piece& piece : pieces_) value(piece.slot);
  }

 protected:
  const Tensor& value(std::size_t slot) const override {
    std::size_t at = 0;
    while (pieces_[at].slot != slot) ++at;
    if (!values_[at].defined()) values_[at] = pieces_[at].take();
    return values_[at];
  }

 private:
  std::vector<Piece> pieces_;
  mutable std::vector<Tensor> values_;
};

/// A function on a few slots, at its place.
struct PartWork {
  SampleFunction function;
  std::shared_ptr<const Schema> in;
  std::shared_ptr<const Schema> out;
  SlotFlow flow;
};

class WorkedReader final : public MadeReader {
 public:
  WorkedReader(RegionReader& before, const PartWork& work, const SampleContext& context)
      : MadeReader(before, work.flow), work_(work), context_(context) {}
  void settle() override { result(); }

 protected:
  const Tensor& value(std::size_t slot) const override { return result()[slot]; }

 private:
  const Record& result() const {
    if (result_) return *result_;
    std::vector<Tensor> values(work_.in->size());
    for (const std::size_t slot : work_.flow.wholes) values[slot] = before().whole(slot);
    Record record(work_.in, std::move(values), before().samples());
    return result_.emplace(fit_to_schema(work_.function(std::move(record), context_), work_.out));
  }

  const PartWork& work_;
  SampleContext context_;
  mutable std::optional<Record> result_;
};

}  // namespace

SlotFlow SlotFlow::of_all(std::size_t in, std::size_t out) {
  SlotFlow flow;
  flow.taken = in;
  flow.origins.assign(out, kMade);
  std::iota(flow.origins.begin(),
            flow.origins.begin() + static_cast<std::ptrdiff_t>(std::min(in, out)), std::size_t{0});
  flow.changed.assign(out, false);
  return flow;
}

SlotFlow SlotFlow::of_parts(const Schema& in, const Schema& out, const Keys& keys) {
  SlotFlow flow = of_all(in.size(), out.size());
  for (const std::string& key : keys) {
    const std::size_t slot = in.slot(key);
    flow.parts.push_back(slot);
    flow.origins[slot] = kMade;
  }
  return flow;
}

Partwise changed_parts(SlotChanges changes) {
  SlotFlow flow = SlotFlow::of_all(changes.size(), changes.size());
  for (std::size_t slot = 0; slot < changes.size(); ++slot)
    flow.changed[slot] = static_cast<bool>(changes[slot]);
  const auto kept = std::make_shared<const SlotChanges>(std::move(changes));
  return {std::move(flow), [kept](RegionReader& before, const SampleContext&) {
            return std::make_unique<ChangedReader>(before, *kept);
          }};
}

std::unique_ptr<RegionReader> turned_reader(RegionReader& before, const SlotTurns& turns) {
  return std::make_unique<TurnedReader>(before, turns);
}

Partwise moved_parts(std::size_t taken, std::vector<std::size_t> origins) {
  SlotFlow flow;
  flow.taken = taken;
  flow.changed.assign(origins.size(), false);
  flow.origins = origins;
  const auto kept = std::make_shared<const std::vector<std::size_t>>(std::move(origins));
  return {std::move(flow), [kept](RegionReader& before, const SampleContext&) {
            return std::make_unique<MovedReader>(before, *kept);
          }};
}

Partwise cut_parts(SlotFlow flow, Cut cut) {
  const auto kept = std::make_shared<const SlotFlow>(flow);
  return {std::move(flow),
          [kept, cut = std::move(cut)](RegionReader& before, const SampleContext& context) {
            return std::make_unique<CutReader>(before, *kept, cut(before, context));
          }};
}

Partwise worked_parts(SampleFunction function, std::shared_ptr<const Schema> in,
                      std::shared_ptr<const Schema> out, const Keys& keys) {
  if (out->size() < in->size()) return {};
  SlotFlow flow = SlotFlow::of_all(in->size(), out->size());
  for (std::size_t slot = 0; slot < in->size(); ++slot) {
    if ((*in)[slot].key != (*out)[slot].key) return {};
  }
  for (const std::string& key : keys) {
    if (const auto slot = in->find(key)) flow.wholes.push_back(*slot);
    if (const auto slot = out->find(key)) flow.origins[*slot] = SlotFlow::kMade;
  }
  const auto work = std::make_shared<const PartWork>(
      PartWork{std::move(function), std::move(in), std::move(out), flow});
  return {std::move(flow), [work](RegionReader& before, const SampleContext& context) {
            return std::make_unique<WorkedReader>(before, *work, context);
          }};
}

VoxelBox box_inside(const Grid& grid, const Index3D& first, const Size3D& size) {
  VoxelBox box;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const std::int64_t end = first[axis] + size[axis];
    box.first[axis] = std::clamp<std::int64_t>(first[axis], 0, grid.size[axis] - 1);
    box.size[axis] =
        std::clamp<std::int64_t>(end, box.first[axis] + 1, grid.size[axis]) - box.first[axis];
  }
  return box;
}

Tensor part_from_box(const Shape& shape, const Geometry* geometry, const Index3D& first,
                     const Size3D& size, double padding,
                     const std::function<Tensor(const Index3D& first, const Size3D& size)>& box) {
  const VoxelBox inside = box_inside(Grid(shape), first, size);
  Tensor result = box(inside.first, inside.size);
  if (inside.first == first && inside.size == size) {
    if (geometry == nullptr) result.clear_geometry();
  } else {
    const Index3D from{first[0] - inside.first[0], first[1] - inside.first[1],
                       first[2] - inside.first[2]};
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
