#include "train/bad_sample_list.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tenon/message.hpp"

namespace tenon::train {

void remember_bad_samples(std::vector<BadSample>& known, const std::vector<BadSample>& met,
                          const std::string& split) {
  for (const BadSample& bad : met) {
    const auto same = [&](const BadSample& other) {
      return other.sample == bad.sample && other.split == split;
    };
    if (std::any_of(known.begin(), known.end(), same)) continue;
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

}  // namespace tenon::train
