#pragma once

#include <memory>
#include <vector>

#include "backend/api/engine.hpp"
#include "backend/onednn/applied_gradients.hpp"
#include "backend/onednn/lowering.hpp"
#include "backend/onednn/memory.hpp"
#include "backend/onednn/variables.hpp"

namespace tenon::backend::onednn {

/// A compiled program: a list of steps over one arena.
class OnednnPlan final : public Plan {
 public:
  /// `options.threads` is above 0.
  OnednnPlan(const ops::Program& program, std::shared_ptr<OnednnVariables> variables,
             const CompileOptions& options);

  void bind_input(std::size_t index, const Tensor& value) override;
  std::optional<std::size_t> run(const StepNumbers& numbers) override;
  void set_between_steps(std::function<void(std::size_t)> call) override {
    between_steps_ = std::move(call);
  }
  std::size_t steps_until(std::size_t index) const override;
  std::vector<double> profile(const StepNumbers& numbers) override;
  Tensor output(std::size_t index) const override;
  const PlanReport& report() const noexcept override { return report_; }
  std::vector<GradientRange> gradient_ranges() const override;
  std::vector<UpdateRun> update_runs() override;
  std::uint64_t gradient_layout() const override { return gradient_layout_; }
  std::optional<std::size_t> run_updates(const StepNumbers& numbers) override;
  void listen(GradientListener* listener) override { listener_ = listener; }

 private:
  struct Port {
    std::string name;
    DType dtype = DType::kFloat32;
    Shape shape;
    CellId cell = kNoCell;
  };
  void require_variables(const ops::Program& program) const;
  void lower(const ops::Program& program, const CompileOptions& options);
  void require_bound_inputs() const;
  void follow_variables();
  void tell_ready(std::size_t step);
  std::optional<std::size_t> run_from(std::size_t first, const StepNumbers& numbers);

  std::shared_ptr<OnednnVariables> variables_;
  int threads_;
  Memory memory_;
  std::vector<Step> steps_;
  std::function<void(std::size_t)> between_steps_;
  Guard guard_;
  AppliedGradients gradients_;
  GradientListener* listener_ = nullptr;
  std::size_t told_ = 0;
  std::uint64_t gradient_layout_ = 0;
  std::uint64_t moves_ = 0;
  std::vector<Port> inputs_;
  std::vector<Port> outputs_;
  std::vector<Tensor> bound_;
  std::size_t unbound_ = 0;
  PlanReport report_;
};

}  // namespace tenon::backend::onednn
