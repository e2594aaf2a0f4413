#pragma once

#include <string>
#include <string_view>

namespace tenon::graph {

/// Keras's snake case of a class name: "Conv2D" is "conv2d", "MaxPooling2D" "max_pooling2d",
/// "LeakyReLU" "leaky_re_lu". It names the groups of weights in Keras's files.
std::string snake_case(std::string_view class_name);

/// A name for a layer that has none until a model gives it its own: counted over the process, as
/// Keras does ("conv2d", "conv2d_1", …). Thread-safe.
std::string provisional_name(std::string_view class_name);

/// Throws ContractError (A001) if a layer or a model cannot be called that: it holds a '/', which
/// separates layer and weight.
void require_layer_name(const std::string& what, const std::string& name);

}  // namespace tenon::graph
