#include <fmt/format.h>

#include <limits>

#include "data/arguments.hpp"
#include "data/node.hpp"
#include "data/stages/entries.hpp"
#include "data/stages/named_stage.hpp"
#include "data/stream_stage.hpp"
#include "tenon/random.hpp"

namespace tenon::data {
namespace {

class RepeatNode final : public UpstreamNode {
 public:
  RepeatNode(std::unique_ptr<Node> upstream, const NodeContext& context, std::int64_t count)
      : UpstreamNode("repeat", std::move(upstream)), execution_(context.execution), count_(count) {}

  bool next(Item& item) override {
    while (!ended_) {
      if (execution_->cancelled.load(std::memory_order_relaxed)) throw Cancelled{};
      if (upstream().next(item)) {
        gave_any_ = true;
        return true;
      }
      ++round_;
      // A round without a single element would be followed by others like it, for ever.
      ended_ = !gave_any_ || (count_ >= 0 && round_ >= count_);
      if (ended_) break;
      gave_any_ = false;
      upstream().begin(mix(pass_, static_cast<std::uint64_t>(round_)));
    }
    return false;
  }

 protected:
  void reset(std::uint64_t pass) override {
    pass_ = pass;
    round_ = 0;
    gave_any_ = false;
    ended_ = false;
  }
  void write(NodeState& state) const override {
    state.numbers = {{"pass", pass_},
                     {"round", static_cast<std::uint64_t>(round_)},
                     {"gave_any", gave_any_ ? 1U : 0U},
                     {"ended", ended_ ? 1U : 0U}};
  }
  void read(const NodeState& state) override {
    pass_ = state.number("pass");
    round_ = state.count("round");
    gave_any_ = state.number("gave_any") != 0;
    ended_ = state.number("ended") != 0;
  }

 private:
  std::shared_ptr<Execution> execution_;
  std::int64_t count_;
  std::uint64_t pass_ = 0;
  std::int64_t round_ = 0;
  bool gave_any_ = false;
  bool ended_ = false;
};

class RepeatStage final : public NamedStage<StreamStage> {
 public:
  RepeatStage(std::int64_t count, SourceLocation location)
      : NamedStage("repeat", location), count_(count) {}
  Cardinality cardinality(const Cardinality& in) const override {
    const bool known = in.kind == Cardinality::Kind::kKnown;
    if (known && in.count == 0) return in;
    if (count_ < 0) return {Cardinality::Kind::kInfinite, 0, true};
    if (!known) return in;
    const std::int64_t most = std::numeric_limits<std::int64_t>::max() / in.count;
    if (count_ > most) return {Cardinality::Kind::kInfinite, 0, true};
    return {in.kind, in.count * count_, in.exact};
  }
  std::string arguments() const override { return fmt::format("count={}", count_); }
  std::unique_ptr<Node> node(std::unique_ptr<Node> upstream,
                             const NodeContext& context) const override {
    return std::make_unique<RepeatNode>(std::move(upstream), context, count_);
  }

 private:
  std::int64_t count_;
};

}  // namespace

StageEntry repeat_entry() {
  return {"repeat",
          "goes through the data several times",
          {{"count", ArgumentType::kInteger, false, "-1", "how many times; -1: for ever"}},
          [](const Dataset& dataset, const ArgumentMap& given, SourceLocation location) {
            return dataset.repeat(Arguments("repeat", given).integer("count", -1), location);
          }};
}

}  // namespace tenon::data

namespace tenon {

Dataset Dataset::repeat(std::int64_t count, Here location) const {
  if (count == 0) {
    throw_argument_error("repeat", "count = 0", "1 or more times, or -1 for ever");
  }
  return stage(std::make_shared<data::RepeatStage>(count, location));
}

}  // namespace tenon
