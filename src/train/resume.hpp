#pragma once

#include <memory>

#include "tenon/model.hpp"
#include "train/trainer.hpp"
#include "train/training_state.hpp"

namespace tenon::train {

/// Reads what `from` names, a file or the folder of BackupAndRestore, into `model`. Throws
/// FormatError (F001).
std::shared_ptr<const TrainingState> read_state(const ResumeFrom& from, Model& model);

/// Holds a state against the training that is to go on from it. Throws FormatError (F001) where it
/// is another training; warns where it is computed otherwise, so that the bits will differ, and
/// where a step has another number of rows than `rows_per_step` (0: not known).
void check_state(const TrainingState& state, const Model& model, const Trainer& trainer,
                 const FitArguments& arguments, std::int64_t rows_per_step);

/// Throws OtherTrainingError where the state is of other training data: another pipeline, or files
/// whose samples have changed. Says so (a note) where the state does not know what the files held.
void check_pipeline(const TrainingState& state, const Dataset& data);

/// What model, trainer and arguments know of the state.
void fill_state(TrainingState& state, const Model& model, const Trainer& trainer,
                const FitArguments& arguments);

/// Class weights of each output as a text, to be compared; empty where there are none.
std::string class_weight_text(const Model& model, const FitArguments& arguments);

/// Each callback gets what the one of its name, and of its file where it has one, saved; those of a
/// name whose files are others, in their order where they are as many.
void restore_callbacks(const Callbacks& callbacks, const TrainingState& state);

/// Warns where the files of the validation data have changed: the training goes on as it would
/// have, and what is monitored is of other data from there on.
void check_validation(const TrainingState& state, const Dataset& validation);

}  // namespace tenon::train
