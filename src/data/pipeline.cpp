#include "data/pipeline.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/errors_among.hpp"
#include "core/text_hash.hpp"
#include "data/observe.hpp"
#include "data/odd_cells.hpp"
#include "data/stream_stage.hpp"
#include "tenon/error.hpp"

namespace tenon::data {
namespace {

/// Arguments longer than this (lists of classes) are told by their hash.
constexpr std::size_t kLongestArguments = 200;

std::string describe(const std::string& name, const std::string& arguments) {
  if (arguments.size() <= kLongestArguments) return fmt::format("{}({})", name, arguments);
  return fmt::format("{}(#{:016x})", name, hash_text(arguments));
}

/// Of all texts but for the names in them.
std::uint64_t contents_hash(const std::vector<std::string>& texts) {
  ContentHash hash;
  for (const std::string& text : texts) {
    std::size_t name = 0;
    for (int word = 0; word < 3; ++word) name = text.find(' ', name) + 1;
    hash.add(std::string_view(text).substr(0, name));
  }
  return hash.value();
}

Cardinality cardinality_after(const Stage& stage, Cardinality cardinality) {
  if (const auto* stream = dynamic_cast<const StreamStage*>(&stage)) {
    return stream->cardinality(cardinality);
  }
  if (dynamic_cast<const FilterStage*>(&stage) != nullptr) cardinality.exact = false;
  return cardinality;
}

void require_known_kind(const std::shared_ptr<const Stage>& stage) {
  const bool known = dynamic_cast<const SampleStage*>(stage.get()) != nullptr ||
                     dynamic_cast<const StreamStage*>(stage.get()) != nullptr ||
                     dynamic_cast<const FilterStage*>(stage.get()) != nullptr;
  if (!known) {
    throw_argument_error("Dataset::stage", stage ? stage->name() : "no stage",
                         "a SampleStage, a StreamStage or a FilterStage");
  }
}

/// So many samples that a function cannot take are passed over, where bad samples are.
constexpr int kMostProbes = 16;

const ObservableStage* as_opaque(const PlacedStage& placed) {
  const auto* stage = dynamic_cast<const ObservableStage*>(placed.stage.get());
  return stage != nullptr && stage->opaque() ? stage : nullptr;
}

bool hides_keys(const Stage& stage) {
  const auto* observable = dynamic_cast<const ObservableStage*>(&stage);
  return observable != nullptr && observable->hides_keys();
}

/// `stage` as it is after having been shown a sample; nullptr if there is none to be shown.
std::shared_ptr<const Stage> observed_stage(const ObservableStage& stage, const Pipeline& before,
                                            const StageReference& reference) {
  Probe probe(before);
  const bool stop = before.bad_samples().policy == BadSamplePolicy::kStop;
  for (int tries = 1;; ++tries) {
    const std::optional<Record> sample = probe.next();
    if (!sample) return nullptr;
    try {
      return stage.observe(*sample, {reference, before.lineage()});
    } catch (const DataError&) {
      if (stop || tries == kMostProbes) throw;
    }
  }
}

}  // namespace

bool same_part(const std::string& a, const std::string& b) {
  constexpr std::string_view kPrefetch = "prefetch(";
  return a == b || (a.starts_with(kPrefetch) && b.starts_with(kPrefetch));
}

std::shared_ptr<const Pipeline> Pipeline::start(std::shared_ptr<const Source> source) {
  if (source == nullptr) throw_argument_error("Dataset::from_source", "no source", "a source");
  auto pipeline = std::make_shared<Pipeline>();
  pipeline->schema_ = source->schema();
  pipeline->cardinality_ = source->cardinality();
  SchemaState& state = pipeline->state_;
  state.schema = *pipeline->schema_;
  state.batched = source->batched();
  state.diagnostics = source->problems();
  const StageReference reference = source->reference();
  state.lineage.stages.push_back({reference});
  for (const Field& field : state.schema) {
    state.lineage.events.push_back(
        {LineageAction::kCreated, reference, field.key, "", std::nullopt, field.spec});
  }
  pipeline->contents_ =
      std::make_shared<const std::vector<std::string>>(contents_texts(source->contents()));
  pipeline->source_ = std::move(source);
  return pipeline;
}

std::shared_ptr<const Pipeline> Pipeline::with_stage(std::shared_ptr<const Stage> stage) const {
  require_known_kind(stage);
  auto next = std::make_shared<Pipeline>(*this);
  PlacedStage placed;
  placed.reference = {static_cast<std::int64_t>(stages_.size()), stage->name(), stage->location()};
  const std::size_t told = next->state_.diagnostics.size();
  PipelineEditor editor(next->state_, placed.reference, source_->reference());
  stage->edit(editor);
  for (Diagnostic& problem : stage->problems_behind(*this)) editor.problem(std::move(problem));
  editor.finish();
  next->tell_odd_cells_behind(told);
  next->state_.lineage.stages.push_back({placed.reference, hides_keys(*stage)});
  placed.adds_sample_index = editor.added_sample_index();
  placed.in = placed.adds_sample_index
                  ? std::make_shared<const Schema>(editor.input_schema(*schema_))
                  : schema_;
  const bool unchanged = next->state_.schema == *placed.in;
  placed.out = unchanged ? placed.in : std::make_shared<const Schema>(next->state_.schema);
  const auto* stream = dynamic_cast<const StreamStage*>(stage.get());
  const bool makes_batches = stream != nullptr && stream->makes_batches();
  if (makes_batches && !batched()) next->state_.batch_stage = placed.reference;
  next->state_.batched = batched() || makes_batches;
  next->state_.uncertain = state_.uncertain || hides_keys(*stage);
  next->cardinality_ = cardinality_after(*stage, cardinality_);
  placed.cardinality = next->cardinality_;
  next->schema_ = placed.out;
  placed.stage = std::move(stage);
  next->stages_.push_back(std::move(placed));
  return next;
}

/// Of a column of numbers it is of no use to be told that it holds text.
void Pipeline::tell_odd_cells_behind(std::size_t told) {
  const auto stage = static_cast<std::int64_t>(stages_.size());
  for (std::size_t i = told; i < state_.diagnostics.size(); ++i) {
    Diagnostic& problem = state_.diagnostics[i];
    if (problem.code != "D001" || problem.keys.size() != 1 || !problem.keys[0].actual) continue;
    if (problem.keys[0].actual->dtype == DType::kString)
      tell_odd_cells(problem, *source_, state_.lineage, stage, problem.keys[0].key);
  }
}

std::shared_ptr<const Pipeline> Pipeline::with_bad_samples(BadSampleOptions options) const {
  if (!(options.max_bad >= 0.0 && options.max_bad <= 1.0)) {
    throw_argument_error("on_bad_sample", fmt::format("max_bad = {}", options.max_bad),
                         "a share of the samples, from 0 to 1");
  }
  auto next = std::make_shared<Pipeline>(*this);
  next->bad_samples_ = options;
  if (options.policy != BadSamplePolicy::kStop) next->cardinality_.exact = false;
  return next;
}

std::shared_ptr<const Pipeline> Pipeline::with_options(DatasetOptions options) const {
  if (options.ram_budget < 0) {
    throw_argument_error("with_options", fmt::format("ram_budget = {}", options.ram_budget),
                         "bytes, or 0 for no bound");
  }
  if (!(options.stall_timeout >= 0.0)) {
    throw_argument_error("with_options", fmt::format("stall_timeout = {}", options.stall_timeout),
                         "seconds, or 0 for never");
  }
  auto next = std::make_shared<Pipeline>(*this);
  next->options_ = options;
  return next;
}

std::shared_ptr<const Pipeline> Pipeline::observed() const {
  const bool any = std::any_of(stages_.begin(), stages_.end(), [](const PlacedStage& placed) {
    return as_opaque(placed) != nullptr;
  });
  if (!any) return shared_from_this();
  auto pipeline = start(source_)->with_bad_samples(bad_samples_)->with_options(options_);
  for (const PlacedStage& placed : stages_) {
    const ObservableStage* opaque = as_opaque(placed);
    std::shared_ptr<const Stage> known;
    // What is wrong before a function is told first; it cannot be run then.
    if (opaque != nullptr && !any_error(pipeline->diagnostics())) {
      known = observed_stage(*opaque, *pipeline, placed.reference);
    }
    pipeline = pipeline->with_stage(known != nullptr ? std::move(known) : placed.stage);
  }
  return pipeline;
}

std::string Pipeline::source_text(bool by_contents) const {
  std::string text = by_contents ? source_->settings() : source_->arguments();
  const Schema schema = *source_->schema();
  for (const Field& field : schema)
    text += fmt::format(";{}: {}", field.key, field.spec.to_string());
  const Cardinality count = source_->cardinality();
  if (by_contents) {
    text += fmt::format(";contents={:016x}", contents_hash(*contents_));
  } else if (count.kind == Cardinality::Kind::kKnown) {
    text += fmt::format(";count={}", count.count);
  }
  return describe(source_->reference().name, text);
}

std::vector<std::string> Pipeline::fingerprint() const {
  std::vector<std::string> parts{source_text(!contents_->empty())};
  for (const PlacedStage& placed : stages_)
    parts.push_back(describe(placed.stage->name(), placed.stage->arguments()));
  return parts;
}

std::vector<std::string> Pipeline::differences_from(
    const std::vector<std::string>& fingerprint, const std::vector<std::string>& contents) const {
  std::vector<std::string> here = this->fingerprint();
  if (contents.empty()) here.front() = source_text(false);
  // What follows a stage that was put in or taken out is no difference.
  std::size_t then = fingerprint.size();
  std::size_t now = here.size();
  while (then > 1 && now > 1 && same_part(fingerprint[then - 1], here[now - 1])) {
    --then;
    --now;
  }
  std::vector<std::string> differences;
  for (std::size_t i = 0; i < std::max(then, now); ++i) {
    const std::string place = i == 0 ? "source" : fmt::format("stage {}", i - 1);
    if (i >= now) {
      differences.push_back(fmt::format("its {} {} is missing here", place, fingerprint[i]));
    } else if (i >= then) {
      differences.push_back(fmt::format("{} {} is new here", place, here[i]));
    } else if (!same_part(fingerprint[i], here[i])) {
      differences.push_back(
          fmt::format("its {} was {}, here it is {}", place, fingerprint[i], here[i]));
    }
  }
  return differences;
}

std::vector<std::string> Pipeline::changed_contents(
    const std::vector<std::string>& fingerprint, const std::vector<std::string>& contents) const {
  const std::string source = source_->reference().name + "(";
  const bool same_kind = !fingerprint.empty() && fingerprint.front().starts_with(source);
  if (!same_kind || contents.empty() || contents_->empty()) return {};
  return contents_differences(contents, *contents_);
}

void Pipeline::require_sound() const {
  const auto& problems = diagnostics();
  const auto first = std::find_if(problems.begin(), problems.end(), is_error);
  if (first == problems.end()) return;
  if (first->code.front() == 'K') throw KeyError(problems);
  if (first->code.front() == 'S' || first->code.front() == 'D') throw ShapeError(problems);
  throw ContractError(problems);
}

}  // namespace tenon::data
