#include "graph/layer_object.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>

#include "graph/argument_text.hpp"
#include "graph/call_context.hpp"
#include "graph/layer_name.hpp"
#include "graph/model_object.hpp"
#include "graph/unknown_word.hpp"
#include "tenon/error.hpp"

namespace tenon::graph {
namespace {

std::int64_t next_serial() {
  static std::atomic<std::int64_t> next{0};
  return next++;
}

const LayerDescriptor& nested_descriptor(bool sequential) {
  const auto named = [](const char* class_name) {
    LayerDescriptor descriptor;
    descriptor.class_name = class_name;
    descriptor.description = "A model used as a layer.";
    return descriptor;
  };
  static const LayerDescriptor kFunctional = named("Functional");
  static const LayerDescriptor kSequential = named("Sequential");
  return sequential ? kSequential : kFunctional;
}

std::vector<TensorSpec> specs_of(const std::vector<SymbolicTensor>& tensors) {
  std::vector<TensorSpec> specs;
  specs.reserve(tensors.size());
  for (const SymbolicTensor& tensor : tensors) specs.push_back(tensor.spec());
  return specs;
}

}  // namespace

std::shared_ptr<LayerObject> LayerObject::make(const LayerDescriptor& descriptor,
                                               std::shared_ptr<void> settings, std::string name,
                                               bool trainable) {
  require_layer_name(descriptor.class_name, name);
  std::shared_ptr<LayerObject> layer(new LayerObject);
  layer->descriptor_ = &descriptor;
  layer->settings_ = std::move(settings);
  layer->provisional_name_ = name.empty();
  layer->name_ = std::move(name);
  layer->serial_ = next_serial();
  layer->trainable_ = trainable;
  layer->check_arguments();
  if (descriptor.settle) descriptor.settle(layer->settings_.get());
  if (layer->provisional_name_) layer->name_ = provisional_name(descriptor.class_name);
  return layer;
}

std::shared_ptr<LayerObject> LayerObject::make_nested(std::shared_ptr<ModelObject> model) {
  std::shared_ptr<LayerObject> layer(new LayerObject);
  layer->descriptor_ = &nested_descriptor(model->sequential);
  layer->name_ = model->name;
  layer->provisional_name_ = model->provisional_name;
  layer->serial_ = next_serial();
  layer->built_ = true;
  layer->nested_ = std::move(model);
  return layer;
}

bool LayerObject::is_input() const noexcept { return !nested_ && descriptor_->max_inputs == 0; }

std::string LayerObject::title() const {
  return fmt::format("{} {}", class_name(), quote_key(name_));
}

void LayerObject::check_arguments() const {
  const std::string where =
      provisional_name_ ? class_name() : fmt::format("{} {}", class_name(), quote_key(name_));
  for (const Argument& argument : descriptor_->arguments) {
    if (!argument.member) continue;
    const ArgumentReference value = argument.member(settings_.get());
    const Rule rule = rule_of(argument, value);
    if (!rule.holds || rule.holds(value)) continue;
    const auto* word = std::get_if<std::string*>(&value);
    throw_argument_error(where, fmt::format("{} is {}", argument.name, text_of(value)),
                         fmt::format("{} {}", argument.name, rule.expected),
                         word == nullptr ? "" : meant_word(**word, rule.words));
  }
  const std::string conflict =
      descriptor_->conflict ? descriptor_->conflict(settings_.get()) : std::string();
  if (!conflict.empty()) throw_argument_error(where, conflict, "");
}

void LayerObject::fix_name(std::string name) {
  name_ = std::move(name);
  provisional_name_ = false;
  for (const auto& weight : weights_) weight->set_layer(name_);
  if (nested_) {
    nested_->name = name_;
    nested_->provisional_name = false;
  }
}

void LayerObject::set_trainable(bool trainable) {
  trainable_ = trainable;
  if (!nested_) return;
  for (const auto& layer : nested_->layers) layer->set_trainable(trainable);
}

std::vector<std::shared_ptr<Variable>> LayerObject::weights() const {
  return nested_ ? nested_->weights() : weights_;
}

void LayerObject::check_input_count(const std::vector<SymbolicTensor>& inputs,
                                    SourceLocation location) const {
  for (const SymbolicTensor& input : inputs) {
    if (input.call()) continue;
    throw ModelError(make_diagnostic(
        "M001",
        fmt::format("{} is called on an empty SymbolicTensor{}", title(), place_of(location)), {},
        "call it on an Input, or on what another layer gave"));
  }
  const int count = static_cast<int>(inputs.size());
  const int least = nested_ ? static_cast<int>(nested_->inputs.size()) : descriptor_->min_inputs;
  const int most = nested_ ? least : descriptor_->max_inputs;
  if (count >= least && (most == kAnyNumber || count <= most)) return;
  throw ShapeError(make_diagnostic(
      "S002",
      fmt::format("{} takes {} inputs and was called on {}{}", title(),
                  most == kAnyNumber ? fmt::format("{} or more", least) : std::to_string(least),
                  count, place_of(location)),
      {}, most == 1 ? "join them first, with Concatenate or Add" : ""));
}

std::vector<TensorSpec> LayerObject::output_specs(const CallContext& call) const {
  if (!nested_) return {descriptor_->output(settings_.get(), call)};
  for (std::size_t i = 0; i < call.input_count(); ++i) {
    const TensorSpec wanted = nested_->inputs[i].spec();
    if (wanted.shape_fits(call.input(i))) continue;
    call.refuse(fmt::format("its input {} wants another shape", quote_key(nested_->input_name(i))),
                wanted.shape_string());
  }
  return specs_of(nested_->outputs);
}

void LayerObject::build(const CallContext& call) {
  std::vector<WeightDeclaration> wanted;
  if (descriptor_->weights) wanted = descriptor_->weights(settings_.get(), call);
  if (!built_) {
    for (WeightDeclaration& weight : wanted) {
      weight.shape.element_count();  // throws if it is too large
      weights_.push_back(std::make_shared<Variable>(
          name_, std::move(weight.name), std::move(weight.shape), std::move(weight.initializer),
          weight.regularizer, weight.trainable));
    }
    build_inputs_ = call.inputs();
    built_ = true;
    return;
  }
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i].shape == weights_[i]->shape()) continue;
    call.refuse(fmt::format("its weight {} was made as {} for {}, and would have to be {}",
                            quote_key(weights_[i]->name()), weights_[i]->shape().to_string(),
                            build_inputs_.front().shape_string(), wanted[i].shape.to_string()),
                "inputs of one kind for all calls of a shared layer");
  }
}

std::shared_ptr<CallNode> LayerObject::call(std::vector<SymbolicTensor> inputs, bool as_list,
                                            SourceLocation location) {
  check_input_count(inputs, location);
  const CallContext context(title(), specs_of(inputs), location);
  auto node = std::make_shared<CallNode>();
  node->outputs = output_specs(context);
  if (!nested_) build(context);
  node->layer = shared_from_this();
  node->inputs = std::move(inputs);
  node->inputs_as_list = as_list;
  node->call_index = call_count_++;
  node->location = location;
  return node;
}

}  // namespace tenon::graph
