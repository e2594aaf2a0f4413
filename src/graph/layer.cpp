#include "tenon/layer.hpp"

#include "graph/config.hpp"
#include "graph/layer_object.hpp"
#include "tenon/error.hpp"

namespace tenon {

SymbolicTensor::SymbolicTensor(std::shared_ptr<graph::CallNode> call, int tensor_index)
    : call_(std::move(call)), tensor_index_(tensor_index) {}

namespace {

const graph::CallNode& require_call(const std::shared_ptr<graph::CallNode>& call) {
  if (call) return *call;
  throw ModelError(make_diagnostic("M001", "an empty SymbolicTensor has no spec and no name", {},
                                   "make it by Input, or by calling a layer"));
}

}  // namespace

const TensorSpec& SymbolicTensor::spec() const {
  return require_call(call_).outputs[static_cast<std::size_t>(tensor_index_)];
}

const std::string& SymbolicTensor::name() const { return require_call(call_).layer->name(); }

Layer::Layer(std::shared_ptr<graph::LayerObject> object) : object_(std::move(object)) {}

SymbolicTensor Layer::operator()(const SymbolicTensor& input, SourceLocation location) const {
  return {object_->call({input}, false, location), 0};
}

SymbolicTensor Layer::operator()(const std::vector<SymbolicTensor>& inputs,
                                 SourceLocation location) const {
  return {object_->call(inputs, true, location), 0};
}

const std::string& Layer::name() const noexcept { return object_->name(); }
const std::string& Layer::class_name() const noexcept { return object_->class_name(); }
std::vector<std::shared_ptr<Variable>> Layer::weights() const { return object_->weights(); }
bool Layer::trainable() const noexcept { return object_->trainable(); }
void Layer::set_trainable(bool trainable) { object_->set_trainable(trainable); }
std::string Layer::config_json() const { return graph::layer_config_text(*object_); }

}  // namespace tenon
