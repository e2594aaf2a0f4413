#include "data/odd_cells.hpp"

#include <fmt/format.h>

#include "data/source_key.hpp"
#include "tenon/error.hpp"

namespace tenon::data {

void tell_odd_cells(Diagnostic& problem, const Source& source, const Lineage& lineage,
                    std::int64_t stage, const std::string& key) {
  constexpr std::size_t kShown = 60;
  const auto column = source_key(lineage, stage, key);
  const auto odd = column ? source.odd_cells(*column) : std::nullopt;
  if (!odd) return;
  const std::string text = odd->text.size() <= kShown
                               ? quote_key(odd->text)
                               : quote_key(odd->text.substr(0, kShown)) + " …";
  const SampleIdentity first = source.identity(odd->index);
  problem.notes.push_back(
      odd->count == 1 ? fmt::format("the column {} holds numbers but for one cell: {} in {}",
                                    quote_key(*column), text, to_string(first))
                      : fmt::format("the column {} holds numbers but for {} cells, the "
                                    "first {} in {}",
                                    quote_key(*column), odd->count, text, to_string(first)));
  problem.sample = first;
  Fix fix;
  fix.text = fmt::format(
      "mend the data, or state types = {{ {} = \"float32\" }} in the source: then such a row is a "
      "bad sample",
      *column);
  problem.fixes.insert(problem.fixes.begin(), std::move(fix));
}

}  // namespace tenon::data
