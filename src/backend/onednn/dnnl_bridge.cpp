#include "backend/onednn/dnnl_bridge.hpp"

#include <fmt/format.h>

namespace tenon::backend::onednn::bridge {
namespace {

constexpr bool kAllowEmpty = true;

dnnl::algorithm algorithm_of(const ConvolutionShape& shape) {
  return shape.winograd ? dnnl::algorithm::convolution_winograd
                        : dnnl::algorithm::convolution_direct;
}

dnnl::memory::data_type data_type(DType dtype) {
  return dtype == DType::kBFloat16 ? dnnl::memory::data_type::bf16 : dnnl::memory::data_type::f32;
}

dnnl::prop_kind forward_kind(bool training) {
  return training ? dnnl::prop_kind::forward_training : dnnl::prop_kind::forward_inference;
}

dnnl::algorithm pooling_algorithm(const PoolingShape& shape) {
  return shape.maximum ? dnnl::algorithm::pooling_max
                       : dnnl::algorithm::pooling_avg_exclude_padding;
}

dnnl::primitive_attr attributes_of(const PostRectifier& rectifier = {}) {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  if (rectifier.enabled) {
    dnnl::post_ops post;
#if DNNL_VERSION_MAJOR >= 3
    post.append_eltwise(dnnl::algorithm::eltwise_relu, rectifier.slope, 0.0F);
#else
    post.append_eltwise(1.0F, dnnl::algorithm::eltwise_relu, rectifier.slope, 0.0F);
#endif
    attributes.set_post_ops(post);
  }
  return attributes;
}

// 2.6 wants a description object first; 3.x takes its arguments directly. `Hint` is the forward
// description of a backward one.
template <class Primitive, class... Arguments>
typename Primitive::primitive_desc describe(const dnnl::primitive_attr& attributes,
                                            const Arguments&... arguments) {
#if DNNL_VERSION_MAJOR >= 3
  return typename Primitive::primitive_desc(engine(), arguments..., attributes, kAllowEmpty);
#else
  return typename Primitive::primitive_desc(typename Primitive::desc(arguments...), attributes,
                                            engine(), kAllowEmpty);
#endif
}
template <class Primitive, class Hint, class... Arguments>
typename Primitive::primitive_desc describe_backward(const dnnl::primitive_attr& attributes,
                                                     const Hint& hint,
                                                     const Arguments&... arguments) {
#if DNNL_VERSION_MAJOR >= 3
  return typename Primitive::primitive_desc(engine(), arguments..., hint, attributes, kAllowEmpty);
#else
  return typename Primitive::primitive_desc(typename Primitive::desc(arguments...), attributes,
                                            engine(), hint, kAllowEmpty);
#endif
}

}  // namespace

std::string library_version() {
  const dnnl::version_t* version = dnnl::version();
  return fmt::format("{}.{}.{}", version->major, version->minor, version->patch);
}

const dnnl::engine& engine() {
  static const dnnl::engine processor(dnnl::engine::kind::cpu, 0);
  return processor;
}

Desc float_desc(const Dims& dims, Tag tag) { return desc_of(DType::kFloat32, dims, tag); }

Desc desc_of(DType dtype, const Dims& dims, Tag tag) { return Desc(dims, data_type(dtype), tag); }

DType dtype_of(const Desc& desc) {
#if DNNL_VERSION_MAJOR >= 3
  const bool narrow = desc.get_data_type() == dnnl::memory::data_type::bf16;
#else
  const bool narrow = desc.data_type() == dnnl::memory::data_type::bf16;
#endif
  return narrow ? DType::kBFloat16 : DType::kFloat32;
}

Desc with_dtype(const Desc& desc, DType dtype) {
#if DNNL_VERSION_MAJOR >= 3
  return Desc(desc.get_dims(), data_type(dtype), desc.get_strides());
#else
  const auto& strides = desc.data.format_desc.blocking.strides;
  return Desc(desc.dims(), data_type(dtype), Dims(strides, strides + desc.data.ndims));
#endif
}

Desc image_desc(const Shape& shape, DType dtype) {
  Dims dims = {shape[0], shape.dim(-1)};
  dims.insert(dims.end(), shape.begin() + 1, shape.end() - 1);
  return desc_of(dtype, dims, shape.rank() == 4 ? Tag::nhwc : Tag::ndhwc);
}

Desc blocked_image_desc(const Shape& shape, std::int64_t block) {
  const bool volume = shape.rank() == 5;
  const Tag wide = volume ? Tag::nCdhw16c : Tag::nChw16c;
  const Tag narrow = volume ? Tag::nCdhw8c : Tag::nChw8c;
  return float_desc(image_desc(shape).dims(), block == 16 ? wide : narrow);
}

namespace {

std::int64_t ask_channel_block() {
  const Shape image{1, 16, 16, 64};
  ConvolutionShape probe;
  probe.source = float_desc({1, 64, 16, 16}, Tag::any);
  probe.weights = float_desc({64, 64, 3, 3}, Tag::any);
  probe.destination = probe.source;
  probe.strides = {1, 1};
  probe.dilates = {0, 0};
  probe.pad_before = {1, 1};
  probe.pad_after = {1, 1};
  const auto description = convolution_forward(probe, true);
  if (!is_fast(description)) return 0;
  for (const std::int64_t block : {16, 8}) {
    if (description.src_desc() == blocked_image_desc(image, block)) return block;
  }
  return 0;
}

}  // namespace

std::int64_t channel_block() {
  static const std::int64_t block = ask_channel_block();
  return block;
}

dnnl::convolution_forward::primitive_desc convolution_forward(const ConvolutionShape& s,
                                                              bool training,
                                                              const PostRectifier& rectifier) {
  const dnnl::primitive_attr attributes = attributes_of(rectifier);
  const Desc bias = s.bias.value_or(Desc());
  return describe<dnnl::convolution_forward>(attributes, forward_kind(training), algorithm_of(s),
                                             s.source, s.weights, bias, s.destination, s.strides,
                                             s.dilates, s.pad_before, s.pad_after);
}

dnnl::convolution_backward_data::primitive_desc convolution_backward_data(
    const ConvolutionShape& s, const dnnl::convolution_forward::primitive_desc& forward) {
  return describe_backward<dnnl::convolution_backward_data>(
      attributes_of(), forward, algorithm_of(s), s.source, s.weights, s.destination, s.strides,
      s.dilates, s.pad_before, s.pad_after);
}

dnnl::convolution_backward_weights::primitive_desc convolution_backward_weights(
    const ConvolutionShape& s, const dnnl::convolution_forward::primitive_desc& forward) {
  const Desc bias = s.bias.value_or(Desc());
  return describe_backward<dnnl::convolution_backward_weights>(
      attributes_of(), forward, algorithm_of(s), s.source, s.weights, bias, s.destination,
      s.strides, s.dilates, s.pad_before, s.pad_after);
}

dnnl::inner_product_forward::primitive_desc inner_product_forward(const InnerProductShape& s,
                                                                  bool training,
                                                                  const PostRectifier& rectifier) {
  return describe<dnnl::inner_product_forward>(attributes_of(rectifier), forward_kind(training),
                                               s.source, s.weights, s.bias.value_or(Desc()),
                                               s.destination);
}

dnnl::inner_product_backward_data::primitive_desc inner_product_backward_data(
    const InnerProductShape& s, const dnnl::inner_product_forward::primitive_desc& forward) {
  return describe_backward<dnnl::inner_product_backward_data>(attributes_of(), forward, s.source,
                                                              s.weights, s.destination);
}

dnnl::inner_product_backward_weights::primitive_desc inner_product_backward_weights(
    const InnerProductShape& s, const dnnl::inner_product_forward::primitive_desc& forward) {
  return describe_backward<dnnl::inner_product_backward_weights>(
      attributes_of(), forward, s.source, s.weights, s.bias.value_or(Desc()), s.destination);
}

dnnl::pooling_forward::primitive_desc pooling_forward(const PoolingShape& s, bool training) {
#if DNNL_VERSION_MAJOR >= 3
  const Dims no_dilation(s.window.size(), 0);
  return describe<dnnl::pooling_forward>(attributes_of(), forward_kind(training),
                                         pooling_algorithm(s), s.source, s.destination, s.strides,
                                         s.window, no_dilation, s.pad_before, s.pad_after);
#else
  return describe<dnnl::pooling_forward>(attributes_of(), forward_kind(training),
                                         pooling_algorithm(s), s.source, s.destination, s.strides,
                                         s.window, s.pad_before, s.pad_after);
#endif
}

dnnl::pooling_backward::primitive_desc pooling_backward(
    const PoolingShape& s, const dnnl::pooling_forward::primitive_desc& forward) {
#if DNNL_VERSION_MAJOR >= 3
  const Dims no_dilation(s.window.size(), 0);
  return describe_backward<dnnl::pooling_backward>(attributes_of(), forward, pooling_algorithm(s),
                                                   s.source, s.destination, s.strides, s.window,
                                                   no_dilation, s.pad_before, s.pad_after);
#else
  return describe_backward<dnnl::pooling_backward>(attributes_of(), forward, pooling_algorithm(s),
                                                   s.source, s.destination, s.strides, s.window,
                                                   s.pad_before, s.pad_after);
#endif
}

dnnl::reorder::primitive_desc reorder(const Desc& from, const Desc& to) {
  return dnnl::reorder::primitive_desc(engine(), from, engine(), to, attributes_of());
}

void multiply(const ProductSize& size, const MatrixView& a, const MatrixView& b, bool add,
              const MutableMatrixView& c) {
  const auto mode = [](const MatrixView& matrix) { return matrix.transposed ? 'T' : 'N'; };
  dnnl::error::wrap_c_api(dnnl_sgemm(mode(a), mode(b), size.m, size.n, size.k, 1.0F, a.data, a.step,
                                     b.data, b.step, add ? 1.0F : 0.0F, c.data, c.step),
                          "oneDNN could not multiply two matrices");
}

std::uint64_t fingerprint(const Desc& desc) {
  std::uint64_t hash = 14695981039346656037U;
  const auto add = [&hash](auto value) {
    hash = (hash ^ static_cast<std::uint64_t>(value)) * 1099511628211U;
  };
  add(desc.get_size());
#if DNNL_VERSION_MAJOR >= 3
  add(static_cast<int>(desc.get_data_type()));
  add(static_cast<int>(desc.get_format_kind()));
  for (const auto& list : {desc.get_dims(), desc.get_padded_dims(), desc.get_strides(),
                           desc.get_inner_blks(), desc.get_inner_idxs()}) {
    for (const auto each : list) add(each);
  }
#else
  const dnnl_memory_desc_t& data = desc.data;
  const dnnl_blocking_desc_t& blocking = data.format_desc.blocking;
  add(data.data_type);
  add(data.format_kind);
  for (int i = 0; i < data.ndims; ++i) {
    add(data.dims[i]);
    add(data.padded_dims[i]);
    if (data.format_kind == dnnl_blocked) add(blocking.strides[i]);
  }
  for (int i = 0; data.format_kind == dnnl_blocked && i < blocking.inner_nblks; ++i) {
    add(blocking.inner_blks[i]);
    add(blocking.inner_idxs[i]);
  }
#endif
  return hash;
}

bool is_fast(const dnnl::primitive_desc_base& description) {
  if (!description) return false;
  const std::string name = implementation_of(description);
  return name.find("jit") != std::string::npos || name.find("brg") != std::string::npos ||
         name.find("gemm") != std::string::npos;
}

std::string implementation_of(const dnnl::primitive_desc_base& description) {
  return description.impl_info_str();
}

}  // namespace tenon::backend::onednn::bridge
