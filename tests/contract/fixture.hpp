#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "contract/contract.hpp"

namespace tenon::contract::testing {

/// The interface of the report's model: Small (32, 32, 3), Large (64, 64, 3) -> label (1), binary.
inline TrainingInterface two_scale() {
  TrainingInterface interface;
  interface.model_name = "two_scale";
  const Dim batch = Dim::symbol("B");
  interface.inputs = {{"Small", TensorSpec(DType::kFloat32, {batch, 32, 32, 3}, "BHWC")},
                      {"Large", TensorSpec(DType::kFloat32, {batch, 64, 64, 3}, "BHWC")}};
  TrainedOutput label;
  label.output = {"label", TensorSpec(DType::kFloat32, {batch, 1}, "BC")};
  label.has_loss = true;
  label.loss = "binary_crossentropy";
  label.target_range = ValueRange{0.0, 1.0};
  interface.outputs = {label};
  interface.log_names = {"loss", "accuracy"};
  return interface;
}

/// … with one output `cell` of three classes.
inline TrainingInterface three_cells(const std::string& loss, TargetForm form) {
  TrainingInterface interface = two_scale();
  TrainedOutput cell;
  cell.output = {"cell", TensorSpec(DType::kFloat32, {Dim::symbol("B"), 3}, "BC")};
  cell.has_loss = true;
  cell.loss = loss;
  cell.target_form = form;
  interface.outputs = {cell};
  return interface;
}

inline Tensor images(std::int64_t rows, std::int64_t side) {
  return Tensor(DType::kFloat32, {rows, side, side, 3});
}
inline Tensor labels(std::int64_t rows) { return Tensor(DType::kInt64, {rows}); }

/// Eight batched samples under the given names.
inline Dataset data_named(const std::string& small, const std::string& large,
                          const std::string& label) {
  return Dataset::from_tensors({{small, images(8, 32)}, {large, images(8, 64)}, {label, labels(8)}})
      .batch(4);
}

inline std::vector<Diagnostic> check_train(const TrainingInterface& interface,
                                           const Dataset& train) {
  const Split split{"train", &train, {}, 1, false};
  return check(interface, std::span(&split, 1));
}

inline std::vector<std::string> codes(const std::vector<Diagnostic>& diagnostics) {
  std::vector<std::string> out;
  for (const Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.severity == Severity::kError) out.push_back(diagnostic.code);
  }
  return out;
}

}  // namespace tenon::contract::testing
