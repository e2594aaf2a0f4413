// Which cases there are: always the same ones.
#include <algorithm>

#include "judge.hpp"

namespace tenon::mutation {
namespace {

std::uint64_t seed_of(std::string_view kind, int attempt) {
  std::uint64_t hash = 1469598103934665603ULL;
  for (const char c : kind) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return hash + static_cast<std::uint64_t>(attempt) * 7919U;
}

bool share(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::any_of(a.begin(), a.end(), [&](const std::string& each) {
    return std::find(b.begin(), b.end(), each) != b.end();
  });
}

}  // namespace

std::vector<Case> cases_of(const Mutator& mutator, const std::vector<Experiment>& valid,
                           int count) {
  constexpr int kAttemptsPerCase = 60;
  std::vector<Case> cases;
  for (int attempt = 0; attempt < count * kAttemptsPerCase; ++attempt) {
    Draw draw(seed_of(mutator.kind, attempt));
    Case one;
    one.base = draw.below(static_cast<int>(valid.size()));
    one.experiment = valid[static_cast<std::size_t>(one.base)];
    auto fault = mutator.apply(one.experiment, draw);
    if (!fault) continue;
    fault->kind = mutator.kind;
    one.faults.push_back(std::move(*fault));
    one.name = std::string(mutator.kind) + "/" + std::to_string(cases.size());
    cases.push_back(std::move(one));
    if (static_cast<int>(cases.size()) == count) break;
  }
  return cases;
}

std::vector<Case> pairs(const std::vector<Experiment>& valid, int count) {
  constexpr int kAttemptsPerCase = 40;
  std::vector<Mutator> fit_for_pairs;
  for (const Mutator& mutator : mutators()) {
    if (mutator.beside_others) fit_for_pairs.push_back(mutator);
  }
  std::vector<Case> cases;
  for (int attempt = 0; attempt < count * kAttemptsPerCase; ++attempt) {
    Draw draw(seed_of("two at once", attempt));
    Case one;
    one.base = draw.below(static_cast<int>(valid.size()));
    one.experiment = valid[static_cast<std::size_t>(one.base)];
    const Mutator& first = draw.pick(fit_for_pairs);
    const Mutator& second = draw.pick(fit_for_pairs);
    auto a = first.apply(one.experiment, draw);
    if (!a) continue;
    auto b = second.apply(one.experiment, draw);
    if (!b || share(a->subjects, b->subjects)) continue;
    a->kind = first.kind;
    b->kind = second.kind;
    one.faults = {std::move(*a), std::move(*b)};
    one.name = "two at once/" + std::to_string(cases.size());
    cases.push_back(std::move(one));
    if (static_cast<int>(cases.size()) == count) break;
  }
  return cases;
}

}  // namespace tenon::mutation
