#include "backend/api/precision.hpp"

#include <algorithm>

namespace tenon::backend {
namespace {

using ops::Node;
using ops::OpKind;
using ops::ValueId;

std::size_t index_of(ValueId id) { return static_cast<std::size_t>(id); }

/// Ops that compute from float32 only: what they read of its own kind is made in float32.
bool wants_float32(OpKind kind) {
  switch (kind) {
    case OpKind::kSoftmax:
    case OpKind::kLogSoftmax:
    case OpKind::kLoss:
    case OpKind::kLossBackward:
    case OpKind::kL1L2Penalty:
    case OpKind::kL1L2PenaltyBackward:
    case OpKind::kClipByValue:
    case OpKind::kClipByNorm:
    case OpKind::kClipByGlobalNorm:
    case OpKind::kMovingAverageUpdate:
    case OpKind::kSgdUpdate:
    case OpKind::kAdamUpdate:
    case OpKind::kRmspropUpdate:
      return true;
    default:
      return false;
  }
}

/// Ops that give float32 whatever they read.
bool gives_float32(OpKind kind) {
  switch (kind) {
    case OpKind::kConvolutionBackwardWeights:
    case OpKind::kDenseBackwardWeights:
    case OpKind::kReduceSum:
    case OpKind::kSoftmaxBackward:
    case OpKind::kLogSoftmaxBackward:
    case OpKind::kCast:
      return true;
    default:
      return wants_float32(kind);
  }
}

/// Ops whose input is made in float32 where their output is wanted so: each element of y comes from
/// one of x.
bool passes_elements(OpKind kind) {
  switch (kind) {
    case OpKind::kActivation:
    case OpKind::kAffine:
    case OpKind::kReshape:
      return true;
    default:
      return false;
  }
}

/// Behind the first output come statistics and gradients of parameters.
bool normalizes(OpKind kind) {
  switch (kind) {
    case OpKind::kBatchNormalizationTraining:
    case OpKind::kBatchNormalizationBackward:
    case OpKind::kBatchNormalizationInference:
    case OpKind::kBatchNormalizationInferenceBackward:
      return true;
    default:
      return false;
  }
}

class Assignment {
 public:
  Assignment(const ops::Program& program, const std::vector<ValueId>& guarded)
      : program_(program), wide_(program.values.size(), false) {
    for (const ops::NamedValue& output : program.outputs) wide_[index_of(output.value)] = true;
    for (const ValueId id : guarded) wide_[index_of(id)] = true;
    for (auto node = program.nodes.rbegin(); node != program.nodes.rend(); ++node) widen(*node);
  }

  std::vector<DType> run() {
    for (const ops::Value& value : program_.values) stored_.push_back(value.dtype);
    for (const Node& node : program_.nodes) {
      if (gives_float32(node.kind) || !has_bfloat16(node)) continue;
      const std::size_t count = normalizes(node.kind) ? 1 : node.outputs.size();
      for (std::size_t i = 0; i < count; ++i) narrow(node.outputs[i]);
    }
    return std::move(stored_);
  }

 private:
  void widen(const Node& node) {
    const bool of_output = passes_elements(node.kind) && node.outputs[0] != ops::kNoValue &&
                           wide_[index_of(node.outputs[0])];
    if (!of_output && !wants_float32(node.kind)) return;
    for (const ValueId id : node.inputs) {
      if (id != ops::kNoValue) wide_[index_of(id)] = true;
    }
  }

  bool has_bfloat16(const Node& node) const {
    return multiplies_in_bfloat16(node) ||
           std::any_of(node.inputs.begin(), node.inputs.end(), [&](ValueId id) {
             return id != ops::kNoValue && stored_[index_of(id)] == DType::kBFloat16;
           });
  }

  void narrow(ValueId id) {
    if (id == ops::kNoValue || wide_[index_of(id)]) return;
    const ops::Value& value = program_.value(id);
    if (value.dtype == DType::kFloat32 && !value.opaque) stored_[index_of(id)] = DType::kBFloat16;
  }

  const ops::Program& program_;
  std::vector<bool> wide_;
  std::vector<DType> stored_;
};

}  // namespace

bool multiplies_in_bfloat16(const Node& node) noexcept {
  switch (node.kind) {
    case OpKind::kConvolution:
    case OpKind::kConvolutionBackwardData:
    case OpKind::kConvolutionBackwardWeights:
    case OpKind::kDense:
    case OpKind::kDenseBackwardData:
    case OpKind::kDenseBackwardWeights:
      return true;
    default:
      return false;
  }
}

std::vector<DType> assign_precision(const ops::Program& program, Precision precision,
                                    const std::vector<ValueId>& guarded) {
  if (precision == Precision::kMixedBFloat16) return Assignment(program, guarded).run();
  std::vector<DType> stored;
  for (const ops::Value& value : program.values) stored.push_back(value.dtype);
  return stored;
}

}  // namespace tenon::backend
