#include "data/executor.hpp"

#include "data/cache/cache_stage.hpp"
#include "data/parallel_node.hpp"
#include "data/sample_chain.hpp"
#include "data/source_node.hpp"
#include "data/stages/interleave.hpp"
#include "data/stream_stage.hpp"

namespace tenon::data {
namespace {

/// Samples smaller than this go to the threads in groups, so that handing them over costs little.
constexpr std::size_t kSmallSample = 64U << 10U;
constexpr std::size_t kGroup = 16;

/// A lower bound of a record's size; unknown dims count as large.
bool is_small(const Schema& schema) {
  std::size_t bytes = 0;
  for (const Field& field : schema) {
    std::size_t size = size_of(field.spec.dtype);
    if (!field.spec.rank_known || field.spec.dtype == DType::kString) return false;
    for (const Dim& dim : field.spec.shape) {
      if (!dim.known()) return false;
      size *= static_cast<std::size_t>(dim.size());
    }
    bytes += size;
  }
  return bytes < kSmallSample;
}

class Builder {
 public:
  Builder(const Pipeline& pipeline, const std::shared_ptr<Execution>& execution)
      : pipeline_(pipeline),
        execution_(execution),
        root_(make_source_node(execution)),
        unread_(pipeline.source()->random_access()),
        small_(is_small(*pipeline.source()->schema())) {
    renew_chain();
  }

  void add(const PlacedStage& placed) {
    if (const auto* filter = dynamic_cast<const FilterStage*>(placed.stage.get())) {
      chain_->add(placed, *filter);
    } else if (const auto* stream = dynamic_cast<const StreamStage*>(placed.stage.get())) {
      add_stream(placed, *stream);
    } else if (const auto* cache = dynamic_cast<const CacheStage*>(placed.stage.get())) {
      if (unread_ && !execution_->observing) {
        chain_->add_cache(placed, cache->cache(pipeline_, place_of(placed)));
      }
    } else {
      chain_->add(placed);
      small_ = small_ && is_small(*placed.out);
    }
  }

  std::unique_ptr<Node> finish() {
    flush();
    return std::move(root_);
  }

 private:
  void add_stream(const PlacedStage& placed, const StreamStage& stage) {
    const bool before_reading = unread_ && stage.works_on_tickets() && !chain_->filters();
    const bool reads = unread_ && chain_->empty() && stage.makes_batches() &&
                       execution_->source->reads_rows() && !placed.adds_sample_index;
    if (!before_reading && !reads) flush(stage.keeps_slots());
    root_ =
        stage.node(std::move(root_), {execution_, placed.reference, placed.in, placed.out, reads});
    if (reads) unread_ = first_ = small_ = false;
  }

  static std::size_t place_of(const PlacedStage& placed) {
    return static_cast<std::size_t>(placed.reference.index);
  }

  void flush(bool keeps_slots = false) {
    if (!unread_ && chain_->empty()) return;
    chain_->plan();
    root_ = make_parallel_node(std::move(root_), execution_, std::move(chain_), first_,
                               small_ ? kGroup : 1, keeps_slots);
    unread_ = false;
    first_ = false;
    small_ = false;
    renew_chain();
  }

  void renew_chain() { chain_ = std::make_shared<SampleChain>(execution_); }

  const Pipeline& pipeline_;
  std::shared_ptr<Execution> execution_;
  std::unique_ptr<Node> root_;
  std::shared_ptr<SampleChain> chain_;
  bool unread_;
  bool first_ = true;
  bool small_;
};

}  // namespace

bool reads_before(const Pipeline& pipeline, std::size_t place) {
  if (!pipeline.source()->random_access()) return true;
  bool filters = false;
  for (std::size_t i = 0; i <= place && i < pipeline.stages().size(); ++i) {
    const Stage* stage = pipeline.stages()[i].stage.get();
    if (dynamic_cast<const FilterStage*>(stage) != nullptr) {
      filters = true;
    } else if (const auto* stream = dynamic_cast<const StreamStage*>(stage)) {
      if (filters || !stream->works_on_tickets()) return true;
    }
  }
  return false;
}

std::unique_ptr<Node> build_nodes(const Pipeline& pipeline,
                                  const std::shared_ptr<Execution>& execution, bool keep_all) {
  if (keep_all) keep_open_what_is_read(pipeline, execution->num_threads > 1);
  Builder builder(pipeline, execution);
  for (const PlacedStage& placed : pipeline.stages()) {
    const auto* stream = dynamic_cast<const StreamStage*>(placed.stage.get());
    if (!keep_all && stream != nullptr && stream->keeps_elements()) continue;
    builder.add(placed);
  }
  return builder.finish();
}

}  // namespace tenon::data
