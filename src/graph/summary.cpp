#include "graph/summary.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "graph/text_table.hpp"

namespace tenon::graph {
namespace {

constexpr int kTerminalLength = 76;  // Keras's choice on 80 columns

std::string shape_text(const TensorSpec& spec) {
  std::string text;
  for (const Dim& dim : spec.shape) {
    text += text.empty() ? "" : ", ";
    text += dim.known() ? dim.to_string() : "None";
  }
  return "(" + text + ")";
}

std::string output_shape(const ModelObject& model, const LayerObject& layer) {
  const std::vector<const CallNode*> calls = model.calls_of(layer);
  const std::vector<TensorSpec>& outputs = calls.back()->outputs;
  if (outputs.size() == 1) return shape_text(outputs.front());
  std::string text;
  for (const TensorSpec& output : outputs) {
    text += (text.empty() ? "" : ", ") + shape_text(output);
  }
  return "[" + text + "]";
}

std::string connections(const ModelObject& model, const LayerObject& layer) {
  std::string text;
  for (const CallNode* call : model.calls_of(layer)) {
    for (const SymbolicTensor& input : call->inputs) {
      text += fmt::format("{}{}[{}][{}]", text.empty() ? "" : ", ", input.name(),
                          model.node_index(*input.call()), input.tensor_index());
    }
  }
  return text.empty() ? "-" : text;
}

std::int64_t count_params(const std::vector<std::shared_ptr<Variable>>& weights) {
  std::int64_t count = 0;
  for (const auto& weight : weights) count += weight->shape().element_count();
  return count;
}

std::string with_separators(std::int64_t number) {
  std::string digits = std::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), 1, ',');
  }
  return digits;
}

std::string memory_size(std::int64_t params) {
  constexpr double kStep = 1024.0;
  double size = 4.0 * static_cast<double>(params);
  const char* unit = "B";
  for (const char* larger : {"KB", "MB", "GB", "TB", "PB"}) {
    if (size / kStep < 1.0) break;
    size /= kStep;
    unit = larger;
  }
  return fmt::format("{:.2f} {}", size, unit);
}

/// Which columns there are, and what fills them.
struct Columns {
  bool connected = false;
  bool trainable = false;
  bool expand = false;
};

void add_rows(TextTable& table, const ModelObject& model, const ModelObject& root,
              const Columns& columns, int level) {
  const std::string prefix =
      level == 0 ? "" : std::string(static_cast<std::size_t>(3 * level), ' ') + "└ ";
  for (const auto& layer : model.layers) {
    if (model.sequential && layer->is_input()) continue;
    const auto weights = layer->weights();
    std::vector<std::string> cells = {
        fmt::format("{}{} ({})", prefix, layer->name(), layer->class_name()),
        output_shape(model, *layer), with_separators(count_params(weights))};
    if (columns.connected) cells.push_back(connections(model, *layer));
    if (columns.trainable) {
      cells.emplace_back(weights.empty() ? "-" : layer->trainable() ? "Y" : "N");
    }
    table.add_row(std::move(cells));
    if (columns.expand && layer->nested()) {
      add_rows(table, *layer->nested(), root, columns, level + 1);
    }
  }
}

TextTable table_for(const Columns& columns, int line_length) {
  std::vector<double> ends = columns.connected ? std::vector<double>{0.3, 0.56, 0.74, 1.0}
                                               : std::vector<double>{0.45, 0.80, 1.0};
  std::vector<TextColumn> headers = {{"Layer (type)", Alignment::kLeft},
                                     {"Output Shape", Alignment::kLeft},
                                     {"Param #", Alignment::kRight}};
  if (columns.connected) headers.push_back({"Connected to", Alignment::kLeft});
  if (columns.trainable) {
    constexpr double kShareOfOthers = 0.9;
    for (double& end : ends) end *= kShareOfOthers;
    ends.push_back(1.0);
    headers.push_back({"Trainable", Alignment::kCenter});
  }
  return TextTable(std::move(headers), ends, line_length);
}

std::string totals(const ModelObject& model) {
  const std::int64_t total = count_params(model.weights());
  const std::int64_t trainable = count_params(model.trainable_weights());
  const auto line = [](const char* what, std::int64_t count) {
    return fmt::format(" {}: {} ({})\n", what, with_separators(count), memory_size(count));
  };
  return line("Total params", total) + line("Trainable params", trainable) +
         line("Non-trainable params", total - trainable);
}

}  // namespace

std::string summary(const ModelObject& model, const SummaryOptions& options) {
  Columns columns;
  columns.connected = !model.sequential && !model.plain_stack;
  columns.trainable = options.show_trainable;
  columns.expand = options.expand_nested;
  TextTable table =
      table_for(columns, options.line_length > 0 ? options.line_length : kTerminalLength);
  add_rows(table, model, model, columns, 0);
  return fmt::format("Model: \"{}\"\n{}{}", model.name, table.render(), totals(model));
}

}  // namespace tenon::graph
