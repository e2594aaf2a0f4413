#include "cli/console.hpp"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <iostream>

#include "tenon/message.hpp"
#include "tenon/progress.hpp"

namespace tenon::cli {
namespace {

std::atomic<int> interrupts{0};

extern "C" void on_interrupt(int) {
  if (interrupts.fetch_add(1) > 0) ::_exit(kStopped);
}

}  // namespace

void print(const std::string& text) { std::cout << text << std::flush; }

bool output_is_whole() {
  std::cout.flush();
  if (std::cout) return true;
  print_error("error: standard output could not be written to\n");
  return false;
}

void print_error(const std::string& text) { std::cerr << text << std::flush; }

bool color_wanted() {
  const char* no_color = std::getenv("NO_COLOR");
  return isatty(STDERR_FILENO) != 0 && (no_color == nullptr || *no_color == '\0');
}

void report(std::span<const Diagnostic> diagnostics, const CommonOptions& options) {
  if (options.format == Format::kJson) {
    print(render_json(diagnostics) + "\n");
  } else if (!diagnostics.empty()) {
    print_error(render_text(diagnostics, {.color = color_wanted()}));
  }
}

ConsoleSinks::ConsoleSinks(const CommonOptions& options) {
  if (options.quiet) return;
  const bool color = color_wanted();
  set_message_sink(
      [color](const Diagnostic& message) { print_error(render_text(message, {.color = color})); });
  const bool terminal = isatty(STDERR_FILENO) != 0;
  show_progress_on(std::cerr, terminal ? ProgressStyle::kBar : ProgressStyle::kLines);
}

ConsoleSinks::~ConsoleSinks() {
  set_message_sink({});
  set_progress_sink({});
}

void end_at_signals() {
  const auto end = [](int) { ::_exit(kStopped); };
  std::signal(SIGINT, end);
  std::signal(SIGTERM, end);
}

void install_interrupt_handler() {
  interrupts = 0;
  // A limit on the size of files (ulimit -f) is then an error of the write, as a full disk is.
  std::signal(SIGXFSZ, SIG_IGN);
  std::signal(SIGINT, on_interrupt);
  std::signal(SIGTERM, on_interrupt);
}

bool interrupted() noexcept { return interrupts.load() > 0; }

}  // namespace tenon::cli
