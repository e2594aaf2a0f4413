#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "graph/layer_descriptor.hpp"
#include "tenon/layer.hpp"

namespace tenon::graph {

class ModelObject;

/// What a Layer is a handle of: a layer of the registry with its settings, or a model used as a
/// layer. Not thread-safe.
class LayerObject : public std::enable_shared_from_this<LayerObject> {
 public:
  /// Checks the arguments one by one and together; throws ContractError (A001) that names the
  /// argument. An empty `name` is made from the class as Keras makes it.
  static std::shared_ptr<LayerObject> make(const LayerDescriptor& descriptor,
                                           std::shared_ptr<void> settings, std::string name,
                                           bool trainable);
  /// The layer that stands for a whole model; its descriptor has a class name and nothing else.
  static std::shared_ptr<LayerObject> make_nested(std::shared_ptr<ModelObject> model);

  const LayerDescriptor& descriptor() const noexcept { return *descriptor_; }
  const std::string& class_name() const noexcept { return descriptor_->class_name; }
  void* settings() const noexcept { return settings_.get(); }
  const std::shared_ptr<ModelObject>& nested() const noexcept { return nested_; }
  bool is_input() const noexcept;

  const std::string& name() const noexcept { return name_; }
  /// `Conv2D "stem"`, for messages.
  std::string title() const;
  /// True while the name is one that was made here, and no model has fixed it.
  bool has_provisional_name() const noexcept { return provisional_name_; }
  /// The order in which layers were made, over the process.
  std::int64_t serial() const noexcept { return serial_; }
  /// Gives the layer the name that it has in its first model, and for good.
  void fix_name(std::string name);

  /// Keras's word: "float32" or "mixed_bfloat16". A nested model's layers have their own.
  const std::string& dtype_policy() const noexcept { return dtype_policy_; }
  void set_dtype_policy(std::string policy) { dtype_policy_ = std::move(policy); }

  bool trainable() const noexcept { return trainable_; }
  /// Of a nested model: of all its layers.
  void set_trainable(bool trainable);
  /// A nested model's are those of its layers.
  std::vector<std::shared_ptr<Variable>> weights() const;
  bool built() const noexcept { return built_; }
  /// The shapes of the first call, with the batch axis.
  const std::vector<TensorSpec>& build_inputs() const noexcept { return build_inputs_; }

  /// Adds a call. `as_list` tells whether the inputs were given as a list.
  std::shared_ptr<CallNode> call(std::vector<SymbolicTensor> inputs, bool as_list,
                                 SourceLocation location);

 private:
  LayerObject() = default;
  void check_arguments() const;
  void build(const CallContext& call);
  void check_input_count(const std::vector<SymbolicTensor>& inputs, SourceLocation location) const;
  std::vector<TensorSpec> output_specs(const CallContext& call) const;

  const LayerDescriptor* descriptor_ = nullptr;
  std::shared_ptr<void> settings_;
  std::shared_ptr<ModelObject> nested_;
  std::string name_;
  bool provisional_name_ = false;
  std::int64_t serial_ = 0;
  bool trainable_ = true;
  std::string dtype_policy_ = "float32";
  bool built_ = false;
  std::int64_t call_count_ = 0;
  std::vector<TensorSpec> build_inputs_;
  std::vector<std::shared_ptr<Variable>> weights_;
};

/// One call of a layer: a node of the graph.
struct CallNode {
  std::shared_ptr<LayerObject> layer;
  std::vector<SymbolicTensor> inputs;
  bool inputs_as_list = false;
  std::vector<TensorSpec> outputs;
  std::int64_t call_index = 0;  ///< Among the layer's calls.
  SourceLocation location;
};

}  // namespace tenon::graph
