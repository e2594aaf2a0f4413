#include "data/identities.hpp"

#include <algorithm>
#include <numeric>

#include "core/address.hpp"
#include "data/pipeline.hpp"
#include "data/source_key.hpp"
#include "data/stream_stage.hpp"
#include "tenon/error.hpp"

namespace tenon::data {
namespace {

/// Tickets of a list of samples, for the stages that choose among them.
class ListNode final : public Node {
 public:
  explicit ListNode(const std::vector<std::int64_t>& indices) : indices_(indices) {}
  bool next(Item& item) override {
    if (next_ == indices_.size()) return false;
    item.tickets.assign(1, {indices_[next_++], 0});
    item.record.reset();
    return true;
  }
  void begin(std::uint64_t) override { next_ = 0; }
  bool revive(Item&) override { return true; }
  void save(std::vector<NodeState>&) const override {}
  void load(std::span<const NodeState>) override {}

 private:
  const std::vector<std::int64_t>& indices_;
  std::size_t next_ = 0;
};

std::vector<std::int64_t> chosen_by(const StreamStage& stage, const PlacedStage& placed,
                                    const std::vector<std::int64_t>& indices,
                                    const std::shared_ptr<Execution>& execution) {
  const auto node = stage.node(std::make_unique<ListNode>(indices),
                               {execution, placed.reference, placed.in, placed.out});
  std::vector<std::int64_t> chosen;
  Item item;
  while (node->next(item)) chosen.push_back(item.tickets.front().index);
  return chosen;
}

bool is_one_of(const Stage& stage, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), stage.name()) != names.end();
}

}  // namespace

Identities::Identities(const Dataset& dataset, std::uint64_t seed) : pipeline_(dataset.pipeline()) {
  const Source& source = *pipeline_->source();
  if (!source.random_access() || source.cardinality().kind != Cardinality::Kind::kKnown) return;
  // A shuffle before a take draws others in every epoch: the second one shows it.
  for (const std::int64_t epoch : {0, 1}) {
    const auto more = drawn(epoch, seed);
    if (!more) return;
    indices_.insert(indices_.end(), more->begin(), more->end());
  }
  std::sort(indices_.begin(), indices_.end());
  indices_.erase(std::unique(indices_.begin(), indices_.end()), indices_.end());
  known_ = true;
}

std::optional<std::vector<std::int64_t>> Identities::drawn(std::int64_t epoch,
                                                           std::uint64_t seed) const {
  auto execution = std::make_shared<Execution>(BadSampleOptions{});
  execution->source = pipeline_->source();
  execution->seed = seed;
  execution->epoch = epoch;
  std::vector<std::int64_t> indices(
      static_cast<std::size_t>(pipeline_->source()->cardinality().count));
  std::iota(indices.begin(), indices.end(), 0);
  bool counts_others = false;  // What a take counts behind here are no samples of the source.
  for (std::size_t i = 0; i < pipeline_->stages().size(); ++i) {
    const PlacedStage& placed = pipeline_->stages()[i];
    const Stage& stage = *placed.stage;
    if (const auto* filter = dynamic_cast<const FilterStage*>(&stage)) {
      const auto by_text = filter->by_text();
      const auto key = by_text ? source_key(i, by_text->key) : std::nullopt;
      const auto texts = key ? column(*key) : std::nullopt;
      if (!texts) return std::nullopt;
      std::erase_if(indices, [&](std::int64_t index) {
        return !by_text->keep((*texts)[static_cast<std::size_t>(index)]);
      });
    } else if (is_one_of(stage, {"take", "skip", "shuffle", "shard"})) {
      if (counts_others && stage.name() != "shuffle") return std::nullopt;
      if (counts_others) continue;
      indices = chosen_by(static_cast<const StreamStage&>(stage), placed, indices, execution);
    } else if (is_one_of(stage, {"batch", "repeat"})) {
      counts_others = true;
    }
  }
  return indices;
}

std::optional<std::string> Identities::source_key(std::size_t stage, const std::string& key) const {
  return data::source_key(pipeline_->lineage(), static_cast<std::int64_t>(stage), key);
}

std::optional<std::vector<std::string>> Identities::column(const std::string& key) const {
  auto texts = pipeline_->source()->texts(key);
  const auto count = static_cast<std::size_t>(pipeline_->source()->cardinality().count);
  if (texts && texts->size() != count) return std::nullopt;
  return texts;
}

bool Identities::same_source(const Identities& other) const {
  const Source& here = *pipeline_->source();
  const Source& there = *other.pipeline_->source();
  if (&here == &there) return true;
  if (here.arguments().empty() || here.arguments() != there.arguments() ||
      here.reference().name != there.reference().name) {
    return false;
  }
  const auto keys = here.schema()->keys();
  return std::any_of(keys.begin(), keys.end(),
                     [&](const std::string& key) { return there.schema()->contains(key); });
}

SampleIdentity Identities::identity(std::int64_t index) const {
  return pipeline_->source()->identity(index);
}

std::vector<SampleTexts> Identities::files() const {
  std::vector<SampleTexts> found;
  for (std::size_t i = 0; i < pipeline_->stages().size(); ++i) {
    const auto file = pipeline_->stages()[i].stage->file_key();
    const auto key = file ? source_key(i, file->key) : std::nullopt;
    auto names = key ? texts(*key) : std::nullopt;
    if (!names) continue;
    for (std::string& name : names->values) {
      name = normal_path(path_below(file->root, name));
    }
    found.push_back(std::move(*names));
  }
  return found;
}

std::optional<SampleTexts> Identities::texts(const std::string& key) const {
  if (!known_) return std::nullopt;
  const auto all = column(key);
  if (!all) return std::nullopt;
  SampleTexts texts{key, {}};
  texts.values.reserve(indices_.size());
  for (const std::int64_t index : indices_) {
    texts.values.push_back((*all)[static_cast<std::size_t>(index)]);
  }
  return texts;
}

}  // namespace tenon::data
