#include "cli/fit_parts.hpp"

#include <fmt/format.h>

#include "cli/optimizer_arguments.hpp"
#include "train/loss_table.hpp"
#include "train/optimizer_table.hpp"

namespace tenon::cli {
namespace {

using data::ArgumentMap;
using data::ArgumentValue;

/// The word of `value`: itself, or the `name` of a table.
std::optional<std::string> word_of(const ArgumentValue& value, TableReader* table) {
  if (const auto* text = std::get_if<std::string>(&value.value)) return *text;
  return table == nullptr ? std::nullopt : table->text("name");
}

bool is_named_table(const ArgumentValue& value) {
  const auto* map = std::get_if<ArgumentMap>(&value.value);
  if (map == nullptr) return false;
  for (const auto& [key, entry] : *map) {
    if (key == "name" && std::holds_alternative<std::string>(entry.value)) return true;
  }
  return false;
}

/// Sets the members that the table has.
struct SetFromTable {
  TableReader& table;
  void operator()(std::string_view key, double& member) const {
    if (const auto value = table.number(key)) member = *value;
  }
  void operator()(std::string_view key, std::optional<double>& member) const {
    if (const auto value = table.number(key)) member = *value;
  }
  void operator()(std::string_view key, std::optional<std::int64_t>& member) const {
    if (const auto value = table.integer(key)) member = *value;
  }
  void operator()(std::string_view key, bool& member) const {
    if (const auto value = table.boolean(key)) member = *value;
  }
};

/// One number, or a list of them.
template <class T>
void read_one_or_more(TableReader& table, std::string_view key, std::vector<T>& member) {
  const ArgumentValue* value = table.any(key);
  if (value == nullptr) return;
  if (std::holds_alternative<ArgumentValue::List>(value->value)) {
    if (const auto numbers = table.numbers(key)) member.assign(numbers->begin(), numbers->end());
  } else if (const auto number = table.number(key)) {
    member = {static_cast<T>(*number)};
  }
}

Loss read_loss(const ArgumentValue& value, Problems& problems, double* weight);

/// A list: what is added.
Loss read_sum(const ArgumentValue& value, const ArgumentValue::List& list, Problems& problems) {
  std::vector<Loss> terms;
  std::vector<double> weights;
  for (const ArgumentValue& entry : list) {
    double weight = 1.0;
    terms.push_back(read_loss(entry, problems, &weight));
    weights.push_back(weight);
    if (terms.back().class_name.empty()) return {};
  }
  return with_line(line_of(value), problems, Loss(), [&] {
    Loss sum = losses::Sum(terms, weights);
    train::check_loss(sum);
    return sum;
  });
}

/// `weight`: of a term of a sum, which may have one.
Loss read_loss(const ArgumentValue& value, Problems& problems, double* weight = nullptr) {
  if (const auto* list = std::get_if<ArgumentValue::List>(&value.value)) {
    return read_sum(value, *list, problems);
  }
  if (const auto* word = std::get_if<std::string>(&value.value)) {
    return with_line(line_of(value), problems, Loss(), [&] { return Loss(*word); });
  }
  TableReader table(value, "loss", problems);
  const auto word = table.text("name");
  if (!word) return {};
  Loss loss = with_line(line_of(value), problems, Loss(), [&] { return Loss(*word); });
  if (const auto logits = table.boolean("from_logits")) loss.from_logits = *logits;
  if (const auto smoothing = table.number("label_smoothing")) loss.label_smoothing = *smoothing;
  if (const auto reduction = table.text("reduction")) loss.reduction = *reduction;
  if (const auto gamma = table.number("gamma")) loss.gamma = *gamma;
  if (const auto beta = table.number("beta")) loss.beta = *beta;
  if (const auto balancing = table.boolean("apply_class_balancing"))
    loss.apply_class_balancing = *balancing;
  read_one_or_more(table, "alpha", loss.alpha);
  read_one_or_more(table, "axis", loss.axis);
  if (weight != nullptr) *weight = table.number("weight").value_or(1.0);
  table.finish();
  if (!loss.class_name.empty())
    check_with_line(line_of(value), problems, [&] { train::check_loss(loss); });
  return loss;
}

Metric read_metric(const ArgumentValue& value, Problems& problems) {
  if (const auto* word = std::get_if<std::string>(&value.value)) {
    return with_line(line_of(value), problems, Metric(), [&] { return Metric(*word); });
  }
  TableReader table(value, "a metric", problems);
  const auto word = table.text("name");
  if (!word) {
    problems.add(value.line, "a metric has no name", "write { name = \"recall\", class_id = 2 }");
    return {};
  }
  Metric metric = with_line(line_of(value), problems, Metric(), [&] { return Metric(*word); });
  if (const auto thresholds = table.numbers("thresholds")) metric.thresholds = *thresholds;
  if (const auto top_k = table.integer("top_k")) metric.top_k = static_cast<int>(*top_k);
  if (const auto class_id = table.integer("class_id"))
    metric.class_id = static_cast<int>(*class_id);
  if (const auto count = table.integer("num_thresholds"))
    metric.num_thresholds = static_cast<int>(*count);
  if (const auto curve = table.text("curve")) metric.curve = *curve;
  if (const auto method = table.text("summation_method")) metric.summation_method = *method;
  if (const auto names = table.texts("class_names")) metric.class_names = *names;
  if (const auto count = table.integer("num_classes"))
    metric.num_classes = static_cast<int>(*count);
  if (const auto id = table.integer("ignore_class")) metric.ignore_class = static_cast<int>(*id);
  if (const auto threshold = table.number("threshold")) metric.thresholds = {*threshold};
  read_one_or_more(table, "target_class_ids", metric.target_class_ids);
  if (const auto label = table.text("label")) metric.name = *label;
  table.finish();
  return metric;
}

Metrics read_metric_list(const ArgumentValue& value, Problems& problems) {
  Metrics out;
  if (const auto* list = std::get_if<ArgumentValue::List>(&value.value)) {
    for (const ArgumentValue& entry : *list) out.push_back(read_metric(entry, problems));
  } else {
    out.push_back(read_metric(value, problems));
  }
  return out;
}

}  // namespace

Optimizer read_optimizer(const ArgumentValue& value, Problems& problems) {
  const bool is_table = std::holds_alternative<ArgumentMap>(value.value);
  std::optional<TableReader> table;
  if (is_table) table.emplace(value, "optimizer", problems);
  const auto word = word_of(value, is_table ? &*table : nullptr);
  if (!word) {
    problems.add(value.line, "the optimizer has no name",
                 "write { name = \"adam\", learning_rate = 0.001 }");
    return {};
  }
  Optimizer out =
      with_line(line_of(value), problems, Optimizer(), [&] { return Optimizer(*word); });
  if (table) {
    visit_arguments(out, SetFromTable{*table});
    table->finish();
    check_with_line(line_of(value), problems, [&] { train::check_optimizer(out); });
  }
  return out;
}

PerOutput<Loss> read_losses(const ArgumentValue& value, Problems& problems) {
  const auto* map = std::get_if<ArgumentMap>(&value.value);
  if (map == nullptr || is_named_table(value)) return read_loss(value, problems);
  std::vector<std::pair<std::string, Loss>> by_name;
  for (const auto& [output, entry] : *map) by_name.emplace_back(output, read_loss(entry, problems));
  return PerOutput<Loss>(std::move(by_name));
}

PerOutput<double> read_loss_weights(const ArgumentValue& value, Problems& problems) {
  const auto* map = std::get_if<ArgumentMap>(&value.value);
  std::vector<std::pair<std::string, double>> by_name;
  TableReader table(value, "loss_weights", problems);
  for (std::size_t i = 0; map != nullptr && i < map->size(); ++i) {
    if (const auto number = table.number((*map)[i].first))
      by_name.emplace_back((*map)[i].first, *number);
  }
  return PerOutput<double>(std::move(by_name));
}

PerOutput<Metrics> read_metrics(const ArgumentValue& value, const std::string& place,
                                Problems& problems) {
  const auto* map = std::get_if<ArgumentMap>(&value.value);
  if (map == nullptr || is_named_table(value)) {
    if (std::holds_alternative<ArgumentValue::List>(value.value) || map != nullptr ||
        std::holds_alternative<std::string>(value.value)) {
      return read_metric_list(value, problems);
    }
    problems.add(value.line,
                 fmt::format("{} is {} where a list is expected", place, type_word(value)));
    return {};
  }
  std::vector<std::pair<std::string, Metrics>> by_name;
  for (const auto& [output, entry] : *map)
    by_name.emplace_back(output, read_metric_list(entry, problems));
  return PerOutput<Metrics>(std::move(by_name));
}

PerOutput<ClassWeights> read_class_weights(const ArgumentValue& value, Problems& problems) {
  if (const auto list = as_numbers(value)) return *list;
  const auto* map = std::get_if<ArgumentMap>(&value.value);
  TableReader table(value, "class_weight", problems);
  std::vector<std::pair<std::string, ClassWeights>> by_name;
  for (std::size_t i = 0; map != nullptr && i < map->size(); ++i) {
    if (const auto weights = table.numbers((*map)[i].first))
      by_name.emplace_back((*map)[i].first, *weights);
  }
  return PerOutput<ClassWeights>(std::move(by_name));
}

}  // namespace tenon::cli
