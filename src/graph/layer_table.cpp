#include "graph/layer_table.hpp"

#include <fmt/format.h>

#include "graph/argument_text.hpp"
#include "graph/layer_descriptor.hpp"
#include "graph/layer_name.hpp"

namespace tenon::graph {
namespace {

std::string argument_cell(const Argument& argument, void* settings) {
  if (!argument.member) return fmt::format("`{}` only `{}`", argument.name, argument.fixed);
  const ArgumentReference value = argument.member(settings);
  std::string cell = argument.positional
                         ? fmt::format("**`{}`**", argument.name)
                         : fmt::format("`{}` = `{}`", argument.name, text_of(value));
  const bool is_activation = argument.rule.expected == activation_word().expected;
  if (!argument.rule.expected.empty() && !is_activation) {
    cell += fmt::format(" ({})", argument.rule.expected);
  }
  return cell;
}

std::string arguments_cell(const LayerDescriptor& descriptor) {
  const std::shared_ptr<void> settings = descriptor.make_settings();
  std::string cell;
  for (const Argument& argument : descriptor.arguments) {
    if (!argument.written) continue;
    cell += (cell.empty() ? "" : ", ") + argument_cell(argument, settings.get());
  }
  return cell;
}

}  // namespace

std::string layer_table() {
  std::string table =
      "| layer | weights' group in files | arguments | what it does |\n| --- | --- | --- | --- |\n";
  for (const LayerDescriptor& descriptor : layer_descriptors()) {
    table += fmt::format("| {} | `{}` | {} | {} |\n", descriptor.class_name,
                         snake_case(descriptor.class_name), arguments_cell(descriptor),
                         descriptor.description);
  }
  return table;
}

}  // namespace tenon::graph
