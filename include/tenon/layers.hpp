#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "tenon/layer.hpp"

/// The layers, with Keras's names, arguments and defaults. Arguments in an options struct are given
/// with designated initialisers: Conv2D(32, {3, 3}, {.padding = "same", .activation = "relu"}).
/// Constructors throw ContractError (A001) on a value that Keras would refuse, naming the argument.
/// Layout is channels last: images are (batch, height, width, channels), volumes (batch, depth,
/// height, width, channels).
namespace tenon {

/// [height, width]; one number stands for both.
struct Pair {
  Pair(std::int64_t both) : height(both), width(both) {}  // NOLINT(google-explicit-constructor)
  Pair(std::int64_t h, std::int64_t w) : height(h), width(w) {}
  std::int64_t height;
  std::int64_t width;
  bool operator==(const Pair&) const = default;
};

/// [depth, height, width]; one number stands for all three.
struct Triple {
  Triple(std::int64_t all) : depth(all), height(all), width(all) {}  // NOLINT
  Triple(std::int64_t d, std::int64_t h, std::int64_t w) : depth(d), height(h), width(w) {}
  std::int64_t depth;
  std::int64_t height;
  std::int64_t width;
  bool operator==(const Triple&) const = default;
};

/// A pair or a triple, or nothing.
template <class Size>
struct OptionalSize : std::optional<Size> {
  OptionalSize() = default;
  OptionalSize(Size size) : std::optional<Size>(size) {}  // NOLINT
  template <class... Numbers>
  requires(sizeof...(Numbers) > 0 && std::is_constructible_v<Size, Numbers...> &&
           (std::is_convertible_v<Numbers, std::int64_t> && ...))
      OptionalSize(Numbers... numbers)  // NOLINT
      : std::optional<Size>(Size(static_cast<std::int64_t>(numbers)...)) {}
};
using OptionalPair = OptionalSize<Pair>;
using OptionalTriple = OptionalSize<Triple>;

struct DenseOptions {
  std::string activation = "linear";
  bool use_bias = true;
  Initializer kernel_initializer = "glorot_uniform";
  Initializer bias_initializer = "zeros";
  Regularizer kernel_regularizer{};
  Regularizer bias_regularizer{};
  std::string name{};
  bool trainable = true;
};
/// y = activation(x·kernel + bias) over the last axis: (…, in) -> (…, units).
class Dense : public Layer {
 public:
  explicit Dense(std::int64_t units, DenseOptions options = {});
};

template <class Size>
struct ConvolutionOptions {
  Size strides = 1;
  std::string padding = "valid";  ///< "valid" | "same"
  Size dilation_rate = 1;
  std::int64_t groups = 1;
  std::string activation = "linear";
  bool use_bias = true;
  Initializer kernel_initializer = "glorot_uniform";
  Initializer bias_initializer = "zeros";
  Regularizer kernel_regularizer{};
  Regularizer bias_regularizer{};
  std::string name{};
  bool trainable = true;
};
using Conv2DOptions = ConvolutionOptions<Pair>;
using Conv3DOptions = ConvolutionOptions<Triple>;
/// (B, H, W, C) -> (B, H', W', filters); kernel (kh, kw, C / groups, filters).
class Conv2D : public Layer {
 public:
  Conv2D(std::int64_t filters, Pair kernel_size, Conv2DOptions options = {});
};
/// (B, D, H, W, C) -> (B, D', H', W', filters); kernel (kd, kh, kw, C / groups, filters).
class Conv3D : public Layer {
 public:
  Conv3D(std::int64_t filters, Triple kernel_size, Conv3DOptions options = {});
};

template <class Size>
struct ConvTransposeOptions {
  Size strides = 1;
  std::string padding = "valid";        ///< "valid" | "same"
  OptionalSize<Size> output_padding{};  ///< Less than strides. Default: what padding asks for.
  Size dilation_rate = 1;
  std::string activation = "linear";
  bool use_bias = true;
  Initializer kernel_initializer = "glorot_uniform";
  Initializer bias_initializer = "zeros";
  Regularizer kernel_regularizer{};
  Regularizer bias_regularizer{};
  std::string name{};
  bool trainable = true;
};
using Conv2DTransposeOptions = ConvTransposeOptions<Pair>;
using Conv3DTransposeOptions = ConvTransposeOptions<Triple>;
/// (B, H, W, C) -> (B, H', W', filters); kernel (kh, kw, filters, C). Along each axis "same" gives
/// in·stride, "valid" (in − 1)·stride + max(extent of the kernel, stride).
class Conv2DTranspose : public Layer {
 public:
  Conv2DTranspose(std::int64_t filters, Pair kernel_size, Conv2DTransposeOptions options = {});
};
/// (B, D, H, W, C) -> (B, D', H', W', filters); kernel (kd, kh, kw, filters, C).
class Conv3DTranspose : public Layer {
 public:
  Conv3DTranspose(std::int64_t filters, Triple kernel_size, Conv3DTransposeOptions options = {});
};

struct DepthwiseConv2DOptions {
  Pair strides = 1;
  std::string padding = "valid";
  std::int64_t depth_multiplier = 1;
  Pair dilation_rate = 1;
  std::string activation = "linear";
  bool use_bias = true;
  Initializer depthwise_initializer = "glorot_uniform";
  Initializer bias_initializer = "zeros";
  Regularizer depthwise_regularizer{};
  Regularizer bias_regularizer{};
  std::string name{};
  bool trainable = true;
};
/// (B, H, W, C) -> (B, H', W', C·depth_multiplier); kernel (kh, kw, C, depth_multiplier).
class DepthwiseConv2D : public Layer {
 public:
  explicit DepthwiseConv2D(Pair kernel_size, DepthwiseConv2DOptions options = {});
};

template <class Size>
struct PoolingOptions {
  OptionalSize<Size> strides{};  ///< Default: the pool size.
  std::string padding = "valid";
  std::string name{};
};
using Pooling2DOptions = PoolingOptions<Pair>;
using Pooling3DOptions = PoolingOptions<Triple>;
class MaxPooling2D : public Layer {
 public:
  explicit MaxPooling2D(Pair pool_size = 2, Pooling2DOptions options = {});
};
class MaxPooling3D : public Layer {
 public:
  explicit MaxPooling3D(Triple pool_size = 2, Pooling3DOptions options = {});
};
class AveragePooling2D : public Layer {
 public:
  explicit AveragePooling2D(Pair pool_size = 2, Pooling2DOptions options = {});
};
class AveragePooling3D : public Layer {
 public:
  explicit AveragePooling3D(Triple pool_size = 2, Pooling3DOptions options = {});
};

/// keepdims: (B, 1, 1, C) in place of (B, C).
struct GlobalPoolingOptions {
  bool keepdims = false;
  std::string name{};
};
class GlobalAveragePooling2D : public Layer {
 public:
  explicit GlobalAveragePooling2D(GlobalPoolingOptions options = {});
};
class GlobalAveragePooling3D : public Layer {
 public:
  explicit GlobalAveragePooling3D(GlobalPoolingOptions options = {});
};
class GlobalMaxPooling2D : public Layer {
 public:
  explicit GlobalMaxPooling2D(GlobalPoolingOptions options = {});
};
class GlobalMaxPooling3D : public Layer {
 public:
  explicit GlobalMaxPooling3D(GlobalPoolingOptions options = {});
};

/// Options of layers that have only a name.
struct NameOptions {
  std::string name{};
};
/// (B, …) -> (B, product of …), in the order [D,] H, W, C.
class Flatten : public Layer {
 public:
  explicit Flatten(NameOptions options = {});
};
/// `target_shape` is without the batch axis; one entry may be -1.
class Reshape : public Layer {
 public:
  explicit Reshape(std::vector<std::int64_t> target_shape, NameOptions options = {});
};

struct ConcatenateOptions {
  int axis = -1;
  std::string name{};
};
class Concatenate : public Layer {
 public:
  explicit Concatenate(ConcatenateOptions options = {});
};
class Add : public Layer {
 public:
  explicit Add(NameOptions options = {});
};
class Multiply : public Layer {
 public:
  explicit Multiply(NameOptions options = {});
};

struct BatchNormalizationOptions {
  int axis = -1;  ///< The last axis only.
  double momentum = 0.99;
  double epsilon = 0.001;
  bool center = true;
  bool scale = true;
  Initializer beta_initializer = "zeros";
  Initializer gamma_initializer = "ones";
  Initializer moving_mean_initializer = "zeros";
  Initializer moving_variance_initializer = "ones";
  Regularizer beta_regularizer{};
  Regularizer gamma_regularizer{};
  /// Mean and variance of a training step are those of the rows of all ranks (docs/ranks.md). With
  /// one process it changes nothing.
  bool synchronized = false;
  std::string name{};
  bool trainable = true;  ///< False: runs in inference mode also while training, as in Keras.
};
class BatchNormalization : public Layer {
 public:
  explicit BatchNormalization(BatchNormalizationOptions options = {});
};

struct DropoutOptions {
  std::vector<std::int64_t> noise_shape{};  ///< Empty: the input's shape. -1: that axis' own size.
  std::optional<std::int64_t> seed{};
  std::string name{};
};
class Dropout : public Layer {
 public:
  explicit Dropout(double rate, DropoutOptions options = {});
};
struct SpatialDropoutOptions {
  std::optional<std::int64_t> seed{};
  std::string name{};
};
/// Dropout of whole channels of images, (B, H, W, C).
class SpatialDropout2D : public Layer {
 public:
  explicit SpatialDropout2D(double rate, SpatialDropoutOptions options = {});
};
/// … and of volumes, (B, D, H, W, C).
class SpatialDropout3D : public Layer {
 public:
  explicit SpatialDropout3D(double rate, SpatialDropoutOptions options = {});
};

/// Keras's words: relu, sigmoid, softmax, tanh, elu, gelu, silu (swish), leaky_relu, linear, selu,
/// softplus, softsign, exponential, relu6, hard_sigmoid, hard_silu, mish, log_sigmoid, log_softmax.
class Activation : public Layer {
 public:
  explicit Activation(std::string activation, NameOptions options = {});
};
struct ReLUOptions {
  std::optional<double> max_value{};
  double negative_slope = 0.0;
  double threshold = 0.0;
  std::string name{};
};
class ReLU : public Layer {
 public:
  explicit ReLU(ReLUOptions options = {});
};
struct LeakyReLUOptions {
  double negative_slope = 0.3;
  std::string name{};
};
class LeakyReLU : public Layer {
 public:
  explicit LeakyReLU(LeakyReLUOptions options = {});
};
struct ELUOptions {
  double alpha = 1.0;
  std::string name{};
};
class ELU : public Layer {
 public:
  explicit ELU(ELUOptions options = {});
};
struct SoftmaxOptions {
  int axis = -1;
  std::string name{};
};
class Softmax : public Layer {
 public:
  explicit Softmax(SoftmaxOptions options = {});
};

struct RescalingOptions {
  std::vector<double> offset{0.0};
  std::string name{};
};
/// y = x·scale + offset; one number each, or one per channel.
class Rescaling : public Layer {
 public:
  explicit Rescaling(std::vector<double> scale, RescalingOptions options = {});
  explicit Rescaling(double scale, RescalingOptions options = {});
};

/// Rows before and after, columns before and after.
struct Padding2D {
  Padding2D(std::int64_t all) : top(all), bottom(all), left(all), right(all) {}  // NOLINT
  Padding2D(std::int64_t height, std::int64_t width)
      : top(height), bottom(height), left(width), right(width) {}
  Padding2D(std::array<std::int64_t, 2> height, std::array<std::int64_t, 2> width)
      : top(height[0]), bottom(height[1]), left(width[0]), right(width[1]) {}
  std::int64_t top;
  std::int64_t bottom;
  std::int64_t left;
  std::int64_t right;
  bool operator==(const Padding2D&) const = default;
};
/// Layers before and behind, then as Padding2D.
struct Padding3D {
  Padding3D(std::int64_t all) : Padding3D(all, all, all) {}  // NOLINT
  Padding3D(std::int64_t depth, std::int64_t height, std::int64_t width)
      : Padding3D({depth, depth}, {height, height}, {width, width}) {}
  Padding3D(std::array<std::int64_t, 2> depth, std::array<std::int64_t, 2> height,
            std::array<std::int64_t, 2> width)
      : front(depth[0]),
        back(depth[1]),
        top(height[0]),
        bottom(height[1]),
        left(width[0]),
        right(width[1]) {}
  std::int64_t front;
  std::int64_t back;
  std::int64_t top;
  std::int64_t bottom;
  std::int64_t left;
  std::int64_t right;
  bool operator==(const Padding3D&) const = default;
};
class ZeroPadding2D : public Layer {
 public:
  explicit ZeroPadding2D(Padding2D padding = 1, NameOptions options = {});
};
class ZeroPadding3D : public Layer {
 public:
  explicit ZeroPadding3D(Padding3D padding = 1, NameOptions options = {});
};
class Cropping2D : public Layer {
 public:
  explicit Cropping2D(Padding2D cropping = 0, NameOptions options = {});
};
class Cropping3D : public Layer {
 public:
  explicit Cropping3D(Padding3D cropping = 1, NameOptions options = {});
};

struct UpSampling2DOptions {
  std::string interpolation = "nearest";  ///< "nearest" | "bilinear"
  std::string name{};
};
class UpSampling2D : public Layer {
 public:
  explicit UpSampling2D(Pair size = 2, UpSampling2DOptions options = {});
};
/// Repeats values: (B, D, H, W, C) -> (B, D·sd, H·sh, W·sw, C).
class UpSampling3D : public Layer {
 public:
  explicit UpSampling3D(Triple size = 2, NameOptions options = {});
};

}  // namespace tenon
