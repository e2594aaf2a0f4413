#pragma once

#include <span>
#include <string_view>

#include "backend/onednn/graph.hpp"

namespace tenon::backend::onednn {

struct Pass {
  std::string_view name;
  std::string_view purpose;
  void (*run)(Graph&);  ///< nullptr: takes place later, where Graph::does(name) is asked.
};

/// All passes, in order.
std::span<const Pass> passes();
/// Runs those of passes() that are on.
void run_passes(Graph& graph);

// Each in its own file.

/// Operations on constants, and those that change nothing.
void fold_constants(Graph& graph);
/// Reshapes of reshapes and to the shape that there was; transpositions that move no element.
void fold_reshapes(Graph& graph);
/// What every value is held in, and what is multiplied: by backend/api/precision.hpp.
void assign_precision(Graph& graph);
/// Rounded factors are multiplied by float32 kernels where those are faster.
void widen_products(Graph& graph);
/// A relu into the convolution, dense layer or batch normalisation before it, and into the backward
/// of the batch normalisation.
void fuse_rectifiers(Graph& graph);
/// A relu behind a sum, and the gradient of a relu behind a sum of gradients.
void fuse_sums(Graph& graph);
/// A sigmoid or softmax, its cross-entropy and their gradients.
void fuse_loss(Graph& graph);
/// Zeros around an image into the convolution or the maximum pooling behind.
void fold_pads(Graph& graph);
/// Casts of 8-bit inputs and scaling into the first convolution and its gradient.
void fuse_input_conversion(Graph& graph);
/// Batch normalisation, relu and maximum pooling, and their gradients.
void fuse_normalized_pooling(Graph& graph);
/// Dense layers with few outputs, with the concatenation before them, and their gradients.
void fuse_dense_few(Graph& graph);
/// Images in blocks of channels, where convolutions gain more by it than reorders cost.
void assign_layouts(Graph& graph);
/// Winograd's algorithm for convolutions of images in blocks.
void choose_winograd(Graph& graph);
/// The optimizer's updates.
void group_updates(Graph& graph);
/// The order of a group's weights in memory, which is that of their gradients in time.
void contiguous_updates(Graph& graph);
/// Removes nodes whose outputs nobody reads any more.
void remove_unread(Graph& graph);

}  // namespace tenon::backend::onednn
