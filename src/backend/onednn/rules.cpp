#include "backend/onednn/lowering.hpp"

namespace tenon::backend::onednn {
namespace {

using ops::OpKind;

LowerRule rule_of_matrix_op(OpKind kind) {
  switch (kind) {
    case OpKind::kConvolution:
      return lower_convolution;
    case OpKind::kConvolutionBackwardData:
      return lower_convolution_backward_data;
    case OpKind::kConvolutionBackwardWeights:
      return lower_convolution_backward_weights;
    case OpKind::kDense:
      return lower_dense;
    case OpKind::kDenseBackwardData:
      return lower_dense_backward_data;
    case OpKind::kDenseBackwardWeights:
      return lower_dense_backward_weights;
    case OpKind::kMaxPooling:
    case OpKind::kAveragePooling:
      return lower_pooling;
    case OpKind::kMaxPoolingBackward:
    case OpKind::kAveragePoolingBackward:
      return lower_pooling_backward;
    default:
      return nullptr;
  }
}

LowerRule rule_of_shape_op(OpKind kind) {
  switch (kind) {
    case OpKind::kReshape:
      return lower_reshape;
    case OpKind::kTranspose:
      return lower_transpose;
    case OpKind::kConcatenate:
      return lower_concatenate;
    case OpKind::kSlice:
      return lower_slice;
    case OpKind::kPad:
      return lower_pad;
    case OpKind::kCast:
      return lower_cast;
    case OpKind::kUpSampling:
    case OpKind::kUpSamplingBackward:
      return lower_up_sampling;
    default:
      return nullptr;
  }
}

LowerRule rule_of_arithmetic_op(OpKind kind) {
  switch (kind) {
    case OpKind::kAdd:
    case OpKind::kSubtract:
    case OpKind::kMultiply:
    case OpKind::kMaximum:
    case OpKind::kMinimum:
      return lower_binary;
    case OpKind::kMaximumBackward:
    case OpKind::kMinimumBackward:
      return lower_extremum_backward;
    case OpKind::kAddN:
      return lower_add_n;
    case OpKind::kReduceSum:
      return lower_reduce_sum;
    case OpKind::kAffine:
      return lower_affine;
    case OpKind::kActivation:
      return lower_activation;
    case OpKind::kActivationBackward:
      return lower_activation_backward;
    case OpKind::kSoftmax:
    case OpKind::kLogSoftmax:
      return lower_softmax;
    case OpKind::kSoftmaxBackward:
    case OpKind::kLogSoftmaxBackward:
      return lower_softmax_backward;
    default:
      return nullptr;
  }
}

LowerRule rule_of_training_op(OpKind kind) {
  switch (kind) {
    case OpKind::kBatchNormalizationTraining:
    case OpKind::kBatchNormalizationInference:
      return lower_normalization;
    case OpKind::kBatchNormalizationBackward:
    case OpKind::kBatchNormalizationInferenceBackward:
      return lower_normalization_backward;
    case OpKind::kMovingAverageUpdate:
      return lower_moving_average;
    case OpKind::kDropout:
      return lower_dropout;
    case OpKind::kDropoutBackward:
      return lower_dropout_backward;
    case OpKind::kL1L2Penalty:
      return lower_penalty;
    case OpKind::kL1L2PenaltyBackward:
      return lower_penalty_backward;
    case OpKind::kLoss:
      return lower_loss;
    case OpKind::kLossBackward:
      return lower_loss_backward;
    case OpKind::kClipByValue:
    case OpKind::kClipByNorm:
    case OpKind::kClipByGlobalNorm:
      return lower_clip;
    case OpKind::kSgdUpdate:
    case OpKind::kAdamUpdate:
    case OpKind::kRmspropUpdate:
      return lower_update;
    default:
      return nullptr;
  }
}

}  // namespace

LowerRule rule_of(const GraphNode& node) {
  switch (node.kind) {
    case NodeKind::kDenseFew:
      return lower_dense_few;
    case NodeKind::kDenseFewBackward:
      return lower_dense_few_backward;
    case NodeKind::kNormalizedPooling:
      return lower_normalized_pooling;
    case NodeKind::kNormalizedPoolingBackward:
      return lower_normalized_pooling_backward;
    case NodeKind::kActivatedLoss:
      return lower_activated_loss;
    case NodeKind::kUpdateGroup:
      return lower_update_group;
    case NodeKind::kSingle:
      break;
  }
  for (const auto family :
       {rule_of_matrix_op, rule_of_shape_op, rule_of_arithmetic_op, rule_of_training_op}) {
    if (const LowerRule rule = family(node.op.kind)) return rule;
  }
  return nullptr;
}

}  // namespace tenon::backend::onednn
