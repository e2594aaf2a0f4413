// What keeping the state of a training costs (docs/resume.md): the same steps with a state behind
// every so many of them and without, in turns; and the size of the file.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <vector>

#include "models.hpp"
#include "tenon/callbacks.hpp"
#include "tenon/dataset.hpp"
#include "train/clock.hpp"
#include "train/state.hpp"

namespace {

using tenon::Model;
namespace fs = std::filesystem;

struct Settings {
  std::string model = "M3";
  std::int64_t steps = 60;  ///< Of a block.
  int rounds = 3;
  std::string folder = "checkpoint_cost";
};

double seconds_of(Model& model, const tenon::Dataset& data, const Settings& settings, bool keep) {
  tenon::FitArguments arguments;
  arguments.epochs = 1;
  arguments.steps_per_epoch = settings.steps;
  arguments.verbose = 0;
  // One in the middle: its writing is done when the block ends.
  if (keep) {
    arguments.callbacks = {tenon::BackupAndRestore(
        settings.folder, {.save_freq = std::to_string(settings.steps / 2 + 1),
                          .delete_checkpoint = false,
                          .restore = false})};
  }
  tenon::train::Stopwatch watch;
  model.fit(data, arguments);
  return watch.seconds();
}

/// Weights and the optimizer's slots, in bytes.
std::int64_t bytes_kept(const Model& model) {
  std::int64_t bytes = 0;
  for (const auto& weight : model.weights()) bytes += weight->value().byte_size();
  const auto optimizer = tenon::train::optimizer_state(model).value();
  for (const auto& slot : optimizer.slots) bytes += slot.second.byte_size();
  return bytes;
}

void measure(const Settings& settings) {
  tenon::bench::Subject subject = tenon::bench::make_subject(settings.model);
  Model& model = subject.model;
  model.compile({.optimizer = "adam", .loss = subject.loss});
  const tenon::Dataset data = tenon::Dataset::from_tensors(subject.batch).repeat().batch(32);
  seconds_of(model, data, settings, false);
  std::vector<double> lost;
  std::vector<double> step;
  for (int round = 0; round < settings.rounds; ++round) {
    const double without = seconds_of(model, data, settings, false);
    const double with = seconds_of(model, data, settings, true);
    lost.push_back(with - without);
    step.push_back(without / static_cast<double>(settings.steps));
  }
  std::sort(lost.begin(), lost.end());
  std::sort(step.begin(), step.end());
  const double state = lost[lost.size() / 2];
  const auto file = static_cast<double>(fs::file_size(fs::path(settings.folder) / "state.keras"));
  const auto kept = static_cast<double>(bytes_kept(model));
  fmt::print(
      "| {} | {:.1f} ms a step | a state takes {:.0f} ms ({:.0f} to {:.0f}) of the steps | {:.2f} "
      "% "
      "at one a minute | {:.1f} MB, {:.3f} times what is kept |\n",
      settings.model, 1e3 * step[step.size() / 2], 1e3 * state, 1e3 * lost.front(),
      1e3 * lost.back(), 100.0 * state / 60.0, 1e-6 * file, file / kept);
  fs::remove_all(settings.folder);
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  CLI::App app("What keeping the state of a training costs");
  app.add_option("--model", settings.model);
  app.add_option("--steps", settings.steps);
  app.add_option("--rounds", settings.rounds);
  app.add_option("--folder", settings.folder, "where the states go, on the disk that is measured");
  CLI11_PARSE(app, argc, argv);
  measure(settings);
}
