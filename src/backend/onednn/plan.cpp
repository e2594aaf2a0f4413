#include "backend/onednn/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "backend/api/guard.hpp"
#include "backend/onednn/parallel.hpp"
#include "backend/onednn/passes.hpp"
#include "tenon/error.hpp"

namespace tenon::backend::onednn {
namespace {

// What a message calls a value: "float32 (8, 32, 3)".
std::string describe(DType dtype, const Shape& shape) {
  return fmt::format("{} {}", name_of(dtype), shape.to_string());
}

[[noreturn]] void throw_no_port(std::string_view what, std::size_t index, std::size_t count) {
  throw EngineError(make_diagnostic(
      "E001", fmt::format("{} {} of the plan does not exist; there are {}", what, index, count)));
}

// Layers compute in float32 here; other dtypes come in and are cast.
void require_float32(const ops::Program& program) {
  for (const ops::Node& node : program.nodes) {
    for (const ops::ValueId id : node.outputs) {
      if (id == ops::kNoValue || program.value(id).dtype != DType::kFloat64 ||
          node.kind == ops::OpKind::kCast || node.kind == ops::OpKind::kReshape) {
        continue;
      }
      throw EngineError(make_diagnostic(
          "E001",
          fmt::format("{} (`{}`) is to give float64, but the onednn engine computes in float32",
                      ops::name_of(node.kind), node.name),
          {}, "cast to float32, or compile with the reference engine"));
    }
  }
}

// Of the values that a step reads and writes.
std::size_t bytes_moved(const Memory& memory, const StepMemory& touched) {
  std::size_t bytes = 0;
  for (const auto* list : {&touched.reads, &touched.writes}) {
    for (const CellId id : std::set<CellId>(list->begin(), list->end())) {
      bytes += memory.cell(id).bytes;
    }
  }
  return bytes;
}

// Two threads that meet after each step cost more than they save: 36 µs instead of 14 for a model
// of 1 k parameters. Between these bounds and larger steps nothing is lost either way.
constexpr double kSmallOperations = 4e6;
constexpr std::int64_t kSmallElements = 1 << 16;

bool is_small(const Graph& graph) {
  double operations = 0.0;
  for (const GraphNode& node : graph.nodes) operations += node.operations;
  return operations <= kSmallOperations &&
         std::ranges::all_of(graph.program->values, [](const ops::Value& value) {
           return value.shape.element_count() <= kSmallElements;
         });
}

struct PlanKeeper {
  Tensor arena;
  std::shared_ptr<OnednnVariables> variables;
};

}  // namespace

OnednnPlan::OnednnPlan(const ops::Program& program, std::shared_ptr<OnednnVariables> variables,
                       const CompileOptions& options)
    : variables_(std::move(variables)), threads_(options.threads), bound_(program.inputs.size()) {
  const ThreadScope scope(threads_);
  require_variables(program);
  require_float32(program);
  lower(program, options);
  for (const ops::NamedValue& input : program.inputs) {
    const ops::Value& value = program.value(input.value);
    inputs_.push_back({input.name, value.dtype, value.shape, kNoCell});
  }
  unbound_ = inputs_.size();
}

void OnednnPlan::require_variables(const ops::Program& program) const {
  for (const ops::Value& value : program.values) {
    if (value.kind != ops::ValueKind::kVariable) continue;
    if (variables_ == nullptr) {
      throw EngineError(make_diagnostic(
          "E001",
          fmt::format("the program uses the variable `{}`, but none were given", value.name)));
    }
    const auto& specs = variables_->specs();
    if (value.slot < 0 || static_cast<std::size_t>(value.slot) >= specs.size()) {
      throw EngineError(
          make_diagnostic("E001", fmt::format("the program uses variable {} (`{}`); there are {}",
                                              value.slot, value.name, specs.size())));
    }
    const VariableSpec& spec = specs[static_cast<std::size_t>(value.slot)];
    if (spec.dtype != value.dtype || spec.shape != value.shape) {
      throw ShapeError(
          make_diagnostic("W001", fmt::format("the program takes `{}` as {}, but variable {} is {}",
                                              value.name, describe(value.dtype, value.shape),
                                              value.slot, describe(spec.dtype, spec.shape))));
    }
  }
}

void OnednnPlan::lower(const ops::Program& program, const CompileOptions& options) {
  Graph graph = make_graph(program, options);
  run_passes(graph);
  if (graph.does("small_on_one_thread") && is_small(graph)) threads_ = 1;
  const ThreadScope scope(threads_);
  if (variables_ != nullptr) settle_variables(graph, *variables_, options.variable_memory);
  Lowering lowering(graph, variables_.get(), memory_, threads_);
  first_write(program, options.guarded);
  lowering.run(options.guarded);
  steps_ = lowering.take_steps();
  guard_ = lowering.take_guard();
  std::vector<StepMemory> touched;
  for (const Step& step : steps_) touched.push_back(step.memory);
  memory_.place(touched, variables_.get(),
                {.in_place = graph.does("in_place"),
                 .huge_pages = graph.does("huge_pages"),
                 .arena = options.arena});
  if (variables_ != nullptr) moves_ = variables_->moves();
  gradients_ = ready_gradients(lowering.gradients(), touched, memory_);
  gradient_layout_ = fingerprint(gradients_, memory_);
  for (std::size_t i = 0; i < program.outputs.size(); ++i) {
    const ops::Value& value = program.value(program.outputs[i].value);
    outputs_.push_back(
        {program.outputs[i].name, value.dtype, value.shape, lowering.output_cell(i)});
  }
  for (const Step& step : steps_) {
    report_.steps.push_back(step.report);
    report_.steps.back().bytes = bytes_moved(memory_, step.memory);
  }
  report_.arena_bytes = memory_.arena_bytes();
  report_.alive_bytes = memory_.alive_bytes();
  report_.scratch_bytes = memory_.scratch_bytes();
  report_.threads = threads_;
}

void OnednnPlan::bind_input(std::size_t index, const Tensor& value) {
  if (index >= inputs_.size()) throw_no_port("input", index, inputs_.size());
  const Port& input = inputs_[index];
  if (!value.defined() || value.dtype() != input.dtype || value.shape() != input.shape) {
    throw ShapeError(
        make_diagnostic("S002", fmt::format("input `{}` of the plan is {}, but {} came", input.name,
                                            describe(input.dtype, input.shape),
                                            value.defined() ? describe(value.dtype(), value.shape())
                                                            : "an undefined tensor")));
  }
  if (!bound_[index].defined()) --unbound_;
  bound_[index] = value;
  memory_.bind_input(index, bound_[index].bytes());
}

void OnednnPlan::require_bound_inputs() const {
  if (unbound_ == 0) return;
  for (std::size_t i = 0; i < bound_.size(); ++i) {
    if (bound_[i].defined()) continue;
    throw EngineError(
        make_diagnostic("E001", fmt::format("input `{}` of the plan is not bound", inputs_[i].name),
                        {}, "call bind_input for every input before run()"));
  }
}

// A plan that was compiled later may have gathered them otherwise.
void OnednnPlan::follow_variables() {
  if (variables_ == nullptr || variables_->moves() == moves_) return;
  memory_.bind_variables(*variables_);
  moves_ = variables_->moves();
}

void OnednnPlan::tell_ready(std::size_t step) {
  for (; told_ < gradients_.entries.size() && gradients_.entries[told_].ready == step; ++told_) {
    listener_->ready(told_);
  }
}

std::vector<GradientRange> OnednnPlan::gradient_ranges() const {
  std::vector<GradientRange> ranges;
  for (const AppliedGradients::Entry& entry : gradients_.entries) {
    ranges.push_back({entry.slot, entry.ready, memory_.ref(entry.cell).as(),
                      static_cast<std::int64_t>(memory_.cell(entry.cell).bytes / sizeof(float)),
                      memory_.offset_in_row(entry.cell)});
  }
  return ranges;
}

std::vector<UpdateRun> OnednnPlan::update_runs() {
  follow_variables();
  return onednn::update_runs(gradients_, memory_);
}

std::optional<std::size_t> OnednnPlan::run(const StepNumbers& numbers) {
  require_bound_inputs();
  follow_variables();
  told_ = 0;
  return run_from(0, numbers);
}

std::optional<std::size_t> OnednnPlan::run_updates(const StepNumbers& numbers) {
  follow_variables();
  for (const GradientRange& range : gradient_ranges()) std::fill_n(range.data, range.count, 0.0F);
  if (listener_ != nullptr) {
    for (std::size_t i = 0; i < gradients_.entries.size(); ++i) listener_->ready(i);
  }
  told_ = gradients_.entries.size();
  return run_from(gradients_.finish, numbers);
}

std::optional<std::size_t> OnednnPlan::run_from(std::size_t first, const StepNumbers& numbers) {
  const ThreadScope scope(threads_);
  StepNumbers own = numbers;
  bool known_finite = false;
  for (std::size_t i = first; i < steps_.size(); ++i) {
    if (listener_ != nullptr && i == gradients_.finish) {
      known_finite = listener_->finish();
      own.divided = listener_->applied_here() ? listener_ : nullptr;
    }
    steps_[i].run(own);
    if (listener_ != nullptr) tell_ready(i);
    if (own.divided != nullptr && std::ranges::count(gradients_.update_steps, i) > 0)
      listener_->finish_updates();
    if (numbers.guard && !known_finite && i == guard_.step()) {
      if (const auto bad = guard_.first_not_finite(threads_)) return bad;
    }
    if (between_steps_) between_steps_(i + 1);
  }
  return std::nullopt;
}

std::vector<double> OnednnPlan::profile(const StepNumbers& numbers) {
  using Clock = std::chrono::steady_clock;
  require_bound_inputs();
  follow_variables();
  const ThreadScope scope(threads_);
  std::vector<double> seconds;
  seconds.reserve(steps_.size());
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    const Clock::time_point start = Clock::now();
    steps_[i].run(numbers);
    if (numbers.guard && i == guard_.step()) guard_.first_not_finite(threads_);
    seconds.push_back(std::chrono::duration<double>(Clock::now() - start).count());
  }
  return seconds;
}

std::size_t OnednnPlan::steps_until(std::size_t index) const {
  if (index >= outputs_.size()) throw_no_port("output", index, outputs_.size());
  std::size_t until = steps_.size();
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    const auto& writes = steps_[i].memory.writes;
    if (std::ranges::find(writes, outputs_[index].cell) != writes.end()) until = i + 1;
  }
  return until;
}

Tensor OnednnPlan::output(std::size_t index) const {
  if (index >= outputs_.size()) throw_no_port("output", index, outputs_.size());
  const Port& output = outputs_[index];
  auto* data = memory_.ref(output.cell).as<std::byte>();
  if (data == nullptr) {
    throw EngineError(make_diagnostic(
        "E001", fmt::format("output `{}` of the plan is read before a run", output.name)));
  }
  return Tensor::view(data, output.dtype, output.shape,
                      std::make_shared<const PlanKeeper>(PlanKeeper{memory_.arena(), variables_}));
}

}  // namespace tenon::backend::onednn
