#pragma once

#include <string>

#include "tenon/progress.hpp"

namespace tenon::train {

/// True where somebody listens, so that callers can spare themselves the event.
bool progress_is_wanted(int verbose);
/// Hands an event to the sink.
void tell_progress(const ProgressEvent& event);

/// "12/88 ━━━━━━━━━━━━━━━━━━━━ 1s 11ms/step - loss: 0.0512 - accuracy: 0.9800", without a line end.
std::string progress_line(const ProgressEvent& event);

}  // namespace tenon::train
