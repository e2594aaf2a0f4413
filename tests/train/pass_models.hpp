#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "backend/api/engine.hpp"
#include "tenon/model.hpp"
#include "tenon/optimizers.hpp"
#include "train/step_program.hpp"

namespace tenon::train::passes {

/// A small model, its loss and a batch for it: together they hold every pattern that a pass of an
/// engine looks for.
struct Subject {
  std::string name;
  Model model;
  std::string loss;
  NamedTensors batch;
};
std::vector<Subject> subjects();
/// The one of that name.
Subject subject_of(const std::string& name);

/// Losses of some steps, all variables behind them, and the plan that was run.
struct Trained {
  std::vector<float> losses;
  std::vector<std::pair<std::string, Tensor>> variables;
  backend::PlanReport report;
};
/// How a subject is trained.
struct Training {
  Optimizer optimizer = SGD({.momentum = 0.9});
  float learning_rate = 0.05F;
  bool guard = false;  ///< Loss and gradients are looked at.
  /// Is given the plan before its first step and its variables.
  std::function<void(backend::Plan&, const backend::Variables&)> prepare{};
};
/// Takes `steps` steps on the subject's batch, from weights of seed 1.
Trained train(const Subject& subject, const backend::Engine& engine,
              const backend::CompileOptions& options, int steps, const Training& how = {});

/// |a − b| <= tolerance · (the largest magnitude in the tensor + 1e-3), everywhere.
void expect_near(const Trained& actual, const Trained& expected, double tolerance,
                 const std::string& what);
void expect_same_bits(const Trained& actual, const Trained& expected, const std::string& what);

}  // namespace tenon::train::passes
