#include <algorithm>
#include <utility>

#include "backend/onednn/kernels/activation.hpp"
#include "backend/onednn/passes.hpp"

namespace tenon::backend::onednn {
namespace {

using ops::OpKind;
using ops::ValueId;

// Zeros before and after, per spatial axis.
struct Pads {
  std::vector<std::int64_t> before;
  std::vector<std::int64_t> after;
};

template <class Attributes>
void add_pads(Attributes& attributes, const Pads& pads) {
  for (std::size_t i = 0; i < pads.before.size(); ++i) {
    attributes.pad_before[i] += pads.before[i];
    attributes.pad_after[i] += pads.after[i];
  }
}

class Fold {
 public:
  explicit Fold(Graph& graph)
      : graph_(graph), connections_(graph), gone_(graph.nodes.size(), false) {}

  void run() {
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      const GraphNode& pad = graph_.nodes[i];
      if (is_single(pad, OpKind::kPad) && reads_spatial(pad) && fold(pad)) gone_[i] = true;
    }
    std::vector<GraphNode> kept;
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      if (!gone_[i]) kept.push_back(std::move(graph_.nodes[i]));
    }
    graph_.nodes = std::move(kept);
  }

 private:
  GraphNode& node(int position) { return graph_.nodes[static_cast<std::size_t>(position)]; }

  // An image, of which neither the rows nor the channels become more.
  bool reads_spatial(const GraphNode& pad) const {
    const auto& range = std::get<ops::RangeAttributes>(pad.op.attributes);
    return range.begin.size() >= 4 && range.begin.front() == 0 && range.end.front() == 0 &&
           range.begin.back() == 0 && range.end.back() == 0;
  }

  /// True if all that read the padded image take the padding in; the pad is to be removed.
  bool fold(const GraphNode& pad) {
    const ValueId padded = pad.op.outputs[0];
    if (connections_.is_output(padded)) return false;
    const std::vector<int>& readers = connections_.consumers(padded);
    const bool all =
        std::ranges::all_of(readers, [&](int reader) { return takes_pads(node(reader), pad); });
    if (!all || !gradients_fit(pad, readers)) return false;
    for (const int reader : readers) take_pads(node(reader), pad);
    return true;
  }

  bool takes_pads(const GraphNode& reader, const GraphNode& pad) const {
    const ValueId padded = pad.op.outputs[0];
    if (std::ranges::count(reader.op.inputs, padded) != 1 || reader.op.inputs[0] != padded) {
      return false;
    }
    if (is_single(reader, OpKind::kConvolution) ||
        is_single(reader, OpKind::kConvolutionBackwardWeights)) {
      return true;
    }
    return (is_single(reader, OpKind::kMaxPooling) ||
            is_single(reader, OpKind::kMaxPoolingBackward)) &&
           is_rectified(pad.op.inputs[0]) && every_window_has_pixels(reader, pad);
  }

  // Zeros beside numbers of 0 and more never are the only maximum; and what flows back to a 0, the
  // rectifier holds up.
  bool is_rectified(ValueId id) const {
    const int producer = connections_.producer(id);
    if (producer < 0) return false;
    const GraphNode& made = graph_.nodes[static_cast<std::size_t>(producer)];
    if (made.rectified) return made.op.outputs[0] == id && made.slope == 0.0F;
    if (!is_single(made, OpKind::kActivation)) return false;
    const auto& attributes = std::get<ops::ActivationAttributes>(made.op.attributes);
    return is_rectifier(attributes) && rectifier_slope(attributes) == 0.0F;
  }

  static bool every_window_has_pixels(const GraphNode& reader, const GraphNode& pad) {
    const auto& pooling = std::get<ops::PoolingAttributes>(reader.op.attributes);
    const Pads pads = pads_of(pad);
    for (std::size_t i = 0; i < pads.before.size(); ++i) {
      if (pooling.pad_before[i] + pads.before[i] >= pooling.window[i] ||
          pooling.pad_after[i] + pads.after[i] >= pooling.window[i]) {
        return false;
      }
    }
    return true;
  }

  static Pads pads_of(const GraphNode& pad) {
    const auto& range = std::get<ops::RangeAttributes>(pad.op.attributes);
    return {{range.begin.begin() + 1, range.begin.end() - 1},
            {range.end.begin() + 1, range.end.end() - 1}};
  }

  // The gradient of the padded image by pooling must be cut to that of the image, by one node.
  bool gradients_fit(const GraphNode& pad, const std::vector<int>& readers) {
    return std::ranges::all_of(readers, [&](int reader) {
      return !is_single(node(reader), OpKind::kMaxPoolingBackward) ||
             cut_of(node(reader).op.outputs[0], pad) >= 0;
    });
  }

  // The slice that cuts the gradient of the padded image; -1 if something else reads it, too.
  int cut_of(ValueId gradient, const GraphNode& pad) {
    const int reader = connections_.only_consumer(gradient);
    if (reader < 0 || !is_single(node(reader), OpKind::kSlice)) return -1;
    const auto& range = std::get<ops::RangeAttributes>(pad.op.attributes);
    const auto& cut = std::get<ops::RangeAttributes>(node(reader).op.attributes);
    const Shape& x = graph_.value(pad.op.inputs[0]).shape;
    return cut.begin == range.begin && graph_.value(node(reader).op.outputs[0]).shape == x ? reader
                                                                                           : -1;
  }

  void take_pads(GraphNode& reader, const GraphNode& pad) {
    reader.op.inputs[0] = pad.op.inputs[0];
    if (auto* convolution = std::get_if<ops::ConvolutionAttributes>(&reader.op.attributes)) {
      if (reader.op.kind == OpKind::kConvolution) fold_data_gradient(reader, pad);
      return add_pads(*convolution, pads_of(pad));
    }
    auto& pooling = std::get<ops::PoolingAttributes>(reader.op.attributes);
    add_pads(pooling, pads_of(pad));
    if (reader.op.kind != OpKind::kMaxPoolingBackward) return;
    cut(reader, pad);
    pooling.input_shape = graph_.value(pad.op.inputs[0]).shape;
  }

  // A convolution's gradient of x, if that is cut at once.
  void fold_data_gradient(const GraphNode& convolution, const GraphNode& pad) {
    for (GraphNode& other : graph_.nodes) {
      if (!is_single(other, OpKind::kConvolutionBackwardData) ||
          other.op.inputs[1] != convolution.op.inputs[1] ||
          graph_.value(other.op.outputs[0]).shape != graph_.value(pad.op.outputs[0]).shape ||
          cut_of(other.op.outputs[0], pad) < 0) {
        continue;
      }
      auto& attributes = std::get<ops::ConvolutionAttributes>(other.op.attributes);
      cut(other, pad);
      attributes.input_shape = graph_.value(pad.op.inputs[0]).shape;
      add_pads(attributes, pads_of(pad));
    }
  }

  void cut(GraphNode& gradient, const GraphNode& pad) {
    const int slice = cut_of(gradient.op.outputs[0], pad);
    gone_[static_cast<std::size_t>(slice)] = true;
    gradient.op.outputs[0] = node(slice).op.outputs[0];
  }

  Graph& graph_;
  const Connections connections_;
  std::vector<bool> gone_;
};

}  // namespace

void fold_pads(Graph& graph) { Fold(graph).run(); }

}  // namespace tenon::backend::onednn
