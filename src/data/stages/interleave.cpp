#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "data/arguments.hpp"
#include "data/node.hpp"
#include "data/pipeline.hpp"
#include "data/stages/entries.hpp"
#include "data/stages/interleave.hpp"
#include "tenon/random.hpp"

namespace tenon::data {
namespace {

/// One file that is being read.
struct OpenPart {
  std::int64_t part = -1;  ///< Which of the source; -1: none, the next file comes here.
  std::int64_t next = 0;   ///< The sample of the source that it gives next.
};

/// Names the samples of a source's parts in turn. It says which they are by itself, and asks what
/// is before it only for what a saved state names.
class InterleaveNode final : public UpstreamNode {
 public:
  InterleaveNode(std::unique_ptr<Node> upstream, const NodeContext& context,
                 std::size_t cycle_length, const InterleaveOptions& options)
      : UpstreamNode("interleave", std::move(upstream)),
        execution_(context.execution),
        stage_(context.reference.index),
        options_(options),
        ends_(execution_->source->part_ends()),
        cycle_(std::min(cycle_length, ends_.size())) {}

  bool next(Item& item) override {
    while (begun_ < part_count() || num_open_ > 0) {
      OpenPart& open = cycle_[turn_];
      if (open.part < 0) {
        if (begun_ < part_count()) {
          begin_next(open);
        } else {
          next_turn();
        }
        continue;
      }
      if (open.next < end_of(open.part)) {
        item.tickets.assign(1, {open.next++, pass_});
        item.record.reset();
        if (++in_block_ == options_.block_length) next_turn();
        return true;
      }
      open.part = -1;
      --num_open_;
      next_turn();
    }
    return false;
  }

 protected:
  void reset(std::uint64_t pass) override {
    std::fill(cycle_.begin(), cycle_.end(), OpenPart());
    order_.clear();
    begun_ = num_open_ = in_block_ = 0;
    turn_ = 0;
    pass_ = pass;
  }

  void write(NodeState& state) const override {
    state.numbers = {{"pass", pass_},
                     {"begun", static_cast<std::uint64_t>(begun_)},
                     {"turn", turn_},
                     {"in_block", static_cast<std::uint64_t>(in_block_)}};
    for (std::size_t i = 0; i < cycle_.size(); ++i) {
      if (cycle_[i].part < 0) continue;
      state.numbers[fmt::format("file {}", i)] = static_cast<std::uint64_t>(cycle_[i].part);
      state.numbers[fmt::format("next {}", i)] = static_cast<std::uint64_t>(cycle_[i].next);
    }
  }

  void read(const NodeState& state) override {
    reset(state.number("pass"));
    begun_ = state.count("begun");
    turn_ = state.number("turn");
    in_block_ = state.count("in_block");
    const bool fits = begun_ >= 0 && begun_ <= part_count() &&
                      turn_ < std::max<std::size_t>(cycle_.size(), 1) && in_block_ >= 0 &&
                      in_block_ < options_.block_length;
    if (!fits) throw_bad_state("its interleave stands at a place that there is not");
    for (std::size_t i = 0; i < cycle_.size(); ++i) {
      const std::string file = fmt::format("file {}", i);
      if (state.numbers.count(file) == 0) continue;
      OpenPart& open = cycle_[i];
      open = {state.count(file), state.count(fmt::format("next {}", i))};
      if (open.part < 0 || open.part >= part_count() || open.next < begin_of(open.part) ||
          open.next > end_of(open.part)) {
        throw_bad_state("its interleave stands in a file that there is not");
      }
      ++num_open_;
    }
  }

 private:
  std::int64_t part_count() const { return static_cast<std::int64_t>(ends_.size()); }
  std::int64_t end_of(std::int64_t part) const { return ends_[static_cast<std::size_t>(part)]; }
  std::int64_t begin_of(std::int64_t part) const { return part == 0 ? 0 : end_of(part - 1); }

  void begin_next(OpenPart& open) {
    if (order_.empty()) draw_order();
    open.part = order_[static_cast<std::size_t>(begun_++)];
    open.next = begin_of(open.part);
    ++num_open_;
  }
  void next_turn() {
    turn_ = (turn_ + 1) % cycle_.size();
    in_block_ = 0;
  }

  /// With the first file of a round and not before: the epoch is known then.
  void draw_order() {
    order_.resize(ends_.size());
    std::iota(order_.begin(), order_.end(), std::int64_t{0});
    if (!options_.shuffle_files) return;
    const auto epoch = static_cast<std::uint64_t>(random_epoch(execution_->epoch.load(), pass_));
    Random random(execution_->seed, epoch, 0, static_cast<std::uint64_t>(stage_));
    for (std::size_t left = order_.size(); left > 1; --left)
      std::swap(order_[left - 1], order_[static_cast<std::size_t>(random.next_below(left))]);
  }

  std::shared_ptr<Execution> execution_;
  std::int64_t stage_;
  InterleaveOptions options_;
  std::vector<std::int64_t> ends_;
  std::vector<OpenPart> cycle_;
  std::vector<std::int64_t> order_;  ///< Of the parts, as they are begun.
  std::int64_t begun_ = 0;           ///< How many.
  std::int64_t num_open_ = 0;
  std::size_t turn_ = 0;
  std::int64_t in_block_ = 0;
  std::uint64_t pass_ = 0;
};

}  // namespace

InterleaveStage::InterleaveStage(std::int64_t cycle_length, InterleaveOptions options,
                                 SourceLocation location)
    : NamedStage("interleave", location),
      cycle_length_(static_cast<std::size_t>(cycle_length)),
      options_(options) {}

std::string InterleaveStage::arguments() const {
  return fmt::format("cycle_length={} block_length={} shuffle_files={}", cycle_length_,
                     options_.block_length, options_.shuffle_files);
}

std::vector<Diagnostic> InterleaveStage::problems_behind(const Pipeline& before) const {
  const Source& source = *before.source();
  if (!before.stages().empty()) {
    return {make_diagnostic(
        "A001",
        fmt::format("interleave behind {} does not know the files any more",
                    to_string(before.stages().back().reference)),
        {"it reads the files of a source side by side, and stands directly behind the source"},
        "put interleave first; shuffle_files = true draws the order of the files")};
  }
  if (!source.part_ends().empty()) return {};
  return {make_diagnostic(
      "A001",
      fmt::format("interleave: {} is not made of several files", to_string(source.reference())),
      {"there is nothing to read side by side"},
      "give the source a list of files or a pattern (part-{000..007}, part-*), "
      "or leave interleave out")};
}

std::unique_ptr<Node> InterleaveStage::node(std::unique_ptr<Node> upstream,
                                            const NodeContext& context) const {
  return std::make_unique<InterleaveNode>(std::move(upstream), context, cycle_length_, options_);
}

void keep_open_what_is_read(const Pipeline& pipeline, bool several_threads) {
  const auto& stages = pipeline.stages();
  const auto* interleave =
      stages.empty() ? nullptr : dynamic_cast<const InterleaveStage*>(stages.front().stage.get());
  std::size_t count = 0;
  if (interleave != nullptr) count = interleave->cycle_length() * (several_threads ? 2 : 1);
  for (const PlacedStage& placed : stages) {
    const auto* stream = dynamic_cast<const StreamStage*>(placed.stage.get());
    if (stream != nullptr && !stream->works_on_tickets()) break;
    if (placed.stage->name() == "shuffle") count = 0;
  }
  pipeline.source()->keep_parts(count);
}

StageEntry interleave_entry() {
  return {"interleave",
          "reads several files of the source side by side, some samples of each in turn",
          {{"cycle_length", ArgumentType::kInteger, true, "", "files at a time"},
           {"block_length", ArgumentType::kInteger, false, "1", "samples in a row from one file"},
           {"shuffle_files", ArgumentType::kBool, false, "false",
            "files come in an order drawn for each epoch"}},
          [](const Dataset& dataset, const ArgumentMap& given, SourceLocation location) {
            const Arguments arguments("interleave", given);
            return dataset.interleave(
                arguments.integer("cycle_length"),
                {arguments.integer("block_length", 1), arguments.boolean("shuffle_files", false)},
                location);
          }};
}

}  // namespace tenon::data

namespace tenon {

Dataset Dataset::interleave(std::int64_t cycle_length, InterleaveOptions options,
                            Here location) const {
  constexpr std::int64_t kMost = std::int64_t{1} << 16;
  if (cycle_length < 1 || cycle_length > kMost) {
    throw_argument_error("interleave", fmt::format("cycle_length = {}", cycle_length),
                         fmt::format("1 to {} files", kMost));
  }
  if (options.block_length < 1) {
    throw_argument_error("interleave", fmt::format("block_length = {}", options.block_length),
                         "at least 1 sample");
  }
  return stage(std::make_shared<data::InterleaveStage>(cycle_length, options, location));
}

}  // namespace tenon
