#pragma once

#include "backend/onednn/lowering.hpp"

namespace tenon::backend::onednn {

/// A matrix product by oneDNN: x (rows, inputs), kernel (inputs, outputs), y (rows, outputs). Dense
/// layers are such.
struct InnerProduct {
  std::int64_t rows = 0;
  std::int64_t inputs = 0;
  std::int64_t outputs = 0;
  DType factors = DType::kFloat32;  ///< What the kernel multiplies: float32 or bfloat16.
};

/// The layout in which the weights are kept: in float32 that of the forward kernel, otherwise that
/// of their gradient.
Layout inner_product_kernel_layout(const InnerProduct& shape);

// Each appends a step. x, dy, y, … are plain cells, x and dy (where they are read) of the factors'
// dtype, y and dx of float32 or that one; kernels and their gradients are values of the
// program, which get the layout that suits.
void add_inner_product(Lowering& lowering, const GraphNode& node, const InnerProduct& shape,
                       CellId x, ops::ValueId kernel, CellId bias, CellId y);
void add_inner_product_backward_data(Lowering& lowering, const GraphNode& node,
                                     const InnerProduct& shape, CellId dy, ops::ValueId kernel,
                                     CellId dx);
void add_inner_product_backward_weights(Lowering& lowering, const GraphNode& node,
                                        const InnerProduct& shape, CellId x, CellId dy,
                                        ops::ValueId dkernel, CellId dbias);

}  // namespace tenon::backend::onednn
