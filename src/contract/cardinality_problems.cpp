#include "contract/cardinality_problems.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "contract/lineage_facts.hpp"
#include "data/pipeline.hpp"

namespace tenon::contract {
namespace {

Diagnostic problem(const Split& split, std::string message, Fix fix) {
  Diagnostic out = make_diagnostic("G001", std::move(message));
  const auto stages = split.dataset->stages();
  if (!stages.empty()) out.stage = stages.front();
  out.fixes.push_back(std::move(fix));
  return out;
}

std::string_view steps_word(const Split& split) {
  return split.name == "validation" ? "validation_steps"
         : split.name == "train"    ? "steps_per_epoch"
                                    : "steps";
}

Diagnostic too_few(const Split& split, std::int64_t count, std::int64_t wanted) {
  const std::int64_t steps = *split.steps;
  const std::string product = split.continues && split.epochs > 1
                                  ? fmt::format("{} × {} epochs = {}", steps, split.epochs, wanted)
                                  : std::to_string(wanted);
  Fix fix;
  fix.cpp = ".repeat()";
  fix.toml = "{ op = \"repeat\" }";
  const std::int64_t fitting = split.continues ? count / split.epochs : count;
  fix.text = fitting > 0 ? fmt::format("add .repeat(), or use {} = {}", steps_word(split), fitting)
                         : std::string("add .repeat()");
  return problem(split,
                 fmt::format("{} data give {} batch{}, and {} are asked for", split.name, count,
                             count == 1 ? "" : "es", product),
                 std::move(fix));
}

bool is_none(const Cardinality& cardinality) {
  return cardinality.kind == Cardinality::Kind::kKnown && cardinality.count == 0;
}

/// Says which stage left nothing of a source that has records.
Diagnostic nothing_left(const Split& split) {
  const data::Pipeline& pipeline = *split.dataset->pipeline();
  Fix fix;
  fix.text = "look at the source and at the stages take, skip, filter and batch (drop_remainder)";
  Diagnostic out = problem(split, fmt::format("{} data are empty", split.name), std::move(fix));
  if (is_none(pipeline.source()->cardinality())) return out;
  const auto& stages = pipeline.stages();
  const auto taker = std::ranges::find_if(
      stages, [](const data::PlacedStage& placed) { return is_none(placed.cardinality); });
  if (taker == stages.end()) return out;
  out.stage = taker->reference;
  out.notes.push_back(fmt::format("{} leaves nothing", stage_text(taker->reference)));
  return out;
}

}  // namespace

std::vector<Diagnostic> cardinality_problems(const Split& split) {
  const Cardinality cardinality = split.dataset->cardinality();
  if (cardinality.kind == Cardinality::Kind::kInfinite && !split.steps) {
    Fix fix;
    fix.text = fmt::format("give {}, or take the repeat stage out", steps_word(split));
    return {problem(
        split,
        fmt::format("{} data never end, and nothing says how many steps an epoch has", split.name),
        std::move(fix))};
  }
  if (cardinality.kind != Cardinality::Kind::kKnown) {
    const auto stages = split.dataset->stages();
    const bool fitted = split.name == "train" || split.name == "validation";
    if (split.steps || !fitted || stages.front().name != "generator") return {};
    Diagnostic note = problem(
        split,
        fmt::format("{} data do not say how long they are: an epoch lasts until they end, for ever "
                    "if they never do",
                    split.name),
        {fmt::format("give {}", steps_word(split)), "", "", {}});
    note.severity = Severity::kNote;
    return {std::move(note)};
  }
  if (cardinality.count == 0) return {nothing_left(split)};
  if (!split.steps) return {};
  const std::int64_t wanted = *split.steps * (split.continues ? split.epochs : 1);
  if (cardinality.count >= wanted) return {};
  return {too_few(split, cardinality.count, wanted)};
}

}  // namespace tenon::contract
