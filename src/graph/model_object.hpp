#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "graph/layer_object.hpp"
#include "tenon/model.hpp"

namespace tenon::graph {

/// How inputs or outputs were given; files keep it.
enum class Structure : std::uint8_t { kSingle, kList, kMap };

/// What a Model is a handle of: a graph of calls with named ends. Made by build_model; its layers'
/// and its own name apart it does not change.
class ModelObject : public std::enable_shared_from_this<ModelObject> {
 public:
  std::string name;
  bool provisional_name = false;
  bool sequential = false;

  std::vector<SymbolicTensor> inputs;
  std::vector<SymbolicTensor> outputs;
  std::vector<std::string> input_keys;   ///< Of a map; otherwise empty.
  std::vector<std::string> output_keys;  ///< Of a map; otherwise empty.
  Structure input_structure = Structure::kList;
  Structure output_structure = Structure::kList;

  /// In Keras's order: the deepest first, counted from the outputs; among equals, in the order in
  /// which a walk from the outputs meets them. InputLayers are among them.
  std::vector<std::shared_ptr<LayerObject>> layers;
  /// Every call that the outputs need, each behind those that it needs.
  std::vector<std::shared_ptr<CallNode>> nodes;
  /// No two calls are at one depth, none has two inputs, no layer is shared.
  bool plain_stack = false;

  const std::string& input_name(std::size_t index) const;
  const std::string& output_name(std::size_t index) const;
  /// The calls of one layer in this model, in the order of the calls.
  std::vector<const CallNode*> calls_of(const LayerObject& layer) const;
  /// The position of a call among its layer's, as files write it.
  int node_index(const CallNode& call) const;
  /// Layer by layer, each once.
  std::vector<std::shared_ptr<Variable>> weights() const;
  /// Those of them that training changes: of a trainable kind, and of a trainable layer.
  std::vector<std::shared_ptr<Variable>> trainable_weights() const;

  /// "mixed_bfloat16" if a layer has that policy, "float32" otherwise.
  std::string dtype_policy() const;
  /// Of all layers; but under "mixed_bfloat16" the layers that make the model's outputs, which stay
  /// float32, have "float32" if there are others.
  void set_dtype_policy(const std::string& policy);

  /// The layer that stands for this model in other models; always the same one.
  std::shared_ptr<LayerObject> as_layer();

 private:
  std::weak_ptr<LayerObject> as_layer_;
};

/// Throws ModelError (M001) with all problems of the graph: see Model's constructor.
std::shared_ptr<ModelObject> build_model(const Tensors& inputs, const Tensors& outputs,
                                         std::string name, bool sequential,
                                         SourceLocation location);

}  // namespace tenon::graph
