#include <fmt/format.h>

#include "data/arguments.hpp"
#include "data/node.hpp"
#include "data/stages/entries.hpp"
#include "data/stages/named_stage.hpp"
#include "data/stream_stage.hpp"
#include "tenon/random.hpp"

namespace tenon::data {
namespace {

/// Holds `buffer` items and gives one of them, drawn evenly, for every new one.
class ShuffleNode final : public UpstreamNode {
 public:
  ShuffleNode(std::unique_ptr<Node> upstream, const NodeContext& context, std::size_t buffer)
      : UpstreamNode("shuffle", std::move(upstream)),
        execution_(context.execution),
        stage_(context.reference.index),
        buffer_(buffer) {}

  bool next(Item& item) override {
    do {
      fill();
      if (items_.empty()) return false;
      const std::size_t drawn = draw();
      item = std::move(items_[drawn]);
      items_[drawn] = std::move(items_.back());
      items_.pop_back();
    } while (!item.record && !upstream().revive(item));
    return true;
  }

 protected:
  void reset(std::uint64_t pass) override {
    items_.clear();
    ended_ = false;
    draws_ = 0;
    pass_ = pass;
  }
  void write(NodeState& state) const override {
    state.numbers = {{"draws", draws_}, {"pass", pass_}, {"ended", ended_ ? 1U : 0U}};
    for (const Item& item : items_) state.items.push_back(item.tickets);
  }
  void read(const NodeState& state) override {
    reset(state.number("pass"));
    draws_ = state.number("draws");
    ended_ = state.number("ended") != 0;
    if (state.items.size() > buffer_) throw_bad_state("its shuffle buffer is larger than this one");
    for (const Tickets& tickets : state.items) items_.push_back({tickets, std::nullopt});
  }

 private:
  void fill() {
    Item item;
    while (items_.size() < buffer_ && !ended_) {
      if (!upstream().next(item)) {
        ended_ = true;
        return;
      }
      items_.push_back(std::move(item));
      item = Item();
    }
  }
  std::size_t draw() {
    const auto epoch = static_cast<std::uint64_t>(random_epoch(execution_->epoch.load(), pass_));
    Random random(execution_->seed, epoch, draws_++, static_cast<std::uint64_t>(stage_));
    return static_cast<std::size_t>(random.next_below(items_.size()));
  }

  std::shared_ptr<Execution> execution_;
  std::int64_t stage_;
  std::size_t buffer_;
  std::vector<Item> items_;
  std::uint64_t draws_ = 0;
  std::uint64_t pass_ = 0;
  bool ended_ = false;
};

class ShuffleStage final : public NamedStage<StreamStage> {
 public:
  ShuffleStage(std::int64_t buffer, SourceLocation location)
      : NamedStage("shuffle", location), buffer_(buffer) {}
  Cardinality cardinality(const Cardinality& in) const override { return in; }
  std::string arguments() const override { return fmt::format("buffer={}", buffer_); }
  std::unique_ptr<Node> node(std::unique_ptr<Node> upstream,
                             const NodeContext& context) const override {
    return std::make_unique<ShuffleNode>(std::move(upstream), context,
                                         static_cast<std::size_t>(buffer_));
  }

 private:
  std::int64_t buffer_;
};

}  // namespace

StageEntry shuffle_entry() {
  return {
      "shuffle",
      "gives the elements in a random order, drawn out of a buffer",
      {{"buffer", ArgumentType::kInteger, true, "", "elements held; all of them for an even mix"}},
      [](const Dataset& dataset, const ArgumentMap& given, SourceLocation location) {
        return dataset.shuffle(Arguments("shuffle", given).integer("buffer"), location);
      }};
}

}  // namespace tenon::data

namespace tenon {

Dataset Dataset::shuffle(std::int64_t buffer, Here location) const {
  if (buffer < 1) {
    throw_argument_error("shuffle", fmt::format("buffer = {}", buffer), "at least 1 element",
                         "the number of samples mixes evenly");
  }
  return stage(std::make_shared<data::ShuffleStage>(buffer, location));
}

}  // namespace tenon
