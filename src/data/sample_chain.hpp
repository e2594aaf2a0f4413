#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "data/node.hpp"
#include "data/pipeline.hpp"
#include "data/stream_stage.hpp"

namespace tenon::data {

/// What became of an item that went through a chain.
enum class Outcome : std::uint8_t { kKept, kDropped, kFailed };

/// Sample stages and filters in a row, bound to slots, with the reading of the sample before them
/// where it was not read yet. Immutable once built; several threads run it at once.
class SampleChain {
 public:
  explicit SampleChain(std::shared_ptr<Execution> execution) : execution_(std::move(execution)) {}

  void add(const PlacedStage& placed);
  void add(const PlacedStage& placed, const FilterStage& filter);
  bool empty() const noexcept { return steps_.empty(); }
  bool filters() const noexcept { return filters_; }

  /// Reads item.record if there is none, and runs the steps. Throws nothing: an error comes back in
  /// `failure`.
  Outcome run(Item& item, std::optional<Failure>& failure) const;

 private:
  struct Step {
    StageReference reference;
    std::shared_ptr<const Schema> out;
    SampleFunction function;  ///< Empty for a filter.
    FilterStage::Keep keep;
  };
  void add_sample_index(const PlacedStage& placed);
  Record read(const Item& item) const;

  std::shared_ptr<Execution> execution_;
  std::vector<Step> steps_;
  bool filters_ = false;
};

}  // namespace tenon::data
