#pragma once

#include <string>
#include <vector>

#include "ops/descriptor.hpp"

namespace tenon::ops {

// The descriptors of each family of ops; all_descriptors() collects them.
std::vector<Descriptor> convolution_descriptors();
std::vector<Descriptor> dense_descriptors();
std::vector<Descriptor> pooling_descriptors();
std::vector<Descriptor> shape_descriptors();
std::vector<Descriptor> arithmetic_descriptors();
std::vector<Descriptor> activation_descriptors();
std::vector<Descriptor> softmax_descriptors();
std::vector<Descriptor> normalization_descriptors();
std::vector<Descriptor> regularization_descriptors();
std::vector<Descriptor> image_descriptors();
std::vector<Descriptor> loss_descriptors();
std::vector<Descriptor> optimizer_descriptors();

/// For ops that move or view data.
double no_arithmetic(const Program& program, const Node& node);
/// The name of the nodes that compute the gradients of `node`.
std::string gradient_name(const Node& node);
/// Throws ModelError (M001) if a gradient flows into an output of `node` behind the first.
void require_only_first_gradient(const Node& node, const std::vector<ValueId>& output_gradients);

}  // namespace tenon::ops
