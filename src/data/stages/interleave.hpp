#pragma once

#include "data/stages/named_stage.hpp"
#include "data/stream_stage.hpp"

namespace tenon::data {

/// Reads the parts of a source (Source::part_ends) side by side, in the order of tf.data's
/// interleave. Stands directly behind the source.
class InterleaveStage final : public NamedStage<StreamStage> {
 public:
  InterleaveStage(std::int64_t cycle_length, InterleaveOptions options, SourceLocation location);

  Cardinality cardinality(const Cardinality& in) const override { return in; }
  std::string arguments() const override;
  std::vector<Diagnostic> problems_behind(const Pipeline& before) const override;
  std::unique_ptr<Node> node(std::unique_ptr<Node> upstream,
                             const NodeContext& context) const override;
  std::size_t cycle_length() const noexcept { return cycle_length_; }

 private:
  std::size_t cycle_length_;
  InterleaveOptions options_;
};

/// Tells the source how many of its files a run of `pipeline` reads at a time: those of interleave,
/// and where several threads read ahead, those that have just ended too. As many as it likes where
/// a shuffle mixes samples before they are read.
void keep_open_what_is_read(const Pipeline& pipeline, bool several_threads);

}  // namespace tenon::data
