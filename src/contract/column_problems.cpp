#include "contract/column_problems.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <unordered_set>

#include "contract/lineage_facts.hpp"
#include "core/name_list.hpp"
#include "core/text_distance.hpp"
#include "data/identities.hpp"
#include "data/pipeline.hpp"
#include "data/source_key.hpp"
#include "data/stream_stage.hpp"

namespace tenon::contract {
namespace {

constexpr std::size_t kMostExamples = 5;

/// Which values are taken, of texts as a record would give them.
class Taken {
 public:
  explicit Taken(const data::TakenValues& values)
      : texts_(values.texts.begin(), values.texts.end()), range_(values.range) {}

  bool takes(const std::string& text) const {
    if (!range_) return texts_.contains(text);
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    // A cell that is no whole number cannot be read at all: not told here.
    if (error != std::errc() || end != text.data() + text.size()) return true;
    return takes_number(static_cast<double>(number));
  }

  bool takes_all(const data::ColumnSummary& column) const {
    if (column.texts)
      return std::ranges::all_of(*column.texts, [&](const auto& t) { return takes(t); });
    if (!column.range) return false;
    if (range_) return takes_number(column.range->low) && takes_number(column.range->high);
    const double width = column.range->high - column.range->low;
    if (width >= static_cast<double>(texts_.size())) return false;
    for (double number = column.range->low; number <= column.range->high; ++number) {
      if (!texts_.contains(fmt::format("{:.0f}", number))) return false;
    }
    return true;
  }

 private:
  bool takes_number(double number) const { return number >= range_->low && number <= range_->high; }

  std::unordered_set<std::string> texts_;
  std::optional<ValueRange> range_;
};

/// A value that is not taken, with the samples that hold it.
struct Stranger {
  std::string text;
  std::int64_t count = 0;
  std::int64_t first = 0;  ///< Position in the source.
};

struct Strangers {
  std::vector<Stranger> values;  ///< In the order in which they come.
  std::int64_t samples = 0;      ///< That hold one of them.
  std::int64_t of = 0;           ///< Samples that are drawn.
};

Cardinality one_pass(const data::Pipeline& pipeline) {
  Cardinality count = pipeline.source()->cardinality();
  for (const data::PlacedStage& placed : pipeline.stages()) {
    const auto* stream = dynamic_cast<const data::StreamStage*>(placed.stage.get());
    if (stream != nullptr && stream->name() != "repeat") count = stream->cardinality(count);
  }
  return count;
}

/// True if every sample that can be drawn will be.
bool meets_all(const Split& split) {
  if (split.epochs <= 0) return false;
  if (!split.steps) return true;
  const std::int64_t asked = *split.steps * (split.continues ? split.epochs : 1);
  const Cardinality pass = one_pass(*split.dataset->pipeline());
  return pass.kind == Cardinality::Kind::kKnown && asked >= pass.count;
}

/// True if the run's seed decides which samples are drawn.
bool drawn_by_seed(const data::Pipeline& pipeline) {
  bool shuffled = false;
  for (const data::PlacedStage& placed : pipeline.stages()) {
    const std::string& name = placed.stage->name();
    if (shuffled && (name == "take" || name == "skip")) return true;
    shuffled = shuffled || name == "shuffle";
  }
  return false;
}

/// The data as they come in front of stage `stage`, which looks at every sample that comes so far.
/// A take or a skip behind it may leave some unread.
Dataset in_front_of(const data::Pipeline& pipeline, std::size_t stage, const Dataset& whole) {
  const auto& stages = pipeline.stages();
  for (std::size_t i = stage; i < stages.size(); ++i) {
    const std::string& name = stages[i].stage->name();
    if (name == "take" || name == "skip") return whole;
  }
  Dataset front = Dataset::from_source(pipeline.source());
  for (std::size_t i = 0; i < stage; ++i) front = front.stage(stages[i].stage);
  return front;
}

std::optional<Strangers> strangers_among(const Split& split, std::int64_t stage,
                                         const std::string& column, const Taken& taken) {
  const data::Identities drawn(
      in_front_of(*split.dataset->pipeline(), static_cast<std::size_t>(stage), *split.dataset), 0);
  const auto texts = drawn.texts(column);
  if (!texts) return std::nullopt;
  Strangers found;
  found.of = static_cast<std::int64_t>(texts->values.size());
  std::map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < texts->values.size(); ++i) {
    const std::string& text = texts->values[i];
    if (taken.takes(text)) continue;
    ++found.samples;
    const auto [place, added] = places.try_emplace(text, found.values.size());
    if (added) found.values.push_back({text, 0, drawn.indices()[i]});
    ++found.values[place->second].count;
  }
  return found.samples > 0 ? std::optional(found) : std::nullopt;
}

/// What `key` holds in front of stage `stage` and is not among `values`.
std::optional<Strangers> find_strangers(const Split& split, std::int64_t stage,
                                        const data::TakenValues& values) {
  const data::Pipeline& pipeline = *split.dataset->pipeline();
  const auto column = data::source_key(pipeline.lineage(), stage, values.key);
  const auto summary = column ? pipeline.source()->summary(*column) : std::nullopt;
  if (!summary) return std::nullopt;
  const Taken taken(values);
  return taken.takes_all(*summary) ? std::nullopt : strangers_among(split, stage, *column, taken);
}

/// What a stage does not take is a bad sample: within their budget the run goes on without it.
bool passed_over(const BadSampleOptions& options, const Strangers& strangers) {
  return options.policy != BadSamplePolicy::kStop &&
         static_cast<double>(strangers.samples) <=
             options.max_bad * static_cast<double>(strangers.of);
}

std::string samples_text(std::int64_t count) {
  return fmt::format("{} sample{}", count, count == 1 ? "" : "s");
}

void add_examples(Diagnostic& out, const Split& split, const Strangers& strangers,
                  const std::vector<std::string>& classes) {
  const data::Source& source = *split.dataset->pipeline()->source();
  const std::size_t shown = std::min(strangers.values.size(), kMostExamples);
  for (std::size_t i = 0; i < shown; ++i) {
    const Stranger& each = strangers.values[i];
    const auto nearest = nearest_name(each.text, classes);
    out.notes.push_back(
        fmt::format("{} in {}, first {}{}", quote_key(each.text), samples_text(each.count),
                    to_string(source.identity(each.first)),
                    nearest ? fmt::format("; the nearest class is {}", quote_key(*nearest)) : ""));
    if (i == 0) out.candidate = nearest.value_or("");
  }
  if (strangers.values.size() > shown)
    out.notes.push_back(fmt::format("and {} more", strangers.values.size() - shown));
  out.sample = source.identity(strangers.values.front().first);
}

std::vector<std::string> texts_of(const Strangers& strangers) {
  std::vector<std::string> texts;
  for (const Stranger& each : strangers.values) texts.push_back(each.text);
  return texts;
}

Diagnostic not_taken(const Split& split, const data::PlacedStage& placed,
                     const data::TakenValues& values, const Strangers& strangers) {
  const auto texts = texts_of(strangers);
  const bool classes = !values.range;
  Diagnostic out = make_diagnostic(
      "D002", fmt::format("{} holds {} in {} of {}: {}", quote_key(values.key),
                          classes ? "what is no class" : "ids that are out of range",
                          strangers.samples, samples_text(strangers.of), list_names(texts)));
  out.stage = placed.reference;
  KeyReport report;
  report.key = values.key;
  report.actual = placed.in->spec(values.key);
  report.stage = placed.reference;
  out.keys.push_back(std::move(report));
  out.notes.push_back(
      classes ? fmt::format("expected: one of {}", list_names(values.texts))
              : fmt::format("expected: {:g} to {:g}", values.range->low, values.range->high));
  add_examples(out, split, strangers, values.texts);
  Fix fix;
  fix.text = classes ? fmt::format("mend the data, or add {} to classes", list_names(texts))
                     : std::string("mend the data, or raise depth");
  out.fixes.push_back(std::move(fix));
  return out;
}

/// Ids that the loss of the wish's output does not take; where a stage states the range, that is
/// told without looking at the values.
std::optional<Diagnostic> ids_out_of_range(const Split& split, const Wanted& wish) {
  if (wish.role != Role::kTarget || !wish.slot || !wish.spec.range) return std::nullopt;
  const Field& field = split.dataset->schema()[*wish.slot];
  if (field.spec.range || !is_integer(field.spec.dtype)) return std::nullopt;
  const auto stages = static_cast<std::int64_t>(split.dataset->pipeline()->stages().size());
  const auto strangers = find_strangers(split, stages, {field.key, {}, wish.spec.range});
  if (!strangers) return std::nullopt;
  Diagnostic out = make_diagnostic(
      "D002",
      fmt::format("targets of output {} are {} in {} of {}, and its loss {} takes {:g} to {:g}",
                  quote_key(wish.port), list_names(texts_of(*strangers)), strangers->samples,
                  samples_text(strangers->of), wish.output->loss, wish.spec.range->low,
                  wish.spec.range->high));
  const auto maker = how_it_was_made(split.dataset->lineage(), field.key);
  out.keys.push_back({wish.port, wish.role, wish.spec, field.spec,
                      maker ? std::optional<StageReference>(maker->stage) : std::nullopt});
  out.stage = out.keys.front().stage;
  add_examples(out, split, *strangers, {});
  Fix fix;
  fix.text = fmt::format("mend the data, or give output {} as many units as there are classes",
                         quote_key(wish.port));
  out.fixes.push_back(std::move(fix));
  return out;
}

}  // namespace

std::vector<std::string> texts_not_taken(const Split& split, std::int64_t stage) {
  const auto& stages = split.dataset->pipeline()->stages();
  for (const data::TakenValues& values :
       stages[static_cast<std::size_t>(stage)].stage->taken_values()) {
    if (const auto strangers = find_strangers(split, stage, values)) return texts_of(*strangers);
  }
  return {};
}

std::vector<Diagnostic> column_problems(const Split& split, const Join& joined) {
  const data::Pipeline& pipeline = *split.dataset->pipeline();
  if (!meets_all(split) || drawn_by_seed(pipeline)) return {};
  std::vector<Diagnostic> problems;
  for (const data::PlacedStage& placed : pipeline.stages()) {
    for (const data::TakenValues& values : placed.stage->taken_values()) {
      const auto strangers = find_strangers(split, placed.reference.index, values);
      if (strangers && !passed_over(pipeline.bad_samples(), *strangers))
        problems.push_back(not_taken(split, placed, values, *strangers));
    }
  }
  for (const Wanted& wish : joined.wanted) {
    if (auto problem = ids_out_of_range(split, wish)) problems.push_back(std::move(*problem));
  }
  return problems;
}

}  // namespace tenon::contract
