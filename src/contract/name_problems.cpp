#include <fmt/format.h>

#include <algorithm>

#include "contract/contract.hpp"
#include "core/name_list.hpp"
#include "core/text_distance.hpp"

namespace tenon::contract {
namespace {

void add_use_problem(std::vector<Diagnostic>& problems, const TrainingInterface& interface,
                     const NameUse& use) {
  std::vector<std::string> outputs;
  for (const TrainedOutput& output : interface.outputs) outputs.push_back(output.output.name);
  if (std::find(outputs.begin(), outputs.end(), use.name) != outputs.end()) return;
  const auto nearest = nearest_name(use.name, outputs);
  Diagnostic out =
      make_diagnostic("K011", fmt::format("{} names {}, which is no output of model `{}`",
                                          use.place, quote_key(use.name), interface.model_name));
  out.keys.push_back(
      {nearest.value_or(use.name), Role::kTarget, std::nullopt, std::nullopt, std::nullopt});
  out.candidate = nearest.value_or("");
  out.setting = {use.place, use.name};
  out.notes.push_back(fmt::format("the model has the output{} {}", outputs.size() == 1 ? "" : "s",
                                  list_names(outputs)));
  Fix fix;
  fix.text = nearest ? fmt::format("write \"{}\" in {}", *nearest, use.place)
                     : fmt::format("use one of the outputs' names in {}", use.place);
  out.fixes.push_back(std::move(fix));
  problems.push_back(std::move(out));
}

/// The name of a log without val_.
std::string_view plain(std::string_view name) {
  return name.starts_with("val_") ? name.substr(4) : name;
}

/// True if the monitor is missing because the name of an output was misspelt where its loss or its
/// metrics are given: told there.
bool follows_from_use(const TrainingInterface& interface, const Monitor& monitor) {
  std::vector<std::string> outputs;
  for (const TrainedOutput& output : interface.outputs) outputs.push_back(output.output.name);
  const bool misspelt =
      std::any_of(interface.uses.begin(), interface.uses.end(), [&](const NameUse& use) {
        const bool logs = use.place == "loss" || use.place.ends_with("metrics");
        return logs && std::find(outputs.begin(), outputs.end(), use.name) == outputs.end();
      });
  if (!misspelt) return false;
  const std::string_view wanted = plain(monitor.name);
  const bool of_an_output = std::any_of(outputs.begin(), outputs.end(), [&](const auto& name) {
    return outputs.size() > 1 && wanted.starts_with(name + "_");
  });
  return of_an_output || !nearest_name(std::string(wanted), interface.log_names);
}

/// The only name that goes on where this one ends ("val_acc": "val_accuracy"), or else the nearest.
std::optional<std::string> meant_name(const std::string& name,
                                      const std::vector<std::string>& names) {
  const auto goes_on = [&](const std::string& other) { return other.starts_with(name); };
  const auto found = std::ranges::find_if(names, goes_on);
  if (std::ranges::count_if(names, goes_on) == 1) return *found;
  return nearest_name(name, names);
}

void add_monitor_problem(std::vector<Diagnostic>& problems, const TrainingInterface& interface,
                         const Monitor& monitor) {
  const auto& names = interface.log_names;
  if (std::find(names.begin(), names.end(), monitor.name) != names.end()) return;
  if (follows_from_use(interface, monitor)) return;
  const auto nearest = meant_name(monitor.name, names);
  Diagnostic out =
      make_diagnostic("C002", fmt::format("{} watches {}, which this training does not log",
                                          monitor.callback, quote_key(monitor.name)));
  out.keys.push_back({monitor.name, Role::kData, std::nullopt, std::nullopt, std::nullopt});
  out.candidate = nearest.value_or("");
  out.notes.push_back(fmt::format("it logs {}", list_names(names)));
  Fix fix;
  const bool validation =
      monitor.name.starts_with("val_") &&
      std::find(names.begin(), names.end(), plain(monitor.name)) != names.end() &&
      std::none_of(names.begin(), names.end(), [](const auto& n) { return n.starts_with("val_"); });
  if (validation) {
    fix.text = "give validation data, or watch a name without val_";
  } else {
    fix.text =
        nearest ? fmt::format("watch \"{}\"", *nearest) : std::string("watch one of these names");
  }
  out.fixes.push_back(std::move(fix));
  problems.push_back(std::move(out));
}

}  // namespace

std::vector<Diagnostic> check_names(const TrainingInterface& interface) {
  std::vector<Diagnostic> problems;
  for (const NameUse& use : interface.uses) add_use_problem(problems, interface, use);
  for (const Monitor& monitor : interface.monitors)
    add_monitor_problem(problems, interface, monitor);
  return problems;
}

}  // namespace tenon::contract
