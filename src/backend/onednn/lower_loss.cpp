#include <fmt/format.h>

#include "backend/onednn/kernels/activated_loss.hpp"
#include "backend/onednn/kernels/loss.hpp"
#include "backend/onednn/kernels/overlap_loss.hpp"
#include "backend/onednn/lowering.hpp"
#include "tenon/error.hpp"

namespace tenon::backend::onednn {
namespace {

// A loss node's inputs, with addresses filled in at run time.
struct LossCells {
  LossInputs inputs;
  std::string name;
  Ref prediction;
  Ref target;
  Ref weight;
  bool sparse = false;

  LossInputs bound() const {
    LossInputs in = inputs;
    in.prediction = prediction.as();
    if (sparse) {
      in.class_ids = target.as<const std::int32_t>();
    } else {
      in.target = target.as();
    }
    in.sample_weight = weight.as();
    return in;
  }
};

LossCells cells_of(Lowering& lowering, const GraphNode& node) {
  LossCells cells;
  const Shape& shape = lowering.shape(node.op.inputs[0]);
  cells.inputs.attributes = std::get<ops::LossAttributes>(node.op.attributes);
  cells.inputs.classes = shape.dim(-1);
  cells.inputs.rows = shape.element_count() / cells.inputs.classes;
  cells.inputs.rows_per_sample = cells.inputs.rows / shape[0];
  cells.name = node.op.name;
  cells.prediction = lowering.ref(lowering.plain(node.op.inputs[0]));
  cells.target = lowering.ref(lowering.plain(node.op.inputs[1]));
  cells.weight = lowering.ref(lowering.plain(node.op.inputs[2]));
  cells.sparse = cells.inputs.attributes.kind == ops::LossKind::kSparseCategoricalCrossentropy;
  return cells;
}

void require_classes(const LossCells& cells, const LossInputs& in) {
  const std::int64_t row = first_wrong_class(in);
  if (row < 0) return;
  throw DataError(make_diagnostic(
      "D002",
      fmt::format("{}: the target of row {} is class {}, but the prediction has {} classes",
                  cells.name, row, in.class_ids[row], in.classes),
      {fmt::format("expected: class ids in [0, {})", in.classes)},
      "give class ids that start at 0, or an output with more units"));
}

std::vector<CellId> read_cells(Lowering& lowering, const GraphNode& node) {
  std::vector<CellId> cells;
  for (const ops::ValueId id : node.op.inputs) cells.push_back(lowering.plain(id));
  return cells;
}

// A Dice or Tversky node, as LossCells.
struct OverlapCells {
  ops::LossAttributes attributes;
  OverlapLayout layout;
  Ref prediction;
  Ref target;
  Ref weight;

  OverlapInputs bound() const {
    return {&attributes, &layout, prediction.as(), target.as(), weight.as()};
  }
};

OverlapCells overlap_cells_of(Lowering& lowering, const GraphNode& node) {
  const auto& attributes = std::get<ops::LossAttributes>(node.op.attributes);
  return {attributes, overlap_layout(lowering.shape(node.op.inputs[0]), attributes.axis),
          lowering.ref(lowering.plain(node.op.inputs[0])),
          lowering.ref(lowering.plain(node.op.inputs[1])),
          lowering.ref(lowering.plain(node.op.inputs[2]))};
}

void lower_overlap(Lowering& lowering, const GraphNode& node) {
  const OverlapCells cells = overlap_cells_of(lowering, node);
  std::vector<CellId> reads = read_cells(lowering, node);
  const CellId total = lowering.make(node.op.outputs[0]);
  const CellId each = lowering.make(node.op.outputs[1]);
  Step& step = lowering.add_step(
      node, "own:overlap_loss", std::move(reads), {total, each},
      [cells, threads = lowering.threads(), total = lowering.ref(total), each = lowering.ref(each),
       scratch = lowering.scratch()](const StepNumbers&) {
        overlap_forward(cells.bound(), threads, total.as(), each.as(), scratch.as<void>());
      });
  step.memory.scratch_bytes = overlap_scratch_bytes(cells.layout);
}

void lower_overlap_backward(Lowering& lowering, const GraphNode& node) {
  const OverlapCells cells = overlap_cells_of(lowering, node);
  std::vector<CellId> reads = read_cells(lowering, node);
  const CellId dprediction = lowering.make(node.op.outputs[0]);
  Step& step = lowering.add_step(
      node, "own:overlap_loss", reads, {dprediction},
      [cells, threads = lowering.threads(), dtotal = lowering.ref(reads[3]),
       dprediction = lowering.ref(dprediction), scratch = lowering.scratch()](const StepNumbers&) {
        overlap_backward(cells.bound(), threads, *dtotal.as(), dprediction.as(),
                         scratch.as<void>());
      });
  step.memory.scratch_bytes = overlap_scratch_bytes(cells.layout);
}

bool overlaps(const GraphNode& node) {
  return ops::is_overlap(std::get<ops::LossAttributes>(node.op.attributes).kind);
}

}  // namespace

void lower_loss(Lowering& lowering, const GraphNode& node) {
  if (overlaps(node)) return lower_overlap(lowering, node);
  const LossCells cells = cells_of(lowering, node);
  std::vector<CellId> reads = read_cells(lowering, node);
  const CellId total = lowering.make(node.op.outputs[0]);
  const CellId each = lowering.make(node.op.outputs[1]);
  Step& step = lowering.add_step(
      node, "own:loss", std::move(reads), {total, each},
      [cells, threads = lowering.threads(), total = lowering.ref(total), each = lowering.ref(each),
       scratch = lowering.scratch()](const StepNumbers&) {
        const LossInputs in = cells.bound();
        require_classes(cells, in);
        loss_forward(in, threads, total.as(), each.as(), scratch.as());
      });
  step.memory.scratch_bytes = static_cast<std::size_t>(cells.inputs.rows) * sizeof(float);
}

void lower_loss_backward(Lowering& lowering, const GraphNode& node) {
  if (overlaps(node)) return lower_overlap_backward(lowering, node);
  const LossCells cells = cells_of(lowering, node);
  std::vector<CellId> reads = read_cells(lowering, node);
  const CellId dprediction = lowering.make(node.op.outputs[0]);
  lowering.add_step(node, "own:loss", reads, {dprediction},
                    [cells, threads = lowering.threads(), dtotal = lowering.ref(reads[3]),
                     dprediction = lowering.ref(dprediction)](const StepNumbers&) {
                      const LossInputs in = cells.bound();
                      require_classes(cells, in);
                      loss_backward(in, threads, *dtotal.as(), dprediction.as());
                    });
}

void lower_activated_loss(Lowering& lowering, const GraphNode& node) {
  const LossCells cells = cells_of(lowering, node);
  const CellId x = lowering.plain(node.op.inputs[0]);
  const CellId dtotal = lowering.plain(node.op.inputs[3]);
  std::vector<CellId> reads = read_cells(lowering, node);
  const CellId total = lowering.make(node.op.outputs[0]);
  const CellId each = lowering.make(node.op.outputs[1]);
  const CellId y = lowering.make(node.op.outputs[2]);
  const CellId dx = lowering.make(node.op.outputs[3]);
  Step& step = lowering.add_step(
      node, "own:activated_loss", std::move(reads), {total, each, y, dx},
      [cells, threads = lowering.threads(), x = lowering.ref(x), dtotal = lowering.ref(dtotal),
       total = lowering.ref(total), each = lowering.ref(each), y = lowering.ref(y),
       dx = lowering.ref(dx), scratch = lowering.scratch()](const StepNumbers&) {
        const LossInputs in = cells.bound();
        require_classes(cells, in);
        activated_loss({.in = in,
                        .x = x.as(),
                        .dtotal = dtotal ? *dtotal.as() : 0.0F,
                        .y = y.as(),
                        .total = total.as(),
                        .each = each ? each.as() : scratch.as(),
                        .dx = dx.as()},
                       threads);
      });
  step.memory.in_place = {{y, x}};
  step.memory.scratch_bytes = static_cast<std::size_t>(cells.inputs.rows) * sizeof(float);
}

}  // namespace tenon::backend::onednn
