#include <fmt/format.h>

#include <charconv>
#include <filesystem>
#include <future>

#include "tenon/callbacks.hpp"
#include "tenon/error.hpp"
#include "tenon/message.hpp"
#include "tenon/model.hpp"
#include "train/clock.hpp"
#include "train/training_state.hpp"

namespace tenon {
namespace {

namespace fs = std::filesystem;

/// When a state is due.
struct Frequency {
  std::int64_t steps = 0;  ///< 0: not by steps.
  double seconds = 0.0;    ///< 0: not by time.
};

Frequency frequency_of(const std::string& save_freq) {
  Frequency frequency;
  if (save_freq == "epoch") return frequency;
  std::int64_t number = 0;
  const char* end = save_freq.data() + save_freq.size();
  const auto [stop, error] = std::from_chars(save_freq.data(), end, number);
  const bool is_number = error == std::errc() && number > 0;
  if (is_number && stop == end) {
    frequency.steps = number;
  } else if (is_number && std::string_view(stop, end) == "s") {
    frequency.seconds = static_cast<double>(number);
  } else {
    throw_argument_error(
        "BackupAndRestore", fmt::format("save_freq is {}", quote_key(save_freq)),
        R"("epoch", a number of steps such as "100", or of seconds such as "60s")");
  }
  return frequency;
}

class BackupAndRestoreCallback final : public Callback {
 public:
  BackupAndRestoreCallback(const std::string& backup_dir, BackupAndRestoreOptions options,
                           const StateStore& store)
      : newest_((fs::path(backup_dir) / "state.keras").string()),
        before_((fs::path(backup_dir) / "state.previous.keras").string()),
        options_(std::move(options)),
        frequency_(frequency_of(options_.save_freq)),
        store_(store) {}
  ~BackupAndRestoreCallback() override {
    if (writing_.valid()) writing_.wait();
  }
  BackupAndRestoreCallback(const BackupAndRestoreCallback&) = delete;
  BackupAndRestoreCallback& operator=(const BackupAndRestoreCallback&) = delete;

  std::string name() const override { return "BackupAndRestore"; }

  std::shared_ptr<const TrainingState> state_to_resume(TrainingControl& control) override {
    if (!options_.restore || (!fs::exists(newest_) && !fs::exists(before_))) return {};
    try {
      return store_.read(newest_, control.model());
    } catch (const FormatError& error) {
      if (!fs::exists(before_)) throw;
      tell(error, fmt::format("the state before it is used: {}", before_));
      return store_.read(before_, control.model());
    }
  }

  void on_train_begin(TrainingControl&) override {
    since_saved_.restart();
    steps_ = 0;
    problem_.reset();
    remove_halves();
  }
  void on_train_batch_end(TrainingControl& control, const StepInfo&, const Logs&) override {
    ++steps_;
    const bool by_steps = frequency_.steps > 0 && steps_ >= frequency_.steps;
    const bool by_time = frequency_.seconds > 0.0 && since_saved_.seconds() >= frequency_.seconds;
    if (by_steps || by_time) control.request_state();
  }
  void on_epoch_end(TrainingControl& control, std::int64_t, const Logs&) override {
    if (frequency_.steps == 0 && frequency_.seconds == 0.0) control.request_state();
  }

  void on_state(TrainingControl& control, const TrainingState& state) override {
    collect();
    steps_ = 0;
    since_saved_.restart();
    // What is kept is copied here; packing and writing take their time elsewhere.
    writing_ = std::async(std::launch::async,
                          [this, snapshot = std::shared_ptr<StateStore::Snapshot>(store_.snapshot(
                                     control.model(), state))] { write(*snapshot); });
  }

  void on_train_end(TrainingControl&, const Logs&) override {
    collect();
    if (problem_) throw DataError(*problem_);
    if (!options_.delete_checkpoint) return;
    std::error_code ignored;
    fs::remove(newest_, ignored);
    fs::remove(before_, ignored);
  }

 private:
  /// At every moment one of the two names is a whole file.
  void write(const StateStore::Snapshot& snapshot) const {
    std::error_code error;
    if (fs::exists(newest_)) {
      const std::string link = before_ + ".new";
      fs::remove(link, error);
      fs::create_hard_link(newest_, link, error);
      error ? fs::rename(newest_, before_, error) : fs::rename(link, before_, error);
    }
    snapshot.write(newest_);
  }

  /// Of states that were being written when a run was killed.
  void remove_halves() const {
    std::error_code ignored;
    std::vector<fs::path> halves;
    for (const auto& entry : fs::directory_iterator(fs::path(newest_).parent_path(), ignored)) {
      if (entry.path().filename().string().starts_with("state.keras.tmp-"))
        halves.push_back(entry.path());
    }
    for (const fs::path& half : halves) fs::remove(half, ignored);
    fs::remove(before_ + ".new", ignored);
  }

  /// Waits for what is being written. A state that could not be written does not end the run.
  void collect() {
    if (!writing_.valid()) return;
    try {
      writing_.get();
      problem_.reset();
    } catch (const FormatError& error) {
      tell(error, "the training goes on; the last state that was written stays");
      problem_ = error.diagnostics().front();
    }
  }

  static void tell(const FormatError& error, const std::string& note) {
    Diagnostic warning = error.diagnostics().front();
    warning.severity = Severity::kWarning;
    warning.notes.push_back(note);
    emit(warning);
  }

  std::string newest_;
  std::string before_;
  BackupAndRestoreOptions options_;
  Frequency frequency_;
  const StateStore& store_;
  train::Stopwatch since_saved_;
  std::int64_t steps_ = 0;  ///< Since the last state.
  std::future<void> writing_;
  std::optional<Diagnostic> problem_;
};

}  // namespace

std::optional<double> CallbackState::number(std::string_view name) const noexcept {
  for (const auto& [key, value] : numbers)
    if (key == name) return value;
  return std::nullopt;
}

std::optional<std::int64_t> CallbackState::integer(std::string_view name) const noexcept {
  const auto value = number(name);
  return value ? std::optional(static_cast<std::int64_t>(*value)) : std::nullopt;
}

std::shared_ptr<Callback> BackupAndRestore(std::string backup_dir, BackupAndRestoreOptions options,
                                           const StateStore& store) {
  return std::make_shared<BackupAndRestoreCallback>(backup_dir, std::move(options), store);
}

}  // namespace tenon
