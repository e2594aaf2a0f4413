#include "data/observe.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/key_error.hpp"
#include "core/name_list.hpp"
#include "data/executor.hpp"
#include "data/key_loss.hpp"

namespace tenon::data {
namespace {

bool contains(const std::vector<std::string>& keys, const std::string& key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

/// The key that `error` says is not there, if it says that of a key that `schema` has not.
std::optional<std::string> missing_in(const Error& error, const Schema& schema) {
  const Diagnostic& first = error.diagnostics().front();
  if (first.code != "K007" || first.keys.empty()) return std::nullopt;
  const std::string& key = first.keys.front().key;
  return schema.contains(key) ? std::nullopt : std::optional(key);
}

/// Sorts what was noted into what the function needs and what it makes.
void take_access(const RecordAccess& access, const Schema& before, Observation& observation) {
  observation.written = access.written;
  for (const std::string& key : access.read) {
    if (before.contains(key)) observation.read.push_back(key);
  }
}

/// Values that were changed in place.
void note_changed_values(const Record& before, const Record& after, Observation& observation) {
  for (std::size_t slot = 0; slot < after.size(); ++slot) {
    const std::string& key = after.schema()[slot].key;
    const auto old = before.schema().find(key);
    if (!old || contains(observation.written, key)) continue;
    const bool same =
        before[*old].defined() && after[slot].defined() && after[slot].equals(before[*old]);
    if (!same) observation.written.push_back(key);
  }
}

Record with_own_values(const Record& record) {
  std::vector<Tensor> values;
  for (const Tensor& value : record.values()) {
    values.push_back(value.defined() ? value.clone() : value);
  }
  return Record(record.shared_schema(), std::move(values), record.samples());
}

}  // namespace

Observation observe_function(const std::function<void(Record&)>& function, Record& record,
                             const ObservedPlace& place) {
  Observation observation{record.samples(), {}, {}, {}, place.lineage};
  const Record before = with_own_values(record);
  const auto access = std::make_shared<RecordAccess>();
  record.watch(access);
  try {
    function(record);
  } catch (const Error& error) {
    const auto missing = missing_in(error, before.schema());
    if (!missing || !contains(access->read, *missing)) {
      throw DataError(describe_failure({place.stage, before.samples(), std::current_exception()}));
    }
    observation.missing.push_back(*missing);
  } catch (...) {
    throw DataError(describe_failure({place.stage, before.samples(), std::current_exception()}));
  }
  record.watch(nullptr);
  take_access(*access, before.schema(), observation);
  note_changed_values(before, record, observation);
  return observation;
}

void run_observed(const std::function<void()>& function, const Observation& observation,
                  const Record& given) {
  try {
    function();
  } catch (const Error& error) {
    const auto missing = missing_in(error, given.schema());
    if (!missing) throw;
    const auto keys = given.schema().keys();
    Diagnostic diagnostic = missing_key(*missing, keys);
    diagnostic.code = "G002";
    diagnostic.message =
        fmt::format("the function asks for {}, which is not there", quote_key(*missing));
    diagnostic.notes.insert(diagnostic.notes.begin(),
                            {fmt::format("observed: {}", describe(observation)),
                             fmt::format("came: it asked for {} on {}", quote_key(*missing),
                                         to_string(given.samples()))});
    tell_loss(diagnostic, observation.lineage, *missing);
    throw DataError(std::move(diagnostic));
  }
}

void require_observed(const Observation& observation, SchemaEditor& editor) {
  for (const std::string& key : observation.read) editor.require(key);
  for (const std::string& key : observation.missing) {
    if (key != kSampleIndexKey) {
      editor.require(key);
      continue;
    }
    // Only a stage that names it in its arguments gets it.
    const auto keys = editor.schema().keys();
    Diagnostic diagnostic = missing_key(key, keys, "function");
    diagnostic.fixes.clear();
    Fix fix;
    fix.text = R"(use record.sample().index, or put .copy("sample_index", "position") before)";
    diagnostic.fixes.push_back(std::move(fix));
    editor.problem(std::move(diagnostic));
  }
}

std::string describe(const Observation& observation) {
  std::string text = observation.read.empty()
                         ? std::string("it read no key")
                         : fmt::format("it read {}", list_names(observation.read));
  if (!observation.written.empty())
    text += fmt::format(", wrote {}", list_names(observation.written));
  return text + " on " + to_string(observation.samples);
}

Probe::Probe(const Pipeline& pipeline) {
  const Source& source = *pipeline.source();
  if (!source.random_access() && !source.restartable() && !source.peek()) return;
  execution_ = std::make_shared<Execution>(pipeline.bad_samples());
  execution_->source = pipeline.source();
  execution_->observing = true;
  root_ = build_nodes(pipeline, execution_, false);
}

Probe::~Probe() = default;

std::optional<Record> Probe::next() {
  Item item;
  if (root_ == nullptr || !root_->next(item)) return std::nullopt;
  return std::move(item.record);
}

std::optional<Record> first_record(const Pipeline& pipeline) { return Probe(pipeline).next(); }

}  // namespace tenon::data
