#include "tenon/detail/declaration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/key_error.hpp"
#include "core/name_list.hpp"
#include "tenon/error.hpp"

namespace tenon {
namespace {

bool is_declared(std::span<const DeclaredKey> declared, const std::string& key) {
  return std::any_of(declared.begin(), declared.end(),
                     [&](const DeclaredKey& one) { return one.live && one.name.text == key; });
}

/// Keys that are there and not declared.
std::vector<std::string> undeclared_keys(std::span<const DeclaredKey> declared,
                                         const Schema& schema) {
  std::vector<std::string> keys;
  for (const Field& field : schema) {
    if (!is_declared(declared, field.key)) keys.push_back(field.key);
  }
  return keys;
}

KeyReport report_of(const Field& field) {
  KeyReport report;
  report.key = field.key;
  report.role = field.role;
  report.actual = field.spec;
  return report;
}

Diagnostic wrong_role(const std::string& where, Role role, const Field& field) {
  Diagnostic problem =
      make_diagnostic("K007",
                      fmt::format("{}: {} is declared as {}, and is {} here", where,
                                  quote_key(field.key), name_of(role), name_of(field.role)),
                      {}, fmt::format("declare {} in the role that it has", quote_key(field.key)));
  problem.keys.push_back(report_of(field));
  return problem;
}

Diagnostic not_declared(const std::string& where, const std::vector<std::string>& keys,
                        const Schema& schema) {
  Diagnostic problem =
      make_diagnostic("K010",
                      fmt::format("{}: {} {} there and not declared", where, list_names(keys),
                                  keys.size() == 1 ? "is" : "are"),
                      {},
                      fmt::format("declare {}, or drop {} before", keys.size() == 1 ? "it" : "them",
                                  keys.size() == 1 ? "it" : "them"));
  for (const std::string& key : keys) problem.keys.push_back(report_of(schema[schema.slot(key)]));
  return problem;
}

}  // namespace

void require_declared(std::string_view what, std::span<const DeclaredKey> declared,
                      const Schema& schema, SourceLocation location) {
  const std::string where =
      location.known() ? fmt::format("{} ({})", what, to_string(location)) : std::string(what);
  std::vector<Diagnostic> problems;
  std::vector<std::string> rest = undeclared_keys(declared, schema);
  for (const DeclaredKey& one : declared) {
    if (!one.live) continue;
    const auto slot = schema.find(one.name.text);
    if (!slot) {
      // What is offered for a declared key is part of that problem.
      Diagnostic problem = missing_key(one.name.text, rest, where);
      problem.notes.front() = fmt::format("the keys are: {}", list_names(schema.keys()));
      std::erase(rest, problem.candidate);
      problems.push_back(std::move(problem));
    } else if (!one.any_role && one.role != schema[*slot].role) {
      problems.push_back(wrong_role(where, one.role, schema[*slot]));
    }
  }
  if (!rest.empty()) problems.push_back(not_declared(where, rest, schema));
  if (!problems.empty()) throw KeyError(std::move(problems));
}

}  // namespace tenon
