#include "train/rank_group.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/thread_count.hpp"
#include "data/pipeline.hpp"
#include "tenon/error.hpp"
#include "tenon/message.hpp"
#include "train/loss_table.hpp"

namespace tenon::train {
namespace {

template <class T>
std::string_view bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof(T)};
}

template <class T>
T read_as(std::string_view bytes) {
  T value{};
  std::memcpy(&value, bytes.data(), std::min(bytes.size(), sizeof(T)));
  return value;
}

/// What a rank tells before a step. Rank 0's decisions count.
struct StepMessage {
  std::int64_t rows = 0;
  std::int32_t ended = 0;
  std::int32_t stopped = 0;
  std::int32_t without_validation = 0;
  std::int32_t leave_bad_loss = 0;
  std::int32_t interrupted = 0;
  double learning_rate = 0.0;
  std::uint64_t layout = 0;  ///< Of gradients.
};

StepMessage message_of(const Decisions& decisions) {
  return {.rows = 0,
          .ended = 0,
          .stopped = decisions.stopped ? 1 : 0,
          .without_validation = decisions.without_validation ? 1 : 0,
          .leave_bad_loss = decisions.leave_bad_loss ? 1 : 0,
          .interrupted = decisions.interrupted ? 1 : 0,
          .learning_rate = decisions.learning_rate};
}

Decisions decisions_of(const StepMessage& message) {
  return {.stopped = message.stopped != 0,
          .without_validation = message.without_validation != 0,
          .leave_bad_loss = message.leave_bad_loss != 0,
          .interrupted = message.interrupted != 0,
          .learning_rate = message.learning_rate};
}

/// A sum over the rows of a batch that is no mean of what the rows give by themselves.
bool joins_rows(const ops::LossAttributes& loss) {
  const bool overlap = loss.kind == ops::LossKind::kDice || loss.kind == ops::LossKind::kTversky;
  return overlap && (loss.axis.empty() || std::ranges::find(loss.axis, 0) != loss.axis.end());
}

std::string ranks_text(int ranks) { return fmt::format("{} rank{}", ranks, ranks == 1 ? "" : "s"); }

constexpr std::size_t kBytesOfMegabyte = 1'000'000;

}  // namespace

std::size_t RankGroup::bucket_bytes() const {
  return static_cast<std::size_t>(distribution_.options().bucket_megabytes *
                                  static_cast<double>(kBytesOfMegabyte));
}

int RankGroup::threads() const {
  if (alone()) return 0;
  // Where mpirun binds a process, num_cores() are its own already.
  const int cores = static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN));
  const int part = std::max(1, cores / communicator().local_size());
  return std::min(part, num_cores());
}

data::Ranks RankGroup::ranks() const {
  return {distribution_.rank(), size(), distribution_.options().batch_per_rank && !alone()};
}

double RankGroup::learning_rate_scale() const {
  const std::string& how = distribution_.options().scale_learning_rate;
  if (alone() || how == "none") return 1.0;
  return how == "linear" ? size() : std::sqrt(size());
}

double RankGroup::warm_up(std::int64_t step) const {
  const std::int64_t steps = distribution_.options().warmup_steps;
  if (alone() || step >= steps) return 1.0;
  const double first = 1.0 / learning_rate_scale();
  return first + (1.0 - first) * static_cast<double>(step) / static_cast<double>(steps);
}

void RankGroup::tell_learning_rate(double before, double now) const {
  if (!first()) return;
  Diagnostic note = make_diagnostic(
      "R001",
      alone() ? fmt::format("the learning rate {:g} of several ranks is {:g} on one", before, now)
              : fmt::format("the learning rate {:g} is {:g} on {}: scale_learning_rate = {}",
                            before, now, ranks_text(size()),
                            quote_key(distribution_.options().scale_learning_rate)));
  note.severity = Severity::kNote;
  emit(note);
}

Cardinality RankGroup::batches_of_all(const Dataset& dataset) const {
  if (!ranks().batch_per_rank) return dataset.cardinality();
  // Rank 0 has the most.
  return data::share_of_rank(dataset, {0, size(), true}).dataset.cardinality();
}

std::int64_t RankGroup::rows_per_step(const Dataset& dataset) const {
  return data::batch_size_of(dataset) * (ranks().batch_per_rank ? size() : 1);
}

data::RankShare RankGroup::share_of(const Dataset& dataset, const std::string& split,
                                    bool in_any_batches) const {
  if (alone()) return {dataset};
  warn_of_shard(dataset, split);
  data::Ranks wanted = ranks();
  wanted.batch_per_rank = wanted.batch_per_rank && split == "training";
  data::RankShare share = data::share_of_rank(dataset, wanted);
  if (in_any_batches && !share.why_whole.empty()) {
    wanted.batch_per_rank = true;
    data::RankShare by_batches = data::share_of_rank(dataset, wanted);
    if (by_batches.why_whole.empty() && !by_batches.only_whole) return by_batches;
    wanted.batch_per_rank = false;
  }
  if (share.why_whole.empty() || !wanted.batch_per_rank) {
    tell_whole(share, split);
    return share;
  }
  throw ContractError(make_diagnostic(
      "A001", fmt::format("fit: batch_per_rank with {} data that ranks cannot share", split),
      {share.why_whole}, "put what orders and chooses before batch, or leave batch_per_rank out"));
}

void RankGroup::warn_of_shard(const Dataset& dataset, const std::string& split) const {
  if (!first() || size() == 1) return;
  for (const data::PlacedStage& placed : dataset.pipeline()->stages()) {
    if (placed.stage->name() != "shard") continue;
    Diagnostic warning = make_diagnostic(
        "R001",
        fmt::format("the {} data have a stage shard: {} ranks share its part, and nobody reads the "
                    "rest",
                    split, size()),
        {}, "take shard out: ranks share data by themselves");
    warning.severity = Severity::kWarning;
    emit(warning);
  }
}

data::RankStart RankGroup::share_from(const Dataset& dataset, const std::string& state) const {
  data::RankStart start = data::share_from(dataset, state, ranks(), alone());
  const bool told = !data::share_of_rank(dataset, ranks()).why_whole.empty();
  if (!told) tell_whole(start.share, "training");
  return start;
}

void RankGroup::tell_whole(const data::RankShare& share, const std::string& split) const {
  if (share.why_whole.empty() || !first() || size() == 1) return;
  Diagnostic note = make_diagnostic(
      "R001",
      fmt::format("each of {} ranks reads all of the {} data and takes its rows", size(), split),
      {share.why_whole},
      "put what orders and chooses before batch, and give a batch a row for each rank: then each "
      "reads its part alone");
  note.severity = Severity::kWarning;
  emit(note);
}

backend::BatchRows RankGroup::rows_to_take(const data::RankShare& share) const {
  if (share.why_whole.empty()) return {};
  return {distribution_.rank(), size()};
}

void RankGroup::check_losses(const std::vector<OutputTraining>& outputs, const char* caller) const {
  if (alone()) return;
  for (const OutputTraining& output : outputs) {
    if (!output.loss) continue;
    for (const LossTerm& term : terms_of(*output.loss)) {
      const ops::LossAttributes attributes = loss_attributes(*term.loss, 1.0);
      if (attributes.reduction != ops::LossReduction::kSumOverBatchSize) {
        throw_argument_error(
            caller,
            fmt::format("loss {} of output {} with reduction \"{}\" over several ranks",
                        term.loss->class_name, quote_key(output.name()), term.loss->reduction),
            "\"sum_over_batch_size\": a mean over rows, of which each rank has a part");
      }
      if (!joins_rows(attributes) || !first() || size() == 1) continue;
      Diagnostic warning = make_diagnostic(
          "R001",
          fmt::format("loss {} of output {} looks at all rows of a batch together; each of {} "
                      "ranks looks at its own",
                      term.loss->class_name, quote_key(output.name()), size()),
          {"the training is one with smaller batches in this loss"},
          "give axis without 0 to take it row by row, which is the same for any number of ranks");
      warning.severity = Severity::kWarning;
      emit(warning);
    }
  }
}

RankGroup::StepNews RankGroup::before_step(std::int64_t epoch, std::int64_t step, std::int64_t rows,
                                           bool ended, std::uint64_t layout, Decisions& decisions,
                                           const std::string& told) const {
  if (alone()) return {rows, ended, ended};
  communicator().at({"the training step", epoch, step});
  StepMessage own = message_of(decisions);
  own.rows = rows;
  own.ended = ended ? 1 : 0;
  own.layout = layout;
  StepNews news{.all_rows = 0, .some_ended = false, .all_ended = true};
  news.lie_alike = layout != 0;
  bool interrupted = false;
  const auto all = communicator().all_gather(std::string(bytes_of(own)) + told);
  for (const std::string& each : all) {
    news.told.push_back(each.substr(std::min(each.size(), sizeof own)));
    const auto message = read_as<StepMessage>(each);
    news.all_rows += message.rows;
    news.rows_of_ranks.push_back(message.rows);
    news.lie_alike = news.lie_alike && message.layout == layout;
    news.some_ended = news.some_ended || message.ended != 0;
    news.all_ended = news.all_ended && message.ended != 0;
    interrupted = interrupted || message.interrupted != 0;
  }
  decisions = decisions_of(read_as<StepMessage>(all.front()));
  decisions.interrupted = interrupted;
  return news;
}

void RankGroup::share_decisions(Decisions& decisions) const {
  if (alone()) return;
  const StepMessage own = message_of(decisions);
  decisions =
      decisions_of(read_as<StepMessage>(communicator().broadcast(std::string(bytes_of(own)))));
}

void RankGroup::meet() const {
  if (!alone()) communicator().barrier();
}

void RankGroup::sum(std::span<double> values) const {
  if (!alone()) communicator().all_reduce(values);
}

std::int64_t RankGroup::most(std::int64_t value) const {
  if (alone()) return value;
  for (const std::string& each : communicator().all_gather(bytes_of(value)))
    value = std::max(value, read_as<std::int64_t>(each));
  return value;
}

void RankGroup::fail() const noexcept {
  if (!alone()) communicator().fail(std::current_exception());
}

}  // namespace tenon::train
