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

// The cells of one update: the slots lie as the weight does.
struct UpdateCells {
  Ref w;
  Ref g;
  Ref slots[3];
  std::int64_t count = 0;
};

void lower_updates(Lowering& lowering, const GraphNode& node,
                   const std::vector<ops::Node>& updates) {
  std::vector<CellId> reads;
  std::vector<CellId> writes;
  std::vector<UpdateCells> cells;
  for (const ops::Node& op : updates) {
    const Layout layout = lowering.layout(op.inputs[0]);
    UpdateCells update;
    const CellId w = lowering.cell(op.inputs[0]);
    const CellId g = lowering.laid_out(op.inputs[1], layout);
    update.w = lowering.ref(w);
    update.g = lowering.ref(g);
    update.count = stored_floats(lowering, w);
    reads.insert(reads.end(), {w, g});
    writes.push_back(w);
    for (std::size_t port = 2; port < op.inputs.size(); ++port) {
      const CellId slot = lowering.cell(op.inputs[port]);
      update.slots[port - 2] = lowering.ref(slot);
      reads.push_back(slot);
      writes.push_back(slot);
    }
    cells.push_back(update);
  }
  lowering.add_step(
      node, "own:update", std::move(reads), std::move(writes),
      [cells = std::move(cells), targets = std::vector<UpdateTarget>(updates.size()),
       kind = node.op.kind, attributes = std::get<ops::OptimizerAttributes>(node.op.attributes),
       threads = lowering.threads()](const StepNumbers& numbers) mutable {
        for (std::size_t i = 0; i < cells.size(); ++i) {
          UpdateTarget& target = targets[i];
          target.w = cells[i].w.as();
          target.g = cells[i].g.as();
          target.count = cells[i].count;
          for (std::size_t k = 0; k < 3; ++k) target.slots[k] = cells[i].slots[k].as();
        }
        update_weights(kind, attributes, threads, numbers.learning_rate, numbers.iteration,
                       targets);
      });
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

void lower_update(Lowering& lowering, const GraphNode& node) {
  lower_updates(lowering, node, {node.op});
}

void lower_update_group(Lowering& lowering, const GraphNode& node) {
  lower_updates(lowering, node, node.group);
}

}  // namespace tenon::backend::onednn
