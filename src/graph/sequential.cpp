#include <fmt/format.h>

#include <utility>

#include "graph/call_context.hpp"
#include "graph/functional_form.hpp"
#include "graph/model_object.hpp"
#include "tenon/error.hpp"

namespace tenon {
namespace {

std::string title_of(const ModelOptions& options) {
  return options.name.empty() ? "Sequential" : "Sequential " + quote_key(options.name);
}

[[noreturn]] void refuse(const ModelOptions& options, const std::string& what,
                         SourceLocation location, const std::string& fix) {
  throw ModelError(make_diagnostic(
      "M001", fmt::format("{} {}{}", title_of(options), what, graph::place_of(location)), {}, fix));
}

[[noreturn]] void refuse_second_input(const std::vector<SequentialItem>& items, std::size_t index,
                                      const ModelOptions& options, SourceLocation location) {
  const auto& first = std::get<SymbolicTensor>(items.front().get());
  const auto& second = std::get<SymbolicTensor>(items[index].get());
  Diagnostic problem = make_diagnostic(
      "M001",
      fmt::format("{} has a second input: {} stands at place {} of its list, after {} at its "
                  "front{}",
                  title_of(options), quote_key(second.name()), index + 1, quote_key(first.name()),
                  graph::place_of(location)),
      {"a Sequential is one stack with one input; several inputs are joined in a Model"});
  problem.fixes.push_back(
      {"build it functionally; likely meant:", graph::functional_form(items), {}, {}});
  throw ModelError(std::move(problem));
}

std::shared_ptr<graph::ModelObject> build(const std::vector<SequentialItem>& items,
                                          const ModelOptions& options, SourceLocation location) {
  if (items.empty()) refuse(options, "is empty", location, "begin it with Input(…)");
  const auto* input = std::get_if<SymbolicTensor>(&items.front().get());
  if (input == nullptr || !input->call() || !input->call()->layer->is_input()) {
    refuse(options, "does not begin with an Input", location,
           "put Input(…) first, with the shape of one sample");
  }
  SymbolicTensor running = *input;
  for (std::size_t i = 1; i < items.size(); ++i) {
    if (const auto* layer = std::get_if<Layer>(&items[i].get())) {
      running = (*layer)(running, location);
      continue;
    }
    const auto& tensor = std::get<SymbolicTensor>(items[i].get());
    if (tensor.call() && tensor.call()->layer->is_input()) {
      refuse_second_input(items, i, options, location);
    }
    refuse(options, fmt::format("holds a tensor at place {} of its list", i + 1), location,
           "give the layer itself, not what it gave for another input");
  }
  return graph::build_model(*input, running, options.name, true, location);
}

}  // namespace

SequentialItem::SequentialItem(const Model& model) : item_(Layer(model.object()->as_layer())) {}

Sequential::Sequential(std::initializer_list<SequentialItem> items, ModelOptions options,
                       SourceLocation location)
    : Model(build(items, options, location)) {}

Sequential::Sequential(std::vector<SequentialItem> items, ModelOptions options,
                       SourceLocation location)
    : Model(build(items, options, location)) {}

}  // namespace tenon
