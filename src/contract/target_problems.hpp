#pragma once

#include "contract/wanted.hpp"

namespace tenon::contract {

/// S007: the target of `wish` has a shape that its loss cannot take; `given` is that of a batch.
/// Tells what the loss wants, and, where it looks so, which loss or stage was meant (class ids
/// given to categorical_crossentropy, …).
Diagnostic target_problem(const TrainingInterface& interface, const Split& split,
                          const Wanted& wish, const TensorSpec& given);

}  // namespace tenon::contract
