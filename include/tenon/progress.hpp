#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>

#include "tenon/history.hpp"

namespace tenon {

/// How far a fit, an evaluate or a predict is.
struct ProgressEvent {
  enum class Activity : std::uint8_t { kTrain, kEvaluate, kPredict };
  enum class Kind : std::uint8_t { kBegin, kStep, kEnd };  ///< Of an epoch, or of the whole pass.
  Activity activity = Activity::kTrain;
  Kind kind = Kind::kStep;
  int verbose = 1;         ///< As the call was given it: 1 a bar, 2 a line per epoch. Never 0.
  std::int64_t epoch = 0;  ///< From 0. Of kTrain only.
  std::int64_t epochs = 1;
  std::int64_t step = 0;              ///< Steps done.
  std::optional<std::int64_t> steps;  ///< Steps in all, at most, where known.
  double seconds = 0.0;               ///< Since the epoch or the pass began.
  Logs logs;  ///< Running means; at the end of an epoch with the val_ names.
};

/// Where progress goes. The library itself prints nothing: without a sink nothing is shown.
using ProgressSink = std::function<void(const ProgressEvent&)>;

/// Sets the process's sink and returns the one before it. Called from the thread that called fit.
/// Thread-safe.
ProgressSink set_progress_sink(ProgressSink sink);

enum class ProgressStyle : std::uint8_t {
  kBar,    ///< Keras's bar, drawn anew in its line: for terminals.
  kLines,  ///< A line when an epoch ends: for files and pipes.
};
/// A sink that writes to `out`, which must live as long as the sink is set.
ProgressSink progress_printer(std::ostream& out, ProgressStyle style = ProgressStyle::kBar);
/// Shows progress on `out` from now on: set_progress_sink(progress_printer(out, style)).
void show_progress_on(std::ostream& out, ProgressStyle style = ProgressStyle::kBar);

}  // namespace tenon
