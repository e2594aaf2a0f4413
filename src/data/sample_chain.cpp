#include "data/sample_chain.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "data/source_node.hpp"
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
std::vector<RowContext> row_contexts(const Item& item, std::int64_t epoch) {
  const auto& samples = item.record->samples();
  std::vector<RowContext> rows(samples.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Ticket& ticket = item.tickets[std::min(i, item.tickets.size() - 1)];
    rows[i].epoch = random_epoch(epoch, ticket.pass);
    rows[i].sample = samples[i].index >= 0 ? samples[i].index : static_cast<std::int64_t>(i);
  }
  return rows;
}

}  // namespace

void SampleChain::add_sample_index(const PlacedStage& placed) {
  if (!placed.adds_sample_index) return;
  const auto schema = placed.in;
  steps_.push_back({placed.reference, schema,
                    [schema](Record record, const SampleContext&) {
                      return with_sample_index(std::move(record), schema);
                    },
                    nullptr});
}

void SampleChain::add(const PlacedStage& placed) {
  add_sample_index(placed);
  const auto& stage = static_cast<const SampleStage&>(*placed.stage);
  steps_.push_back({placed.reference, placed.out, stage.bind(placed.in, placed.out), nullptr});
}

void SampleChain::add(const PlacedStage& placed, const FilterStage& filter) {
  add_sample_index(placed);
  steps_.push_back({placed.reference, placed.out, nullptr, filter.bind(placed.in)});
  filters_ = true;
}

Record SampleChain::read(const Item& item) const {
  const Source& source = *execution_->source;
  const std::int64_t index = item.tickets.front().index;
  Record record = fit_to_schema(source.read(index), source.schema());
  if (record.samples().empty()) record.samples().push_back(source.identity(index));
  return record;
}

Outcome SampleChain::run(Item& item, std::optional<Failure>& failure) const {
  StageReference at = execution_->source->reference();
  std::vector<SampleIdentity> samples;
  try {
    if (!item.record) {
      samples = {execution_->source->identity(item.tickets.front().index)};
      item.record = read(item);
    }
    samples = item.record->samples();
    const std::int64_t epoch = execution_->epoch.load();
    const std::vector<RowContext> rows = row_contexts(item, epoch);
    SampleContext context{execution_->seed, random_epoch(epoch, item.tickets.front().pass),
                          item.tickets.front().index, 0, rows};
    for (const Step& step : steps_) {
      at = step.reference;
      context.stage = step.reference.index;
      if (!step.function) {
        if (!step.keep(*item.record)) return Outcome::kDropped;
        continue;
      }
      item.record = fit_to_schema(step.function(std::move(*item.record), context), step.out);
    }
    return Outcome::kKept;
  } catch (...) {
    failure = Failure{at, std::move(samples), std::current_exception()};
    return Outcome::kFailed;
  }
}

}  // namespace tenon::data
