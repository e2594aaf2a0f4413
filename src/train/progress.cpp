#include "train/progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <mutex>
#include <ostream>

namespace tenon {
namespace {

constexpr int kBarWidth = 20;
/// Seconds between two drawings of the bar.
constexpr double kRedrawInterval = 0.05;

std::mutex& sink_mutex() {
  static std::mutex mutex;
  return mutex;
}
ProgressSink& current_sink() {
  static ProgressSink sink;
  return sink;
}

std::string bar(const ProgressEvent& event) {
  const double share = event.steps && *event.steps > 0
                           ? static_cast<double>(event.step) / static_cast<double>(*event.steps)
                           : 0.0;
  const int filled = std::clamp(static_cast<int>(share * kBarWidth), 0, kBarWidth);
  std::string out;
  for (int i = 0; i < kBarWidth; ++i) out += i < filled ? "\u2501" : " ";
  return out;
}

std::string duration(double seconds) {
  const auto whole = static_cast<std::int64_t>(seconds);
  if (whole >= 3600) {
    return fmt::format("{}:{:02d}:{:02d}", whole / 3600, whole / 60 % 60, whole % 60);
  }
  if (whole >= 60) return fmt::format("{}:{:02d}", whole / 60, whole % 60);
  return fmt::format("{}s", whole);
}

std::string per_step(double seconds) {
  if (seconds >= 1.0 || seconds == 0.0) return fmt::format("{:.0f}s/step", seconds);
  if (seconds >= 1e-3) return fmt::format("{:.0f}ms/step", seconds * 1e3);
  return fmt::format("{:.0f}us/step", seconds * 1e6);
}

std::string epoch_title(const ProgressEvent& event) {
  return fmt::format("Epoch {}/{}", event.epoch + 1, event.epochs);
}

/// Draws events as Keras does: a title per epoch, a bar that moves, the line kept at the end.
class Printer {
 public:
  Printer(std::ostream& out, ProgressStyle style) : out_(&out), style_(style) {}

  void operator()(const ProgressEvent& event) {
    const bool bar = style_ == ProgressStyle::kBar && event.verbose == 1;
    if (event.kind == ProgressEvent::Kind::kBegin) {
      if (event.activity == ProgressEvent::Activity::kTrain) *out_ << epoch_title(event) << '\n';
      drawn_ = false;
      return;
    }
    if (event.kind == ProgressEvent::Kind::kStep) {
      if (!bar || (drawn_ && event.seconds - last_drawn_ < kRedrawInterval)) return;
      draw(event);
      out_->flush();
      return;
    }
    if (bar) {
      draw(event);
    } else {
      *out_ << train::progress_line(event);
    }
    *out_ << '\n';
    out_->flush();
  }

 private:
  void draw(const ProgressEvent& event) {
    // Back to the start of the line, and clear what an older, longer text has left.
    *out_ << '\r' << train::progress_line(event) << "\x1b[K";
    drawn_ = true;
    last_drawn_ = event.seconds;
  }

  std::ostream* out_;
  ProgressStyle style_;
  bool drawn_ = false;
  double last_drawn_ = 0.0;
};

}  // namespace

ProgressSink set_progress_sink(ProgressSink sink) {
  const std::scoped_lock lock(sink_mutex());
  return std::exchange(current_sink(), std::move(sink));
}

ProgressSink progress_printer(std::ostream& out, ProgressStyle style) {
  auto printer = std::make_shared<Printer>(out, style);
  return [printer](const ProgressEvent& event) { (*printer)(event); };
}

void show_progress_on(std::ostream& out, ProgressStyle style) {
  set_progress_sink(progress_printer(out, style));
}

namespace train {

bool progress_is_wanted(int verbose) {
  const std::scoped_lock lock(sink_mutex());
  return verbose > 0 && static_cast<bool>(current_sink());
}

std::optional<std::int64_t> steps_to_show(std::optional<std::int64_t> wanted,
                                          const Dataset& dataset) {
  if (wanted) return wanted;
  const Cardinality cardinality = dataset.cardinality();
  if (cardinality.kind != Cardinality::Kind::kKnown) return std::nullopt;
  return cardinality.count;
}

void tell_progress(const ProgressEvent& event) {
  ProgressSink sink;
  {
    const std::scoped_lock lock(sink_mutex());
    sink = current_sink();
  }
  if (sink) sink(event);
}

std::string progress_line(const ProgressEvent& event) {
  const double each =
      event.step > 0 ? event.seconds / static_cast<double>(event.step) : event.seconds;
  const bool done = event.kind == ProgressEvent::Kind::kEnd;
  std::string line;
  if (event.steps) {
    const double left =
        each * static_cast<double>(std::max<std::int64_t>(*event.steps - event.step, 0));
    line = fmt::format("{}/{} {} {} {}", event.step, *event.steps, bar(event),
                       duration(done ? event.seconds : left), per_step(each));
  } else {
    line = fmt::format("{}/Unknown {} {}", event.step, duration(event.seconds), per_step(each));
  }
  for (const auto& [name, value] : event.logs) {
    const bool small = value != 0.0 && std::abs(value) <= 1e-3;
    line += small ? fmt::format(" - {}: {:.4e}", name, value)
                  : fmt::format(" - {}: {:.4f}", name, value);
  }
  return line;
}

}  // namespace train
}  // namespace tenon
