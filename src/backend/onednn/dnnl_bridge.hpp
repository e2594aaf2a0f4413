#pragma once

#include <cstdint>
#include <dnnl.hpp>
#include <optional>
#include <string>

#include "tenon/dtype.hpp"
#include "tenon/shape.hpp"

// All that differs between oneDNN 2.6 and 3.x: how descriptions of primitives are made. The rest of
// the room uses what both have: memory::desc, memory, primitive, primitive_desc's queries.
namespace tenon::backend::onednn::bridge {

using Desc = dnnl::memory::desc;
using Dims = dnnl::memory::dims;
using Tag = dnnl::memory::format_tag;

/// "2.6.3", of the library that runs.
std::string library_version();

/// The one engine of the process.
const dnnl::engine& engine();

/// A float32 description; `dims` in oneDNN's logical order (N, C, [D,] H, W; O, I, [D,] H, W).
Desc float_desc(const Dims& dims, Tag tag);
/// … of an image (N, H, W, C) or a volume (N, D, H, W, C), float32 or bfloat16.
Desc image_desc(const Shape& shape, DType dtype = DType::kFloat32);
/// … of float32, whose channels lie in blocks of 16 or 8: (N, C / block, H, W, block).
Desc blocked_image_desc(const Shape& shape, std::int64_t block);
/// The blocks that oneDNN's float32 convolutions put channels into on this processor, by their own
/// answer; 0 where they do not.
std::int64_t channel_block();
/// … of float32 or bfloat16.
Desc desc_of(DType dtype, const Dims& dims, Tag tag);
/// kFloat32 or kBFloat16.
DType dtype_of(const Desc& desc);
/// A description without blocks, of another dtype.
Desc with_dtype(const Desc& desc, DType dtype);

/// Equal for equal descriptions, in each process.
std::uint64_t fingerprint(const Desc& desc);

/// Shapes of a convolution in oneDNN's words: dilates count from 0.
struct ConvolutionShape {
  Desc source;
  Desc weights;
  std::optional<Desc> bias;
  Desc destination;
  Dims strides;
  Dims dilates;
  Dims pad_before;
  Dims pad_after;
  bool winograd = false;  ///< By fewer multiplications, with three to seven times the rounding.
};
/// A relu behind a forward primitive: max(y, slope·y).
struct PostRectifier {
  bool enabled = false;
  float slope = 0.0F;
};

// Each gives an empty description (`!description`) where oneDNN has no implementation. Scratchpads
// are the caller's.
dnnl::convolution_forward::primitive_desc convolution_forward(const ConvolutionShape& shape,
                                                              bool training,
                                                              const PostRectifier& rectifier = {});
dnnl::convolution_backward_data::primitive_desc convolution_backward_data(
    const ConvolutionShape& shape, const dnnl::convolution_forward::primitive_desc& forward);
dnnl::convolution_backward_weights::primitive_desc convolution_backward_weights(
    const ConvolutionShape& shape, const dnnl::convolution_forward::primitive_desc& forward);

struct InnerProductShape {
  Desc source;
  Desc weights;
  std::optional<Desc> bias;
  Desc destination;
};
dnnl::inner_product_forward::primitive_desc inner_product_forward(
    const InnerProductShape& shape, bool training, const PostRectifier& rectifier = {});
dnnl::inner_product_backward_data::primitive_desc inner_product_backward_data(
    const InnerProductShape& shape, const dnnl::inner_product_forward::primitive_desc& forward);
dnnl::inner_product_backward_weights::primitive_desc inner_product_backward_weights(
    const InnerProductShape& shape, const dnnl::inner_product_forward::primitive_desc& forward);

struct PoolingShape {
  bool maximum = true;  ///< Otherwise the average of what is not padding.
  Desc source;
  Desc destination;
  Dims window;
  Dims strides;
  Dims pad_before;
  Dims pad_after;
};
dnnl::pooling_forward::primitive_desc pooling_forward(const PoolingShape& shape, bool training);
dnnl::pooling_backward::primitive_desc pooling_backward(
    const PoolingShape& shape, const dnnl::pooling_forward::primitive_desc& forward);

dnnl::reorder::primitive_desc reorder(const Desc& from, const Desc& to);

/// Sizes of a matrix product: (m, k) by (k, n).
struct ProductSize {
  std::int64_t m = 0;
  std::int64_t n = 0;
  std::int64_t k = 0;
};
/// A row-major matrix: rows `step` floats apart. Transposed: it lies as (columns, rows).
struct MatrixView {
  const float* data = nullptr;
  std::int64_t step = 0;
  bool transposed = false;
};
struct MutableMatrixView {
  float* data = nullptr;
  std::int64_t step = 0;
};
/// c = a·b, or c += a·b where `add`; on the threads of the caller's OpenMP settings.
void multiply(const ProductSize& size, const MatrixView& a, const MatrixView& b, bool add,
              const MutableMatrixView& c);

/// False for oneDNN's plain C++, which is up to a thousand times slower than what it generates; and
/// for an empty description.
bool is_fast(const dnnl::primitive_desc_base& description);
/// "jit:avx512_core", "brgconv:avx512_core", "gemm:jit", "ref:any".
std::string implementation_of(const dnnl::primitive_desc_base& description);

}  // namespace tenon::backend::onednn::bridge
