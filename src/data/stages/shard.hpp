#pragma once

#include "data/stages/named_stage.hpp"
#include "data/stream_stage.hpp"

namespace tenon::data {

/// Every `of`-th element of the stream, for one of several processes that share an epoch; with a
/// `group` above 0 every `of`-th of each group of so many elements (a batch of all together), whose
/// last round may then be a short one. A saved
/// state is the same text of any rank of any number: rank and number are no part of its
/// fingerprint, and what the node saves is a place in the order that all ranks share.
class ShardStage final : public NamedStage<StreamStage> {
 public:
  ShardStage(std::int64_t rank, std::int64_t of, ShardOptions options, SourceLocation location,
             std::int64_t group = 0);

  Cardinality cardinality(const Cardinality& in) const override;
  std::string arguments() const override;
  std::unique_ptr<Node> node(std::unique_ptr<Node> upstream,
                             const NodeContext& context) const override;

  std::int64_t rank() const noexcept { return rank_; }
  std::int64_t of() const noexcept { return of_; }
  std::int64_t group() const noexcept { return group_; }

 private:
  std::int64_t rank_;
  std::int64_t of_;
  ShardOptions options_;
  std::int64_t group_;
};

/// Where a run of shards stands that a state was saved of, in elements of the order before the
/// shard. Nothing if the state is of this very rank and number, or of no shard. Throws FormatError
/// (F001) where ranks cannot change: a stage behind the shard has an order of its own.
std::optional<std::int64_t> place_of_other_ranks(const Pipeline& pipeline,
                                                 const std::vector<NodeState>& states);

}  // namespace tenon::data
