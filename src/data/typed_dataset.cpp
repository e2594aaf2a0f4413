#include "tenon/typed_dataset.hpp"

#include "tenon/error.hpp"

namespace tenon::typed::detail {

tenon::Dataset verified(const tenon::Dataset& data, std::span<const DeclaredKey> keys,
                        SourceLocation location) {
  tenon::Dataset observed = data.observed();
  std::vector<Diagnostic> problems;
  for (const Diagnostic& problem : observed.diagnostics()) {
    if (problem.severity == Severity::kError) problems.push_back(problem);
  }
  if (!problems.empty()) throw ContractError(std::move(problems));
  require_declared("the typed dataset", keys, observed.schema(), location);
  return observed;
}

tenon::Keys texts_of(std::span<const KeyName> names) {
  tenon::Keys texts;
  for (const KeyName& name : names) texts.emplace_back(name.text);
  return texts;
}

KeyMap pairs_of(std::span<const KeyName> names) {
  KeyMap pairs;
  for (std::size_t i = 0; i + 1 < names.size(); i += 2) {
    pairs.emplace_back(names[i].text, names[i + 1].text);
  }
  return pairs;
}

}  // namespace tenon::typed::detail
