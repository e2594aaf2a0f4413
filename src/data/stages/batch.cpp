#include <fmt/format.h>

#include "data/arguments.hpp"
#include "data/collate.hpp"
#include "data/node.hpp"
#include "data/rank_share.hpp"
#include "data/stages/entries.hpp"
#include "data/stages/named_stage.hpp"
#include "data/stream_stage.hpp"

namespace tenon::data {
namespace {

/// An opaque map is shown a batch of this size: more than one, so that the batch axis shows.
constexpr std::int64_t kObservedRows = 2;

class BatchNode final : public UpstreamNode {
 public:
  BatchNode(std::unique_ptr<Node> upstream, const NodeContext& context, std::int64_t size,
            const BatchOptions& options, bool keeps_slots)
      : UpstreamNode("batch", std::move(upstream)),
        context_(context),
        size_(context.execution->observing ? std::min(size, kObservedRows) : size),
        options_(options),
        keeps_slots_(keeps_slots) {}

  bool next(Item& item) override {
    return context_.samples_in_memory ? next_of_rows(item) : next_of_samples(item);
  }

  bool revive(Item& item) override {
    if (item.record) return true;
    if (context_.samples_in_memory)
      return upstream().revive(item) && (take_rows(item, true) || keep_empty(item));
    std::vector<Record> records;
    Tickets kept;
    for (std::size_t slot = 0; slot < item.tickets.size(); ++slot) {
      const Ticket& ticket = item.tickets[slot];
      Item sample{{ticket}, std::nullopt};
      if (!upstream().revive(sample)) {
        take_bad(item, sample, slot);
        continue;
      }
      kept.push_back(ticket);
      records.push_back(std::move(*sample.record));
    }
    if (records.empty()) return keep_empty(item);
    if (!keeps_slots_) item.tickets = std::move(kept);
    item.record = join(std::move(records));
    return true;
  }

 protected:
  void reset(std::uint64_t) override {}
  void write(NodeState&) const override {}
  void read(const NodeState&) override {}

 private:
  bool next_of_samples(Item& item) {
    std::vector<Record> records;
    records.reserve(static_cast<std::size_t>(size_));
    item = Item();
    item.tickets.reserve(static_cast<std::size_t>(size_));
    Item sample;
    while (static_cast<std::int64_t>(item.tickets.size()) < size_ && upstream().next(sample)) {
      take_bad(item, sample, item.tickets.size());
      item.tickets.push_back(sample.tickets.front());
      if (sample.record) records.push_back(std::move(*sample.record));
      sample = Item();
    }
    if (!enough(item.tickets.size())) return false;
    if (records.empty()) return keep_empty(item);
    RunMeter::Work work(context_.execution->meter.get(), item.tickets.front().index);
    work.begin(context_.reference.index);
    item.record = join(std::move(records));
    work.done(bytes_of(*item.record));
    return true;
  }

  bool next_of_rows(Item& item) {
    Item sample;
    do {
      item = Item();
      item.tickets.reserve(static_cast<std::size_t>(size_));
      while (static_cast<std::int64_t>(item.tickets.size()) < size_ && upstream().next(sample)) {
        item.tickets.push_back(sample.tickets.front());
      }
      if (!enough(item.tickets.size())) {
        item.tickets.clear();  // Nothing was read.
        return false;
      }
    } while (!take_rows(item) && !keep_empty(item));
    return true;
  }

  static void take_bad(Item& batch, Item& sample, std::size_t slot) {
    for (BadSlot& bad : sample.bad)
      batch.bad.push_back({static_cast<std::int64_t>(slot), std::move(bad.sample)});
  }

  /// A batch of bad samples alone keeps its place among the ranks' batches, with no row.
  bool keep_empty(Item& item) const {
    if (!keeps_slots_) return false;
    std::vector<Tensor> none;
    for (const Field& field : *context_.out) {
      std::vector<std::int64_t> sizes;
      for (const auto& dim : field.spec.shape)
        sizes.push_back(sizes.empty() || !dim.known() ? 0 : dim.size());
      none.emplace_back(field.spec.dtype, Shape(std::move(sizes)));
    }
    item.record.emplace(context_.out, std::move(none), std::vector<SampleIdentity>());
    return true;
  }

  bool enough(std::size_t rows) const {
    const bool full = static_cast<std::int64_t>(rows) == size_;
    const bool drop = options_.drop_remainder && !context_.execution->observing;
    return rows > 0 && (full || !drop);
  }

  /// Reads all rows of a batch at once; false if that failed and the run goes on without them.
  bool take_rows(Item& item, bool again = false) {
    RunMeter::Work work(context_.execution->meter.get(), item.tickets.front().index);
    work.begin(context_.reference.index);
    const Source& source = *context_.execution->source;
    std::vector<std::int64_t> indices;
    indices.reserve(item.tickets.size());
    std::vector<SampleIdentity> identities;
    identities.reserve(item.tickets.size());
    for (const Ticket& ticket : item.tickets) {
      indices.push_back(ticket.index);
      identities.push_back(source.identity(ticket.index));
    }
    BadSampleLog& bad_samples = context_.execution->bad_samples;
    try {
      std::vector<Tensor> rows = source.read_rows(indices);
      item.record.emplace(context_.out, std::move(rows), std::move(identities));
      work.done(bytes_of(*item.record));
    } catch (...) {
      auto bad = bad_samples.note_failure(
          {source.reference(), std::move(identities), std::current_exception()},
          again && keeps_slots_);
      if (keeps_slots_) item.bad = slots_of(std::move(bad));
    }
    if (!again) bad_samples.count_read(static_cast<std::int64_t>(indices.size()));
    return item.record.has_value();
  }

  Record join(std::vector<Record> records) const {
    try {
      return collate(std::move(records), context_.out, options_);
    } catch (const ShapeError& error) {
      std::vector<Diagnostic> diagnostics = error.diagnostics();
      for (Diagnostic& diagnostic : diagnostics) {
        diagnostic.message =
            fmt::format("{}: {}", to_string(context_.reference), diagnostic.message);
        diagnostic.stage = context_.reference;
      }
      throw ShapeError(std::move(diagnostics));
    }
  }

  NodeContext context_;
  std::int64_t size_;
  BatchOptions options_;
  bool keeps_slots_;
};

class BatchStage final : public NamedStage<StreamStage> {
 public:
  BatchStage(std::int64_t size, BatchOptions options, SourceLocation location,
             std::int64_t rank = 0, std::int64_t ranks = 1, bool shared = false)
      : NamedStage("batch", location),
        size_(size),
        options_(options),
        rows_((size - rank + ranks - 1) / ranks),
        shared_(shared) {}

  /// … whose batches several ranks make together: rank r the rows r, r + ranks, … of them.
  std::shared_ptr<const Stage> shared_by(std::int64_t rank, std::int64_t ranks) const {
    if (shared_ || size_ < ranks) return nullptr;
    return std::make_shared<BatchStage>(size_, options_, location(), rank, ranks, true);
  }
  std::int64_t size() const noexcept { return size_; }

  void edit(SchemaEditor& editor) const override {
    if (editor.batched()) {
      editor.problem(make_diagnostic("A001", "batch: the data are in batches already", {},
                                     "remove one of the two, or batch single samples"));
      return;
    }
    for (const std::string& key : editor.schema().keys()) {
      editor.change(key, editor.schema().spec(key).with_batch());
    }
  }
  bool drops_remainder() const noexcept { return options_.drop_remainder; }
  Cardinality cardinality(const Cardinality& in) const override {
    if (in.kind != Cardinality::Kind::kKnown) return in;
    const std::int64_t whole = in.count / rows_;
    const bool rest = in.count % rows_ != 0 && !options_.drop_remainder;
    return {in.kind, whole + (rest ? 1 : 0), in.exact};
  }
  bool works_on_tickets() const override { return false; }
  bool makes_batches() const override { return true; }
  bool keeps_order() const override { return true; }
  bool keeps_elements() const override { return false; }
  bool keeps_slots() const override { return shared_; }
  std::string arguments() const override {
    return fmt::format("size={}, drop_remainder={}, padded={}, padding_value={}", size_,
                       options_.drop_remainder, options_.padded, options_.padding_value);
  }
  std::unique_ptr<Node> node(std::unique_ptr<Node> upstream,
                             const NodeContext& context) const override {
    return std::make_unique<BatchNode>(std::move(upstream), context, rows_, options_, shared_);
  }

 private:
  std::int64_t size_;  ///< Of all ranks together: a state is the same text for any number of them.
  BatchOptions options_;
  std::int64_t rows_;  ///< Of this rank.
  bool shared_;
};

}  // namespace

std::shared_ptr<const Stage> batch_shared_by(const Stage& stage, std::int64_t rank,
                                             std::int64_t ranks) {
  const auto* batch = dynamic_cast<const BatchStage*>(&stage);
  return batch == nullptr ? nullptr : batch->shared_by(rank, ranks);
}

std::int64_t batch_size_of(const Stage& stage) {
  const auto* batch = dynamic_cast<const BatchStage*>(&stage);
  return batch == nullptr ? 0 : batch->size();
}

bool batch_drops_remainder(const Stage& stage) {
  const auto* batch = dynamic_cast<const BatchStage*>(&stage);
  return batch != nullptr && batch->drops_remainder();
}

StageEntry batch_entry() {
  return {
      "batch",
      "stacks samples along a new first axis",
      {{"size", ArgumentType::kInteger, true, "", "samples per batch"},
       {"drop_remainder", ArgumentType::kBool, false, "false", "leave out a last, smaller batch"},
       {"padded", ArgumentType::kBool, false, "false",
        "pad samples of different sizes at the end to the largest"},
       {"padding_value", ArgumentType::kNumber, false, "0.0", "what is padded with"}},
      [](const Dataset& dataset, const ArgumentMap& given, SourceLocation location) {
        const Arguments arguments("batch", given);
        BatchOptions options;
        options.drop_remainder = arguments.boolean("drop_remainder", options.drop_remainder);
        options.padded = arguments.boolean("padded", options.padded);
        options.padding_value = arguments.number("padding_value", options.padding_value);
        return dataset.batch(arguments.integer("size"), options, location);
      }};
}

}  // namespace tenon::data

namespace tenon {

Dataset Dataset::batch(std::int64_t size, BatchOptions options, Here location) const {
  constexpr std::int64_t kMost = std::int64_t{1} << 24;
  if (size < 1 || size > kMost) {
    throw_argument_error("batch", fmt::format("size = {}", size),
                         fmt::format("1 to {} samples", kMost));
  }
  return stage(std::make_shared<data::BatchStage>(size, options, location));
}

}  // namespace tenon
