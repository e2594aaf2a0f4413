#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <vector>

#include "backend/api/engine.hpp"
#include "backend/reference/kernel.hpp"
#include "backend/reference/memory.hpp"
#include "backend/reference/variables.hpp"

namespace tenon::backend::reference {

/// A program as a list of kernels over buffers.
///
/// In double mode (Precision::kFloat64) every float32 value is held in double: inputs may be bound
/// as float32 or float64, outputs are float64, and variables are widened before a run and rounded
/// back after it where an op wrote them.
///
/// In mixed bfloat16 the numbers are bfloat16's (see backend/api/precision.hpp), but held as
/// floats: a value is rounded when it is made, a factor that is not bfloat16 yet when it is read.
class ReferencePlan final : public Plan {
 public:
  /// Throws EngineError (E001) for an op without a kernel, ShapeError (W001) where a variable of
  /// the program is not the one in its slot.
  ReferencePlan(const ops::Program& program, std::shared_ptr<ReferenceVariables> variables,
                const CompileOptions& options);
  ReferencePlan(const ReferencePlan&) = delete;
  ReferencePlan& operator=(const ReferencePlan&) = delete;

  void bind_input(std::size_t index, const Tensor& value) override;
  std::optional<std::size_t> run(const StepNumbers& numbers) override;
  void set_between_steps(std::function<void(std::size_t)> call) override {
    between_steps_ = std::move(call);
  }
  std::size_t steps_until(std::size_t index) const override;
  std::vector<double> profile(const StepNumbers& numbers) override;
  Tensor output(std::size_t index) const override;
  const PlanReport& report() const noexcept override { return report_; }

 private:
  std::function<void(std::size_t)> between_steps_;
  struct Step {
    Kernel kernel;
    KernelContext context;
    std::vector<const Buffer*> rounded = {};  ///< Outputs that are bfloat16.
  };
  /// A factor of a product as bfloat16, made before each run of `step`.
  struct RoundedFactor {
    std::size_t step;
    const Buffer* from;
    Buffer to;
    Tensor memory;
  };
  /// A variable of the program whose dtype is converted at the border.
  struct ConvertedVariable {
    Tensor* stored;
    const Buffer* held;
    bool written;
  };

  void connect_variables();
  void add_step(const ops::Node& node);
  void round_factors(const ops::Node& node, std::vector<const Buffer*>& inputs);
  bool is_bfloat16(ops::ValueId id) const;
  void run_step(std::size_t index);
  std::optional<std::size_t> first_not_finite() const;
  void require_bound_inputs() const;
  void load_inputs();
  void begin(const StepNumbers& numbers);
  void end();
  Buffer& buffer(ops::ValueId id) { return memory_.buffers[static_cast<std::size_t>(id)]; }
  const Buffer* port(ops::ValueId id) { return id == ops::kNoValue ? nullptr : &buffer(id); }

  ops::Program program_;
  std::shared_ptr<ReferenceVariables> variables_;
  Precision precision_;
  Memory memory_;
  std::vector<Tensor> bound_;  // one per input of the program
  std::vector<ConvertedVariable> converted_variables_;
  std::vector<Step> steps_;
  std::deque<RoundedFactor> factors_;  ///< In the order of steps. Never moves.
  std::size_t next_factor_ = 0;
  std::vector<ops::ValueId> guarded_;
  std::size_t guard_step_ = 0;  ///< The first that writes a variable.
  std::vector<DType> stored_;   ///< Per value, by the policy of the precision.
  StepNumbers numbers_;
  PlanReport report_;
};

}  // namespace tenon::backend::reference
