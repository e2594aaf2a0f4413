#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "data/cache/sample_cache.hpp"
#include "data/meter.hpp"
#include "data/node.hpp"
#include "data/pipeline.hpp"
#include "data/region_plan.hpp"
#include "data/stream_stage.hpp"

namespace tenon::data {

/// What became of an item that went through a chain.
enum class Outcome : std::uint8_t { kKept, kDropped, kFailed };

/// Sample stages and filters in a row, bound to slots, with the reading of the sample before them
/// where it was not read yet. Immutable once built; several threads run it at once.
class SampleChain {
 public:
  explicit SampleChain(std::shared_ptr<Execution> execution);

  void add(const PlacedStage& placed);
  void add(const PlacedStage& placed, const FilterStage& filter);
  /// What is before it is not run for a sample that `cache` has.
  void add_cache(const PlacedStage& placed, std::shared_ptr<SampleCache> cache);
  /// To be called when all steps are there, before run().
  void plan();
  bool empty() const noexcept { return steps_.empty(); }
  bool filters() const noexcept { return filters_; }

  /// Reads item.record if there is none, and runs the steps. Throws nothing: an error comes back in
  /// `failure`. `peak`: the most bytes that the record had on its way.
  Outcome run(Item& item, std::optional<Failure>& failure, std::int64_t* peak = nullptr) const;

 private:
  /// A file whose name stands in the source's record.
  struct NamedFile {
    std::size_t slot = 0;
    std::string root{};
  };
  struct Step {
    StageReference reference;
    std::shared_ptr<const Schema> out;
    SampleFunction function{};  ///< Empty for a filter and a cache.
    FilterStage::Keep keep{};
    std::shared_ptr<SampleCache> cache{};
    Partwise parts{};
    /// The steps from here on (of a cache: behind it) that are taken together.
    Stretch stretch{};
    std::optional<std::size_t> file_slot{};
    std::string file_root{};
    std::vector<NamedFile> named{};  ///< Of a cache: files that are read before it.
  };
  /// One item on its way through the steps.
  struct Walk;
  /// What a step gives, charged to its stage.
  class StepReader;

  void add_sample_index(const PlacedStage& placed);
  Record read(std::int64_t index) const;
  void begin(Walk& walk) const;
  bool take_cached(Walk& walk, std::size_t at) const;
  bool take(Walk& walk, const Step& step) const;
  /// Takes `stretch`, from step `first` on, out of what `reader` gives of the sample there.
  void take_stretch(Walk& walk, std::size_t first, const Stretch& stretch,
                    RegionReader& reader) const;
  void follow_texts(const PlacedStage& placed);
  std::vector<ReadFile> named_files(const Walk& walk, const Step& step) const;
  void note_file(Walk& walk, const Step& step, const Tensor& name) const;

  std::shared_ptr<Execution> execution_;
  std::vector<Step> steps_;
  std::map<std::string, std::size_t> texts_;  ///< Keys that are texts of the source: its slots.
  std::vector<NamedFile> named_;
  std::vector<std::size_t> caches_;  ///< Which of the steps, last first.
  bool wants_source_ = false;
  bool wants_files_ = false;
  bool filters_ = false;
};

}  // namespace tenon::data
