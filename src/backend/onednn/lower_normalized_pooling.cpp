#include <algorithm>

#include "backend/onednn/kernels/normalized_pooling.hpp"
#include "backend/onednn/lowering.hpp"
#include "backend/onednn/normalization_shape.hpp"

namespace tenon::backend::onednn {
namespace {

NormalizedPooling shape_of(const Lowering& lowering, const GraphNode& node) {
  const Shape& x = lowering.shape(node.op.inputs[0]);
  const bool volume = x.rank() == 5;
  const auto& window = node.pooling.window;
  NormalizedPooling shape;
  shape.normalization = normalization_shape(lowering, node);
  shape.batch = x[0];
  shape.depth = volume ? x[1] : 1;
  shape.height = x.dim(-3);
  shape.width = x.dim(-2);
  shape.window_depth = volume ? window[0] : 1;
  shape.window_height = window[window.size() - 2];
  shape.window_width = window.back();
  return shape;
}

}  // namespace

void lower_normalized_pooling(Lowering& lowering, const GraphNode& node) {
  const bool training = node.op.kind == ops::OpKind::kBatchNormalizationTraining;
  const NormalizedPooling shape = shape_of(lowering, node);
  const CellId x = lowering.wanted(node.op.inputs[0], DType::kFloat32);
  const CellId gamma = lowering.plain(node.op.inputs[1]);
  const CellId beta = lowering.plain(node.op.inputs[2]);
  const CellId y = lowering.make_wanted(node.op.outputs[0], DType::kFloat32);
  const CellId mean =
      training ? lowering.make(node.op.outputs[1]) : lowering.plain(node.op.inputs[3]);
  const CellId variance =
      training ? lowering.make(node.op.outputs[2]) : lowering.plain(node.op.inputs[4]);
  const CellId places = lowering.make_opaque(
      node.op.outputs[3], static_cast<std::size_t>(lowering.count(node.op.outputs[0])));
  std::vector<CellId> reads{x, gamma, beta};
  std::vector<CellId> writes{y, places};
  auto& others = training ? writes : reads;
  others.insert(others.end(), {mean, variance});
  Step& step = lowering.add_step(
      node, "own:normalized_pooling", std::move(reads), std::move(writes),
      [shape, training, threads = lowering.threads(), x = lowering.ref(x),
       gamma = lowering.ref(gamma), beta = lowering.ref(beta), mean = lowering.ref(mean),
       variance = lowering.ref(variance), y = lowering.ref(y), places = lowering.ref(places),
       scratch = lowering.scratch(),
       synchronization = Synchronization(node)](const StepNumbers& numbers) {
        auto* memory = scratch.as<std::byte>();
        if (training) {
          batch_statistics(shape.normalization, threads, x.as(), mean.as(), variance.as(), memory,
                           synchronization.in(numbers));
        }
        normalized_pooling_forward(shape, threads, x.as(), gamma.as(), beta.as(), mean.as(),
                                   variance.as(), y.as(), places.as<std::uint8_t>(), memory);
      });
  step.memory.scratch_bytes =
      std::max(batch_normalization_scratch(shape.normalization), normalized_pooling_scratch(shape));
}

void lower_normalized_pooling_backward(Lowering& lowering, const GraphNode& node) {
  const bool training = node.op.kind == ops::OpKind::kBatchNormalizationBackward;
  const NormalizedPooling shape = shape_of(lowering, node);
  const CellId x = lowering.wanted(node.op.inputs[0], DType::kFloat32);
  const CellId dy = lowering.wanted(node.op.inputs[1], DType::kFloat32);
  std::vector<CellId> reads{x, dy};
  for (std::size_t port = 2; port < 5; ++port) {
    reads.push_back(lowering.plain(node.op.inputs[port]));
  }
  reads.push_back(lowering.cell(node.op.inputs[5]));
  reads.push_back(lowering.plain(node.beta));
  const CellId dx = lowering.make_wanted(node.op.outputs[0], DType::kFloat32);
  const CellId dgamma = lowering.make(node.op.outputs[1]);
  const CellId dbeta = lowering.make(node.op.outputs[2]);
  Step& step = lowering.add_step(
      node, "own:normalized_pooling", reads, {dx, dgamma, dbeta},
      [shape, training, threads = lowering.threads(), x = lowering.ref(x), dy = lowering.ref(dy),
       gamma = lowering.ref(reads[2]), mean = lowering.ref(reads[3]),
       variance = lowering.ref(reads[4]), places = lowering.ref(reads[5]),
       beta = lowering.ref(reads[6]), dx = lowering.ref(dx), dgamma = lowering.ref(dgamma),
       dbeta = lowering.ref(dbeta), scratch = lowering.scratch(),
       synchronization = Synchronization(node)](const StepNumbers& numbers) {
        const NormalizationGradient gradient{x.as(),    dy.as(),     gamma.as(),
                                             beta.as(), mean.as(),   variance.as(),
                                             dx.as(),   dgamma.as(), dbeta.as()};
        normalized_pooling_backward(shape, threads, training, gradient,
                                    places.as<const std::uint8_t>(), scratch.as<std::byte>(),
                                    synchronization.in(numbers));
      });
  step.memory.scratch_bytes = normalized_pooling_scratch(shape);
  if (dx != kNoCell) step.memory.in_place = {{dx, x}};
}

}  // namespace tenon::backend::onednn
