// What the checks of every batch cost, beside the step of a model of about 1 k parameters: keys,
// dtypes, shapes, rows, ranges of class ids, NaN and infinity in the inputs; and the look at loss
// and gradients before the update. Prints a row of bench/RESULTS.md per engine. Times are of the
// processor, the least of many blocks, which alternate.
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <functional>
#include <vector>

#include "contract/contract.hpp"
#include "models.hpp"
#include "tenon/tenon.hpp"
#include "train/bound_split.hpp"
#include "train/interface.hpp"
#include "train/trainer.hpp"

namespace {

using namespace tenon;

constexpr std::int64_t kBatch = 32;
constexpr int kBlocks = 1000;

double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// The least of the blocks, in nanoseconds a call.
struct Contender {
  std::function<void()> call;
  int calls = 0;
  double best = 1e30;

  void run_block() {
    const double start = processor_seconds();
    for (int i = 0; i < calls; ++i) call();
    best = std::min(best, (processor_seconds() - start) / calls * 1e9);
  }
};

/// A step of fit as it is called, in nanoseconds: data, checks, step, logs.
double fit_step(Model& model, const Dataset& data) {
  constexpr std::int64_t kSteps = 500;
  double best = 1e30;
  for (int run = 0; run < 20; ++run) {
    const double start = processor_seconds();
    model.fit(data.repeat(), {.steps_per_epoch = kSteps, .verbose = 0, .data_threads = 1});
    best = std::min(best, (processor_seconds() - start) / kSteps * 1e9);
  }
  return best;
}

void measure(const std::string& engine) {
  bench::Subject subject = bench::make_subject("M0", kBatch);
  Model& model = subject.model;
  const Dataset data = Dataset::from_tensors(subject.batch).batch(kBatch);
  model.compile({.optimizer = "adam", .loss = subject.loss, .engine = engine, .threads = 1});
  train::Trainer& trainer = train::trainer_of(model, "bench");
  const TrainingInterface interface = train::fit_interface(model, trainer.arguments(), {}, {});
  const contract::Binding binding = contract::bind(interface, data.schema());
  const contract::BatchChecker checker(interface, data, binding, true);
  const train::BoundSplit split("train", interface, data, true);
  DatasetIterator iterator = data.iterate({.threads = 1});
  Record record;
  iterator.next(record);
  const RunPlace place{"train", 0, 0};
  const train::StepData bound = split.data_of(record, 0, 0);
  std::vector<Contender> all{{[&] { checker.check(record, place); }, 400},
                             {[&] { trainer.train(bound, {}, true); }, 40},
                             {[&] { trainer.train(bound, {}, false); }, 40}};
  for (int block = 0; block < kBlocks; ++block) {
    for (Contender& each : all) each.run_block();
  }
  const double loop = fit_step(model, data);
  const double check = all[0].best;
  const double guard = all[1].best - all[2].best;
  fmt::print(
      "| {} | {} | {:.1f} | {:.1f} | {:.3f} | {:.2f} % | {:.2f} % | {:.3f} | {:.2f} % | {:.2f} % "
      "|\n",
      engine, model.count_params(), loop * 1e-3, all[2].best * 1e-3, check * 1e-3,
      100.0 * check / loop, 100.0 * check / all[2].best, guard * 1e-3, 100.0 * guard / loop,
      100.0 * guard / all[2].best);
}

}  // namespace

int main() {
  fmt::print(
      "| engine | parameters | step of fit, µs | the engine's part, µs | batch check, µs | of "
      "fit's | "
      "of the engine's | guard, µs | of fit's | of the engine's |\n"
      "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
  measure("onednn");
  measure("reference");
  return 0;
}
