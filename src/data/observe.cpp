#include "data/observe.hpp"

#include "data/executor.hpp"

namespace tenon::data {

std::optional<Record> first_record(const Pipeline& pipeline) {
  const Source& source = *pipeline.source();
  if (!source.random_access() && !source.restartable() && !source.peek()) return std::nullopt;
  auto execution = std::make_shared<Execution>(pipeline.bad_samples());
  execution->source = pipeline.source();
  execution->observing = true;
  const auto root = build_nodes(pipeline, execution, false);
  Item item;
  if (!root->next(item)) return std::nullopt;
  return std::move(item.record);
}

}  // namespace tenon::data
