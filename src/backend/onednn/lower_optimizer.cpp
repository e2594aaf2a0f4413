#include <algorithm>
#include <cmath>
#include <utility>

#include "backend/onednn/kernels/elementwise.hpp"
#include "backend/onednn/kernels/update.hpp"
#include "backend/onednn/lowering.hpp"

namespace tenon::backend::onednn {
namespace {

using ops::ValueId;

std::int64_t stored_floats(Lowering& lowering, CellId id) {
  return static_cast<std::int64_t>(lowering.memory().cell(id).bytes / sizeof(float));
}

// One gradient on its way through a clip.
struct Clipped {
  Ref from;
  Ref to;
  std::int64_t count = 0;
};

void clip_by_norm(const std::vector<Clipped>& list, int threads, double limit) {
  double sum = 0.0;
  for (const Clipped& g : list) sum += sum_of_squares(threads, g.from.as(), g.count);
  const auto scale = static_cast<float>(limit / std::max(limit, std::sqrt(sum)));
  for (const Clipped& g : list) {
    scale_offset(threads, g.from.as(), scale, 0.0F, g.to.as(), g.count);
  }
}

using UpdateCells = AppliedGradients::Update;

// What one call of the kernel is given: updates that are neighbours in memory are one.
class UpdateTargets {
 public:
  UpdateTargets(Memory& memory, std::vector<UpdateCells> cells)
      : memory_(&memory), cells_(std::move(cells)) {
    for (const UpdateCells& own : cells_) memory.watch(own.gradient);
  }

  const std::vector<UpdateTarget>& now() {
    if (merged_at_ == memory_->version()) return targets_;
    merged_at_ = memory_->version();
    targets_.clear();
    together_.clear();
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      const UpdateTarget own = target_of(cells_[i]);
      if (i > 0 && follow(*memory_, cells_[i - 1], cells_[i])) {
        targets_.back().count = own.w + own.count - targets_.back().w;
      } else {
        targets_.push_back(own);
        together_.push_back(cells_[i].as_made && memory_->offset_in_row(cells_[i].gradient) >= 0);
      }
    }
    return targets_;
  }

  // Those whose gradients lie alone, and of the others those that lie together: `apply` gets the
  // parts of them that are in `parts`.
  template <class Apply>
  void divided(std::span<const std::span<float>> parts, const Apply& apply) {
    now();
    for (std::size_t i = 0; i < targets_.size(); ++i) {
      if (!together_[i]) apply(targets_[i], false);
    }
    for (const std::span<float> part : parts) {
      for (std::size_t i = 0; i < targets_.size(); ++i) {
        const UpdateTarget& own = targets_[i];
        const float* first = std::max<const float*>(part.data(), own.g);
        const float* last = std::min<const float*>(part.data() + part.size(), own.g + own.count);
        if (together_[i] && first < last) apply(piece_of(own, first - own.g, last - first), true);
      }
    }
  }

 private:
  static UpdateTarget piece_of(UpdateTarget own, std::int64_t first, std::int64_t count) {
    own.w += first;
    own.g += first;
    for (float*& slot : own.slots) slot = slot == nullptr ? nullptr : slot + first;
    own.count = count;
    return own;
  }
  UpdateTarget target_of(const UpdateCells& own) const {
    UpdateTarget target;
    target.w = memory_->ref(own.weight).as();
    target.g = memory_->ref(own.gradient).as();
    target.count = static_cast<std::int64_t>(memory_->cell(own.weight).bytes / sizeof(float));
    for (std::size_t k = 0; k < 3; ++k) target.slots[k] = memory_->ref(own.slots[k]).as();
    return target;
  }

  const Memory* memory_;
  std::vector<UpdateCells> cells_;
  std::vector<UpdateTarget> targets_;
  std::vector<bool> together_;  ///< Their gradients lie with others.
  std::uint64_t merged_at_ = 0;
};

void lower_updates(Lowering& lowering, const GraphNode& node) {
  std::vector<CellId> reads;
  std::vector<CellId> writes;
  std::vector<UpdateCells> cells;
  std::vector<CellId> gradients;
  for (const ops::Node& op : updates_of(node)) {
    UpdateCells update;
    update.weight = lowering.cell(op.inputs[0]);
    update.gradient = lowering.laid_out(op.inputs[1], lowering.layout(op.inputs[0]));
    update.as_made =
        std::ranges::find(lowering.gradients().entries, update.gradient,
                          &AppliedGradients::Entry::cell) != lowering.gradients().entries.end();
    gradients.push_back(update.gradient);
    reads.insert(reads.end(), {update.weight, update.gradient});
    writes.push_back(update.weight);
    for (std::size_t port = 2; port < op.inputs.size(); ++port) {
      const CellId slot = lowering.cell(op.inputs[port]);
      update.slots[port - 2] = slot;
      reads.push_back(slot);
      writes.push_back(slot);
    }
    cells.push_back(update);
  }
  if (node.contiguous) lowering.memory().keep_together(std::move(gradients));
  const std::vector<UpdateCells> noted = cells;
  lowering.add_step(
      node, node.contiguous ? "own:update_in_one" : "own:update", std::move(reads),
      std::move(writes),
      [targets = UpdateTargets(lowering.memory(), std::move(cells)), kind = node.op.kind,
       attributes = std::get<ops::OptimizerAttributes>(node.op.attributes),
       threads = lowering.threads()](const StepNumbers& numbers) mutable {
        const auto update = [&](std::span<const UpdateTarget> list) {
          update_weights(kind, attributes, threads, numbers.learning_rate, numbers.updates(), list);
        };
        if (numbers.divided == nullptr) return update(targets.now());
        targets.divided(
            *numbers.divided->applied_here(), [&](const UpdateTarget& target, bool is_part) {
              update({&target, 1});
              if (is_part)
                numbers.divided->updated({target.w, static_cast<std::size_t>(target.count)});
            });
      });
  lowering.note_updates(noted);
}

}  // namespace

// Clips run over gradients as they lie: what pads a blocked layout is 0 and stays 0.
void lower_clip(Lowering& lowering, const GraphNode& node) {
  const double limit = std::get<ops::ClipAttributes>(node.op.attributes).limit;
  std::vector<CellId> reads;
  std::vector<CellId> writes;
  std::vector<Clipped> list;
  std::vector<std::pair<CellId, CellId>> in_place;
  for (std::size_t i = 0; i < node.op.inputs.size(); ++i) {
    const CellId from = lowering.cell(node.op.inputs[i]);
    const CellId to = lowering.make(node.op.outputs[i], lowering.layout(node.op.inputs[i]));
    reads.push_back(from);
    writes.push_back(to);
    if (to == kNoCell) continue;
    list.push_back({lowering.ref(from), lowering.ref(to), stored_floats(lowering, from)});
    in_place.emplace_back(to, from);
  }
  const bool by_value = node.op.kind == ops::OpKind::kClipByValue;
  Step& step = lowering.add_step(
      node, "own:clip", std::move(reads), std::move(writes),
      [list = std::move(list), by_value, limit, threads = lowering.threads()](const StepNumbers&) {
        if (!by_value) return clip_by_norm(list, threads, limit);
        for (const Clipped& g : list) {
          clip(threads, g.from.as(), static_cast<float>(limit), g.to.as(), g.count);
        }
      });
  step.memory.in_place = std::move(in_place);
}

void lower_update(Lowering& lowering, const GraphNode& node) { lower_updates(lowering, node); }

void lower_update_group(Lowering& lowering, const GraphNode& node) {
  lower_updates(lowering, node);
}

}  // namespace tenon::backend::onednn
