#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "data/batch_news.hpp"
#include "data/execution.hpp"
#include "data/stage.hpp"
#include "tenon/record.hpp"

namespace tenon::data {

/// Names one sample of a run: what it looks like is a pure function of this, as long as the source
/// can be read in any order.
struct Ticket {
  std::int64_t index = 0;  ///< Position in the source; in the stream where the source has none.
  std::uint64_t pass = 0;  ///< Which round of the repeats before it; 0 for the first.
  bool operator==(const Ticket&) const = default;
};
using Tickets = std::vector<Ticket>;

/// An element on its way: a sample (one ticket) or a batch (one per row). Without a record it has
/// not been read, or was read before a restore and is made again where it is needed.
struct Item {
  Tickets tickets;
  std::optional<Record> record;
  std::vector<BadSlot> bad{};  ///< Among its tickets, where bad samples keep their places.
};

/// What one node has to remember.
struct NodeState {
  std::string kind;
  std::map<std::string, std::uint64_t> numbers;
  std::vector<Tickets> items;

  /// Throws FormatError if there is no such number.
  std::uint64_t number(const std::string& name) const;
  std::int64_t count(const std::string& name) const {
    return static_cast<std::int64_t>(number(name));
  }
};

/// A piece of a running pipeline: gives items, pulled from the piece before it. Nodes are used by
/// one thread at a time.
class Node {
 public:
  virtual ~Node() = default;
  /// False at the end; `item` then holds, of a batch whose slots are kept, what was read for one
  /// more that there is not.
  virtual bool next(Item& item) = 0;
  /// Starts again from the first element, with the random numbers of `pass`.
  virtual void begin(std::uint64_t pass) = 0;
  /// To be called after begin(): the nearest shard passes over so many elements of what is before
  /// it.
  virtual void fast_forward(std::int64_t /*elements*/) {}
  /// Makes the record again that this node gave for item.tickets. False if a sample of it turned
  /// bad since.
  virtual bool revive(Item& item) = 0;
  /// Appends the states of the nodes before it, then its own.
  virtual void save(std::vector<NodeState>& states) const = 0;
  /// Takes its state from the end of `states`, and hands the rest on.
  virtual void load(std::span<const NodeState> states) = 0;
};

/// A node behind another one.
class UpstreamNode : public Node {
 public:
  UpstreamNode(std::string kind, std::unique_ptr<Node> upstream)
      : kind_(std::move(kind)), upstream_(std::move(upstream)) {}
  void begin(std::uint64_t pass) override {
    upstream_->begin(pass);
    reset(pass);
  }
  void fast_forward(std::int64_t elements) override { upstream_->fast_forward(elements); }
  bool revive(Item& item) override { return item.record.has_value() || upstream_->revive(item); }
  void save(std::vector<NodeState>& states) const override;
  void load(std::span<const NodeState> states) override;

 protected:
  virtual void reset(std::uint64_t pass) = 0;
  virtual void write(NodeState& state) const = 0;
  virtual void read(const NodeState& state) = 0;
  Node& upstream() const { return *upstream_; }
  const std::string& kind() const { return kind_; }

 private:
  std::string kind_;
  std::unique_ptr<Node> upstream_;
};

/// Throws FormatError: a saved state does not fit this pipeline.
[[noreturn]] void throw_bad_state(const std::string& why);

}  // namespace tenon::data
