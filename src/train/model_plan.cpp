#include "train/model_plan.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/thread_count.hpp"
#include "data/pipeline.hpp"
#include "data/ram_budget.hpp"
#include "data/stream_stage.hpp"
#include "tenon/error.hpp"
#include "tenon/message.hpp"

namespace tenon {
namespace train {
namespace {

/// What an engine takes beside the memory of a plan, as measured (bench/RESULTS.md): generated
/// code and its tables, per process, where there is any such code, and per step of the plan.
constexpr std::int64_t kEngineBytes = 3'400'000;
constexpr std::int64_t kGeneratorBytes = 1'100'000;
/// One in the step, one that is being made.
constexpr double kBatches = 2.0;
constexpr std::int64_t kBytesPerKernel = 160'000;

std::string name_of(Mode mode) { return mode == Mode::kPredict ? "predict" : "train"; }

std::int64_t bytes_of(const backend::VariableSpec& spec) {
  return spec.shape.element_count() * static_cast<std::int64_t>(size_of(spec.dtype));
}

PlannedStep described(const backend::PlanStep& step) {
  return {.operation = step.op,
          .layer = step.name,
          .kernel = step.implementation,
          .operations = step.floating_point_operations,
          .bytes = static_cast<std::int64_t>(step.bytes),
          .reorder = step.reorder};
}

std::int64_t engine_bytes(const backend::PlanReport& report, const backend::Engine& engine) {
  if (engine.name() == "reference") return 0;
  const auto generated = std::ranges::count_if(report.steps, [](const backend::PlanStep& step) {
    return !step.implementation.starts_with("own:");
  });
  return kEngineBytes + (generated > 0 ? kGeneratorBytes : 0) + kBytesPerKernel * generated;
}

[[noreturn]] void throw_open_axis(const Port& input) {
  throw ContractError(make_diagnostic(
      "A001",
      fmt::format("plan: input {} is {}, and a plan is of one size", quote_key(input.name),
                  input.spec.to_string()),
      {}, fmt::format("give its size: .input_shapes = {{{{{}, {{…}}}}}}", quote_key(input.name))));
}

Shape shape_of(const Port& input, const PlanOptions& options) {
  std::vector<std::int64_t> dims{options.batch_size};
  const auto given = std::ranges::find(options.input_shapes, input.name,
                                       &decltype(options.input_shapes)::value_type::first);
  if (given != options.input_shapes.end()) {
    dims.insert(dims.end(), given->second.begin(), given->second.end());
    if (!input.spec.shape_fits(Shape(dims))) {
      throw_argument_error("plan",
                           fmt::format("the input shape of {} is {}", quote_key(input.name),
                                       Shape(dims).without_batch().to_string()),
                           input.spec.to_string());
    }
    return Shape(dims);
  }
  for (std::size_t axis = 1; axis < input.spec.shape.size(); ++axis) {
    if (!input.spec.shape[axis].known()) throw_open_axis(input);
    dims.push_back(input.spec.shape[axis].size());
  }
  return Shape(dims);
}

Mode mode_of(const Model& model, const PlanOptions& options) {
  if (options.mode == "train") return Mode::kTrain;
  if (options.mode == "predict") return Mode::kPredict;
  if (!options.mode.empty()) {
    throw_argument_error("plan", fmt::format("mode = {}", quote_key(options.mode)),
                         R"("train" or "predict")");
  }
  return model.compiled() ? Mode::kTrain : Mode::kPredict;
}

}  // namespace

ModelPlan plan_of(Trainer& trainer, const StepShape& shape, double batches) {
  const Trainer::Planned planned = trainer.planned(shape);
  ModelPlan plan;
  plan.model = trainer.model().name();
  plan.mode = name_of(shape.mode);
  plan.engine = trainer.engine().description();
  plan.precision = trainer.arguments().precision;
  plan.threads = planned.report->threads;
  plan.batch_size = shape.input_shapes.empty() ? 0 : shape.input_shapes.front().dim(0);
  for (const backend::PlanStep& step : planned.report->steps) {
    plan.steps.push_back(described(step));
  }
  const auto& specs = trainer.state().variables()->specs();
  const std::size_t weights = trainer.model().weights().size();
  for (std::size_t i = 0; i < specs.size(); ++i) {
    (i < weights ? plan.memory.weights : plan.memory.optimizer) += bytes_of(specs[i]);
  }
  plan.memory.activations = static_cast<std::int64_t>(planned.report->arena_bytes);
  plan.memory.scratch = static_cast<std::int64_t>(planned.report->scratch_bytes);
  const auto batch = static_cast<double>(planned.input_bytes);
  plan.memory.batches = static_cast<std::int64_t>(std::min(
      batches * batch, kBatches * batch + static_cast<double>(data::most_prefetched_bytes())));
  plan.memory.engine = engine_bytes(*planned.report, trainer.engine());
  return plan;
}

double batches_in_memory(const Dataset& data, std::int64_t batch_size, int data_threads) {
  double batches = kBatches;
  for (const data::PlacedStage& placed : data.pipeline()->stages()) {
    if (const auto* stream = dynamic_cast<const data::StreamStage*>(placed.stage.get())) {
      batches += static_cast<double>(stream->elements_held());
    }
  }
  // The workers' samples; more where they are small, but then they are small.
  const int threads = data_threads > 0 ? data_threads : num_cores();
  return batches + 2.0 * threads / static_cast<double>(std::max<std::int64_t>(batch_size, 1));
}

}  // namespace train

ModelPlan Model::plan(PlanOptions options) {
  if (options.batch_size < 1) {
    throw_argument_error("plan", fmt::format("batch_size = {}", options.batch_size), "1 or more");
  }
  const train::Mode mode = train::mode_of(*this, options);
  train::Trainer& trainer = mode == train::Mode::kTrain ? train::trainer_of(*this, "plan")
                                                        : train::trainer_for_prediction(*this);
  train::StepShape shape{.mode = mode, .input_shapes = {}, .input_dtypes = {}, .weighted = {}};
  for (const Port& input : inputs()) {
    shape.input_shapes.push_back(train::shape_of(input, options));
    shape.input_dtypes.push_back(input.spec.dtype);
  }
  shape.weighted.assign(outputs().size(), false);
  return train::plan_of(trainer, shape, train::kBatches);
}

}  // namespace tenon
