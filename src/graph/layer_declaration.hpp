#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "graph/call_context.hpp"
#include "graph/layer_descriptor.hpp"
#include "graph/layer_object.hpp"
#include "graph/lower_context.hpp"

namespace tenon::graph {

/// Writes a LayerDescriptor over the settings struct S: the layer's options and its positional
/// arguments. S is default constructible with Keras's defaults, and has a member `name`.
template <class S>
class LayerDeclaration {
 public:
  LayerDeclaration(std::string class_name, std::string description) {
    facts_.class_name = std::move(class_name);
    facts_.description = std::move(description);
    facts_.make_settings = [] { return std::shared_ptr<void>(std::make_shared<S>()); };
  }

  /// An argument that stands in the options struct.
  template <class T, class Base>
  requires std::derived_from<S, Base> LayerDeclaration& argument(std::string name, T Base::*member,
                                                                 Rule rule = {}) {
    T S::*own = member;
    Argument argument;
    argument.name = std::move(name);
    argument.member = [own](void* settings) {
      return ArgumentReference(&(static_cast<S*>(settings)->*own));
    };
    argument.rule = std::move(rule);
    facts_.arguments.push_back(std::move(argument));
    return *this;
  }
  /// An argument of the constructor itself.
  template <class T, class Base>
  LayerDeclaration& positional(std::string name, T Base::*member, Rule rule = {}) {
    argument(std::move(name), member, std::move(rule));
    facts_.arguments.back().positional = true;
    return *this;
  }
  /// … of which only one value is supported. `json` is that value's text.
  LayerDeclaration& fixed(std::string name, std::string json) {
    Argument argument;
    argument.name = std::move(name);
    argument.fixed = std::move(json);
    facts_.arguments.push_back(std::move(argument));
    return *this;
  }
  /// … that only other versions of Keras write.
  LayerDeclaration& older(std::string name, std::string json) {
    fixed(std::move(name), std::move(json));
    facts_.arguments.back().written = false;
    return *this;
  }
  /// The last argument is also read by this name.
  LayerDeclaration& once_called(std::string older_name) {
    facts_.arguments.back().older_name = std::move(older_name);
    return *this;
  }
  /// The last argument is a list of dims.
  LayerDeclaration& of_dims() {
    facts_.arguments.back().dims = true;
    return *this;
  }
  LayerDeclaration& inputs(int min_inputs, int max_inputs) {
    facts_.min_inputs = min_inputs;
    facts_.max_inputs = max_inputs;
    return *this;
  }
  LayerDeclaration& without_base_arguments() {
    facts_.has_base_arguments = false;
    return *this;
  }
  LayerDeclaration& without_trainable() {
    facts_.writes_trainable = false;
    return *this;
  }

  LayerDeclaration& conflict(std::string (*function)(const S&)) {
    facts_.conflict = [function](const void* settings) {
      return function(*static_cast<const S*>(settings));
    };
    return *this;
  }
  LayerDeclaration& settle(void (*function)(S&)) {
    facts_.settle = [function](void* settings) { function(*static_cast<S*>(settings)); };
    return *this;
  }
  LayerDeclaration& weights(std::vector<WeightDeclaration> (*function)(const S&,
                                                                       const CallContext&)) {
    facts_.weights = [function](const void* settings, const CallContext& call) {
      return function(*static_cast<const S*>(settings), call);
    };
    return *this;
  }
  LayerDeclaration& output(TensorSpec (*function)(const S&, const CallContext&)) {
    facts_.output = [function](const void* settings, const CallContext& call) {
      return function(*static_cast<const S*>(settings), call);
    };
    return *this;
  }
  LayerDeclaration& lower(ops::ValueId (*function)(const S&, LowerContext&)) {
    facts_.lower = [function](const void* settings, LowerContext& context) {
      return function(*static_cast<const S*>(settings), context);
    };
    return *this;
  }

  LayerDescriptor done() { return std::move(facts_); }

 private:
  LayerDescriptor facts_;
};

/// What a layer's constructor does: checks the arguments and makes the object.
/// Throws ContractError (A001) that names the argument.
template <class S>
std::shared_ptr<LayerObject> make_layer(const char* class_name, S settings) {
  const LayerDescriptor& descriptor = require_layer(class_name);
  std::string name = settings.name;
  bool trainable = true;
  if constexpr (requires { settings.trainable; }) trainable = settings.trainable;
  return LayerObject::make(descriptor, std::make_shared<S>(std::move(settings)), std::move(name),
                           trainable);
}

}  // namespace tenon::graph
