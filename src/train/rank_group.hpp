#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/rank_share.hpp"
#include "dist/communicator.hpp"
#include "tenon/distribution.hpp"
#include "tenon/history.hpp"
#include "tenon/model.hpp"
#include "train/outputs.hpp"
#include "train/trainer.hpp"
#include "train/training_state.hpp"

namespace tenon::train {

/// What callbacks decided, which only rank 0 runs.
struct Decisions {
  bool stopped = false;
  bool without_validation = false;
  bool leave_bad_loss = false;
  bool interrupted = false;  ///< Counts from any rank.
  double learning_rate = 0.0;
};

/// The ranks of one call of fit. Where there is one process, every function does nothing. All
/// throw what Communicator throws.
class RankGroup {
 public:
  explicit RankGroup(Distribution distribution) : distribution_(std::move(distribution)) {}

  bool alone() const noexcept { return distribution_.alone(); }
  bool first() const noexcept { return distribution_.rank() == 0; }
  int size() const noexcept { return distribution_.size(); }
  dist::Communicator& communicator() const { return *distribution_.communicator(); }
  std::size_t bucket_bytes() const;

  /// Compute threads of a rank where none were asked for: its part of the machine's cores.
  int threads() const;
  /// What the learning rate of one process is multiplied with (MpiOptions).
  double learning_rate_scale() const;
  /// … and again in a training's step `step`, from 0.
  double warm_up(std::int64_t step) const;
  /// On rank 0, a note.
  void tell_learning_rate(double before, double now) const;
  /// Batches of all together.
  Cardinality batches_of_all(const Dataset& dataset) const;
  /// Rows of a step of all together; 0 where that is not known.
  std::int64_t rows_per_step(const Dataset& dataset) const;
  /// The rank's part of a split; says once where every rank has to read all of it.
  /// `in_any_batches`: the sizes of batches do not matter, and may be those of each rank.
  data::RankShare share_of(const Dataset& dataset, const std::string& split,
                           bool in_any_batches = false) const;
  /// … of training data that go on from `state`, of any number of ranks or of none.
  data::RankStart share_from(const Dataset& dataset, const std::string& state) const;

  /// Throws ContractError (A001) for losses that are no mean over rows; warns of those that look at
  /// the rows of a batch together.
  void check_losses(const std::vector<OutputTraining>& outputs, const char* caller = "fit") const;
  /// Throws Error (R001) where the ranks are not about to train the same: with the first thing
  /// that differs, both sides and their ranks.
  void compare(const Model& model, const Trainer& trainer, const FitArguments& arguments,
               const std::vector<const Dataset*>& datasets) const;

  /// … where they are not about to do the same pass over `dataset`; `doing`: "evaluate".
  void compare_pass(const char* doing, const Model& model, const Trainer& trainer,
                    const Dataset& dataset, std::optional<std::int64_t> steps) const;
  /// Of batches of a share, the rows to take here.
  backend::BatchRows rows_to_take(const data::RankShare& share) const;

  /// Rank 0's weights and optimizer's slots, for all.
  void share_variables(Trainer& trainer) const;
  /// The state that rank 0 goes on from, for all; nothing where it begins.
  void share_state(std::shared_ptr<const TrainingState>& state, Trainer& trainer) const;

  struct StepNews {
    std::int64_t all_rows = 0;
    bool some_ended = false;
    bool all_ended = false;
    std::vector<std::int64_t> rows_of_ranks{};
    bool lie_alike = false;
    std::vector<std::string> told{};  ///< By rank.
  };
  /// Before a step: how many rows all have, what rank 0 decided, and whether any rank was
  /// interrupted. `ended`: no data are left here. `layout`: Trainer::gradient_layout(). `told`: for
  /// the others.
  StepNews before_step(std::int64_t epoch, std::int64_t step, std::int64_t rows, bool ended,
                       std::uint64_t layout, Decisions& decisions,
                       const std::string& told = {}) const;
  /// To be called before the first step: a rank without rows gets the shape of a step of the lowest
  /// rank that has some. `own`: nothing without rows; mode kPredict where no rank has any.
  StepShape share_shape(const std::optional<StepShape>& own) const;
  void share_decisions(Decisions& decisions) const;
  /// Takes the weights of rank 0 where its callbacks changed them. `before` was had before they
  /// ran: throws Error (R001) where the ranks' weights differed already then.
  std::uint64_t digest_of_weights(const Trainer& trainer) const;
  void share_changed_weights(Trainer& trainer, std::uint64_t before) const;

  /// Returns once all have come here.
  void meet() const;
  void sum(std::span<double> values) const;
  std::int64_t most(std::int64_t value) const;
  /// Those that the ranks met, by rank.
  std::vector<BadSample> all_of(const std::vector<BadSample>& bad_samples) const;
  /// Throws the error of the lowest rank that has found more than that the step was bad.
  [[noreturn]] void throw_best(const Diagnostic& own, bool found) const;

  /// Tells the others that this rank ends with the exception in flight.
  void fail() const noexcept;

 private:
  data::Ranks ranks() const;
  /// Of one that the user wrote.
  void warn_of_shard(const Dataset& dataset, const std::string& split) const;
  void tell_whole(const data::RankShare& share, const std::string& split) const;

  Distribution distribution_;
};

}  // namespace tenon::train
