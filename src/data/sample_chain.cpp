#include "data/sample_chain.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/address.hpp"
#include "data/source_node.hpp"
#include "data/stages/key_stage.hpp"
#include "tenon/error.hpp"

namespace tenon::data {
namespace {

/// Appends the samples' indices as the last slot.
Record with_sample_index(Record record, const std::shared_ptr<const Schema>& schema) {
  const auto& samples = record.samples();
  const bool batched = (*schema)[schema->size() - 1].spec.rank() == 1;
  std::vector<Tensor> values = record.values();
  if (batched) {
    Tensor indices(DType::kInt64, {static_cast<std::int64_t>(samples.size())});
    std::transform(samples.begin(), samples.end(), indices.data<std::int64_t>().begin(),
                   [](const SampleIdentity& sample) { return sample.index; });
    values.push_back(std::move(indices));
  } else {
    values.push_back(Tensor::scalar<std::int64_t>(record.sample().index));
  }
  return Record(schema, std::move(values), std::move(record.samples()));
}

/// The names of a record's rows in random streams: by the sample, not by where it is in the batch.
std::vector<RowContext> row_contexts(const Item& item, const std::vector<SampleIdentity>& samples,
                                     std::int64_t epoch) {
  std::vector<RowContext> rows(samples.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Ticket& ticket = item.tickets[std::min(i, item.tickets.size() - 1)];
    rows[i].epoch = random_epoch(epoch, ticket.pass);
    rows[i].sample = samples[i].index >= 0 ? samples[i].index : static_cast<std::int64_t>(i);
  }
  return rows;
}

}  // namespace

struct SampleChain::Walk {
  Walk(Item& its_item, RunMeter* meter)
      : item(its_item), index(its_item.tickets.front().index), work(meter, index) {}

  Item& item;
  std::int64_t index;
  RunMeter::Work work;
  StageReference at{};
  std::vector<SampleIdentity> samples{};
  std::size_t next = 0;  ///< The step that comes.
  std::vector<RowContext> rows{};
  SampleContext context{};
  std::optional<Record> source{};  ///< As it was read, where a cache asks for it.
  std::vector<ReadFile> files{};
  std::int64_t peak = 0;

  CacheKey key(std::span<const ReadFile> named) const {
    return {index, source ? &*source : nullptr, named};
  }
  void name(const std::vector<SampleIdentity>& its_samples, std::int64_t epoch) {
    samples = its_samples;
    rows = row_contexts(item, samples, epoch);
    context.rows = rows;
  }
  void done() {
    const std::int64_t bytes = bytes_of(*item.record);
    peak = std::max(peak, bytes);
    work.done(bytes);
  }
};

/// Whoever asks for a part is at work again when it is there. What throws is left to be named.
class SampleChain::StepReader final : public RegionReader {
  template <class Use>
  auto charged(Use use) const {
    const StageReference asked = walk_.at;
    walk_.at = step_.reference;
    const std::int64_t before = walk_.work.turn_to(step_.reference.index);
    const auto restore = [&] {
      walk_.work.turn_to(before);
      walk_.at = asked;
    };
    if constexpr (std::is_void_v<decltype(use())>) {
      use();
      restore();
    } else {
      auto result = use();
      restore();
      return result;
    }
  }
  template <class Read>
  Tensor counted(Read read) {
    Tensor value = charged(read);
    bytes_ += static_cast<std::int64_t>(value.byte_size());
    return value;
  }

 public:
  StepReader(const SampleChain& chain, Walk& walk, const Step& step, const SlotCares& cares,
             RegionReader& before)
      : walk_(walk), step_(step), cares_(cares) {
    charged([&] {
      if (step.file_slot) chain.note_file(walk, step, before.whole(*step.file_slot));
      SampleContext context = walk.context;
      context.stage = step.reference.index;
      reader_ = step.parts.open(before, context);
    });
    if (any_kept(cares)) kept_ = kept_reader(*this, cares);
  }

  /// What those behind it are to ask.
  RegionReader& asked() { return kept_ != nullptr ? *kept_ : *this; }
  const Shape& shape(std::size_t slot) const override {
    return *charged([&] { return &reader_->shape(slot); });
  }
  const Geometry* geometry(std::size_t slot) const override {
    return charged([&] { return reader_->geometry(slot); });
  }
  std::vector<SampleIdentity> samples() const override { return reader_->samples(); }
  Tensor whole(std::size_t slot) override {
    return counted([&] { return reader_->whole(slot); });
  }
  Tensor part(std::size_t slot, const Index3D& first, const Size3D& size, double padding) override {
    return counted([&] { return reader_->part(slot, first, size, padding); });
  }
  void expect(std::size_t slot, const Index3D& first, const Size3D& size) override {
    reader_->expect(slot, first, size);
  }
  void settle() override {
    charged([&] { reader_->settle(); });
    for (std::size_t slot = 0; slot < cares_.size(); ++slot) {
      if (cares_[slot] == Care::kReadUnasked) whole(slot);
    }
  }
  /// What was asked of the stage, as if it were its record.
  std::int64_t bytes() const { return bytes_; }
  /// That the stage was called for this sample.
  void count() const { walk_.work.count(step_.reference.index, bytes_); }

 private:
  Walk& walk_;
  const Step& step_;
  const SlotCares& cares_;
  std::unique_ptr<RegionReader> reader_;
  std::unique_ptr<RegionReader> kept_;
  std::int64_t bytes_ = 0;
};

SampleChain::SampleChain(std::shared_ptr<Execution> execution) : execution_(std::move(execution)) {
  const Schema schema = *execution_->source->schema();
  for (std::size_t slot = 0; slot < schema.size(); ++slot) {
    if (schema[slot].spec.dtype == DType::kString) texts_[schema[slot].key] = slot;
  }
}

void SampleChain::add_sample_index(const PlacedStage& placed) {
  if (!placed.adds_sample_index) return;
  const auto schema = placed.in;
  Step step{placed.reference, schema, [schema](Record record, const SampleContext&) {
              return with_sample_index(std::move(record), schema);
            }};
  Schema before;
  for (std::size_t slot = 0; slot + 1 < schema->size(); ++slot) before.add((*schema)[slot]);
  step.parts =
      worked_parts(step.function, std::make_shared<const Schema>(std::move(before)), schema, {});
  steps_.push_back(std::move(step));
}

void SampleChain::add(const PlacedStage& placed) {
  add_sample_index(placed);
  const auto& stage = static_cast<const SampleStage&>(*placed.stage);
  Step step{placed.reference, placed.out, stage.bind(placed.in, placed.out)};
  if (const auto file = stage.file_key()) {
    step.file_slot = placed.in->slot(file->key);
    step.file_root = file->root;
    if (const auto text = texts_.find(file->key); text != texts_.end())
      named_.push_back({text->second, file->root});
  }
  follow_texts(placed);
  if (const auto* partwise = dynamic_cast<const PartwiseStage*>(placed.stage.get()))
    step.parts = partwise->bind_parts(placed.in, placed.out);
  const std::optional<Keys> own = stage.own_keys();
  if (!step.parts.open && own)
    step.parts = worked_parts(step.function, placed.in, placed.out, *own);
  steps_.push_back(std::move(step));
}

/// Which keys behind the stage are texts of the source. A function that puts another text under a
/// key's name is taken for one that does not: then samples have the address that they had, and what
/// is there is told by the files that it names itself.
void SampleChain::follow_texts(const PlacedStage& placed) {
  const Schema& out = *placed.out;
  const auto* moves = dynamic_cast<const KeyStage*>(placed.stage.get());
  const std::vector<std::size_t> origins =
      moves != nullptr ? moves->origins(*placed.in, out) : std::vector<std::size_t>{};
  std::map<std::string, std::size_t> texts;
  for (std::size_t slot = 0; slot < out.size(); ++slot) {
    const std::string& key = out[slot].key;
    const auto before = texts_.find(moves != nullptr ? (*placed.in)[origins[slot]].key : key);
    if (before != texts_.end() && out[slot].spec.dtype == DType::kString)
      texts[key] = before->second;
  }
  texts_ = std::move(texts);
}

std::vector<ReadFile> SampleChain::named_files(const Walk& walk, const Step& step) const {
  std::vector<ReadFile> files;
  if (!walk.source) return files;
  for (const NamedFile& file : step.named) {
    const Tensor& name = (*walk.source)[file.slot];
    if (name.dtype() != DType::kString || name.size() != 1) continue;
    const std::string path = path_below(file.root, name.item<std::string>());
    files.push_back({path, file_identity(path)});
  }
  return files;
}

void SampleChain::add(const PlacedStage& placed, const FilterStage& filter) {
  add_sample_index(placed);
  Step step{placed.reference, placed.out};
  step.keep = filter.bind(placed.in);
  steps_.push_back(std::move(step));
  filters_ = true;
}

void SampleChain::add_cache(const PlacedStage& placed, std::shared_ptr<SampleCache> cache) {
  wants_source_ = wants_source_ || cache->wants_source();
  wants_files_ = wants_files_ || cache->wants_files();
  caches_.insert(caches_.begin(), steps_.size());
  Step step{placed.reference, placed.out};
  step.cache = std::move(cache);
  if (step.cache->wants_files()) step.named = named_;
  steps_.push_back(std::move(step));
}

void SampleChain::plan() {
  for (std::size_t at = 0; at < steps_.size(); ++at) {
    Step& step = steps_[at];
    const bool is_cache = step.cache != nullptr;
    std::vector<const SlotFlow*> flows;
    for (std::size_t i = is_cache ? at + 1 : at; i < steps_.size() && steps_[i].parts.open; ++i)
      flows.push_back(&steps_[i].parts.flow);
    step.stretch = plan_stretch(flows, is_cache);
  }
}

Record SampleChain::read(std::int64_t index) const {
  const Source& source = *execution_->source;
  Record record = fit_to_schema(source.read(index), source.schema());
  if (record.samples().empty()) record.samples().push_back(source.identity(index));
  return record;
}

/// The item's record, and the first step that it has not been through.
void SampleChain::begin(Walk& walk) const {
  walk.samples = {execution_->source->identity(walk.index)};
  bool is_known_apart = false;
  if (wants_source_) {
    walk.work.begin(-1);
    // Names of files are looked up in the whole record.
    if (named_.empty()) walk.source = execution_->source->known_by(walk.index);
    is_known_apart = walk.source.has_value();
    if (!is_known_apart) walk.source = read(walk.index);
    walk.work.done(bytes_of(*walk.source));
  }
  for (const std::size_t at : caches_) {
    try {
      if (take_cached(walk, at)) return;
    } catch (const CacheMiss&) {
      walk.item.record.reset();
      walk.at = execution_->source->reference();
    }
  }
  if (wants_source_ && !is_known_apart) {
    walk.item.record = walk.source;
    return;
  }
  walk.work.begin(-1);
  walk.item.record = read(walk.index);
  walk.done();
}

bool SampleChain::take_cached(Walk& walk, std::size_t at) const {
  const Step& step = steps_[at];
  walk.work.begin(step.reference.index);
  const std::vector<ReadFile> named = named_files(walk, step);
  if (step.stretch.steps != 0) {
    if (const auto reader = step.cache->open(walk.key(named))) {
      walk.name(reader->samples(), execution_->epoch.load());
      take_stretch(walk, at + 1, step.stretch, *reader);
      return true;
    }
  }
  std::optional<Record> found = step.cache->find(walk.key(named));
  if (!found) return false;
  walk.item.record = fit_to_schema(std::move(*found), step.out);
  walk.next = at + 1;
  walk.done();
  return true;
}

void SampleChain::take_stretch(Walk& walk, std::size_t first, const Stretch& stretch,
                               RegionReader& reader) const {
  const std::unique_ptr<RegionReader> kept =
      any_kept(stretch.before) ? kept_reader(reader, stretch.before) : nullptr;
  RegionReader* last = kept != nullptr ? kept.get() : &reader;
  std::vector<std::unique_ptr<StepReader>> readers;
  for (std::size_t i = 0; i < stretch.steps; ++i) {
    readers.push_back(
        std::make_unique<StepReader>(*this, walk, steps_[first + i], stretch.cares[i], *last));
    last = &readers.back()->asked();
  }
  for (const auto& each : readers) each->settle();
  const Step& end = steps_[first + stretch.steps - 1];
  std::vector<Tensor> values;
  for (std::size_t slot = 0; slot < end.out->size(); ++slot) values.push_back(last->whole(slot));
  walk.item.record = Record(end.out, std::move(values), last->samples());
  walk.next = first + stretch.steps;
  for (const auto& each : readers) walk.peak = std::max(walk.peak, each->bytes());
  readers.pop_back();
  for (const auto& each : readers) each->count();
  walk.at = end.reference;
  walk.work.turn_to(end.reference.index);
  walk.done();
}

void SampleChain::note_file(Walk& walk, const Step& step, const Tensor& name) const {
  if (name.dtype() != DType::kString || name.size() != 1) return;
  const std::string path = path_below(step.file_root, name.item<std::string>());
  walk.work.reads(path);
  if (wants_files_) walk.files.push_back({path, file_identity(path)});
}

/// Runs one step; false if it is a filter that does not let the item through.
bool SampleChain::take(Walk& walk, const Step& step) const {
  walk.at = step.reference;
  walk.context.stage = step.reference.index;
  walk.work.begin(step.reference.index);
  std::optional<Record>& record = walk.item.record;
  if (step.cache != nullptr) {
    step.cache->put(walk.key(named_files(walk, step)), *record, walk.files);
  } else if (step.keep) {
    if (!step.keep(*record)) return false;
  } else {
    if (step.file_slot) note_file(walk, step, (*record)[*step.file_slot]);
    record = fit_to_schema(step.function(std::move(*record), walk.context), step.out);
  }
  walk.done();
  return true;
}

Outcome SampleChain::run(Item& item, std::optional<Failure>& failure, std::int64_t* peak) const {
  Walk walk(item, execution_->meter.get());
  walk.at = execution_->source->reference();
  try {
    const std::int64_t epoch = execution_->epoch.load();
    walk.context = {execution_->seed, random_epoch(epoch, item.tickets.front().pass), walk.index, 0,
                    walk.rows};
    if (!item.record) begin(walk);
    walk.name(item.record->samples(), epoch);
    while (walk.next < steps_.size()) {
      const Step& step = steps_[walk.next];
      if (step.stretch.steps != 0 && step.cache == nullptr) {
        const Record whole = std::move(*item.record);
        RecordReader reader(whole);
        take_stretch(walk, walk.next, step.stretch, reader);
        continue;
      }
      if (!take(walk, step)) return Outcome::kDropped;
      ++walk.next;
    }
    if (peak != nullptr) *peak = walk.peak;
    return Outcome::kKept;
  } catch (...) {
    failure = Failure{walk.at, std::move(walk.samples), std::current_exception()};
    return Outcome::kFailed;
  }
}

}  // namespace tenon::data
