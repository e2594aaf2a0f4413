#include "data/stages/shard.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/word_error.hpp"
#include "data/arguments.hpp"
#include "data/pipeline.hpp"
#include "data/stages/entries.hpp"

namespace tenon::data {
namespace {

const std::vector<std::string>& remainders() {
  static const std::vector<std::string> names = {"keep", "drop", "pad"};
  return names;
}

ShardRemainder remainder_of(const std::string& word) {
  const auto& names = remainders();
  const auto found = std::find(names.begin(), names.end(), word);
  if (found == names.end()) throw_word_error("shard", "remainder = ", word, names);
  return static_cast<ShardRemainder>(found - names.begin());
}

/// Takes a whole round, one element of every rank, at a time: so all ranks leave what is before
/// them at the same place.
class ShardNode final : public UpstreamNode {
 public:
  ShardNode(std::unique_ptr<Node> upstream, const ShardStage& stage, ShardRemainder remainder)
      : UpstreamNode("shard", std::move(upstream)),
        rank_(static_cast<std::size_t>(stage.rank())),
        of_(static_cast<std::size_t>(stage.of())),
        group_(static_cast<std::size_t>(stage.group())),
        remainder_(remainder) {}

  bool next(Item& item) override {
    while (!ended_) {
      Item mine;
      const std::size_t wanted = size_of_round();
      const std::size_t got = take_round(mine, wanted);
      ended_ = got < wanted;
      if (got == 0) return false;
      if (ended_ && remainder_ == ShardRemainder::kDrop) return false;
      if (!ended_ && wanted <= rank_) continue;
      if (got <= rank_) {
        if (remainder_ != ShardRemainder::kPad) return false;
        mine = first_[(rank_ - got) % first_.size()];
        if (!mine.record && !upstream().revive(mine)) return false;
      }
      ++rounds_;
      item = std::move(mine);
      return true;
    }
    return false;
  }

  void fast_forward(std::int64_t elements) override {
    Item item;
    for (std::int64_t i = 0; i < elements && !ended_; ++i) {
      ended_ = !upstream().next(item);
      if (!ended_) remember(item);
      item = Item();
    }
    if (group_ > 0) in_group_ = static_cast<std::size_t>(elements) % group_;
  }

 protected:
  void reset(std::uint64_t) override {
    first_.clear();
    rounds_ = 0;
    in_group_ = 0;
    ended_ = false;
  }
  void write(NodeState& state) const override {
    state.numbers = {
        {"rank", rank_}, {"of", of_}, {"rounds", rounds_}, {"ended", ended_ ? 1U : 0U}};
    if (group_ > 0) {
      state.numbers["group"] = group_;
      state.numbers["in_group"] = in_group_;
    }
    for (const Item& item : first_) state.items.push_back(item.tickets);
  }
  void read(const NodeState& state) override {
    reset(0);
    rounds_ = state.number("rounds");
    ended_ = state.number("ended") != 0;
    if (group_ > 0) in_group_ = state.number("in_group") % group_;
    for (const Tickets& tickets : state.items) first_.push_back({tickets, std::nullopt});
  }

 private:
  std::size_t size_of_round() const {
    return group_ == 0 ? of_ : std::min(of_, group_ - in_group_);
  }
  /// How many elements there were of those `wanted`; the one of this rank in `mine`.
  std::size_t take_round(Item& mine, std::size_t wanted) {
    std::size_t got = 0;
    for (Item each; got < wanted && upstream().next(each); ++got) {
      remember(each);
      if (got == rank_) mine = std::move(each);
      each = Item();
    }
    if (group_ > 0) in_group_ = (in_group_ + got) % group_;
    return got;
  }
  /// The first elements of an epoch fill its last round up.
  void remember(const Item& item) {
    if (remainder_ == ShardRemainder::kPad && first_.size() < of_) first_.push_back(item);
  }

  std::size_t rank_;
  std::size_t of_;
  std::size_t group_;
  ShardRemainder remainder_;
  std::vector<Item> first_;
  std::uint64_t rounds_ = 0;  ///< That had an element for this rank.
  std::size_t in_group_ = 0;  ///< Elements taken of the group.
  bool ended_ = false;
};

/// The place that a rank's shard has given `given` elements up to, in elements of all ranks.
/// Between two groups it is exact; the numbers are of a file.
std::int64_t place_of(const NodeState& shard, std::int64_t given) {
  const std::int64_t of = shard.count("of");
  constexpr std::int64_t kMost = std::int64_t{1} << 20;
  if (given < 0 || of < 1 || of > kMost)
    throw_bad_state("its shard does not fit what is behind it");
  if (!shard.numbers.contains("group")) return given * of;
  const std::int64_t group = shard.count("group");
  const std::int64_t rank = shard.count("rank");
  if (rank < 0 || rank >= of || group <= rank)
    throw_bad_state("its shard does not fit what is behind it");
  const std::int64_t own = (group - rank + of - 1) / of;
  return given / own * group + given % own * of;
}

/// The only shard of a pipeline; nullptr if there is none, or more than one.
const ShardStage* only_shard(const Pipeline& pipeline, std::size_t& place) {
  const ShardStage* found = nullptr;
  for (std::size_t i = 0; i < pipeline.stages().size(); ++i) {
    const auto* shard = dynamic_cast<const ShardStage*>(pipeline.stages()[i].stage.get());
    if (shard == nullptr) continue;
    if (found != nullptr) return nullptr;
    found = shard;
    place = i;
  }
  return found;
}

/// Behind a shard, what gives every rank as many elements as the others, in their order.
void require_common_order(const Pipeline& pipeline, std::size_t shard) {
  for (std::size_t i = shard + 1; i < pipeline.stages().size(); ++i) {
    const Stage& stage = *pipeline.stages()[i].stage;
    const auto* stream = dynamic_cast<const StreamStage*>(&stage);
    if (stage.kind() == StageKind::kSample || (stream != nullptr && stream->keeps_order())) {
      continue;
    }
    throw_bad_state(
        fmt::format("it is of another rank, or of another number of them, and {} behind the shard "
                    "gives every rank an order of its own; before the shard it would not",
                    stage.name()));
  }
}

bool is_shard(const NodeState& state) { return state.kind == "shard"; }

}  // namespace

ShardStage::ShardStage(std::int64_t rank, std::int64_t of, ShardOptions options,
                       SourceLocation location, std::int64_t group)
    : NamedStage("shard", location), rank_(rank), of_(of), options_(options), group_(group) {}

Cardinality ShardStage::cardinality(const Cardinality& in) const {
  if (in.kind != Cardinality::Kind::kKnown) return in;
  if (group_ > 0) {
    const auto own = [&](std::int64_t count) {
      return count > rank_ ? (count - rank_ + of_ - 1) / of_ : 0;
    };
    return {in.kind, in.count / group_ * own(group_) + own(in.count % group_), in.exact};
  }
  const std::int64_t whole = in.count / of_;
  const std::int64_t rest = in.count % of_;
  switch (options_.remainder) {
    case ShardRemainder::kKeep:
      return {in.kind, whole + (rank_ < rest ? 1 : 0), in.exact};
    case ShardRemainder::kPad:
      return {in.kind, whole + (rest > 0 ? 1 : 0), in.exact};
    case ShardRemainder::kDrop:
      break;
  }
  return {in.kind, whole, in.exact};
}

std::string ShardStage::arguments() const {
  return fmt::format("remainder={}", remainders()[static_cast<std::size_t>(options_.remainder)]);
}

std::unique_ptr<Node> ShardStage::node(std::unique_ptr<Node> upstream, const NodeContext&) const {
  return std::make_unique<ShardNode>(std::move(upstream), *this, options_.remainder);
}

std::optional<std::int64_t> place_of_other_ranks(const Pipeline& pipeline,
                                                 const std::vector<NodeState>& states) {
  std::size_t place = 0;
  const ShardStage* shard = only_shard(pipeline, place);
  const auto saved = std::find_if(states.begin(), states.end(), is_shard);
  if (shard == nullptr || saved == states.end()) return std::nullopt;
  if (saved->count("rank") == shard->rank() && saved->count("of") == shard->of()) {
    return std::nullopt;
  }
  require_common_order(pipeline, place);
  std::int64_t ahead = 0;
  for (auto behind = saved + 1; behind != states.end(); ++behind) {
    for (const Tickets& tickets : behind->items) ahead += static_cast<std::int64_t>(tickets.size());
  }
  return place_of(*saved, saved->count("rounds") - ahead);
}

StageEntry shard_entry() {
  return {"shard",
          "every n-th element, for one of several processes that share the data",
          {{"rank", ArgumentType::kInteger, true, "", "which of them this is, from 0"},
           {"of", ArgumentType::kInteger, true, "", "how many there are"},
           {"remainder", ArgumentType::kText, false, "\"keep\"",
            "elements that do not go round: \"keep\" (some ranks get one more), \"drop\", or "
            "\"pad\" (with the first ones of the epoch)"}},
          [](const Dataset& dataset, const ArgumentMap& given, SourceLocation location) {
            const Arguments arguments("shard", given);
            const auto remainder = remainder_of(arguments.text("remainder", "keep"));
            return dataset.shard(arguments.integer("rank"), arguments.integer("of"), {remainder},
                                 location);
          }};
}

}  // namespace tenon::data

namespace tenon {

Dataset Dataset::shard(std::int64_t rank, std::int64_t of, ShardOptions options,
                       Here location) const {
  constexpr std::int64_t kMost = std::int64_t{1} << 20;
  if (of < 1 || of > kMost) {
    throw_argument_error("shard", fmt::format("of = {}", of), "1 to 1048576 ranks");
  }
  if (rank < 0 || rank >= of) {
    throw_argument_error("shard", fmt::format("rank = {} of {}", rank, of),
                         fmt::format("0 to {}", of - 1));
  }
  return stage(std::make_shared<data::ShardStage>(rank, of, options, location));
}

}  // namespace tenon
