#include <fmt/format.h>

#include <algorithm>

#include "data/arguments.hpp"
#include "data/node.hpp"
#include "data/stages/entries.hpp"
#include "data/stages/named_stage.hpp"
#include "data/stream_stage.hpp"

namespace tenon::data {
namespace {

class SkipNode final : public UpstreamNode {
 public:
  SkipNode(std::unique_ptr<Node> upstream, std::int64_t count)
      : UpstreamNode("skip", std::move(upstream)), count_(count) {}

  bool next(Item& item) override {
    for (; skipped_ < count_; ++skipped_) {
      if (!upstream().next(item)) return false;
    }
    return upstream().next(item);
  }

 protected:
  void reset(std::uint64_t) override { skipped_ = 0; }
  void write(NodeState& state) const override {
    state.numbers["skipped"] = static_cast<std::uint64_t>(skipped_);
  }
  void read(const NodeState& state) override { skipped_ = state.count("skipped"); }

 private:
  std::int64_t count_;
  std::int64_t skipped_ = 0;
};

class SkipStage final : public NamedStage<StreamStage> {
 public:
  SkipStage(std::int64_t count, SourceLocation location)
      : NamedStage("skip", location), count_(count) {}
  Cardinality cardinality(const Cardinality& in) const override {
    if (in.kind != Cardinality::Kind::kKnown) return in;
    return {in.kind, std::max<std::int64_t>(0, in.count - count_), in.exact};
  }
  std::string arguments() const override { return fmt::format("count={}", count_); }
  std::unique_ptr<Node> node(std::unique_ptr<Node> upstream, const NodeContext&) const override {
    return std::make_unique<SkipNode>(std::move(upstream), count_);
  }

 private:
  std::int64_t count_;
};

}  // namespace

StageEntry skip_entry() {
  return {"skip",
          "leaves out the first elements",
          {{"count", ArgumentType::kInteger, true, "", "how many"}},
          [](const Dataset& dataset, const ArgumentMap& given, SourceLocation location) {
            return dataset.skip(Arguments("skip", given).integer("count"), location);
          }};
}

}  // namespace tenon::data

namespace tenon {

Dataset Dataset::skip(std::int64_t count, Here location) const {
  if (count < 0) {
    throw_argument_error("skip", fmt::format("count = {}", count), "a count of 0 or more");
  }
  return stage(std::make_shared<data::SkipStage>(count, location));
}

}  // namespace tenon
