#include "backend/api/dropout_mask.hpp"
#include "backend/onednn/kernels/dropout.hpp"
#include "backend/onednn/kernels/elementwise.hpp"
#include "backend/onednn/lowering.hpp"
#include "backend/onednn/parallel.hpp"

namespace tenon::backend::onednn {
namespace {

// Masks that elements share are applied in float32.
struct Dropout {
  ops::DropoutAttributes attributes;
  std::int64_t count = 0;  // of x
  std::int64_t mask_count = 0;
  Shape mask_shape;
  StridedBox box;  // arrays x and mask
  float scale = 1.0F;

  bool shared() const { return mask_count != count; }
};

Dropout dropout_of(const Lowering& lowering, const GraphNode& node) {
  const auto& attributes = std::get<ops::DropoutAttributes>(node.op.attributes);
  const Shape& x = lowering.shape(node.op.inputs[0]);
  const Shape& mask = attributes.noise_shape.rank() == 0 ? x : attributes.noise_shape;
  return {attributes,
          x.element_count(),
          mask.element_count(),
          mask,
          StridedBox(x.dims(), {dense_steps(x), broadcast_steps(mask, x)}),
          static_cast<float>(1.0 / (1.0 - attributes.rate))};
}

void fill_mask(const Dropout& dropout, int threads, const StepNumbers& numbers,
               std::uint8_t* mask) {
  const auto& a = dropout.attributes;
  const auto key = dropout_key(numbers.seed, a.seed, numbers.iteration, a.stream);
  parallel_range(
      threads, dropout.mask_count, kElementGrain / 4,
      [&](std::int64_t begin, std::int64_t end) {
        fill_dropout_mask({mask + begin, static_cast<std::size_t>(end - begin)}, a.rate, key, begin,
                          numbers.rows, dropout.mask_shape);
      },
      64);
}

void apply(const Dropout& dropout, int threads, Numbers x, const std::uint8_t* mask,
           MutableNumbers y) {
  if (dropout.shared()) {
    apply_shared_dropout(dropout.box, threads, x.wide, mask, dropout.scale, y.wide);
  } else {
    apply_dropout(threads, x, mask, dropout.scale, y, dropout.count);
  }
}

CellId dropped(Lowering& lowering, const Dropout& dropout, ops::ValueId x) {
  return dropout.shared() ? lowering.plain(x) : lowering.plain_as_stored(x);
}

}  // namespace

void lower_dropout(Lowering& lowering, const GraphNode& node) {
  Dropout dropout = dropout_of(lowering, node);
  const CellId x = dropped(lowering, dropout, node.op.inputs[0]);
  const CellId y = dropout.shared() ? lowering.make(node.op.outputs[0])
                                    : lowering.make_as_stored(node.op.outputs[0]);
  const auto mask_bytes = static_cast<std::size_t>(dropout.mask_count);
  CellId mask = lowering.make_opaque(node.op.outputs[1], mask_bytes);
  if (mask == kNoCell) mask = lowering.memory().add({.bytes = mask_bytes});
  Step& step = lowering.add_step(
      node, "own:dropout", {x}, {y, mask},
      [dropout = std::move(dropout), threads = lowering.threads(), x = lowering.numbers(x),
       y = lowering.numbers(y), mask = lowering.ref(mask)](const StepNumbers& numbers) {
        fill_mask(dropout, threads, numbers, mask.as<std::uint8_t>());
        apply(dropout, threads, x.read(), mask.as<std::uint8_t>(), y.write());
      });
  step.memory.in_place = {{y, x}};
}

void lower_dropout_backward(Lowering& lowering, const GraphNode& node) {
  Dropout dropout = dropout_of(lowering, node);
  const CellId dy = dropped(lowering, dropout, node.op.inputs[0]);
  const CellId mask = lowering.cell(node.op.inputs[1]);
  const CellId dx = dropout.shared() ? lowering.make(node.op.outputs[0])
                                     : lowering.make_as_stored(node.op.outputs[0]);
  Step& step = lowering.add_step(
      node, "own:dropout", {dy, mask}, {dx},
      [dropout = std::move(dropout), threads = lowering.threads(), dy = lowering.numbers(dy),
       mask = lowering.ref(mask), dx = lowering.numbers(dx)](const StepNumbers&) {
        apply(dropout, threads, dy.read(), mask.as<std::uint8_t>(), dx.write());
      });
  step.memory.in_place = {{dx, dy}};
}

// Penalties run over a weight as it lies: what pads a blocked layout is 0 and stays 0.
void lower_penalty(Lowering& lowering, const GraphNode& node) {
  const auto& attributes = std::get<ops::PenaltyAttributes>(node.op.attributes);
  const CellId w = lowering.cell(node.op.inputs[0]);
  const CellId y = lowering.make(node.op.outputs[0]);
  const auto count = static_cast<std::int64_t>(lowering.memory().cell(w).bytes / sizeof(float));
  lowering.add_step(node, "own:reduce_sum", {w}, {y},
                    [attributes, count, threads = lowering.threads(), w = lowering.ref(w),
                     y = lowering.ref(y)](const StepNumbers&) {
                      double sum = 0.0;
                      if (attributes.l1 != 0.0) {
                        sum += attributes.l1 * sum_of_magnitudes(threads, w.as(), count);
                      }
                      if (attributes.l2 != 0.0) {
                        sum += attributes.l2 * sum_of_squares(threads, w.as(), count);
                      }
                      *y.as() = static_cast<float>(sum);
                    });
}

void lower_penalty_backward(Lowering& lowering, const GraphNode& node) {
  const auto& attributes = std::get<ops::PenaltyAttributes>(node.op.attributes);
  const CellId w = lowering.cell(node.op.inputs[0]);
  const CellId dscalar = lowering.plain(node.op.inputs[1]);
  const CellId dw = lowering.make(node.op.outputs[0], lowering.layout(node.op.inputs[0]));
  const auto count = static_cast<std::int64_t>(lowering.memory().cell(w).bytes / sizeof(float));
  lowering.add_step(node, "own:elementwise", {w, dscalar}, {dw},
                    [attributes, count, threads = lowering.threads(), w = lowering.ref(w),
                     dscalar = lowering.ref(dscalar), dw = lowering.ref(dw)](const StepNumbers&) {
                      penalty_gradient(threads, w.as(), *dscalar.as(),
                                       static_cast<float>(attributes.l1),
                                       static_cast<float>(attributes.l2), dw.as(), count);
                    });
}

}  // namespace tenon::backend::onednn
