#include "graph/check_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/name_list.hpp"
#include "graph/call_context.hpp"
#include "graph/cpp_text.hpp"
#include "tenon/error.hpp"

namespace tenon::graph {
namespace {

std::string title_of(const ModelObject& model) { return "model " + quote_key(model.name); }

void throw_all(std::vector<Diagnostic> problems) {
  if (!problems.empty()) throw ModelError(std::move(problems));
}

bool is_input(const SymbolicTensor& tensor) { return tensor.call()->layer->is_input(); }

bool declares(const ModelObject& model, const CallNode* input) {
  return std::any_of(model.inputs.begin(), model.inputs.end(),
                     [&](const SymbolicTensor& tensor) { return tensor.call().get() == input; });
}

std::vector<std::string> input_names(const ModelObject& model) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < model.inputs.size(); ++i) names.push_back(model.input_name(i));
  return names;
}

/// The calls from `from` to `output`, both among them; empty if the output does not need it.
std::vector<const CallNode*> path_to(const CallNode* output, const CallNode* from,
                                     std::set<const CallNode*>& seen) {
  if (output == from) return {output};
  if (!seen.insert(output).second) return {};
  for (const SymbolicTensor& input : output->inputs) {
    std::vector<const CallNode*> path = path_to(input.call().get(), from, seen);
    if (path.empty()) continue;
    path.push_back(output);
    return path;
  }
  return {};
}

/// The path's layers, and the place in `outputs` of the output at its end.
struct PathToOutput {
  std::string text;
  std::size_t output = 0;
};

PathToOutput path_from(const ModelObject& model, const CallNode* from) {
  for (std::size_t i = 0; i < model.outputs.size(); ++i) {
    std::set<const CallNode*> seen;
    const auto path = path_to(model.outputs[i].call().get(), from, seen);
    if (path.empty()) continue;
    std::string text;
    for (const CallNode* node : path) {
      text += (text.empty() ? "" : " -> ") + visible(node->layer->name());
    }
    return {std::move(text), i};
  }
  return {};
}

std::string declared_with(const ModelObject& model, const std::string& further) {
  std::string names;
  for (std::size_t i = 0; i < model.inputs.size(); ++i) {
    names += cpp_identifier(model.input_name(i)) + ", ";
  }
  std::string outputs;
  for (std::size_t i = 0; i < model.outputs.size(); ++i) {
    outputs += (i == 0 ? "" : ", ") + cpp_identifier(model.output_name(i));
  }
  if (model.outputs.size() > 1) outputs = "{" + outputs + "}";
  return fmt::format("Model({{{}{}}}, {})", names, cpp_identifier(further), outputs);
}

Diagnostic undeclared_input(const ModelObject& model, const CallNode* input,
                            SourceLocation location) {
  const std::string& name = input->layer->name();
  const PathToOutput path = path_from(model, input);
  Diagnostic problem = make_diagnostic(
      "M001",
      fmt::format("{} is disconnected: its output {} needs the input {}, which is not among the "
                  "model's inputs{}",
                  title_of(model), quote_key(model.output_name(path.output)), quote_key(name),
                  place_of(location)),
      {fmt::format("the way: {}{}", path.text, place_of(input->location)),
       "the model's inputs: " + list_names(input_names(model))});
  problem.fixes.push_back({"declare it", declared_with(model, name), {}, {}});
  return problem;
}

Diagnostic unused_input(const ModelObject& model, std::size_t index, SourceLocation location) {
  return make_diagnostic(
      "M001",
      fmt::format("{}: no output needs the input {}{}", title_of(model),
                  quote_key(model.input_name(index)), place_of(location)),
      {fmt::format("it was made{}", place_of(model.inputs[index].call()->location))},
      "connect it to an output, or leave it out of the model's inputs");
}

/// `Conv2D (net.cpp:12)`
std::string made_by(const ModelObject& model, const LayerObject& layer) {
  const std::vector<const CallNode*> calls = model.calls_of(layer);
  return layer.class_name() + (calls.empty() ? "" : place_of(calls.front()->location));
}

void check_layer_names(const ModelObject& model, SourceLocation location,
                       std::vector<Diagnostic>& problems) {
  std::map<std::string, const LayerObject*> first;
  for (const auto& layer : model.layers) {
    const auto [found, is_new] = first.try_emplace(layer->name(), layer.get());
    if (is_new) continue;
    const bool inputs = found->second->is_input() && layer->is_input();
    problems.push_back(make_diagnostic(
        "M001",
        fmt::format("{} has two {} called {}{}", title_of(model), inputs ? "inputs" : "layers",
                    quote_key(layer->name()), place_of(location)),
        {fmt::format("they are: {} and {}", made_by(model, *found->second),
                     made_by(model, *layer))},
        "give one of them another .name"));
  }
}

std::string outputs_as_map(const ModelObject& model) {
  std::string entries;
  for (std::size_t i = 0; i < model.outputs.size(); ++i) {
    const std::string name = fmt::format("{}_{}", model.output_name(i), i + 1);
    entries += fmt::format("{}{{{}, {}}}", entries.empty() ? "" : ", ", quote_key(name),
                           cpp_identifier(name));
  }
  return "{" + entries + "}";
}

void check_port_names(const ModelObject& model, SourceLocation location,
                      std::vector<Diagnostic>& problems) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < model.outputs.size(); ++i) {
    const std::string& name = model.output_name(i);
    if (names.insert(name).second) continue;
    Diagnostic problem =
        make_diagnostic("M001",
                        fmt::format("{} has two outputs called {}{}", title_of(model),
                                    quote_key(name), place_of(location)),
                        {"an output is called as the layer that makes it"});
    problem.fixes.push_back({"give the outputs names", outputs_as_map(model), {}, {}});
    problems.push_back(std::move(problem));
    return;
  }
  std::set<std::string> keys;
  for (const std::string& key : model.input_keys) {
    if (keys.insert(key).second) continue;
    problems.push_back(
        make_diagnostic("M001", fmt::format("{} has two inputs called {}{}", title_of(model),
                                            quote_key(key), place_of(location))));
  }
}

void check_defined(const ModelObject& model, const std::vector<SymbolicTensor>& ends,
                   const char* what, SourceLocation location) {
  if (ends.empty()) {
    throw ModelError(make_diagnostic(
        "M001", fmt::format("{} has no {}{}", title_of(model), what, place_of(location))));
  }
  for (const SymbolicTensor& tensor : ends) {
    if (tensor.call()) continue;
    throw ModelError(make_diagnostic("M001",
                                     fmt::format("{}: an empty SymbolicTensor is among its {}{}",
                                                 title_of(model), what, place_of(location)),
                                     {}, "make it by Input, or by calling a layer"));
  }
}

}  // namespace

void check_ends(const ModelObject& model, SourceLocation location) {
  check_defined(model, model.inputs, "inputs", location);
  check_defined(model, model.outputs, "outputs", location);
  std::vector<Diagnostic> problems;
  std::set<const CallNode*> seen;
  for (const SymbolicTensor& input : model.inputs) {
    if (!is_input(input)) {
      problems.push_back(make_diagnostic(
          "M001",
          fmt::format("{}: its input {} is what {} gives, and no Input{}", title_of(model),
                      quote_key(input.name()), input.call()->layer->title(), place_of(location)),
          {}, "begin the model with Input(…) and call the layers on it anew; they share weights"));
    } else if (!seen.insert(input.call().get()).second) {
      problems.push_back(
          make_diagnostic("M001", fmt::format("{}: the input {} is given twice{}", title_of(model),
                                              quote_key(input.name()), place_of(location))));
    }
  }
  throw_all(std::move(problems));
}

void check_connections(const ModelObject& model, SourceLocation location) {
  std::vector<Diagnostic> problems;
  std::set<const CallNode*> needed;
  for (const auto& node : model.nodes) {
    needed.insert(node.get());
    if (node->layer->is_input() && !declares(model, node.get())) {
      problems.push_back(undeclared_input(model, node.get(), location));
    }
  }
  for (std::size_t i = 0; i < model.inputs.size(); ++i) {
    if (!needed.contains(model.inputs[i].call().get())) {
      problems.push_back(unused_input(model, i, location));
    }
  }
  throw_all(std::move(problems));
}

void check_names(const ModelObject& model, SourceLocation location) {
  std::vector<Diagnostic> problems;
  check_layer_names(model, location, problems);
  if (problems.empty()) check_port_names(model, location, problems);
  throw_all(std::move(problems));
}

}  // namespace tenon::graph
