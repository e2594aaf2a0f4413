#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "cli/known_words.hpp"
#include "cli/optimizer_arguments.hpp"
#include "train/loss_table.hpp"
#include "train/metrics/metric_function.hpp"
#include "train/optimizer_table.hpp"
#include "train/words.hpp"

namespace tenon::cli {
namespace {

std::string code(std::string_view text) { return fmt::format("`{}`", text); }

/// A word with its arguments as a table.
std::string section(std::string_view word, std::string_view help,
                    const std::vector<data::ArgumentDescriptor>& arguments) {
  std::string text = fmt::format("### {}\n\n{}\n\n", word, help);
  if (arguments.empty()) return text + "No arguments.\n\n";
  text += "| argument | value | default | |\n| --- | --- | --- | --- |\n";
  for (const data::ArgumentDescriptor& argument : arguments) {
    const std::string otherwise = argument.required               ? "**required**"
                                  : argument.default_text.empty() ? "none"
                                                                  : code(argument.default_text);
    text += fmt::format("| {} | {} | {} | {} |\n", code(argument.name),
                        data::describe(argument.type), otherwise, argument.help);
  }
  return text + "\n";
}

/// Arguments with their defaults: `momentum` = `0.0`.
struct ListArguments {
  std::string& out;
  void operator()(std::string_view name, double value) const {
    add(name, fmt::format("{}", value));
  }
  void operator()(std::string_view name, bool value) const { add(name, value ? "true" : "false"); }
  template <class Number>
  void operator()(std::string_view name, const std::optional<Number>& value) const {
    add(name, value ? fmt::format("{}", *value) : "none");
  }
  void add(std::string_view name, const std::string& value) const {
    out += fmt::format("{}{} = {}", out.empty() ? "" : ", ", code(name),
                       value == "none" ? value : code(value));
  }
};

std::string optimizer_table() {
  std::string text = "| word | class | arguments |\n| --- | --- | --- |\n";
  for (const std::string_view name : train::optimizer_classes()) {
    std::string word(name);
    std::transform(word.begin(), word.end(), word.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    Optimizer optimizer(word);
    std::string arguments;
    visit_arguments(optimizer, ListArguments{arguments});
    text += fmt::format("| {} | {} | {} |\n", code(word), name, arguments);
  }
  return text + "\n";
}

std::string_view targets_of(TargetForm form) {
  switch (form) {
    case TargetForm::kOneHot:
      return "one-hot vectors or probabilities";
    case TargetForm::kClassIds:
      return "class ids";
    default:
      return "of the output's shape";
  }
}

template <class Words>
std::string word_list(const Words& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + code(word);
  return text;
}

std::string loss_table() {
  std::string text = "| words | class | targets |\n| --- | --- | --- |\n";
  for (const train::LossEntry& entry : train::loss_entries()) {
    std::vector<std::string> words = {train::snake_case(entry.class_name)};
    words.insert(words.end(), entry.aliases.begin(), entry.aliases.end());
    text += fmt::format("| {} | {} | {} |\n", word_list(words), entry.class_name,
                        targets_of(entry.target_form));
  }
  return text + "\n";
}

std::string metric_table() {
  std::string text = "| words | class | better |\n| --- | --- | --- |\n";
  for (const train::MetricEntry& entry : train::metric_entries()) {
    text += fmt::format("| {} | {}{} | {} |\n", word_list(entry.words), entry.class_name,
                        entry.in_keras ? "" : " (not in Keras)",
                        entry.higher_is_better ? "higher" : "lower");
  }
  return text;
}

}  // namespace

std::string word_tables() {
  std::string text = "## Sources\n\n";
  for (const auto* entry : all_sources())
    text += section(entry->kind, entry->help, entry->arguments);
  text += "## Stages\n\n";
  for (const auto* entry : all_stages()) text += section(entry->op, entry->help, entry->arguments);
  text += "## Callbacks\n\n";
  for (const CallbackEntry& entry : callback_entries())
    text += section(entry.word, entry.help, entry.arguments);
  text += "## Optimizers\n\n" + optimizer_table();
  text += "## Losses\n\n" + loss_table();
  return text + "## Metrics\n\n" + metric_table();
}

}  // namespace tenon::cli
