#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "backend/api/engine.hpp"
#include "graph/config.hpp"
#include "tenon/tensor.hpp"

namespace tenon {

/// One layer, and what another program gave for it.
struct LayerGolden {
  std::string class_name;
  graph::Json config;  ///< Keras's.
  bool training = false;
  /// float32: inputs "x0"…, weights "w0"… before the call, the upstream gradient "gy"; then what is
  /// wanted: the output "y", the gradients "gx0"… and, of trainable weights, "gw0"…, and the
  /// weights that are not trainable behind the call, "s0"….
  std::map<std::string, Tensor> arrays;
};

/// Runs the layer on the engine, forward and backward, and compares all that is wanted.
void expect_layer(const backend::Engine& engine, const LayerGolden& golden);

}  // namespace tenon
