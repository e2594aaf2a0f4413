#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tenon/source_location.hpp"
#include "tenon/spec.hpp"
#include "tenon/variable.hpp"

namespace tenon {

namespace graph {
class LayerObject;
struct CallNode;
}  // namespace graph

/// A tensor of a model that is being built: the `tensor_index`-th output of one call of a layer.
/// A handle; copying shares. Its spec has the batch axis "B".
class SymbolicTensor {
 public:
  SymbolicTensor() = default;
  SymbolicTensor(std::shared_ptr<graph::CallNode> call, int tensor_index);
  const TensorSpec& spec() const;
  /// The layer that made it; for an Input, the input's name.
  const std::string& name() const;
  const std::shared_ptr<graph::CallNode>& call() const noexcept { return call_; }
  int tensor_index() const noexcept { return tensor_index_; }
  bool operator==(const SymbolicTensor&) const = default;

 private:
  std::shared_ptr<graph::CallNode> call_;
  int tensor_index_ = 0;
};

/// A layer; calling it adds a node to the model that is being built and, the first time, makes its
/// weights. Calling it again shares them. A handle: copies are the same layer.
class Layer {
 public:
  /// Throws ShapeError (S001, S002, S004) if the layer cannot take the input, naming layer and
  /// shapes.
  SymbolicTensor operator()(const SymbolicTensor& input,
                            SourceLocation location = SourceLocation::current()) const;
  SymbolicTensor operator()(const std::vector<SymbolicTensor>& inputs,
                            SourceLocation location = SourceLocation::current()) const;

  const std::string& name() const noexcept;
  const std::string& class_name() const noexcept;  ///< Keras's: "Conv2D".
  /// Trainable ones first, then the others, as Keras orders them. Empty before the first call.
  std::vector<std::shared_ptr<Variable>> weights() const;
  bool trainable() const noexcept;
  void set_trainable(bool trainable);
  /// Keras's config of this layer (the object under "config"), as JSON text.
  std::string config_json() const;
  const std::shared_ptr<graph::LayerObject>& object() const noexcept { return object_; }

  explicit Layer(std::shared_ptr<graph::LayerObject> object);

 protected:
  Layer() = default;
  std::shared_ptr<graph::LayerObject> object_;
};

struct InputOptions {
  std::string name{};
  DType dtype = DType::kFloat32;
  std::string axes{};  ///< Without the batch axis; by default "HWC" for rank 3, "DHWC" for rank 4.
};
/// The shape is without the batch axis: Input({32, 32, 3}, {.name = "Small"}).
SymbolicTensor Input(std::vector<Dim> shape, InputOptions options = {},
                     SourceLocation location = SourceLocation::current());

}  // namespace tenon
