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

}  // namespace

void require_spec(const Field& field, const Tensor& value, const std::string& where) {
  const bool fits =
      value.defined() && value.dtype() == field.spec.dtype && field.spec.shape_fits(value.shape());
  if (fits) return;
  const TensorSpec got =
      value.defined() ? TensorSpec::of(value.dtype(), value.shape()) : TensorSpec();
  Diagnostic diagnostic = make_diagnostic(
      "G002",
      fmt::format("{}: {} is {}", where, quote_key(field.key),
                  value.defined() ? got.to_string() : "a tensor that was never set"),
      {fmt::format("expected: {}, as the data had it at first", field.spec.to_string())});
  KeyReport report;
  report.key = field.key;
  report.role = field.role;
  report.expected = field.spec;
  if (value.defined()) report.actual = got;
  diagnostic.keys.push_back(std::move(report));
  throw DataError(std::move(diagnostic));
}

void require_keys(const Schema& wanted, const Schema& given, const std::string& where) {
  const auto missing = missing_from(wanted, given);
  const auto extra = missing_from(given, wanted);
  if (missing.empty() && extra.empty()) return;
  const std::string& first = missing.empty() ? extra.front() : missing.front();
  Diagnostic diagnostic = make_diagnostic(
      "G002", missing.empty()
                  ? fmt::format("{}: a key has come that was not there at first: {}", where,
                                list_names(extra))
                  : fmt::format("{}: a key has vanished: {}", where, list_names(missing)));
  const auto wanted_keys = wanted.keys();
  const auto given_keys = given.keys();
  diagnostic.notes = {fmt::format("expected: {}", list_names(wanted_keys)),
                      fmt::format("given: {}", list_names(given_keys))};
  KeyReport report;
  report.key = first;
  if (const auto slot = wanted.find(first)) {
    report.role = wanted[*slot].role;
    report.expected = wanted[*slot].spec;
  }
  diagnostic.keys.push_back(std::move(report));
  throw DataError(std::move(diagnostic));
}

}  // namespace tenon::data
