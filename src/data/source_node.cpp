#include "data/source_node.hpp"

#include <fmt/format.h>

#include <limits>

#include "core/name_list.hpp"
#include "tenon/error.hpp"

namespace tenon::data {
namespace {

[[noreturn]] void throw_keys_differ(const Schema& got, const Schema& wanted) {
  const auto got_keys = got.keys();
  const auto wanted_keys = wanted.keys();
  throw DataError(make_diagnostic(
      "G002", fmt::format("a record has the keys {}", list_names(got_keys)),
      {fmt::format("expected: {}", list_names(wanted_keys))}, "give every record the same keys"));
}

class RandomAccessNode final : public Node {
 public:
  explicit RandomAccessNode(const Source& source)
      : count_(source.cardinality().kind == Cardinality::Kind::kKnown
                   ? source.cardinality().count
                   : std::numeric_limits<std::int64_t>::max()) {}

  bool next(Item& item) override {
    if (next_ >= count_) return false;
    item.tickets.assign(1, {next_++, pass_});
    item.record.reset();
    return true;
  }
  void begin(std::uint64_t pass) override {
    pass_ = pass;
    next_ = 0;
  }
  bool revive(Item& item) override {
    for (const Ticket& ticket : item.tickets) {
      if (ticket.index < 0 || ticket.index >= count_) {
        throw_bad_state(fmt::format("it names sample {} of {}", ticket.index, count_));
      }
    }
    return true;
  }
  void save(std::vector<NodeState>& states) const override {
    states.push_back(
        {"source", {{"next", static_cast<std::uint64_t>(next_)}, {"pass", pass_}}, {}});
  }
  void load(std::span<const NodeState> states) override {
    if (states.size() != 1 || states[0].kind != "source") throw_bad_state("it has no source");
    const std::int64_t next = states[0].count("next");
    if (next < 0 || next > count_) {
      throw_bad_state(fmt::format("it stands at sample {} of {}", next, count_));
    }
    next_ = next;
    pass_ = states[0].number("pass");
  }

 private:
  std::int64_t count_;
  std::int64_t next_ = 0;
  std::uint64_t pass_ = 0;
};

class SequentialNode final : public Node {
 public:
  explicit SequentialNode(std::shared_ptr<Execution> execution)
      : execution_(std::move(execution)), schema_(execution_->source->schema()) {}

  bool next(Item& item) override {
    if (ended_) return false;
    std::optional<Record> record = read();
    if (!record) {
      ended_ = true;
      return false;
    }
    item.tickets.assign(rows_of(*record), {next_++, pass_});
    item.record = fit_to_schema(std::move(*record), schema_);
    return true;
  }
  void begin(std::uint64_t pass) override {
    if (ended_ && !execution_->source->restartable()) {
      throw DataError(
          make_diagnostic("G001", "the generator has ended and cannot be run a second time",
                          {fmt::format("it is {}", to_string(execution_->source->reference()))},
                          "give from_generator a function that makes the generator anew: "
                          "from_generator([] { return batches(); })"));
    }
    stream_.reset();
    ended_ = false;
    next_ = 0;
    pass_ = pass;
  }
  bool revive(Item&) override {
    throw_bad_state("records of a source that is read in sequence cannot be read again");
  }
  void save(std::vector<NodeState>& states) const override {
    states.push_back(
        {"stream", {{"next", static_cast<std::uint64_t>(next_)}, {"pass", pass_}}, {}});
  }
  void load(std::span<const NodeState>) override {
    throw DataError(make_diagnostic(
        "G003",
        fmt::format("{} cannot be resumed in the middle: it can only be read from its start",
                    to_string(execution_->source->reference())),
        {"a coroutine has no place to go back to"},
        "use from_function, which is asked for element i, to resume training in the middle"));
  }

 private:
  std::optional<Record> read() {
    if (execution_->observing) {
      if (auto first = execution_->source->peek()) return first;
    }
    if (stream_ == nullptr) stream_ = execution_->source->stream();
    Record record;
    RunMeter::Work work(execution_->meter.get(), next_);
    work.begin(-1);
    if (stream_ == nullptr || !stream_->next(record)) return std::nullopt;
    work.done(bytes_of(record));
    return record;
  }
  static std::size_t rows_of(const Record& record) {
    return std::max<std::size_t>(record.samples().size(), 1);
  }

  std::shared_ptr<Execution> execution_;
  std::shared_ptr<const Schema> schema_;
  std::unique_ptr<Source::Stream> stream_;
  std::int64_t next_ = 0;
  std::uint64_t pass_ = 0;
  bool ended_ = false;
};

}  // namespace

Record fit_to_schema(Record record, const std::shared_ptr<const Schema>& schema) {
  if (record.shared_schema() == schema) return record;
  const Schema& given = record.schema();
  if (given.size() != schema->size()) throw_keys_differ(given, *schema);
  std::vector<Tensor> values;
  values.reserve(schema->size());
  for (const Field& field : *schema) {
    const auto slot = given.find(field.key);
    if (!slot) throw_keys_differ(given, *schema);
    values.push_back(std::move(record[*slot]));
  }
  return Record(schema, std::move(values), std::move(record.samples()));
}

std::unique_ptr<Node> make_source_node(std::shared_ptr<Execution> execution) {
  if (execution->source->random_access()) {
    return std::make_unique<RandomAccessNode>(*execution->source);
  }
  return std::make_unique<SequentialNode>(std::move(execution));
}

}  // namespace tenon::data
