#pragma once

#include <memory>
#include <string>

#include "data/node.hpp"
#include "data/stage.hpp"

namespace tenon::data {

/// What a stage is given to build its node.
struct NodeContext {
  std::shared_ptr<Execution> execution;
  StageReference reference;
  std::shared_ptr<const Schema> in;
  std::shared_ptr<const Schema> out;
  /// What comes are tickets of samples that lie in memory (Source::reads_rows), as the source has
  /// them.
  bool samples_in_memory = false;
};

/// A stage that works on the stream of elements rather than on one.
class StreamStage : public Stage {
 public:
  StageKind kind() const noexcept override { return StageKind::kStream; }
  void edit(SchemaEditor&) const override {}
  virtual Cardinality cardinality(const Cardinality& in) const = 0;
  /// True if it only chooses and orders elements: then it runs before they are read, on tickets.
  virtual bool works_on_tickets() const { return true; }
  virtual bool makes_batches() const { return false; }
  /// True if leaving it out does not change what one element looks like.
  virtual bool keeps_elements() const { return true; }
  /// True if what comes out is in the order of what comes in, and as many of it: then processes
  /// that share a stream stand at one place of it.
  virtual bool keeps_order() const { return false; }
  /// True if bad samples are to come to it as items without a record, each in its place, where they
  /// are met right before it: then the place of a rank's batch does not depend on them.
  virtual bool keeps_slots() const { return false; }
  /// How many finished elements it keeps ready, for forecasts of memory.
  virtual std::int64_t elements_held() const { return 0; }
  virtual std::unique_ptr<Node> node(std::unique_ptr<Node> upstream,
                                     const NodeContext& context) const = 0;
};

/// A stage that lets elements through or not, looked at one at a time by several threads.
class FilterStage : public Stage {
 public:
  using Keep = std::function<bool(const Record& record)>;
  StageKind kind() const noexcept override { return StageKind::kStream; }
  virtual Keep bind(std::shared_ptr<const Schema> in) const = 0;
  /// A filter that looks at the text of one key alone: that key, and what it would say of a text.
  struct ByText {
    std::string key;
    std::function<bool(const std::string& text)> keep;
  };
  virtual std::optional<ByText> by_text() const { return std::nullopt; }
};

}  // namespace tenon::data
