#include <algorithm>

#include "backend/onednn/convolution.hpp"
#include "backend/onednn/passes.hpp"

namespace tenon::backend::onednn {
namespace {

using ops::OpKind;
using ops::ValueId;

// The way from an input of the program to what convolutions read.
struct Way {
  ValueId input = ops::kNoValue;
  ValueId made = ops::kNoValue;
  ops::AffineAttributes conversion;
  std::vector<int> nodes;
};

class InputFusion {
 public:
  explicit InputFusion(Graph& graph) : graph_(graph), connections_(graph) {}

  void run() {
    std::vector<bool> gone(graph_.nodes.size(), false);
    for (const ops::NamedValue& input : graph_.program->inputs) {
      const Way way = way_of(input.value);
      const std::vector<int>& readers = connections_.consumers(way.made);
      if (way.nodes.empty() || readers.empty() || connections_.is_output(way.made) ||
          !std::ranges::all_of(readers,
                               [&](int reader) { return takes(node(reader), way.made); })) {
        continue;
      }
      for (const int reader : readers) {
        node(reader).conversion = way.conversion;
        node(reader).op.inputs[0] = way.input;
      }
      for (const int position : way.nodes) gone[static_cast<std::size_t>(position)] = true;
    }
    std::vector<GraphNode> kept;
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      if (!gone[i]) kept.push_back(std::move(graph_.nodes[i]));
    }
    graph_.nodes = std::move(kept);
  }

 private:
  GraphNode& node(int position) { return graph_.nodes[static_cast<std::size_t>(position)]; }

  // A cast of bytes, a scaling, or one behind the other.
  Way way_of(ValueId input) {
    Way way{.input = input, .made = input, .conversion = {}, .nodes = {}};
    int next = connections_.only_consumer(way.made);
    if (next >= 0 && is_single(node(next), OpKind::kCast)) {
      if (graph_.value(input).dtype != DType::kUInt8 ||
          graph_.value(node(next).op.outputs[0]).dtype != DType::kFloat32) {
        return way;
      }
      go(way, next);
      next = connections_.only_consumer(way.made);
    } else if (graph_.value(input).dtype != DType::kFloat32) {
      return way;
    }
    if (next >= 0 && is_single(node(next), OpKind::kAffine)) {
      way.conversion = std::get<ops::AffineAttributes>(node(next).op.attributes);
      go(way, next);
    }
    return way;
  }

  void go(Way& way, int position) {
    way.made = node(position).op.outputs[0];
    way.nodes.push_back(position);
  }

  bool takes(const GraphNode& reader, ValueId made) const {
    const bool convolution = is_single(reader, OpKind::kConvolution) ||
                             is_single(reader, OpKind::kConvolutionBackwardWeights);
    return convolution && reader.op.inputs[0] == made &&
           std::ranges::count(reader.op.inputs, made) == 1 &&
           takes_patches(convolution_of(graph_, reader.op));
  }

  Graph& graph_;
  const Connections connections_;
};

}  // namespace

void fuse_input_conversion(Graph& graph) { InputFusion(graph).run(); }

}  // namespace tenon::backend::onednn
