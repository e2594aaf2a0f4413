#pragma once

#include <cstdint>

#include "tenon/model.hpp"
#include "train/trainer.hpp"

namespace tenon::train {

/// What the engine made of the step of that shape, compiling it where that was not done yet.
/// `batches`: how many are in memory at once.
ModelPlan plan_of(Trainer& trainer, const StepShape& shape, double batches);

/// How many batches a run over `data` holds at once, with the samples that are on their way.
double batches_in_memory(const Dataset& data, std::int64_t batch_size, int data_threads);

}  // namespace tenon::train
