#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/pipeline.hpp"

namespace tenon::data {

struct Execution;
class Node;

/// What a function did on the one sample (or small batch) that it was shown.
struct Observation {
  std::vector<SampleIdentity> samples;
  std::vector<std::string> read;     ///< Keys of the record that it got.
  std::vector<std::string> written;  ///< Keys that it set, or whose values it changed.
  std::vector<std::string>
      missing;      ///< Keys that it asked for in vain; it did not come to its end.
  Lineage lineage;  ///< Of the stream in front of it.
};

/// Where a function stands, as it is shown its sample.
struct ObservedPlace {
  StageReference stage;
  const Lineage& lineage;
};

/// Runs `function` on `record`, which it may change, and tells what it did. Nothing but a key that
/// is not there may end it early; what else it throws becomes DataError (G003, …).
Observation observe_function(const std::function<void(Record&)>& function, Record& record,
                             const ObservedPlace& place);

/// Calls `function`; a key that it asks `given` for in vain becomes DataError (G002) that tells
/// what it read on its first sample, and which stage took the key away.
void run_observed(const std::function<void()>& function, const Observation& observation,
                  const Record& given);

/// States the keys that were read, and the ones that were not there (K007).
void require_observed(const Observation& observation, SchemaEditor& editor);

/// `it read "image" and wrote "mean" on sample 0`.
std::string describe(const Observation& observation);

/// A stage that is a user's function: what it does to the keys is seen by running it.
class ObservableStage {
 public:
  virtual ~ObservableStage() = default;
  /// True until it was shown a sample (or what it does was stated).
  virtual bool opaque() const noexcept = 0;
  /// True while it is not known which keys come out.
  virtual bool hides_keys() const noexcept = 0;
  /// The same stage with what it did to `before` as its contract. Throws DataError (G003).
  virtual std::shared_ptr<const Stage> observe(const Record& before,
                                               const ObservedPlace& place) const = 0;
};

/// Gives the records of a pipeline from its start without shuffling, with small batches, and
/// without using up what can be read once only. Reads as little as it can.
class Probe {
 public:
  explicit Probe(const Pipeline& pipeline);
  ~Probe();
  /// Nothing if there are no more, or if the source cannot show one without using it up.
  std::optional<Record> next();

 private:
  std::shared_ptr<Execution> execution_;
  std::unique_ptr<Node> root_;
};

/// The first record of such a probe.
std::optional<Record> first_record(const Pipeline& pipeline);

}  // namespace tenon::data
