// Times whole training steps (forward, loss, gradients, Adam) of the models of models.cpp on a
// batch in memory.
//   bench_models MODEL [--threads N] [--seconds S] [--precision P] [--engine E] [--batch N]
//     prints the time of a step and the steps of the plan that take longest;
//   … --without PASS (several times) says what a step takes with and without these passes of the
//     engine, in alternating blocks;
//   … --block speaks the protocol of run.py on standard input and output:
//     "block <seconds>" -> "<steps> <seconds> <seconds of processor> <page faults> <loss>"
//     "report" -> a line per step of the plan (op, layer, implementation, FLOPs, bytes, seconds),
//     the
//                 sizes of memories, "."
//     "quit" -> peak memory in KiB;
//   … --first fits one step from data and says how long that took from the call of fit on;
//   … --fit N fits N steps and says how long one took, and what the model waited for data;
//   … --memory says what fit forecast, and what the process then took for it, in MB.
#include <fmt/format.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "models.hpp"
#include "tenon/tenon.hpp"
#include "train/bound_split.hpp"
#include "train/interface.hpp"
#include "train/trainer.hpp"

namespace {

using namespace tenon;
using Clock = std::chrono::steady_clock;

struct Options {
  std::string model;
  CompileArguments compile;
  double seconds = 3.0;
  std::int64_t batch = 32;
  bool block = false;
  bool first = false;
  std::int64_t fit = 0;
  int data_threads = 0;
  bool memory = false;
  std::vector<std::string> without;
};

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

rusage usage() {
  rusage numbers{};
  getrusage(RUSAGE_SELF, &numbers);
  return numbers;
}

/// Of all threads.
double processor_seconds(const rusage& numbers) {
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(numbers.ru_utime) + seconds(numbers.ru_stime);
}

double median(std::vector<double> values) {
  std::ranges::nth_element(values, values.begin() + std::ssize(values) / 2);
  return values[values.size() / 2];
}

Dataset batches_of(const bench::Subject& subject, std::int64_t rows) {
  return Dataset::from_tensors(subject.batch).batch(rows);
}

void compile(bench::Subject& subject, const Options& options) {
  CompileArguments arguments = options.compile;
  arguments.loss = subject.loss;
  subject.model.compile(std::move(arguments));
}

/// A compiled model and one batch bound to it.
class Stepper {
 public:
  explicit Stepper(const Options& options)
      : subject_(bench::make_subject(options.model, options.batch)) {
    compile(subject_, options);
    trainer_ = &train::trainer_of(subject_.model, "bench");
    trainer_->leave_out_passes(options.without);
    const Dataset data = batches_of(subject_, options.batch);
    const train::BoundSplit split(
        "train", train::fit_interface(subject_.model, trainer_->arguments(), {}, {}), data, true);
    Record record;
    data.iterate({.threads = 1}).next(record);
    batch_ = split.data_of(record, 0, 0);
    step();
  }

  void step() { loss_ = trainer_->train(batch_).loss; }
  double loss() const { return loss_; }
  train::Trainer& trainer() { return *trainer_; }

  /// The seconds of each step of the plan, the median of `steps` steps.
  std::vector<double> profile(int steps) {
    std::vector<std::vector<double>> times(trainer_->last_report()->steps.size());
    for (int i = 0; i < steps; ++i) {
      const std::vector<double> seconds = trainer_->profile(batch_);
      for (std::size_t k = 0; k < seconds.size(); ++k) times[k].push_back(seconds[k]);
    }
    std::vector<double> medians;
    for (auto& each : times) medians.push_back(median(std::move(each)));
    return medians;
  }

 private:
  bench::Subject subject_;
  train::Trainer* trainer_ = nullptr;
  train::StepData batch_;
  double loss_ = 0.0;
};

struct Block {
  std::int64_t steps = 0;
  double seconds = 0.0;
  double processor = 0.0;
  long page_faults = 0;
};

Block run_block(Stepper& stepper, double seconds) {
  const rusage before = usage();
  const Clock::time_point start = Clock::now();
  Block block;
  do {
    stepper.step();
    ++block.steps;
    block.seconds = seconds_since(start);
  } while (block.seconds < seconds);
  const rusage after = usage();
  block.processor = processor_seconds(after) - processor_seconds(before);
  block.page_faults = after.ru_minflt - before.ru_minflt;
  return block;
}

void print_report(Stepper& stepper) {
  const std::vector<double> seconds = stepper.profile(11);
  const backend::PlanReport& report = *stepper.trainer().last_report();
  for (std::size_t i = 0; i < report.steps.size(); ++i) {
    const backend::PlanStep& step = report.steps[i];
    fmt::print("{}\t{}\t{}\t{:.0f}\t{}\t{:.9f}\n", step.op, step.name, step.implementation,
               step.floating_point_operations, step.bytes, seconds[i]);
  }
  std::size_t variables = 0;
  for (const auto& spec : stepper.trainer().state().variables()->specs()) {
    variables += static_cast<std::size_t>(spec.shape.element_count()) * tenon::size_of(spec.dtype);
  }
  fmt::print("arena\t{}\nscratch\t{}\nvariables\t{}\n.\n", report.arena_bytes, report.scratch_bytes,
             variables);
}

void obey(Stepper& stepper) {
  fmt::print("{}\n", stepper.trainer().engine().description());
  std::fflush(stdout);
  std::string word;
  double seconds = 0.0;
  while (std::cin >> word && word != "quit") {
    if (word == "report") {
      print_report(stepper);
    } else if (word == "block" && std::cin >> seconds) {
      const Block block = run_block(stepper, seconds);
      fmt::print("{} {:.6f} {:.6f} {} {:.9g}\n", block.steps, block.seconds, block.processor,
                 block.page_faults, stepper.loss());
    }
    std::fflush(stdout);
  }
  fmt::print("{}\n", usage().ru_maxrss);
}

void tell(Stepper& stepper, double seconds) {
  std::vector<double> times;
  for (int i = 0; i < 10; ++i) {
    const Block block = run_block(stepper, seconds / 10.0);
    times.push_back(1e3 * block.seconds / static_cast<double>(block.steps));
  }
  std::ranges::sort(times);
  fmt::print("{:.4g} ms per step (median of 10 blocks, {:.4g} to {:.4g})\n\n", times[5],
             times.front(), times.back());
  const std::vector<double> profile = stepper.profile(11);
  const auto& steps = stepper.trainer().last_report()->steps;
  std::vector<std::size_t> order(steps.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::sort(order, std::greater{}, [&](std::size_t i) { return profile[i]; });
  order.resize(std::min<std::size_t>(order.size(), 20));
  for (const std::size_t i : order) {
    const backend::PlanStep& step = steps[i];
    fmt::print("{:9.3f} ms {:7.1f} GFLOP/s {:6.1f} GB/s  {:32} {:28} {}\n", 1e3 * profile[i],
               1e-9 * step.floating_point_operations / profile[i],
               1e-9 * static_cast<double>(step.bytes) / profile[i], step.op, step.implementation,
               step.name);
  }
}

void compare(const Options& options) {
  Options all = options;
  all.without.clear();
  Stepper with(all);
  Stepper without(options);
  constexpr int kBlocks = 12;
  std::vector<std::vector<double>> times(2);
  for (int i = 0; i < kBlocks; ++i) {
    for (std::size_t k = 0; k < 2; ++k) {
      const Block block = run_block(k == 0 ? with : without, options.seconds / kBlocks / 2.0);
      times[k].push_back(1e3 * block.seconds / static_cast<double>(block.steps));
    }
  }
  fmt::print("{} without {}: {:.4g} ms per step, with {:.4g} (least {:.4g} and {:.4g})\n",
             options.model, fmt::join(options.without, ", "), median(times[1]), median(times[0]),
             std::ranges::min(times[1]), std::ranges::min(times[0]));
}

/// Ends the process behind the first step, as a user's clock would see it.
class FirstStep : public Callback {
 public:
  std::string name() const override { return "FirstStep"; }
  void on_train_batch_end(TrainingControl& control, const StepInfo&, const Logs& logs) override {
    fmt::print("{:.6f} {:.9g}\n", seconds_since(start_), logs.at("loss"));
    std::fflush(stdout);
    control.stop_at_once();
  }

 private:
  Clock::time_point start_ = Clock::now();
};

void fit_first(const Options& options) {
  bench::Subject subject = bench::make_subject(options.model, options.batch);
  compile(subject, options);
  subject.model.fit(batches_of(subject, options.batch),
                    {.callbacks = {std::make_shared<FirstStep>()}, .verbose = 0});
}

void fit_steps(const Options& options) {
  bench::Subject subject = bench::make_subject(options.model, options.batch);
  compile(subject, options);
  const Dataset data = batches_of(subject, options.batch).repeat();
  const auto fit = [&](std::int64_t steps) {
    const Clock::time_point start = Clock::now();
    const History history = subject.model.fit(
        data, {.steps_per_epoch = steps, .verbose = 0, .data_threads = options.data_threads});
    return std::pair(seconds_since(start), history);
  };
  fit(3);
  const rusage before = usage();
  const auto [seconds, history] = fit(options.fit);
  const auto steps = static_cast<double>(options.fit);
  fmt::print("{:.4g} us per step; data {:.4g} us, compute {:.4g} us; {:.1f} page faults\n",
             1e6 * seconds / steps, 1e6 * history.seconds_data / steps,
             1e6 * history.seconds_compute / steps,
             static_cast<double>(usage().ru_minflt - before.ru_minflt) / steps);
}

/// A line of /proc/self/status, in bytes.
std::int64_t status_bytes(const std::string& name) {
  std::ifstream file("/proc/self/status");
  for (std::string word; file >> word;) {
    std::int64_t kibibytes = 0;
    if (word == name + ":" && file >> kibibytes) return kibibytes << 10U;
  }
  return 0;
}

class KeepPlan : public Callback {
 public:
  std::string name() const override { return "KeepPlan"; }
  void on_plan(TrainingControl&, const ModelPlan& plan) override { plan_ = plan; }
  const ModelPlan& plan() const { return plan_; }

 private:
  ModelPlan plan_;
};

void forecast_memory(const Options& options) {
  bench::Subject subject = bench::make_subject(options.model, options.batch);
  compile(subject, options);
  const Dataset data = batches_of(subject, options.batch).repeat();
  const auto keep = std::make_shared<KeepPlan>();
  const std::int64_t before = status_bytes("VmRSS");
  std::ofstream("/proc/self/clear_refs") << 5;  // The peak begins anew.
  subject.model.fit(data, {.steps_per_epoch = 10, .callbacks = {keep}, .verbose = 0});
  // The weights were there before, and moved into the engine.
  const auto grown =
      static_cast<double>(status_bytes("VmHWM") - before + 4 * subject.model.count_params());
  const MemoryForecast& memory = keep->plan().memory;
  const auto total = static_cast<double>(memory.total());
  fmt::print("{} {:.1f} {:.1f} {:+.1f} % ", options.model, 1e-6 * total, 1e-6 * grown,
             100.0 * (total / grown - 1.0));
  fmt::print(
      "weights {}, optimizer {}, activations {}, scratch {}, batches {}, engine {}, {} steps\n",
      memory.weights, memory.optimizer, memory.activations, memory.scratch, memory.batches,
      memory.engine, keep->plan().steps.size());
}

Options options_of(int argc, char** argv, CLI::App& app) {
  Options options;
  options.compile.optimizer = "adam";
  app.add_option("model", options.model, fmt::format("{}", fmt::join(bench::subject_names(), ", ")))
      ->required();
  app.add_option("--threads", options.compile.threads);
  app.add_option("--precision", options.compile.precision);
  app.add_option("--engine", options.compile.engine);
  app.add_option("--seconds", options.seconds);
  app.add_option("--batch", options.batch);
  app.add_flag("--block", options.block);
  app.add_flag("--first", options.first);
  app.add_option("--fit", options.fit, "Steps");
  app.add_option("--data-threads", options.data_threads);
  app.add_flag("--memory", options.memory);
  app.add_option("--without", options.without, "Passes");
  app.parse(argc, argv);
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Times training steps"};
  try {
    const Options options = options_of(argc, argv, app);
    if (options.first) {
      fit_first(options);
      return 0;
    }
    if (options.memory) {
      forecast_memory(options);
      return 0;
    }
    if (options.fit > 0) {
      fit_steps(options);
      return 0;
    }
    if (!options.without.empty()) {
      compare(options);
      return 0;
    }
    Stepper stepper(options);
    if (options.block) {
      obey(stepper);
    } else {
      tell(stepper, options.seconds);
    }
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_models: {}\n", error.what());
    return 3;
  }
  return 0;
}
