#include "backend/reference/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "backend/api/guard.hpp"
#include "backend/api/precision.hpp"
#include "ops/descriptor.hpp"
#include "tenon/error.hpp"

namespace tenon::backend::reference {
namespace {

void widen(const Tensor& from, const Buffer& to) {
  if (to.data == nullptr) {
    return;  // No node reads it.
  }
  auto* values = reinterpret_cast<double*>(to.data);
  if (from.dtype() == DType::kFloat64) {
    std::ranges::copy(from.data<double>(), values);
  } else {
    std::ranges::copy(from.data<float>(), values);
  }
}

void narrow(const Buffer& from, Tensor& to) {
  const auto* values = reinterpret_cast<const double*>(from.data);
  std::transform(values, values + from.size, to.data<float>().begin(),
                 [](double value) { return static_cast<float>(value); });
}

void round_to_bfloat16(const Buffer& from, const Buffer& to) {
  const auto* x = reinterpret_cast<const float*>(from.data);
  auto* y = reinterpret_cast<float*>(to.data);
  std::transform(x, x + from.size, y,
                 [](float value) { return static_cast<float>(BFloat16(value)); });
}

bool is_written(const ops::Program& program, ops::ValueId id) {
  for (const ops::Node& node : program.nodes) {
    const auto& ports = ops::descriptor(node.kind).inputs;
    for (std::size_t i = 0; i < node.inputs.size() && i < ports.size(); ++i) {
      if (node.inputs[i] == id && ports[i].written) {
        return true;
      }
    }
  }
  return false;
}

/// What a message calls a value: "float32 (8, 32, 3)".
std::string describe(DType dtype, const Shape& shape) {
  return fmt::format("{} {}", name_of(dtype), shape.to_string());
}

/// Ops that only move values take every dtype; all others compute in float32 or float64 (and read
/// class ids and opaque values as what they are).
void require_computable(const ops::Node& node, const std::vector<const Buffer*>& inputs) {
  for (const KernelEntry& mover : shape_kernels()) {
    if (mover.kind == node.kind) {
      return;
    }
  }
  for (std::size_t port = 0; port < inputs.size(); ++port) {
    if (node.kind != ops::OpKind::kCast && inputs[port] != nullptr &&
        inputs[port]->dtype == DType::kBFloat16) {
      throw EngineError(make_diagnostic(
          "E001", fmt::format("the reference engine cannot run {} (`{}`): port {} is bfloat16",
                              ops::name_of(node.kind), node.name, port)));
    }
  }
}

/// Of the values that a node reads and writes.
std::size_t bytes_moved(const ops::Node& node, const std::vector<const Buffer*>& inputs,
                        const std::vector<const Buffer*>& outputs) {
  const auto bytes = [](const Buffer* buffer) {
    return buffer == nullptr ? 0 : static_cast<std::size_t>(buffer->size) * size_of(buffer->dtype);
  };
  const auto& ports = ops::descriptor(node.kind).inputs;
  std::size_t sum = 0;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    sum += bytes(inputs[i]) * (i < ports.size() && ports[i].written ? 2 : 1);
  }
  for (const Buffer* output : outputs) sum += bytes(output);
  return sum;
}

[[noreturn]] void throw_no_port(std::string_view what, std::size_t index, std::size_t count) {
  throw EngineError(make_diagnostic(
      "E001", fmt::format("{} {} of the plan does not exist; there are {}", what, index, count)));
}

}  // namespace

ReferencePlan::ReferencePlan(const ops::Program& program,
                             std::shared_ptr<ReferenceVariables> variables,
                             const CompileOptions& options)
    : program_(program),
      variables_(std::move(variables)),
      precision_(options.precision),
      memory_(place_values(program_, precision_)),
      bound_(program_.inputs.size()),
      guarded_(options.guarded),
      guard_step_(first_write(program_, guarded_)),
      stored_(assign_precision(program_, precision_, guarded_)) {
  connect_variables();
  steps_.reserve(program_.nodes.size());
  for (const ops::Node& node : program_.nodes) {
    add_step(node);
  }
  report_.arena_bytes = memory_.arena.byte_size();
}

void ReferencePlan::connect_variables() {
  for (std::size_t i = 0; i < program_.values.size(); ++i) {
    const ops::Value& value = program_.values[i];
    if (value.kind != ops::ValueKind::kVariable) {
      continue;
    }
    if (variables_ == nullptr) {
      throw EngineError(make_diagnostic(
          "E001",
          fmt::format("the program uses the variable `{}`, but none were given", value.name)));
    }
    Tensor& stored = variables_->tensor(value.slot);
    if (stored.dtype() != value.dtype || stored.shape() != value.shape) {
      throw ShapeError(make_diagnostic(
          "W001", fmt::format("the program takes `{}` as {}, but variable {} is {}", value.name,
                              describe(value.dtype, value.shape), value.slot,
                              describe(stored.dtype(), stored.shape()))));
    }
    Buffer& held = memory_.buffers[i];
    if (held.dtype == value.dtype) {
      held.data = stored.bytes();
    } else {
      converted_variables_.push_back(
          {&stored, &held, is_written(program_, static_cast<ops::ValueId>(i))});
    }
  }
}

void ReferencePlan::add_step(const ops::Node& node) {
  const KernelEntry* kernels = find_kernels(node.kind);
  if (kernels == nullptr) {
    throw EngineError(
        make_diagnostic("E001", fmt::format("the reference engine has no kernel for {} (`{}`)",
                                            ops::name_of(node.kind), node.name)));
  }
  std::vector<const Buffer*> inputs;
  std::vector<const Buffer*> outputs;
  bool in_double = false;
  for (const ops::ValueId id : node.inputs) {
    inputs.push_back(port(id));
    in_double = in_double || (id != ops::kNoValue && buffer(id).dtype == DType::kFloat64);
  }
  for (const ops::ValueId id : node.outputs) {
    outputs.push_back(port(id));
  }
  require_computable(node, inputs);
  const std::size_t bytes = bytes_moved(node, inputs, outputs);
  if (precision_ == Precision::kMixedBFloat16) round_factors(node, inputs);
  steps_.push_back({in_double ? kernels->float64 : kernels->float32,
                    KernelContext(node, std::move(inputs), std::move(outputs), numbers_)});
  for (const ops::ValueId id : node.outputs) {
    if (is_bfloat16(id)) steps_.back().rounded.push_back(&buffer(id));
  }
  report_.steps.push_back(
      {.op = std::string(ops::name_of(node.kind)),
       .name = node.name,
       .implementation = "reference",
       .border_reorder = false,
       .reorder = false,
       .floating_point_operations = ops::floating_point_operations(program_, node),
       .bytes = bytes});
}

bool ReferencePlan::is_bfloat16(ops::ValueId id) const {
  const auto index = static_cast<std::size_t>(id);
  return id != ops::kNoValue && program_.value(id).dtype == DType::kFloat32 &&
         stored_[index] == DType::kBFloat16;
}

void ReferencePlan::round_factors(const ops::Node& node, std::vector<const Buffer*>& inputs) {
  if (!multiplies_in_bfloat16(node)) return;
  for (std::size_t port = 0; port < 2; ++port) {
    if (is_bfloat16(node.inputs[port])) continue;
    RoundedFactor factor{.step = steps_.size(),
                         .from = inputs[port],
                         .to = *inputs[port],
                         .memory = Tensor(DType::kFloat32, inputs[port]->shape)};
    factor.to.data = factor.memory.bytes();
    factors_.push_back(std::move(factor));
    inputs[port] = &factors_.back().to;
  }
}

void ReferencePlan::run_step(std::size_t index) {
  for (; next_factor_ < factors_.size() && factors_[next_factor_].step == index; ++next_factor_) {
    round_to_bfloat16(*factors_[next_factor_].from, factors_[next_factor_].to);
  }
  const Step& step = steps_[index];
  step.kernel(step.context);
  for (const Buffer* made : step.rounded) round_to_bfloat16(*made, *made);
}

void ReferencePlan::bind_input(std::size_t index, const Tensor& value) {
  if (index >= bound_.size()) {
    throw_no_port("input", index, bound_.size());
  }
  const ops::NamedValue& input = program_.inputs[index];
  const ops::Value& expected = program_.value(input.value);
  const bool same_dtype =
      value.dtype() == expected.dtype || value.dtype() == held_dtype(expected.dtype, precision_);
  if (!value.defined() || !same_dtype || value.shape() != expected.shape) {
    throw ShapeError(
        make_diagnostic("S002", fmt::format("input `{}` of the plan is {}, but {} came", input.name,
                                            describe(expected.dtype, expected.shape),
                                            value.defined() ? describe(value.dtype(), value.shape())
                                                            : "an undefined tensor")));
  }
  bound_[index] = value;
}

void ReferencePlan::require_bound_inputs() const {
  for (std::size_t i = 0; i < bound_.size(); ++i) {
    if (!bound_[i].defined()) {
      throw EngineError(make_diagnostic(
          "E001", fmt::format("input `{}` of the plan is not bound", program_.inputs[i].name), {},
          "call bind_input for every input before run()"));
    }
  }
}

void ReferencePlan::load_inputs() {
  for (std::size_t i = 0; i < bound_.size(); ++i) {
    const ops::ValueId id = program_.inputs[i].value;
    if (program_.value(id).dtype == buffer(id).dtype) {
      buffer(id).data = bound_[i].bytes();
    } else {
      widen(bound_[i], buffer(id));
    }
  }
}

std::optional<std::size_t> ReferencePlan::first_not_finite() const {
  const auto all_finite = [](const auto* values, std::int64_t size) {
    return std::all_of(values, values + size, [](auto value) { return std::isfinite(value); });
  };
  for (std::size_t i = 0; i < guarded_.size(); ++i) {
    const Buffer& held = memory_.buffers[static_cast<std::size_t>(guarded_[i])];
    const bool good = held.dtype == DType::kFloat64
                          ? all_finite(reinterpret_cast<const double*>(held.data), held.size)
                          : all_finite(reinterpret_cast<const float*>(held.data), held.size);
    if (!good) return i;
  }
  return std::nullopt;
}

void ReferencePlan::begin(const StepNumbers& numbers) {
  require_bound_inputs();
  numbers_ = numbers;
  load_inputs();
  for (const ConvertedVariable& variable : converted_variables_) {
    widen(*variable.stored, *variable.held);
  }
  next_factor_ = 0;
}

void ReferencePlan::end() {
  for (const ConvertedVariable& variable : converted_variables_) {
    if (variable.written) {
      narrow(*variable.held, *variable.stored);
    }
  }
}

std::optional<std::size_t> ReferencePlan::run(const StepNumbers& numbers) {
  begin(numbers);
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    if (numbers.guard && i == guard_step_) {
      if (const auto bad = first_not_finite()) return bad;
    }
    run_step(i);
    if (between_steps_) between_steps_(i + 1);
  }
  end();
  return std::nullopt;
}

std::vector<double> ReferencePlan::profile(const StepNumbers& numbers) {
  using Clock = std::chrono::steady_clock;
  begin(numbers);
  std::vector<double> seconds;
  seconds.reserve(steps_.size());
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    const Clock::time_point start = Clock::now();
    if (numbers.guard && i == guard_step_) first_not_finite();
    run_step(i);
    seconds.push_back(std::chrono::duration<double>(Clock::now() - start).count());
  }
  end();
  return seconds;
}

std::size_t ReferencePlan::steps_until(std::size_t index) const {
  if (index >= program_.outputs.size()) throw_no_port("output", index, program_.outputs.size());
  const ops::ValueId id = program_.outputs[index].value;
  std::size_t until = steps_.size();
  for (std::size_t i = 0; i < program_.nodes.size(); ++i) {
    if (std::ranges::find(program_.nodes[i].outputs, id) != program_.nodes[i].outputs.end())
      until = i + 1;
  }
  return until;
}

Tensor ReferencePlan::output(std::size_t index) const {
  if (index >= program_.outputs.size()) {
    throw_no_port("output", index, program_.outputs.size());
  }
  const ops::ValueId id = program_.outputs[index].value;
  const Buffer& held = memory_.buffers[static_cast<std::size_t>(id)];
  if (held.data == nullptr) {
    throw EngineError(make_diagnostic(
        "E001",
        fmt::format("output `{}` of the plan is read before a run", program_.outputs[index].name)));
  }
  return Tensor::view(held.data, held.dtype, held.shape,
                      std::make_shared<const Tensor>(memory_.arena));
}

}  // namespace tenon::backend::reference
