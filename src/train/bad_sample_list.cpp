#include "train/bad_sample_list.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/error_context.hpp"
#include "tenon/message.hpp"

namespace tenon::train {
namespace {

bool holds(const std::vector<BadSample>& known, const BadSample& bad, const std::string& split) {
  return std::ranges::any_of(known, [&](const BadSample& other) {
    return other.sample == bad.sample && other.split == split;
  });
}

}  // namespace

void remember_bad_samples(std::vector<BadSample>& known, const std::vector<BadSample>& met,
                          const std::string& split) {
  for (const BadSample& bad : met) {
    if (holds(known, bad, split)) continue;
    known.push_back(bad);
    known.back().split = split;
    Diagnostic warning =
        make_diagnostic("G003", fmt::format("a bad sample is left out: {}", bad.reason));
    warning.severity = Severity::kWarning;
    warning.sample = bad.sample;
    warning.stage = bad.stage;
    warning.datasets = {split};
    emit(warning);
  }
}

void rethrow_with_bad_samples(const std::function<void(Diagnostic&)>& edit,
                              const std::vector<BadSample>& known) {
  try {
    throw;
  } catch (const data::TooManyBadSamples& error) {
    std::vector<Diagnostic> diagnostics = error.diagnostics();
    for (Diagnostic& problem : diagnostics) edit(problem);
    const auto& run = diagnostics.front().run;
    std::vector<BadSample> all = known;
    for (const BadSample& bad : error.bad_samples()) {
      const std::string split = bad.split.empty() && run ? run->split : bad.split;
      if (holds(all, bad, split)) continue;
      all.push_back(bad);
      all.back().split = split;
    }
    throw data::TooManyBadSamples(std::move(diagnostics), std::move(all));
  } catch (...) {
    rethrow_with(edit);
  }
}

}  // namespace tenon::train
