#include <span>
#include <utility>

#include "backend/onednn/image_layout.hpp"
#include "backend/onednn/kernels/convert.hpp"
#include "backend/onednn/kernels/strided.hpp"
#include "backend/onednn/kernels/up_sampling.hpp"
#include "backend/onednn/lowering.hpp"

namespace tenon::backend::onednn {
namespace {

using ops::ValueId;

std::size_t element_size(const Lowering& lowering, ValueId id) {
  return size_of(lowering.stored(id));
}

// What is moved is held as the result is: rounding what is read and what is written are the same.
CellId moved(Lowering& lowering, const GraphNode& node, std::size_t input = 0) {
  return lowering.wanted(node.op.inputs[input], lowering.stored(node.op.outputs[0]));
}

std::int64_t dot(const std::vector<std::int64_t>& a, const std::vector<std::int64_t>& b) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// One box to be copied: array 0 is read, array 1 written.
struct CopyTask {
  StridedBox box;
  Ref from;
  std::int64_t from_offset = 0;
  Ref to;
  std::int64_t to_offset = 0;
};

void run_copies(std::span<const CopyTask> tasks, int threads, std::size_t element) {
  for (const CopyTask& task : tasks) {
    const auto size = static_cast<std::int64_t>(element);
    strided_copy(task.box, threads, task.from.as<std::byte>() + task.from_offset * size,
                 task.to.as<std::byte>() + task.to_offset * size, element);
  }
}

void add_copies(Lowering& lowering, const GraphNode& node, std::vector<CellId> reads, CellId y,
                std::vector<CopyTask> tasks) {
  lowering.add_step(node, "own:copy", std::move(reads), {y},
                    [tasks = std::move(tasks), threads = lowering.threads(),
                     element = element_size(lowering, node.op.outputs[0])](const StepNumbers&) {
                      run_copies(tasks, threads, element);
                    });
}

std::size_t positive_axis(int axis, const Shape& shape) {
  return static_cast<std::size_t>(axis < 0 ? axis + shape.rank() : axis);
}

// A slice is a view where its elements lie in one run: behind the first axis of more than one
// element, every axis is whole.
bool is_run(const Shape& x, const Shape& y) {
  bool long_axis_seen = false;
  for (std::size_t axis = 0; axis < x.dims().size(); ++axis) {
    if (long_axis_seen && y[axis] != x[axis]) return false;
    long_axis_seen = long_axis_seen || y[axis] > 1;
  }
  return true;
}

}  // namespace

void lower_reshape(Lowering& lowering, const GraphNode& node) {
  const CellId x = lowering.plain(node.op.inputs[0], lowering.stored(node.op.outputs[0]));
  lowering.make_view(node.op.outputs[0], x);
}

void lower_transpose(Lowering& lowering, const GraphNode& node) {
  const auto& axes = std::get<ops::PermutationAttributes>(node.op.attributes).axes;
  const Shape& y_shape = lowering.shape(node.op.outputs[0]);
  const std::vector<std::int64_t> x_steps = dense_steps(lowering.shape(node.op.inputs[0]));
  std::vector<std::int64_t> steps;
  steps.reserve(axes.size());
  for (const int axis : axes) steps.push_back(x_steps[static_cast<std::size_t>(axis)]);
  const CellId x = lowering.plain(node.op.inputs[0], lowering.stored(node.op.outputs[0]));
  const CellId y = lowering.make_as_stored(node.op.outputs[0]);
  StridedBox box(y_shape.dims(), {steps, dense_steps(y_shape)});
  add_copies(lowering, node, {x}, y, {{box, lowering.ref(x), 0, lowering.ref(y), 0}});
}

void lower_concatenate(Lowering& lowering, const GraphNode& node) {
  const std::int64_t block = block_of(lowering.graph().layout(node.op.outputs[0]));
  const Shape& joined = lowering.shape(node.op.outputs[0]);
  // Blocks are joined along the second axis, as only channels are joined where there are blocks.
  const std::size_t axis =
      block != 0 ? 1
                 : positive_axis(std::get<ops::AxisAttributes>(node.op.attributes).axis, joined);
  const std::vector<std::int64_t> y_steps = dense_steps(stored_shape(joined, block));
  std::vector<CellId> reads;
  for (std::size_t i = 0; i < node.op.inputs.size(); ++i) reads.push_back(moved(lowering, node, i));
  const CellId y = lowering.make_wanted(node.op.outputs[0]);
  std::vector<CopyTask> tasks;
  std::int64_t first = 0;
  for (std::size_t i = 0; i < reads.size(); ++i) {
    const Shape x_shape = stored_shape(lowering.shape(node.op.inputs[i]), block);
    tasks.push_back({StridedBox(x_shape.dims(), {dense_steps(x_shape), y_steps}),
                     lowering.ref(reads[i]), 0, lowering.ref(y), first * y_steps[axis]});
    first += x_shape[axis];
  }
  add_copies(lowering, node, reads, y, std::move(tasks));
}

void lower_slice(Lowering& lowering, const GraphNode& node) {
  const auto& range = std::get<ops::RangeAttributes>(node.op.attributes);
  const std::int64_t block = block_of(lowering.graph().layout(node.op.inputs[0]));
  const Shape x_shape = stored_shape(lowering.shape(node.op.inputs[0]), block);
  const Shape y_shape = stored_shape(lowering.shape(node.op.outputs[0]), block);
  const std::vector<std::int64_t> x_steps = dense_steps(x_shape);
  const std::int64_t offset = dot(stored_range(range.begin, block), x_steps);
  const CellId x = moved(lowering, node);
  if (block == 0 && is_run(x_shape, y_shape)) {
    lowering.make_view(
        node.op.outputs[0], x,
        static_cast<std::size_t>(offset) * element_size(lowering, node.op.outputs[0]));
    return;
  }
  const CellId y = lowering.make_wanted(node.op.outputs[0]);
  StridedBox box(y_shape.dims(), {x_steps, dense_steps(y_shape)});
  add_copies(lowering, node, {x}, y, {{box, lowering.ref(x), offset, lowering.ref(y), 0}});
}

void lower_pad(Lowering& lowering, const GraphNode& node) {
  const auto& range = std::get<ops::RangeAttributes>(node.op.attributes);
  const std::int64_t block = block_of(lowering.graph().layout(node.op.outputs[0]));
  const Shape x_shape = stored_shape(lowering.shape(node.op.inputs[0]), block);
  const Shape y_shape = stored_shape(lowering.shape(node.op.outputs[0]), block);
  const std::vector<std::int64_t> y_steps = dense_steps(y_shape);
  const CellId x = moved(lowering, node);
  const CellId y = lowering.make_wanted(node.op.outputs[0]);
  CopyTask task{StridedBox(x_shape.dims(), {dense_steps(x_shape), y_steps}), lowering.ref(x), 0,
                lowering.ref(y), dot(stored_range(range.begin, block), y_steps)};
  const std::size_t element = element_size(lowering, node.op.outputs[0]);
  const std::size_t bytes = static_cast<std::size_t>(y_shape.element_count()) * element;
  lowering.add_step(node, "own:copy", {x}, {y},
                    [task, bytes, threads = lowering.threads(), element](const StepNumbers&) {
                      zero_bytes(threads, task.to.as<std::byte>(), bytes);
                      run_copies({&task, 1}, threads, element);
                    });
}

void lower_cast(Lowering& lowering, const GraphNode& node) {
  const DType from = lowering.value(node.op.inputs[0]).dtype;
  const DType to = lowering.value(node.op.outputs[0]).dtype;
  const std::int64_t count = lowering.count(node.op.outputs[0]);
  const CellId x = lowering.plain(node.op.inputs[0]);
  if (from == to) {
    lowering.make_view(node.op.outputs[0], x);
    return;
  }
  const CellId y = lowering.make(node.op.outputs[0]);
  lowering.add_step(node, "own:cast", {x}, {y},
                    [from, to, count, threads = lowering.threads(), x = lowering.ref(x),
                     y = lowering.ref(y)](const StepNumbers&) {
                      convert(threads, from, x.as<std::byte>(), to, y.as<std::byte>(), count);
                    });
}

void lower_up_sampling(Lowering& lowering, const GraphNode& node) {
  const auto& attributes = std::get<ops::UpSamplingAttributes>(node.op.attributes);
  const bool forward = node.op.kind == ops::OpKind::kUpSampling;
  const Shape& small = lowering.shape(forward ? node.op.inputs[0] : node.op.outputs[0]);
  const ValueId large = forward ? node.op.outputs[0] : node.op.inputs[0];
  // Blocks of channels are as many images of few channels.
  const std::int64_t block = block_of(lowering.graph().layout(large));
  const std::int64_t channels = block != 0 ? block : small.dim(-1);
  const bool volume = small.rank() == 5;
  const auto& size = attributes.size;
  const UpSampling shape{.batch = small[0] * (small.dim(-1) / channels),
                         .depth = volume ? small[1] : 1,
                         .height = small.dim(-3),
                         .width = small.dim(-2),
                         .channels = channels,
                         .size = {volume ? size[0] : 1, size[size.size() - 2], size.back()},
                         .bilinear = attributes.bilinear};
  const CellId from = lowering.wanted(node.op.inputs[0], DType::kFloat32);
  const CellId to = lowering.make_wanted(node.op.outputs[0], DType::kFloat32);
  lowering.add_step(node, "own:up_sampling", {from}, {to},
                    [shape, forward, threads = lowering.threads(), from = lowering.ref(from),
                     to = lowering.ref(to)](const StepNumbers&) {
                      if (forward) {
                        up_sampling_forward(shape, threads, from.as(), to.as());
                      } else {
                        up_sampling_backward(shape, threads, from.as(), to.as());
                      }
                    });
}

}  // namespace tenon::backend::onednn
