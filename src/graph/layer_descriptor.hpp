#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graph/argument.hpp"
#include "ops/program.hpp"

namespace tenon::graph {

class CallContext;
class LowerContext;

/// A weight that a layer wants, made at its first call.
struct WeightDeclaration {
  std::string name;  ///< Keras's: "kernel"
  Shape shape;
  Initializer initializer;
  Regularizer regularizer{};
  bool trainable = true;
};

/// All facts of one layer, stated once. Config reading and writing, the constructor's checks,
/// summary, the table in docs/layers.md, names in files and the contract test read it. `settings`
/// is the layer file's own struct; LayerDeclaration makes the functions from typed ones.
struct LayerDescriptor {
  std::string class_name;           ///< Keras's: "Conv2D"
  std::string description;          ///< One line, for docs.
  std::vector<Argument> arguments;  ///< In the order of Keras's config.
  int min_inputs = 1;
  int max_inputs = 1;  ///< kAnyNumber: a list of them.
  /// Keras's config of every layer has `trainable` and a dtype policy; that of InputLayer does not.
  bool has_base_arguments = true;
  /// Keras's SpatialDropout neither writes `trainable` nor takes it.
  bool writes_trainable = true;

  std::function<std::shared_ptr<void>()> make_settings;  ///< With Keras's defaults.
  /// What is wrong with arguments that each alone are right; empty: nothing.
  std::function<std::string(const void* settings)> conflict;
  /// Fills defaults that depend on other arguments.
  std::function<void(void* settings)> settle;
  /// In Keras's order: trainable ones first. Empty function: none.
  std::function<std::vector<WeightDeclaration>(const void* settings, const CallContext&)> weights;
  /// The shape rule. Throws ShapeError through the context.
  std::function<TensorSpec(const void* settings, const CallContext&)> output;
  std::function<ops::ValueId(const void* settings, LowerContext&)> lower;
};

inline constexpr int kAnyNumber = -1;

/// One per layer, in the order of layer_list.cpp.
std::span<const LayerDescriptor> layer_descriptors();
/// nullptr if there is none.
const LayerDescriptor* find_layer(std::string_view class_name);
/// Throws ModelError (M001) that names the nearest class; Lambda is refused with its own words.
const LayerDescriptor& require_layer(const std::string& class_name);

}  // namespace tenon::graph
