#include "contract/key_problems.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "contract/lineage_facts.hpp"
#include "contract/missing.hpp"
#include "core/name_list.hpp"

namespace tenon::contract {
namespace {

void add_candidate(Diagnostic& out, const Missing& missing, const Split& split) {
  const Schema& schema = split.dataset->schema();
  const Lineage& lineage = split.dataset->lineage();
  const Field& field = schema[missing.candidate->slot];
  if (out.candidate.empty()) out.candidate = field.key;
  out.keys.back().actual = field.spec;
  const auto named = how_it_was_named(lineage, field.key);
  if (named && !missing.end) out.keys.back().stage = named->stage;
  const std::string origin = origin_text(lineage, field.key);
  if (!origin.empty() && named && named->stage.index >= 0) out.notes.push_back(origin);
  const std::string& wanted = missing.wish->name;
  const bool question = missing.candidate->nearness == Nearness::kSpec;
  Fix fix;
  fix.cpp = fmt::format(".rename({{{{\"{}\", \"{}\"}}}})", field.key, wanted);
  fix.toml = fmt::format("{{ op = \"rename\", map = {{ \"{}\" = \"{}\" }} }}", field.key, wanted);
  fix.text = fmt::format(
      "{}add {}{}", question ? fmt::format("is {} meant? then ", quote_key(field.key)) : "",
      fix.cpp, split.dataset->stages().empty() ? "" : " at the end of the stages");
  if (field.role != Role::kData) {
    fix.text = fmt::format("{}yield it as \"{}\", or add {}", question ? "if it is meant, " : "",
                           wanted, fix.cpp);
  }
  out.fixes.push_back(std::move(fix));
}

/// How the key was lost. Fixes are tried later; without one that passes this is the advice.
void add_end(Diagnostic& out, const Missing& missing) {
  const LineageEvent& end = *missing.end;
  out.keys.back().stage = end.stage;
  const std::string name = quote_key(missing.wish->name);
  Fix fix;
  if (end.action == LineageAction::kRenamed) {
    out.notes.push_back(fmt::format("{} existed until {} renamed it to {}", name,
                                    stage_text(end.stage), quote_key(end.key)));
    if (out.candidate.empty()) out.candidate = end.key;
  } else {
    out.notes.push_back(fmt::format("{} existed until {} dropped it", name, stage_text(end.stage)));
  }
  fix.text = fmt::format("keep {} at {}", name, stage_place(end.stage));
  out.fixes.push_back(std::move(fix));
}

void add_role_hint(Diagnostic& out, const Missing& missing, const Split& split) {
  for (const Field& field : split.dataset->schema()) {
    if (field.key != missing.wish->name || field.key.empty()) continue;
    out.notes.push_back(fmt::format("the data give {} as {}: are inputs and targets swapped?",
                                    quote_key(field.key), name_of(field.role)));
  }
}

void add_key(Diagnostic& out, const Missing& missing, const Split& split) {
  const Wanted& wish = *missing.wish;
  out.keys.push_back({wish.port, wish.role, wish.spec, std::nullopt, std::nullopt});
  if (missing.end) {
    add_end(out, missing);
  } else if (missing.candidate) {
    add_candidate(out, missing, split);
  }
  add_role_hint(out, missing, split);
}

std::string headline(const std::vector<const Missing*>& group) {
  const Missing& first = *group.front();
  std::vector<std::string> names;
  names.reserve(group.size());
  for (const Missing* missing : group) names.push_back(missing->wish->port);
  const std::string title(title_of(first.wish->role));
  if (group.size() > 1) {
    return fmt::format("{} {}s have no data: {}", group.size(), title, list_names(names));
  }
  if (first.wish->role == Role::kWeight) {
    return fmt::format("the {} {} have no data: there is no key {}", title,
                       quote_key(names.front()), quote_key(first.wish->name));
  }
  return fmt::format("{} {} has no data", title, quote_key(names.front()));
}

/// Where no key is near.
std::string advice_for(const std::vector<const Missing*>& group) {
  const Wanted& wish = *group.front()->wish;
  if (wish.role == Role::kWeight)
    return fmt::format("give the data a key {}, or name another in sample_weight",
                       quote_key(wish.name));
  return fmt::format("give {} data under this name, or rename the {} of the model",
                     group.size() == 1 ? "it" : "them",
                     wish.role == Role::kInput ? "input" : "output");
}

/// Problems of one cause stand together: the same code, and for K005 the same stage.
bool same_cause(const Missing& a, const Missing& b) {
  if (a.code != b.code || a.wish->role != b.wish->role) return false;
  if (a.code == "K005") return a.end->stage.index == b.end->stage.index;
  return true;
}

std::vector<Diagnostic> missing_problems(const TrainingInterface& interface, const Split& split,
                                         const Join& join, const std::vector<Missing>& all) {
  std::vector<Diagnostic> problems;
  std::vector<bool> told(all.size(), false);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (told[i]) continue;
    std::vector<const Missing*> group;
    for (std::size_t j = i; j < all.size(); ++j) {
      if (told[j] || !same_cause(all[i], all[j])) continue;
      told[j] = true;
      group.push_back(&all[j]);
    }
    Diagnostic out = make_diagnostic(all[i].code, headline(group));
    for (const Missing* missing : group) add_key(out, *missing, split);
    out.stage = out.keys.front().stage;
    out.comparison = comparison_table(interface, split, join, all[i].wish->role);
    if (out.fixes.empty()) {
      out.fixes.push_back({advice_for(group), "", "", {}});
    }
    problems.push_back(std::move(out));
  }
  return problems;
}

std::string quoted_list(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names)
    out += fmt::format("{}\"{}\"", out.empty() ? "" : ", ", name);
  return out;
}

/// `role` kTarget: a generator's targets that match no output (K011); else K010.
void add_unused(std::vector<Diagnostic>& problems, const TrainingInterface& interface,
                const Split& split, const std::vector<std::size_t>& slots, bool targets) {
  if (slots.empty()) return;
  const Schema& schema = split.dataset->schema();
  std::vector<std::string> names;
  names.reserve(slots.size());
  for (const std::size_t slot : slots) names.push_back(schema[slot].key);
  std::vector<std::string> outputs;
  for (const TrainedOutput& output : interface.outputs) outputs.push_back(output.output.name);
  const bool unnamed = names.size() == 1 && names.front().empty();
  std::string message = fmt::format("nothing uses the data key{} {}", names.size() == 1 ? "" : "s",
                                    list_names(names));
  if (targets) {
    message = unnamed ? fmt::format("an unnamed target for a model with the outputs {}",
                                    list_names(outputs))
                      : fmt::format("no output is called {}; the model has {}", list_names(names),
                                    list_names(outputs));
  }
  Diagnostic out = make_diagnostic(targets ? "K011" : "K010", message);
  for (const std::size_t slot : slots) {
    const auto named = how_it_was_named(split.dataset->lineage(), schema[slot].key);
    out.keys.push_back({schema[slot].key, schema[slot].role, std::nullopt, schema[slot].spec,
                        named ? std::optional<StageReference>(named->stage) : std::nullopt});
  }
  out.stage = out.keys.front().stage;
  Fix fix;
  fix.cpp = fmt::format(".drop({{{}}})", quoted_list(names));
  fix.toml = fmt::format("{{ op = \"drop\", keys = [{}] }}", quoted_list(names));
  fix.text =
      fmt::format("add {}, or list {} in ignore_keys", fix.cpp, names.size() == 1 ? "it" : "them");
  if (unnamed)
    fix = {fmt::format("name it: targets(\"{}\", y)", outputs.empty() ? "" : outputs.front()),
           "",
           "",
           {}};
  out.fixes.push_back(std::move(fix));
  problems.push_back(std::move(out));
}

std::vector<Diagnostic> unused_problems(const TrainingInterface& interface, const Split& split,
                                        const Join& join, const std::vector<Missing>& missing) {
  std::vector<std::size_t> data_keys;
  std::vector<std::size_t> target_keys;
  for (const std::size_t slot : join.unused) {
    // A key that is offered for a missing one is part of that problem.
    const bool offered = std::any_of(missing.begin(), missing.end(), [&](const Missing& m) {
      const bool renamed_to = m.end && m.end->action == LineageAction::kRenamed &&
                              m.end->key == split.dataset->schema()[slot].key;
      return (m.candidate && m.candidate->slot == slot) || renamed_to;
    });
    if (offered) continue;
    const Role role = split.dataset->schema()[slot].role;
    (role == Role::kTarget || role == Role::kWeight ? target_keys : data_keys).push_back(slot);
  }
  std::vector<Diagnostic> problems;
  add_unused(problems, interface, split, target_keys, true);
  add_unused(problems, interface, split, data_keys, false);
  return problems;
}

}  // namespace

Comparison comparison_table(const TrainingInterface& interface, const Split& split,
                            const Join& join, Role role) {
  const Schema& schema = split.dataset->schema();
  Comparison table;
  table.expected_title = role == Role::kInput
                             ? fmt::format("model `{}` expects", interface.model_name)
                             : fmt::format("training of `{}` expects", interface.model_name);
  table.actual_title = fmt::format("{} data gives", split.name);
  const std::vector<Missing> missing = find_missing(split, join);
  std::vector<std::size_t> shown;
  for (const Wanted& wish : join.wanted) {
    if (wish.role != role) continue;
    ComparisonRow row{wish.port, wish.spec, {}, {}, {}};
    std::optional<std::size_t> slot = wish.slot;
    for (const Missing& m : missing) {
      if (m.wish != &wish) continue;
      row.remark =
          m.end ? (m.end->action == LineageAction::kRemoved ? "dropped" : "renamed") : "missing";
      if (!m.candidate) continue;
      slot = m.candidate->slot;
      row.remark = describe_difference(wish.name, schema[*slot].key, m.candidate->nearness);
    }
    if (slot) {
      row.actual_key = schema[*slot].key;
      row.actual = schema[*slot].spec;
      shown.push_back(*slot);
    }
    table.rows.push_back(std::move(row));
  }
  for (const std::size_t slot : join.unused) {
    if (std::find(shown.begin(), shown.end(), slot) != shown.end()) continue;
    table.rows.push_back({{}, {}, schema[slot].key, schema[slot].spec, "not used"});
  }
  return table;
}

std::vector<Diagnostic> key_problems(const TrainingInterface& interface, const Split& split,
                                     const Join& join) {
  const std::vector<Missing> missing = find_missing(split, join);
  std::vector<Diagnostic> problems = missing_problems(interface, split, join, missing);
  std::vector<Diagnostic> unused = unused_problems(interface, split, join, missing);
  problems.insert(problems.end(), unused.begin(), unused.end());
  return problems;
}

}  // namespace tenon::contract
