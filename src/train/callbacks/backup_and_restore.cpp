#include <fmt/format.h>

#include <filesystem>

#include "tenon/callbacks.hpp"
#include "tenon/error.hpp"
#include "tenon/model.hpp"
#include "train/callbacks/save_frequency.hpp"
#include "train/callbacks/state_writer.hpp"
#include "train/training_state.hpp"

namespace tenon {
namespace {

namespace fs = std::filesystem;

class BackupAndRestoreCallback final : public Callback {
 public:
  BackupAndRestoreCallback(const std::string& backup_dir, BackupAndRestoreOptions options,
                           const StateStore& store)
      : newest_((fs::path(backup_dir) / "state.keras").string()),
        before_((fs::path(backup_dir) / "state.previous.keras").string()),
        options_(std::move(options)),
        frequency_("BackupAndRestore", options_.save_freq),
        store_(store) {}
  std::string name() const override { return "BackupAndRestore"; }

  std::shared_ptr<const TrainingState> state_to_resume(TrainingControl& control) override {
    if (!options_.restore || (!fs::exists(newest_) && !fs::exists(before_))) return {};
    try {
      return store_.read(newest_, control.model());
    } catch (const train::OtherTrainingError&) {
      throw;
    } catch (const FormatError& error) {
      if (!fs::exists(before_)) throw_no_state(error);
      train::warn_of(error, fmt::format("the state before it is used: {}", before_));
      newest_is_damaged_ = true;
      return read_before(control.model());
    }
  }

  void on_train_begin(TrainingControl&) override {
    frequency_.restart();
    writer_.forget_problem();
    remove_halves();
  }
  std::optional<StepPeriod> state_period() const override { return frequency_.period(); }
  void on_train_batch_end(TrainingControl& control, const StepInfo&, const Logs&) override {
    if (frequency_.step()) control.request_state();
  }
  void on_epoch_end(TrainingControl& control, std::int64_t, const Logs&) override {
    if (frequency_.by_epoch()) control.request_state();
  }

  void on_state(TrainingControl& control, const TrainingState& state) override {
    frequency_.saved();
    // What is kept is copied here; packing and writing take their time elsewhere.
    writer_.start([this, snapshot = std::shared_ptr<StateStore::Snapshot>(
                             store_.snapshot(control.model(), state))] { write(*snapshot); });
  }

  void on_train_end(TrainingControl&, const Logs&) override {
    writer_.finish();
    if (writer_.problem()) throw DataError(*writer_.problem());
    if (!options_.delete_checkpoint) return;
    std::error_code ignored;
    fs::remove(newest_, ignored);
    fs::remove(before_, ignored);
  }

 private:
  [[noreturn]] static void throw_no_state(const FormatError& error) {
    Diagnostic problem = error.diagnostics().front();
    Fix anew;
    anew.text = "begin anew: train without resuming";
    problem.fixes.push_back(std::move(anew));
    throw FormatError(problem);
  }
  std::shared_ptr<const TrainingState> read_before(Model& model) const {
    try {
      return store_.read(before_, model);
    } catch (const train::OtherTrainingError&) {
      throw;
    } catch (const FormatError& error) {
      throw_no_state(error);
    }
  }

  /// At every moment one of the two names is a whole file.
  void write(const StateStore::Snapshot& snapshot) {
    std::error_code error;
    if (fs::exists(newest_) && !newest_is_damaged_) {
      const std::string link = before_ + ".new";
      fs::remove(link, error);
      fs::create_hard_link(newest_, link, error);
      error ? fs::rename(newest_, before_, error) : fs::rename(link, before_, error);
    }
    snapshot.write(newest_);
    newest_is_damaged_ = false;
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

  std::string newest_;
  std::string before_;
  BackupAndRestoreOptions options_;
  train::SaveFrequency frequency_;
  const StateStore& store_;
  bool newest_is_damaged_ = false;  ///< The one before it must stay, then.
  train::StateWriter writer_{"the training goes on; the last state that was written stays"};
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
