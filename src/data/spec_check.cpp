#include "data/spec_check.hpp"

#include <fmt/format.h>

#include "core/name_list.hpp"
#include "tenon/error.hpp"

namespace tenon::data {
namespace {

std::vector<std::string> missing_from(const Schema& keys, const Schema& other) {
  std::vector<std::string> missing;
  for (const Field& field : keys) {
    if (!other.contains(field.key)) missing.push_back(field.key);
  }
  return missing;
}

/// `observed on sample 0: …`, `came on sample 7: …`.
std::vector<std::string> both_sides(const HeldTo& held, const std::string& wanted,
                                    const std::string& given) {
  if (held.observed.empty()) {
    return {fmt::format("expected: {}", wanted), fmt::format("given: {}", given)};
  }
  return {fmt::format("observed on {}: {}", to_string(held.observed), wanted),
          fmt::format("came on {}: {}", to_string(held.came), given)};
}

void add_sample(Diagnostic& diagnostic, const HeldTo& held) {
  if (held.came.size() == 1) diagnostic.sample = held.came.front();
}

}  // namespace

void require_spec(const Field& field, const Tensor& value, const HeldTo& held) {
  const bool fits =
      value.defined() && value.dtype() == field.spec.dtype && field.spec.shape_fits(value.shape());
  if (fits) return;
  const TensorSpec got =
      value.defined() ? TensorSpec::of(value.dtype(), value.shape()) : TensorSpec();
  const std::string given = value.defined() ? got.to_string() : "a tensor that was never set";
  Diagnostic diagnostic =
      make_diagnostic("G002", fmt::format("{}: {} is {}", held.where, quote_key(field.key), given),
                      both_sides(held, field.spec.to_string(), given));
  KeyReport report;
  report.key = field.key;
  report.role = field.role;
  report.expected = field.spec;
  if (value.defined()) report.actual = got;
  diagnostic.keys.push_back(std::move(report));
  add_sample(diagnostic, held);
  throw DataError(std::move(diagnostic));
}

void require_keys(const Schema& wanted, const Schema& given, const HeldTo& held) {
  const auto missing = missing_from(wanted, given);
  const auto extra = missing_from(given, wanted);
  if (missing.empty() && extra.empty()) return;
  const auto wanted_keys = wanted.keys();
  const auto given_keys = given.keys();
  Diagnostic diagnostic = make_diagnostic(
      "G002",
      missing.empty() ? fmt::format("{}: a key has come that was not there at first: {}",
                                    held.where, list_names(extra))
                      : fmt::format("{}: a key has vanished: {}", held.where, list_names(missing)),
      both_sides(held, list_names(wanted_keys), list_names(given_keys)));
  if (!missing.empty() && !extra.empty()) {
    diagnostic.notes.push_back(fmt::format("new: {}", list_names(extra)));
  }
  for (const std::string& key : missing) {
    const Field& field = wanted[wanted.slot(key)];
    diagnostic.keys.push_back({key, field.role, field.spec, {}, {}});
  }
  for (const std::string& key : extra) {
    const Field& field = given[given.slot(key)];
    diagnostic.keys.push_back({key, field.role, {}, field.spec, {}});
  }
  add_sample(diagnostic, held);
  throw DataError(std::move(diagnostic));
}

}  // namespace tenon::data
