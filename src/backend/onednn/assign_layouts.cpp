#include <algorithm>
#include <numeric>

#include "backend/onednn/convolution.hpp"
#include "backend/onednn/image_layout.hpp"
#include "backend/onednn/passes.hpp"

namespace tenon::backend::onednn {
namespace {

using ops::OpKind;
using ops::ValueId;

// What the choice weighs. A convolution in blocks is measured to be 1.1 to 2 times as fast; a
// reorder reads and writes.
constexpr double kSavedSecondsPerOperation = 0.25 / 3e11;
constexpr double kReorderSecondsPerByte = 2.0 / 2e10;

// Values that lie alike, and what that gains and costs.
class Regions {
 public:
  explicit Regions(std::size_t count) : parents_(count), seconds_(count, 0.0), fits_(count, true) {
    std::iota(parents_.begin(), parents_.end(), 0);
  }
  std::size_t find(std::size_t i) {
    while (parents_[i] != i) i = parents_[i] = parents_[parents_[i]];
    return i;
  }
  void join(std::size_t a, std::size_t b) {
    a = find(a);
    b = find(b);
    if (a == b) return;
    parents_[b] = a;
    seconds_[a] += seconds_[b];
    fits_[a] = fits_[a] && fits_[b];
  }
  void save(std::size_t i, double seconds) { seconds_[find(i)] += seconds; }
  void forbid(std::size_t i) { fits_[find(i)] = false; }
  bool pays(std::size_t i) {
    i = find(i);
    return fits_[i] && seconds_[i] > 0.0;
  }

 private:
  std::vector<std::size_t> parents_;
  std::vector<double> seconds_;
  std::vector<bool> fits_;
};

bool is_image(const ops::Value& value) {
  return !value.opaque && value.dtype == DType::kFloat32 &&
         (value.shape.rank() == 4 || value.shape.rank() == 5);
}

bool is_convolution(const GraphNode& node) {
  return node.kind == NodeKind::kSingle && (node.op.kind == OpKind::kConvolution ||
                                            node.op.kind == OpKind::kConvolutionBackwardData ||
                                            node.op.kind == OpKind::kConvolutionBackwardWeights);
}

class Assignment {
 public:
  explicit Assignment(Graph& graph)
      : graph_(graph), block_(bridge::channel_block()), regions_(graph.program->values.size()) {}

  void run() {
    if (block_ == 0 || graph_.products != DType::kFloat32) return;
    if (graph_.factors != DType::kFloat32) return block_convolutions();
    for (std::size_t i = 0; i < graph_.program->values.size(); ++i) {
      const ops::Value& value = graph_.program->values[i];
      if (!is_image(value) || value.shape.dim(-1) % block_ != 0) regions_.forbid(i);
    }
    for (const GraphNode& node : graph_.nodes) visit(node);
    for (const ops::NamedValue& output : graph_.program->outputs) reordered(output.value);
    take();
  }

 private:
  /// Images that are held in bfloat16 are converted before and behind each convolution anyway: into
  /// blocks where Winograd's algorithm gains by them.
  void block_convolutions() {
    for (GraphNode& node : graph_.nodes) {
      if (!is_convolution(node)) continue;
      const Convolution c = convolution_of(graph_, node.op);
      if (takes_patches(c) || has_few_pixels(c) || !fits_blocks(c)) continue;
      node.blocked = true;
      node.blocked = suits_winograd(c, node);
    }
  }

  std::vector<ValueId> images_of(const GraphNode& node) const {
    // Kernels and their gradients have as many axes as images.
    if (is_convolution(node)) {
      const bool weights = node.op.kind == OpKind::kConvolutionBackwardWeights;
      return {node.op.inputs[0], weights ? node.op.inputs[1] : node.op.outputs[0]};
    }
    std::vector<ValueId> images;
    const auto add = [&](ValueId id) {
      if (is_image(graph_.value(id)) && graph_.value(id).kind != ops::ValueKind::kVariable) {
        images.push_back(id);
      }
    };
    for_inputs(node, add);
    for_outputs(node, add);
    return images;
  }

  void join(const std::vector<ValueId>& images) {
    for (std::size_t i = 1; i < images.size(); ++i) {
      regions_.join(static_cast<std::size_t>(images[0]), static_cast<std::size_t>(images[i]));
    }
  }

  void reordered(ValueId id) {
    if (!is_image(graph_.value(id))) return;
    const auto bytes = static_cast<double>(graph_.value(id).shape.element_count()) * 4.0;
    regions_.save(static_cast<std::size_t>(id), -bytes * kReorderSecondsPerByte);
  }

  void visit(const GraphNode& node) {
    const std::vector<ValueId> images = images_of(node);
    if (images.empty()) return;
    if (is_convolution(node)) {
      const Convolution c = convolution_of(graph_, node.op);
      if (takes_patches(c)) return reordered(image_read_plain(node));
      if (!has_few_pixels(c) && fits_blocks(c)) {
        join(images);
        regions_.save(static_cast<std::size_t>(images[0]),
                      node.operations * kSavedSecondsPerOperation);
        return;
      }
    } else if (follows_layout(graph_, node, block_)) {
      return join(images);
    }
    for (const ValueId id : images) reordered(id);
  }

  // The few channels of a patch convolution; y lies as its other readers want it.
  static ValueId image_read_plain(const GraphNode& node) {
    return node.op.kind == OpKind::kConvolutionBackwardData ? node.op.outputs[0]
                                                            : node.op.inputs[0];
  }

  void take() {
    graph_.layouts.assign(graph_.program->values.size(), std::nullopt);
    for (std::size_t i = 0; i < graph_.layouts.size(); ++i) {
      const Shape& shape = graph_.program->values[i].shape;
      if (regions_.pays(i)) graph_.layouts[i] = blocked_layout(shape, block_);
    }
    for (GraphNode& node : graph_.nodes) {
      if (!is_convolution(node)) continue;
      const Convolution c = convolution_of(graph_, node.op);
      if (takes_patches(c) || has_few_pixels(c) || !fits_blocks(c)) continue;
      node.blocked = regions_.pays(static_cast<std::size_t>(images_of(node)[0]));
    }
  }

  Graph& graph_;
  std::int64_t block_;
  Regions regions_;
};

}  // namespace

void assign_layouts(Graph& graph) { Assignment(graph).run(); }

}  // namespace tenon::backend::onednn
