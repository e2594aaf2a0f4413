#pragma once

#include <span>
#include <string>

#include "tenon/diagnostic.hpp"

namespace tenon::cli {

enum class Format { kText, kJson };

enum ExitStatus {
  kDone = 0,
  kContract = 1,  ///< Data and model do not fit, or a bar was missed.
  kUsage = 2,     ///< Cannot be run: a bad file, bad usage.
  kFailed = 3,    ///< Failed while running.
  kStopped = 4,   ///< By a signal.
};

/// What every command shares.
struct CommonOptions {
  bool quiet = false;
  Format format = Format::kText;
};

/// Data to standard output.
void print(const std::string& text);
/// False if not all of it arrived (the disk is full), which is then told.
bool output_is_whole();
/// Everything else to standard error.
void print_error(const std::string& text);
/// True if standard error is a terminal and NO_COLOR is not set.
bool color_wanted();

/// Diagnostics as text on standard error, or, with Format::kJson, as one object on standard output.
void report(std::span<const Diagnostic> diagnostics, const CommonOptions& options);

/// Installs the sinks of messages and of progress for the time it lives.
class ConsoleSinks {
 public:
  explicit ConsoleSinks(const CommonOptions& options);
  ~ConsoleSinks();
  ConsoleSinks(const ConsoleSinks&) = delete;
  ConsoleSinks& operator=(const ConsoleSinks&) = delete;
};

/// Ctrl-C ends the process at once, with kStopped. Files are written whole or not at all, so there
/// is nothing to keep.
void end_at_signals();
/// Ctrl-C asks the training to end after its step; a second one ends the process at once, with
/// kStopped.
void install_interrupt_handler();
bool interrupted() noexcept;

}  // namespace tenon::cli
