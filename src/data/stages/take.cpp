#include <fmt/format.h>

#include <algorithm>

#include "data/arguments.hpp"
#include "data/node.hpp"
#include "data/stages/entries.hpp"
#include "data/stages/named_stage.hpp"
#include "data/stream_stage.hpp"

namespace tenon::data {
namespace {

class TakeNode final : public UpstreamNode {
 public:
  TakeNode(std::unique_ptr<Node> upstream, std::int64_t count)
      : UpstreamNode("take", std::move(upstream)), count_(count) {}

  bool next(Item& item) override {
    if (taken_ >= count_ || !upstream().next(item)) return false;
    ++taken_;
    return true;
  }

 protected:
  void reset(std::uint64_t) override { taken_ = 0; }
  void write(NodeState& state) const override {
    state.numbers["taken"] = static_cast<std::uint64_t>(taken_);
  }
  void read(const NodeState& state) override { taken_ = state.count("taken"); }

 private:
  std::int64_t count_;
  std::int64_t taken_ = 0;
};

class TakeStage final : public NamedStage<StreamStage> {
 public:
  TakeStage(std::int64_t count, SourceLocation location)
      : NamedStage("take", location), count_(count) {}
  Cardinality cardinality(const Cardinality& in) const override {
    switch (in.kind) {
      case Cardinality::Kind::kInfinite:
        return {Cardinality::Kind::kKnown, count_, true};
      case Cardinality::Kind::kUnknown:
        return {Cardinality::Kind::kKnown, count_, false};
      case Cardinality::Kind::kKnown:
        break;
    }
    return {Cardinality::Kind::kKnown, std::min(in.count, count_), in.exact};
  }
  std::string arguments() const override { return fmt::format("count={}", count_); }
  std::unique_ptr<Node> node(std::unique_ptr<Node> upstream, const NodeContext&) const override {
    return std::make_unique<TakeNode>(std::move(upstream), count_);
  }

 private:
  std::int64_t count_;
};

}  // namespace

StageEntry take_entry() {
  return {"take",
          "the first elements only",
          {{"count", ArgumentType::kInteger, true, "", "how many"}},
          [](const Dataset& dataset, const ArgumentMap& given, SourceLocation location) {
            return dataset.take(Arguments("take", given).integer("count"), location);
          }};
}

}  // namespace tenon::data

namespace tenon {

Dataset Dataset::take(std::int64_t count, Here location) const {
  if (count < 0) {
    throw_argument_error("take", fmt::format("count = {}", count), "a count of 0 or more");
  }
  return stage(std::make_shared<data::TakeStage>(count, location));
}

}  // namespace tenon
