#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

#include "tenon/dtype.hpp"
#include "tenon/shape.hpp"

namespace tenon::ops {

/// The closed list of primitive operations. Layers, losses and optimizers lower to these; an engine
/// has a kernel for each. Tensors are row-major and channels last: images (N, H, W, C), kernels
/// (height, width, in / groups, out); volumes have a depth before the height in both. "[x]" is an
/// optional port: an absent one is kNoValue.
/// Values are float32 (float64 in the judge's double mode) unless a row says otherwise.
enum class OpKind : std::uint8_t {
  // --- convolution and dense. Attributes: ConvolutionAttributes; DenseAttributes has none.
  kConvolution,                 // x, kernel, [bias (F)] -> y (N, OH, OW, F)
  kConvolutionBackwardData,     // dy, kernel -> dx            (attributes.input_shape)
  kConvolutionBackwardWeights,  // x, dy -> dkernel, [dbias]   (attributes.kernel_shape)
  kDense,                       // x (M, I), kernel (I, O), [bias (O)] -> y (M, O)
  kDenseBackwardData,           // dy (M, O), kernel (I, O) -> dx (M, I)
  kDenseBackwardWeights,        // x (M, I), dy (M, O) -> dkernel (I, O), [dbias (O)]
  // --- pooling of images and volumes. PoolingAttributes. Padding never wins a maximum and never
  // counts
  //     in an average (Keras's "same").
  kMaxPooling,              // x -> y, [workspace: opaque to all but its backward twin]
  kMaxPoolingBackward,      // x, y, workspace, dy -> dx
  kAveragePooling,          // x -> y
  kAveragePoolingBackward,  // dy -> dx                        (attributes.input_shape)
  // --- shape
  kReshape,  // x -> y; same elements, same order (a view where the layout allows). ShapeAttributes
  kTranspose,    // x -> y; PermutationAttributes
  kConcatenate,  // x0, x1, … -> y along AxisAttributes.axis
  kSlice,        // x -> y = x[begin:end) on every axis. RangeAttributes
  kPad,          // x -> y, zeros around. RangeAttributes: begin = before, end = after
  // --- arithmetic
  kAdd,       // a, b -> y; shapes broadcast as NumPy's
  kSubtract,  // a, b -> y; broadcasts
  kMultiply,  // a, b -> y; broadcasts
  kMaximum,   // a, b -> y; broadcasts; the gradient goes to the larger, half to each when equal
  kMinimum,   // a, b -> y; broadcasts
  kMaximumBackward,  // a, b, dy -> [da], [db], both of dy's shape (not yet summed to a's and b's)
  kMinimumBackward,  // a, b, dy -> [da], [db], as above
  kAddN,             // x0, x1, … -> y; all of one shape
  kReduceSum,        // x -> y of ShapeAttributes.shape; sums over the axes that were broadcast
  kAffine,           // x -> y = x * scale + offset, per last axis where the lists are longer than 1
  // --- activations. ActivationAttributes; softmax: AxisAttributes
  kActivation,          // x -> y
  kActivationBackward,  // (y if activation_uses_output(kind), else x), dy -> dx
  kSoftmax,             // x -> y along axis
  kSoftmaxBackward,     // y, dy -> dx
  kLogSoftmax,          // x -> y along axis
  kLogSoftmaxBackward,  // y, dy -> dx
  // --- normalisation over all axes but the last. NormalizationAttributes
  kBatchNormalizationTraining,           // x, [gamma], [beta] -> y, mean (C), variance (C, biased)
  kBatchNormalizationBackward,           // x, dy, [gamma], mean, variance -> dx, [dgamma], [dbeta]
  kBatchNormalizationInference,          // x, [gamma], [beta], moving_mean, moving_variance -> y
  kBatchNormalizationInferenceBackward,  // x, dy, [gamma], moving_mean, moving_variance -> dx,
                                         // [dgamma], [dbeta]
  kMovingAverageUpdate,                  // moving (variable, written), value -> (none):
                                         // moving = m·moving + (1 − m)·value
  // --- regularisation
  kDropout,              // x -> y, mask (opaque); keeps with 1 − rate, scales by 1 / (1 − rate)
  kDropoutBackward,      // dy, mask -> dx
  kL1L2Penalty,          // w -> scalar l1·Σ|w| + l2·Σw². PenaltyAttributes
  kL1L2PenaltyBackward,  // w, dscalar -> dw
  // --- images
  kUpSampling,          // x (N, H, W, C) -> y (N, H·sh, W·sw, C). UpSamplingAttributes
  kUpSamplingBackward,  // dy -> dx
  // --- dtype
  kCast,  // x (any numeric dtype or bool) -> y of CastAttributes.dtype (the output value's dtype)
  // --- losses. LossAttributes
  kLoss,          // prediction, target, [sample_weight (N)] -> total (scalar), each (prediction's
                  // shape without the last axis; unweighted)
  kLossBackward,  // prediction, target, [sample_weight], dtotal -> dprediction
  // --- optimizers: `w` and the slots are variables, written in place. OptimizerAttributes.
  //     Learning rate and iteration come with Plan::run.
  kClipByValue,       // g -> g clipped to ±limit. ClipAttributes
  kClipByNorm,        // g -> g·limit/‖g‖ where ‖g‖ > limit
  kClipByGlobalNorm,  // g0, g1, … -> all by one norm; as many outputs as inputs
  kSgdUpdate,         // w, g, [momentum]
  kAdamUpdate,        // w, g, m, v, [vhat]              (AdamW: weight_decay in the attributes)
  kRmspropUpdate,     // w, g, velocity, [momentum], [average_gradient]
  kCount,
};

inline constexpr int kOpCount = static_cast<int>(OpKind::kCount);

/// One number for each of an image's axes, (height, width), or a volume's, (depth, height, width).
using PerAxis = std::vector<std::int64_t>;

struct NoAttributes {};
struct ConvolutionAttributes {
  PerAxis strides{1, 1};
  PerAxis dilation{1, 1};
  PerAxis pad_before{0, 0};
  PerAxis pad_after{0, 0};
  std::int64_t groups = 1;
  Shape input_shape{};   // backward data: the shape of dx
  Shape kernel_shape{};  // backward weights: the shape of dkernel
};
struct PoolingAttributes {
  PerAxis window{2, 2};
  PerAxis strides{2, 2};
  PerAxis pad_before{0, 0};
  PerAxis pad_after{0, 0};
  Shape input_shape{};  // backward: the shape of dx
};
struct ShapeAttributes {
  Shape shape;
};
struct PermutationAttributes {
  std::vector<int> axes;  // y's axis i is x's axis axes[i]
};
struct AxisAttributes {
  int axis = -1;
};
struct RangeAttributes {
  std::vector<std::int64_t> begin;
  std::vector<std::int64_t> end;
};
struct AffineAttributes {
  std::vector<float> scale{1.0F};
  std::vector<float> offset{0.0F};
};

enum class ActivationKind : std::uint8_t {
  kLinear,
  kRelu,  // Keras's ReLU: max_value, negative_slope (beta), threshold
  kSigmoid,
  kTanh,
  kElu,  // alpha
  kSelu,
  kGelu,      // exact, by erf
  kGeluTanh,  // approximate
  kSilu,
  kLeakyRelu,  // beta is the negative slope
  kSoftplus,
  kSoftsign,
  kExponential,
  kHardSigmoid,  // relu6(x + 3) / 6
  kHardSilu,
  kMish,
  kLogSigmoid,
};
struct ActivationAttributes {
  ActivationKind kind = ActivationKind::kLinear;
  float alpha = 1.0F;      // elu: alpha
  float beta = 0.0F;       // relu, leaky_relu: negative slope
  float threshold = 0.0F;  // relu
  float max_value = 0.0F;  // relu, when has_max_value
  bool has_max_value = false;
};
/// True where f'(x) is computed from y = f(x): relu without a threshold and leaky_relu, both with a
/// slope >= 0, sigmoid, tanh, elu with alpha >= 0, selu, exponential, linear. Then
/// kActivationBackward's first input is y; otherwise it is x.
bool activation_uses_output(const ActivationAttributes& attributes) noexcept;

struct NormalizationAttributes {
  double epsilon = 1e-3;
  bool synchronized = false;  // training: statistics and their gradients are of all ranks' rows
};
struct MovingAverageAttributes {
  double momentum = 0.99;
};
struct DropoutAttributes {
  double rate = 0.5;
  std::uint64_t seed = 0;    // the layer's own seed
  std::uint64_t stream = 0;  // which dropout of the program: masks of two layers differ
  Shape noise_shape{};       // rank 0: the shape of x. Otherwise 1 where the mask is shared
};
struct PenaltyAttributes {
  double l1 = 0.0;
  double l2 = 0.0;
};
struct UpSamplingAttributes {
  PerAxis size{2, 2};
  bool bilinear = false;  // of images only: half-pixel centres; otherwise nearest
};

enum class LossKind : std::uint8_t {
  kBinaryCrossentropy,
  kCategoricalCrossentropy,
  kSparseCategoricalCrossentropy,  // target: int32 class ids
  kMeanSquaredError,
  kMeanAbsoluteError,
  kBinaryFocalCrossentropy,
  kCategoricalFocalCrossentropy,
  kDice,     // of sums over `axis`; each: the mean of what the row's sums give
  kTversky,  // as kDice
};
/// True where the loss is not a sum over rows, but made of sums over whole axes.
bool is_overlap(LossKind kind) noexcept;
enum class LossReduction : std::uint8_t { kSumOverBatchSize, kSum, kMeanWithSampleWeight };
/// Keras 3's formulas: probabilities are clipped to [1e-7, 1 − 1e-7]; categorical ones are first
/// divided by their sum. `weight` is the loss weight of the output; it multiplies total, not each.
struct LossAttributes {
  LossKind kind = LossKind::kMeanSquaredError;
  LossReduction reduction = LossReduction::kSumOverBatchSize;
  bool from_logits = false;
  double label_smoothing = 0.0;
  double weight = 1.0;
  double gamma = 2.0;  // focal: how strongly what is right already counts less
  std::vector<double>
      alpha{};        // focal: of class 1, or of each class (or one for all); Tversky: one
  double beta = 0.5;  // Tversky
  bool class_balancing = false;  // binary focal: alpha counts
  std::vector<int> axis{};       // Dice, Tversky: the axes that are summed over; empty: all
};

struct CastAttributes {
  DType dtype = DType::kFloat32;
};
struct ClipAttributes {
  double limit = 0.0;
};
/// Keras 3's formulas. weight_decay is decoupled: before the update,
/// w -= learning_rate·weight_decay·w.
struct OptimizerAttributes {
  double momentum = 0.0;  // sgd, rmsprop
  bool nesterov = false;
  double beta_1 = 0.9;
  double beta_2 = 0.999;
  double rho = 0.9;
  double epsilon = 1e-7;
  double weight_decay = 0.0;  // 0: none
  bool amsgrad = false;
  bool centered = false;
};

using Attributes =
    std::variant<NoAttributes, ConvolutionAttributes, PoolingAttributes, ShapeAttributes,
                 PermutationAttributes, AxisAttributes, RangeAttributes, AffineAttributes,
                 ActivationAttributes, NormalizationAttributes, MovingAverageAttributes,
                 DropoutAttributes, PenaltyAttributes, UpSamplingAttributes, LossAttributes,
                 ClipAttributes, OptimizerAttributes, CastAttributes>;

/// "depth", "height" or "width"; `axis` counts from the first of `count` spatial axes.
std::string_view spatial_axis_name(std::size_t axis, std::size_t count) noexcept;
/// "convolution_backward_data"
std::string_view name_of(OpKind kind) noexcept;
/// For people: "relu", "gelu_tanh", …; "sparse_categorical_crossentropy", …
std::string_view name_of(ActivationKind kind) noexcept;
std::string_view name_of(LossKind kind) noexcept;

}  // namespace tenon::ops
