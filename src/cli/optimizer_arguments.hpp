#pragma once

#include "tenon/optimizers.hpp"

namespace tenon::cli {

/// Calls `visit(name, member)` for every argument that the optimizer's class takes, in Keras's
/// order. Members are double, bool, or std::optional of double or
/// std::int64_t.
template <class Visit>
void visit_arguments(Optimizer& optimizer, const Visit& visit) {
  const auto& name = optimizer.class_name;
  const bool adam = name == "Adam" || name == "AdamW";
  visit("learning_rate", optimizer.learning_rate);
  if (name == "SGD") visit("momentum", optimizer.momentum);
  if (name == "SGD") visit("nesterov", optimizer.nesterov);
  if (name == "RMSprop") visit("rho", optimizer.rho);
  if (name == "RMSprop") visit("momentum", optimizer.momentum);
  if (adam) visit("beta_1", optimizer.beta_1);
  if (adam) visit("beta_2", optimizer.beta_2);
  if (name != "SGD") visit("epsilon", optimizer.epsilon);
  if (adam) visit("amsgrad", optimizer.amsgrad);
  if (name == "RMSprop") visit("centered", optimizer.centered);
  visit("weight_decay", optimizer.weight_decay);
  visit("clipnorm", optimizer.clipnorm);
  visit("clipvalue", optimizer.clipvalue);
  visit("global_clipnorm", optimizer.global_clipnorm);
  visit("gradient_accumulation_steps", optimizer.gradient_accumulation_steps);
}

}  // namespace tenon::cli
