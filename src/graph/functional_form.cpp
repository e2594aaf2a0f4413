#include "graph/functional_form.hpp"

#include <fmt/format.h>

#include <set>

#include "graph/cpp_text.hpp"
#include "graph/layer_name.hpp"

namespace tenon::graph {
namespace {

struct Branch {
  SymbolicTensor input;
  std::vector<Layer> layers;
};

bool makes_vector(const Layer& layer) {
  const std::string& name = layer.class_name();
  return name == "Flatten" || name.starts_with("GlobalAveragePooling") ||
         name.starts_with("GlobalMaxPooling");
}

std::vector<Branch> branches_of(const std::vector<SequentialItem>& items) {
  std::vector<Branch> branches;
  for (const SequentialItem& item : items) {
    if (const auto* input = std::get_if<SymbolicTensor>(&item.get())) {
      branches.push_back({*input, {}});
    } else {
      branches.back().layers.push_back(std::get<Layer>(item.get()));
    }
  }
  return branches;
}

/// Takes from the last branch what belongs behind the join: all that follows the layer that makes a
/// vector, or begins with the first Dense.
std::vector<Layer> split_tail(Branch& last) {
  std::size_t keep = 0;
  while (keep < last.layers.size() && last.layers[keep].class_name() != "Dense") {
    if (makes_vector(last.layers[keep++])) break;
  }
  std::vector<Layer> tail(last.layers.begin() + static_cast<std::ptrdiff_t>(keep),
                          last.layers.end());
  last.layers.erase(last.layers.begin() + static_cast<std::ptrdiff_t>(keep), last.layers.end());
  return tail;
}

/// Writes lines, each of which names a new variable.
class Writer {
 public:
  std::string add(const std::string& wanted_name, const std::string& expression) {
    std::string name = wanted_name;
    for (int count = 2; !taken_.insert(name).second; ++count) {
      name = fmt::format("{}_{}", wanted_name, count);
    }
    text_ += fmt::format("auto {} = {};\n", name, expression);
    return name;
  }
  std::string add_layer(const std::string& prefix, const Layer& layer, const std::string& on) {
    const bool unnamed = layer.object()->has_provisional_name();
    const std::string name = unnamed ? prefix + snake_case(layer.class_name()) : layer.name();
    return add(cpp_identifier(name), fmt::format("{}({})", cpp_text(*layer.object()), on));
  }
  std::string finish(const std::string& last_line) { return text_ + last_line; }

 private:
  std::string text_;
  std::set<std::string> taken_;
};

/// The variable that holds the branch's end, made a vector.
std::string write_branch(Writer& writer, const Branch& branch, const std::string& vector_layer,
                         std::vector<std::string>& inputs) {
  const LayerObject& input = *branch.input.call()->layer;
  std::string running = writer.add(cpp_identifier(input.name()), cpp_text(input));
  inputs.push_back(running);
  const std::string prefix = running + "_";
  bool is_vector = branch.input.spec().rank() <= 2;
  for (const Layer& layer : branch.layers) {
    running = writer.add_layer(prefix, layer, running);
    is_vector = is_vector || makes_vector(layer);
  }
  return is_vector ? running : fmt::format("{}()({})", vector_layer, running);
}

}  // namespace

std::string functional_form(const std::vector<SequentialItem>& items) {
  std::vector<Branch> branches = branches_of(items);
  const std::vector<Layer> tail = split_tail(branches.back());
  std::string vector_layer = "Flatten";
  for (const Branch& branch : branches) {
    if (!branch.layers.empty() && makes_vector(branch.layers.back())) {
      vector_layer = branch.layers.back().class_name();
    }
  }
  Writer writer;
  std::vector<std::string> inputs;
  std::vector<std::string> ends;
  for (const Branch& branch : branches) {
    ends.push_back(write_branch(writer, branch, vector_layer, inputs));
  }
  std::string running =
      writer.add("joined", fmt::format("Concatenate()({{{}}})", fmt::join(ends, ", ")));
  for (std::size_t i = 0; i < tail.size(); ++i) {
    const bool unnamed_end = i + 1 == tail.size() && tail[i].object()->has_provisional_name();
    const std::string expression = fmt::format("{}({})", cpp_text(*tail[i].object()), running);
    running =
        unnamed_end ? writer.add("output", expression) : writer.add_layer("", tail[i], running);
  }
  return writer.finish(fmt::format("Model model({{{}}}, {});", fmt::join(inputs, ", "), running));
}

}  // namespace tenon::graph
