#pragma once

#include "backend/onednn/graph.hpp"
#include "backend/onednn/kernels/convolution_geometry.hpp"

namespace tenon::backend::onednn {

/// A convolution in our words: the shapes of its three tensors and its attributes. The backward ops
/// have the same.
struct Convolution {
  const Shape& x;
  const Shape& kernel;
  const Shape& y;
  const ops::ConvolutionAttributes& attributes;
  DType factors;  ///< What the kernels multiply: float32 or bfloat16.
};
Convolution convolution_of(const Graph& graph, const ops::Node& op);
ConvolutionGeometry geometry_of(const Convolution& c);

/// True if an own kernel takes it: few input channels.
bool takes_patches(const Convolution& c);
/// True if an own kernel takes it: few pixels.
bool has_few_pixels(const Convolution& c);

/// The row-major kernel in oneDNN's logical axes.
bridge::Desc plain_kernel(const Convolution& c);
/// In oneDNN's words. The images lie as `node` has them: plain or in blocks.
bridge::ConvolutionShape shape_of(const Convolution& c, const GraphNode& node, bool with_bias);

/// The forward description that decides how the kernel lies.
dnnl::convolution_forward::primitive_desc forward_hint(const Convolution& c, bool blocked);
/// Of a backward node, whose dx is held as `dtype`.
dnnl::convolution_backward_data::primitive_desc describe_backward_data(
    const Convolution& c, const GraphNode& node, DType dtype = DType::kFloat32);
/// … The gradient of the kernel is float32.
dnnl::convolution_backward_weights::primitive_desc describe_backward_weights(const Convolution& c,
                                                                             const GraphNode& node,
                                                                             bool with_bias);

/// True if oneDNN has fast kernels for it, and for both its gradients, on images in blocks.
bool fits_blocks(const Convolution& c);
/// True if Winograd's algorithm is there for the node (of images in blocks), and faster.
bool suits_winograd(const Convolution& c, const GraphNode& node);

}  // namespace tenon::backend::onednn
