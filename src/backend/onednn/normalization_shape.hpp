#pragma once

#include "backend/onednn/kernels/batch_normalization.hpp"
#include "backend/onednn/lowering.hpp"

namespace tenon::backend::onednn {

/// Of a batch normalisation, or its gradient, as its x is to lie.
BatchNormalization normalization_shape(const Lowering& lowering, const GraphNode& node);

}  // namespace tenon::backend::onednn
