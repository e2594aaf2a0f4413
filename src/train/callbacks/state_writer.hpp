#pragma once

#include <functional>
#include <future>
#include <optional>
#include <string>

#include "tenon/callbacks.hpp"
#include "tenon/error.hpp"

namespace tenon::train {

/// Writes files beside the training, one at a time, in a thread of their own. What cannot be
/// written does not end the training. Its functions are called from the thread of fit.
class StateWriter {
 public:
  /// `note`: what becomes of the training and of the files, for a warning.
  explicit StateWriter(std::string note) : note_(std::move(note)) {}
  ~StateWriter();
  StateWriter(const StateWriter&) = delete;
  StateWriter& operator=(const StateWriter&) = delete;

  /// Waits for what is being written, then writes. `write` may throw FormatError, no other.
  void start(std::function<void()> write);
  /// Waits; the first failure behind a success is told as a warning.
  void finish();
  /// Of the last file that was begun: why it could not be written. Known when finish() has
  /// returned.
  const std::optional<Diagnostic>& problem() const noexcept { return problem_; }
  void forget_problem() { problem_.reset(); }

 private:
  std::string note_;
  std::future<void> writing_;
  std::optional<Diagnostic> problem_;
};

/// A failure that does not end the training.
void warn_of(const FormatError& error, const std::string& note);

}  // namespace tenon::train
