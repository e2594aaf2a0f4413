#include "data/cache/cache_stage.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/byte_size.hpp"
#include "data/arguments.hpp"
#include "data/observe.hpp"
#include "data/pipeline.hpp"
#include "data/stages/entries.hpp"
#include "data/stream_stage.hpp"

namespace tenon::data {
namespace {

bool is_function(const Stage& stage) {
  return dynamic_cast<const ObservableStage*>(&stage) != nullptr;
}

bool changes_samples(const Stage& stage) {
  return dynamic_cast<const StreamStage*>(&stage) == nullptr;
}

/// The first stage that `test` is true of; nullptr if there is none.
template <class Test>
const PlacedStage* first_of(const Pipeline& pipeline, Test test) {
  const auto& stages = pipeline.stages();
  const auto found = std::find_if(stages.begin(), stages.end(),
                                  [&](const PlacedStage& each) { return test(*each.stage); });
  return found == stages.end() ? nullptr : &*found;
}

/// The stage behind which samples are not read anew for each that is asked for.
const PlacedStage* first_holding(const Pipeline& pipeline) {
  bool filtered = false;
  for (const PlacedStage& placed : pipeline.stages()) {
    const auto* stream = dynamic_cast<const StreamStage*>(placed.stage.get());
    if (stream != nullptr && (!stream->works_on_tickets() || filtered)) return &placed;
    filtered = filtered || dynamic_cast<const FilterStage*>(placed.stage.get()) != nullptr;
  }
  return nullptr;
}

std::string source_text(const Source& source, bool by_index) {
  std::string text = by_index ? fmt::format("{}({})", source.reference().name, source.arguments())
                              : source.reference().name;
  for (const Field& field : *source.schema())
    text += fmt::format(" {:?}: {}", field.key, field.spec.to_string());
  return text;
}

}  // namespace

CacheStage::CacheStage(std::string folder, CacheOptions options, SourceLocation location)
    : NamedStage("cache", location),
      folder_(std::move(folder)),
      options_(std::move(options)),
      kept_(std::make_shared<Kept>()) {
  if (!folder_.empty()) kept_->folder = CacheFolder::shared(folder_, options_.budget);
}

void CacheStage::edit(SchemaEditor& editor) const {
  if (!editor.batched()) return;
  editor.problem(make_diagnostic("A001", "cache keeps samples, and the data are in batches here",
                                 {}, "put cache before batch"));
}

SampleFunction CacheStage::bind(std::shared_ptr<const Schema>,
                                std::shared_ptr<const Schema>) const {
  return [](Record record, const SampleContext&) { return record; };
}

std::string CacheStage::arguments() const {
  return fmt::format("{}", folder_.empty() ? "memory" : "disk");
}

Diagnostic CacheStage::problem(const std::string& what, const std::string& why,
                               std::string fix) const {
  return make_diagnostic("A001", "cache: " + what, {why}, std::move(fix));
}

std::vector<Diagnostic> CacheStage::problems_behind(const Pipeline& before) const {
  std::vector<Diagnostic> problems;
  const Source& source = *before.source();
  if (!source.random_access()) {
    problems.push_back(problem(
        fmt::format("{} can only be read in sequence", to_string(source.reference())),
        "a cache finds a sample by where it is in the source", "use from_function, or no cache"));
    return problems;
  }
  if (const PlacedStage* random = first_of(before, [](const Stage& s) { return s.random(); })) {
    problems.push_back(problem(
        fmt::format("{} before it would give every epoch the same", to_string(random->reference)),
        "what is before a cache runs once for each sample",
        fmt::format("put cache before {}", random->reference.name)));
  }
  const PlacedStage* holding = before.batched() ? nullptr : first_holding(before);
  if (holding != nullptr) {
    problems.push_back(problem(fmt::format("{} before it hands on samples that were read already",
                                           to_string(holding->reference)),
                               "a cache stands in for reading and what comes right behind it",
                               fmt::format("put cache before {}", holding->reference.name)));
  }
  if (folder_.empty() || !options_.version.empty()) return problems;
  const std::string fix = "give it a version = \"1\", and another one whenever that changes";
  if (const PlacedStage* function = first_of(before, is_function)) {
    problems.push_back(problem(
        fmt::format("nobody can see what the function of {} does", to_string(function->reference)),
        "samples of an earlier run would be served after it was changed", fix));
  } else if (!source.known_by_record()) {
    problems.push_back(problem(
        fmt::format("nobody can see whether the data of {} change", to_string(source.reference())),
        "samples of an earlier run would be served after they did", fix));
  }
  return problems;
}

std::shared_ptr<SampleCache> CacheStage::cache(const Pipeline& pipeline, std::size_t place) const {
  CachePlace here;
  const auto& stages = pipeline.stages();
  const Source& source = *pipeline.source();
  here.by_index = !source.known_by_record();
  for (std::size_t i = 0; i <= place; ++i)
    here.by_index = here.by_index || stages[i].adds_sample_index;
  here.schema = stages[place].out;
  const Cardinality count = source.cardinality();
  if (count.kind == Cardinality::Kind::kKnown) here.samples = count.count;
  here.pipeline = source_text(source, here.by_index);
  for (std::size_t i = 0; i < place; ++i) {
    const Stage& stage = *stages[i].stage;
    if (!changes_samples(stage) || dynamic_cast<const CacheStage*>(&stage) != nullptr) continue;
    here.pipeline += fmt::format("\n{}({})", stage.name(), stage.arguments());
  }
  if (!options_.version.empty()) here.pipeline += fmt::format("\nversion {:?}", options_.version);
  if (kept_->folder != nullptr) return std::make_shared<DiskCache>(kept_->folder, std::move(here));
  // A stage may have been put into another pipeline: what it keeps is of one.
  const std::string name = fmt::format("{}\n{}", static_cast<const void*>(&source), here.pipeline);
  const std::lock_guard lock(kept_->mutex);
  auto& memory = kept_->memory[name];
  if (memory == nullptr) memory = std::make_shared<MemoryCache>(options_.budget, here.samples);
  return memory;
}

StageEntry cache_entry() {
  return {"cache",
          "keeps samples as they are here: what is before runs once for each",
          {{"folder", ArgumentType::kText, false, "\"\"",
            "keeps them in files, for later runs; "
            "empty: in memory"},
           {"budget", ArgumentType::kAny, false, "\"\"",
            "how much is kept: \"10 GB\", or bytes; empty: all"},
           {"version", ArgumentType::kText, false, "\"\"",
            "names data and functions before it that nobody can see"}},
          [](const Dataset& dataset, const ArgumentMap& given, SourceLocation location) {
            const Arguments arguments("cache", given);
            CacheOptions options;
            options.budget = arguments.byte_count("budget", 0);
            options.version = arguments.text("version", "");
            const std::string folder = arguments.text("folder", "");
            return folder.empty() ? dataset.cache(std::move(options), location)
                                  : dataset.cache(folder, std::move(options), location);
          }};
}

}  // namespace tenon::data

namespace tenon {
namespace {

void require_budget(const CacheOptions& options) {
  if (options.budget >= 0) return;
  throw_argument_error("cache", fmt::format("budget = {}", options.budget),
                       "bytes, or 0 for no bound");
}

}  // namespace

Dataset Dataset::cache(CacheOptions options, Here location) const {
  require_budget(options);
  return stage(std::make_shared<data::CacheStage>("", std::move(options), location));
}

Dataset Dataset::cache(std::string folder, CacheOptions options, Here location) const {
  require_budget(options);
  if (folder.empty()) throw_argument_error("cache", "folder = \"\"", "the name of a folder");
  return stage(std::make_shared<data::CacheStage>(std::move(folder), std::move(options), location));
}

}  // namespace tenon
