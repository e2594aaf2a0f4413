// Draws a data set, trains on it through the real readers, and reports.
#include <fmt/format.h>

#include <chrono>
#include <filesystem>

#include "cli/commands.hpp"
#include "cli/demo_files.hpp"
#include "cli/evaluate.hpp"
#include "io/readers/image_writer.hpp"
#include "io/report/picture.hpp"
#include "tenon/file.hpp"

namespace tenon::cli {
namespace {

namespace fs = std::filesystem;

constexpr double kAccuracyBar = 0.95;
constexpr double kRecallBar = 0.8;

/// Samples of the test split as the model sees them: Small beside Large, six pairs in a row.
void write_samples_picture(const Experiment& experiment, const std::string& path) {
  constexpr std::size_t kRows = 6;
  constexpr std::size_t kPairs = 4;
  const Dataset dataset = build_dataset(experiment, *experiment.split("test"));
  const std::size_t small = dataset.schema().slot("Small");
  const std::size_t large = dataset.schema().slot("Large");
  std::vector<std::vector<Tensor>> rows(kRows);
  DatasetIterator iterator = dataset.iterate();
  Record record;
  std::size_t taken = 0;
  while (taken < kRows * kPairs && iterator.next(record)) {
    for (std::int64_t row = 0; row < record[small].dim(0) && taken < kRows * kPairs;
         ++row, ++taken) {
      rows[taken / kPairs].push_back(record[small].row(row).clone());
      rows[taken / kPairs].push_back(record[large].row(row).clone());
    }
  }
  readers::write_png(path, report::picture_grid(rows, 96));
}

bool over_the_bar(const Confusion& cells) {
  bool over = cells.accuracy() >= kAccuracyBar;
  for (std::size_t id = 0; id < cells.classes.size(); ++id)
    over = over && cells.recall(id) >= kRecallBar;
  return over;
}

std::string report_text(const Evaluation& evaluation, double seconds, bool over,
                        const fs::path& folder) {
  std::string text = fmt::format("\nTest data, {}", to_text(evaluation));
  text += fmt::format("trained in {:.1f} s; bar: accuracy {:.2f}, every recall {:.2f}: {}\n",
                      seconds, kAccuracyBar, kRecallBar, over ? "reached" : "NOT reached");
  text += fmt::format("look at {} and {}\n", (folder / "samples.png").string(),
                      (folder / "images").string());
  return text;
}

}  // namespace

int demo(const DemoOptions& options) {
  const fs::path folder = options.output;
  const bool talk = !options.common.quiet;
  if (talk) print_error(fmt::format("drawing smears into {}\n", folder.string()));
  write_demo_files(folder.string(), static_cast<std::uint64_t>(options.seed));

  const std::string file = (folder / "experiment.toml").string();
  const auto begin = std::chrono::steady_clock::now();
  const TrainOutcome trained = run_training({options.common, file, {}});
  if (trained.status != kDone) {
    if (options.common.format == Format::kJson && !trained.json.empty()) print(trained.json);
    return trained.status;
  }
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;

  end_at_signals();
  const Experiment experiment = load_experiment(file, {});
  write_samples_picture(experiment, (folder / "samples.png").string());
  const std::string trained_file = (folder / "run" / "model.keras").string();
  Model model = load_model_file(trained_file, 0);
  model.compile(experiment.fit->compile);
  Evaluation evaluation = evaluate_split(model, experiment, "test");
  evaluation.model = trained_file;
  const bool over = over_the_bar(evaluation.confusions.front().second);
  const std::string text = report_text(evaluation, elapsed.count(), over, folder);
  write_file_atomically((folder / "report.txt").string(), text);
  print(options.common.format == Format::kJson ? to_json(evaluation) : text);
  return over ? 0 : 1;
}

}  // namespace tenon::cli
