#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tenon/dataset.hpp"
#include "tenon/progress.hpp"

namespace tenon::train {

/// True where somebody listens, so that callers can spare themselves the event.
bool progress_is_wanted(int verbose);
/// The steps to show: `wanted`, else as many as `dataset` can give at most (a filter or bad samples
/// leave some out); nothing where that is not known.
std::optional<std::int64_t> steps_to_show(std::optional<std::int64_t> wanted,
                                          const Dataset& dataset);
/// Hands an event to the sink.
void tell_progress(const ProgressEvent& event);

/// "12/88 ━━━━━━━━━━━━━━━━━━━━ 1s 11ms/step - loss: 0.0512 - accuracy: 0.9800", without a line end.
std::string progress_line(const ProgressEvent& event);

}  // namespace tenon::train
