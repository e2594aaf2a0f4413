// Times training steps of the model of two inputs. Started by run.py beside its peer; speaks a
// small protocol on standard input and output, so that blocks of both alternate:
//   "block <seconds>" -> "<steps> <seconds> <seconds of processor> <loss>"
//   "report" -> one line per step of the plan, "."
//   "quit"
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>

#include "two_scale_program.hpp"

namespace {

using tenon::backend::Plan;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Of all threads.
double processor_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void print_report(const Plan& plan) {
  for (const auto& step : plan.report().steps) {
    std::cout << step.op << '\t' << step.name << '\t' << step.implementation << '\t'
              << step.floating_point_operations << '\n';
  }
  std::cout << "arena\t" << plan.report().arena_bytes << "\nscratch\t"
            << plan.report().scratch_bytes << "\n." << std::endl;
}

void run_block(Plan& plan, double seconds, std::int64_t& iteration) {
  const Clock::time_point start = Clock::now();
  const double processor_start = processor_seconds();
  std::int64_t steps = 0;
  do {
    plan.run({.learning_rate = 1e-3F, .iteration = iteration++});
    ++steps;
  } while (seconds_since(start) < seconds);
  const double taken = seconds_since(start);
  const double processor = processor_seconds() - processor_start;
  std::cout << steps << ' ' << taken << ' ' << processor << ' ' << plan.output(1).item<float>()
            << std::endl;
}

}  // namespace

int main(int argc, char** argv) {
  const int threads = argc > 1 ? std::atoi(argv[1]) : 0;
  const bool reference = argc > 2 && std::string(argv[2]) == "reference";
  const auto& engine =
      reference ? tenon::backend::reference_engine() : tenon::backend::onednn_engine();
  const auto step = tenon::bench::TwoScaleBuilder(tenon::bench::TwoScale{}).build();
  auto variables = engine.create_variables(step.variables);
  for (std::size_t i = 0; i < step.variables.size(); ++i) {
    variables->write(static_cast<std::int32_t>(i), tenon::bench::start_of(step.variables[i], i));
  }
  const auto plan = engine.compile(step.program, variables, {.threads = threads});
  for (std::size_t i = 0; i < step.program.inputs.size(); ++i) {
    const auto& shape = step.program.value(step.program.inputs[i].value).shape;
    plan->bind_input(i, tenon::random_uniform(shape, 100 + i));
  }
  std::int64_t iteration = 0;
  std::cout << engine.description() << std::endl;
  std::string command;
  while (std::cin >> command && command != "quit") {
    double seconds = 0.0;
    if (command == "report") {
      print_report(*plan);
    } else if (command == "block" && std::cin >> seconds) {
      run_block(*plan, seconds, iteration);
    }
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::cout << usage.ru_maxrss / 1024 << std::endl;
  return 0;
}
