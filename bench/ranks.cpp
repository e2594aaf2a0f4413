// What several processes cost and gain (docs/scaling.md), in turns: steps of each by itself; the
// same, where each waits for the others behind a step; steps together; and the reduction of the
// gradients with nothing beside it. Milliseconds.
//   mpirun -n 2 --bind-to core build/bench/bench_ranks --model M3
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <functional>
#include <utility>
#include <vector>

#include "dist/communicator.hpp"
#include "dist/sum.hpp"
#include "models.hpp"
#include "tenon/callbacks.hpp"
#include "tenon/dataset.hpp"
#include "tenon/distribution.hpp"
#include "train/clock.hpp"

namespace {

using tenon::Distribution;
using tenon::Model;

struct Settings {
  std::string model = "M3";
  std::int64_t rows = 16;  ///< Of a rank.
  std::int64_t steps = 12;
  int rounds = 3;
  int threads = 1;
  bool messages = false;
  bool whole_updates = false;
  tenon::MpiOptions ranks{};
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0.0 : values[values.size() / 2];
}

class StepClock : public tenon::Callback {
 public:
  /// `meet`: called behind each step.
  explicit StepClock(std::function<void()> meet) : meet_(std::move(meet)) {}
  std::string name() const override { return "StepClock"; }
  void on_train_batch_end(tenon::TrainingControl&, const tenon::StepInfo& info,
                          const tenon::Logs&) override {
    if (meet_) meet_();
    const double seconds = watch_.restart();
    if (info.step >= 2) seconds_.push_back(seconds);  // The first ones compile.
  }
  double of_a_step() const { return median(seconds_); }

 private:
  std::function<void()> meet_;
  tenon::train::Stopwatch watch_;
  std::vector<double> seconds_;
};

double seconds_of_steps(tenon::bench::Subject& subject, const Settings& settings,
                        const Distribution& distribution, const std::function<void()>& meet = {}) {
  const auto clock = std::make_shared<StepClock>(meet);
  tenon::FitArguments arguments;
  arguments.steps_per_epoch = settings.steps;
  arguments.verbose = 0;
  arguments.callbacks = {clock};
  arguments.check_leakage = false;
  arguments.data_threads = 1;
  arguments.distribution = distribution;
  const tenon::Dataset data = tenon::Dataset::from_tensors(subject.batch)
                                  .repeat()
                                  .batch(settings.rows * distribution.size());
  subject.model.fit(data, arguments);
  return clock->of_a_step();
}

double seconds_of_reduction(tenon::dist::Communicator& ranks, std::size_t floats,
                            const Settings& settings) {
  const auto sum = tenon::dist::make_sum(ranks);
  const std::size_t bytes = floats * sizeof(float);
  tenon::dist::Sum::Areas areas;
  areas[0] = sum->memory(bytes, bytes);
  if (!areas[0].defined())
    areas[0] = tenon::Tensor(tenon::DType::kUInt8, {static_cast<std::int64_t>(bytes)});
  const std::span numbers(reinterpret_cast<float*>(areas[0].bytes()), floats);
  const auto bucket = static_cast<std::size_t>(settings.ranks.bucket_megabytes * 1e6 / 4.0);
  const std::vector<float> weights(static_cast<std::size_t>(ranks.size()),
                                   1.0F / static_cast<float>(ranks.size()));
  std::vector<double> seconds;
  for (int round = 0; round < 7; ++round) {
    std::ranges::fill(numbers, 1.0F);
    ranks.barrier();
    tenon::train::Stopwatch watch;
    sum->begin(weights, areas);
    for (std::size_t at = 0; at < floats; at += bucket)
      sum->give(0, numbers.subspan(at, std::min(bucket, floats - at)));
    sum->finish();
    seconds.push_back(watch.seconds());
  }
  return median(seconds);
}

tenon::bench::Subject made_subject(const Settings& settings) {
  tenon::bench::Subject subject = tenon::bench::make_subject(settings.model, settings.rows);
  subject.model.compile({.optimizer = "adam", .loss = subject.loss, .threads = settings.threads});
  return subject;
}

void measure(const Settings& settings) {
  const Distribution distribution = Distribution::mpi(settings.ranks);
  tenon::dist::Communicator& ranks = *distribution.communicator();
  tenon::dist::CommunicatorOptions options = ranks.options();
  options.shared_memory = !settings.messages;
  options.divided_updates = !settings.whole_updates;
  ranks.set_options(options);
  // Two: where a model has trained on several ranks, its weights stay where these see them.
  tenon::bench::Subject by_itself = made_subject(settings);
  tenon::bench::Subject subject = made_subject(settings);
  std::vector<double> alone;
  std::vector<double> in_step;
  std::vector<double> together;
  for (int round = 0; round < settings.rounds; ++round) {
    ranks.barrier();
    alone.push_back(seconds_of_steps(by_itself, settings, {}));
    ranks.barrier();
    in_step.push_back(seconds_of_steps(by_itself, settings, {}, [&] { ranks.barrier(); }));
    ranks.barrier();
    together.push_back(seconds_of_steps(subject, settings, distribution));
  }
  std::size_t floats = 0;
  for (const auto& weight : subject.model.trainable_weights())
    floats += static_cast<std::size_t>(weight->shape().element_count());
  const double reduction = seconds_of_reduction(ranks, floats, settings);
  // Ranks compute unevenly fast; together they are as fast as the sum of their speeds.
  std::array<double, 1> speed = {1.0 / median(alone)};
  ranks.all_reduce(std::span(speed));
  if (distribution.rank() != 0) return;
  const double one = distribution.size() / speed[0];
  const double all = median(together);
  const double exposed = all - median(in_step);
  fmt::print(
      "| model | ranks x threads | rows | MB | alone | in step | together | sum alone | "
      "together to alone | exposed of the sum |\n");
  fmt::print(
      "| {} | {} × {} | {} × {} | {:.1f} | {:.2f} | {:.2f} | {:.2f} | {:.2f} | {:.3f} | {:.2f} |\n",
      settings.model, distribution.size(), settings.threads, distribution.size(), settings.rows,
      4e-6 * static_cast<double>(floats), 1e3 * one, 1e3 * median(in_step), 1e3 * all,
      1e3 * reduction, one / all, exposed / reduction);
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  CLI::App app("What several processes cost and gain");
  app.add_option("--model", settings.model);
  app.add_option("--rows", settings.rows, "of a rank");
  app.add_option("--steps", settings.steps);
  app.add_option("--rounds", settings.rounds);
  app.add_option("--threads", settings.threads, "of a rank");
  app.add_flag("--messages", settings.messages, "also between ranks of one machine");
  app.add_flag("--whole-updates", settings.whole_updates, "each rank updates all weights");
  app.add_option("--wire", settings.ranks.wire);
  app.add_option("--bucket", settings.ranks.bucket_megabytes, "MB");
  CLI11_PARSE(app, argc, argv);
  measure(settings);
}
