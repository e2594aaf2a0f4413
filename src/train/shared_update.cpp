#include "train/shared_update.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tenon/error.hpp"

namespace tenon::train {

SharedUpdate::SharedUpdate(const Parts& parts, const StepProgram& step,
                           dist::Communicator& communicator, std::size_t bucket_bytes)
    : variables_(*parts.state.variables()), written_(step.written) {
  std::vector<bool> has_gradient;
  std::vector<Shape> shapes;
  const auto weights = parts.model.weights();
  for (std::size_t i = 0; i < step.gradients.size(); ++i) {
    has_gradient.push_back(step.gradients[i].has_value());
    if (!step.gradients[i]) continue;
    reached_.push_back(i);
    shapes.push_back(weights[static_cast<std::size_t>(parts.state.slots()[i].weight)]->shape());
  }
  for (const std::int32_t slot : written_)
    shapes.push_back(variables_.specs()[static_cast<std::size_t>(slot)].shape);
  shapes.emplace_back();  // The loss.
  exchange_ =
      std::make_unique<GradientExchange>(communicator, shapes, written_.size() + 1, bucket_bytes);
  update_ = compiled(parts, has_gradient, false);
  if (parts.optimizer.gradient_accumulation_steps) gathering_ = compiled(parts, has_gradient, true);
}

SharedUpdate::Update SharedUpdate::compiled(const Parts& parts,
                                            const std::vector<bool>& has_gradient,
                                            bool gathers) const {
  Update made{.step = build_update_program(
                  parts.model, {parts.optimizer, parts.state.slots(), gathers}, has_gradient),
              .plan = nullptr};
  backend::CompileOptions options = parts.options;
  options.guarded = made.step.guarded;
  made.plan = parts.engine.compile(made.step.program, parts.state.variables(), options);
  for (std::size_t i = 0; i < reached_.size(); ++i)
    made.plan->bind_input(*made.step.gradients[reached_[i]], exchange_->value(i));
  return made;
}

void SharedUpdate::begin() {
  before_.clear();
  for (const std::int32_t slot : written_) before_.push_back(variables_.read(slot));
  exchange_->begin();
}

void SharedUpdate::run(backend::Plan& plan, const StepProgram& step,
                       const backend::StepNumbers& numbers, float share) {
  due_.clear();
  next_due_ = 0;
  for (std::size_t i = 0; i < reached_.size(); ++i) {
    const std::size_t output = *step.gradients[reached_[i]];
    due_.push_back({plan.steps_until(output), i, output});
  }
  std::ranges::stable_sort(due_, {}, &Due::steps);
  plan.set_between_steps([&](std::size_t steps_done) { give_gradients(plan, share, steps_done); });
  try {
    plan.run(numbers);
  } catch (...) {
    plan.set_between_steps({});
    throw;
  }
  plan.set_between_steps({});
  give_gradients(plan, share, plan.report().steps.size());
  for (std::size_t i = 0; i < written_.size(); ++i) {
    const Tensor value = variables_.read(written_[i]);
    exchange_->give(reached_.size() + i, value.data<float>(), share);
  }
}

void SharedUpdate::give_gradients(backend::Plan& plan, float share, std::size_t steps_done) {
  for (; next_due_ < due_.size() && due_[next_due_].steps <= steps_done; ++next_due_) {
    const Tensor value = plan.output(due_[next_due_].output);
    exchange_->give(due_[next_due_].gradient, std::as_const(value).data<float>(), share);
  }
  exchange_->progress();
}

void SharedUpdate::give_loss(double loss, float share) {
  const float value = static_cast<float>(loss);
  exchange_->give(loss_index(), {&value, 1}, share);
}

std::optional<std::string> SharedUpdate::finish(const backend::StepNumbers& numbers, bool gathers) {
  Update& update = gathers ? *gathering_ : update_;
  exchange_->finish();
  std::optional<std::string> bad;
  const float loss = std::as_const(exchange_->value(loss_index())).item<float>();
  if (numbers.guard && !std::isfinite(loss)) {
    bad = "";
  } else if (const auto position = update.plan->run(numbers)) {
    bad = update.step.guarded_weights[*position];
  }
  for (std::size_t i = 0; i < written_.size(); ++i)
    variables_.write(written_[i], bad ? before_[i] : exchange_->value(reached_.size() + i));
  return bad;
}

}  // namespace tenon::train
