#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "tenon/dataset.hpp"
#include "tenon/layers.hpp"
#include "tenon/model.hpp"

namespace tenon::testing {

/// x (2) -> y (1), one Dense layer: y = 3·x0 − 2·x1 + 0.5 can be learned exactly.
inline Model line_model() {
  const SymbolicTensor x = Input({2}, {.name = "x"});
  return Model(x, Dense(1, {.name = "y"})(x), {.name = "line"});
}

inline NamedTensors line_data(std::int64_t rows, std::uint64_t seed = 1) {
  const Tensor x = random_uniform({rows, 2}, seed, -1.0F, 1.0F);
  Tensor y(DType::kFloat32, {rows, 1});
  const auto values = x.data<float>();
  for (std::int64_t row = 0; row < rows; ++row) {
    const auto i = static_cast<std::size_t>(row);
    y.data<float>()[i] = 3.0F * values[2 * i] - 2.0F * values[2 * i + 1] + 0.5F;
  }
  return {{"x", x}, {"y", y}};
}

inline Dataset line_dataset(std::int64_t rows, std::int64_t batch, std::uint64_t seed = 1) {
  return Dataset::from_tensors(line_data(rows, seed)).batch(batch);
}

/// Two inputs, two outputs: "cell" (3 classes, softmax) and "age" (1).
inline Model cell_model() {
  const SymbolicTensor small = Input({4}, {.name = "Small"});
  const SymbolicTensor large = Input({6}, {.name = "Large"});
  const SymbolicTensor joined = Concatenate({.name = "joined"})({small, large});
  const SymbolicTensor hidden = Dense(8, {.activation = "relu", .name = "hidden"})(joined);
  return Model({small, large},
               {Dense(3, {.activation = "softmax", .name = "cell"})(hidden),
                Dense(1, {.name = "age"})(hidden)},
               {.name = "cells"});
}

inline NamedTensors cell_data(std::int64_t rows, std::uint64_t seed = 3) {
  const Tensor small = random_uniform({rows, 4}, seed, -1.0F, 1.0F);
  const Tensor large = random_uniform({rows, 6}, seed + 1, -1.0F, 1.0F);
  Tensor cell(DType::kInt64, {rows});
  Tensor age(DType::kFloat32, {rows});
  for (std::int64_t row = 0; row < rows; ++row) {
    const auto first = small.row(row).data<float>()[0];
    cell.data<std::int64_t>()[static_cast<std::size_t>(row)] = first < -0.3F  ? 0
                                                               : first < 0.3F ? 1
                                                                              : 2;
    age.data<float>()[static_cast<std::size_t>(row)] = large.row(row).data<float>()[1];
  }
  return {{"Small", small}, {"Large", large}, {"cell", cell}, {"age", age}};
}

inline Dataset cell_dataset(std::int64_t rows, std::int64_t batch, std::uint64_t seed = 3) {
  return Dataset::from_tensors(cell_data(rows, seed)).batch(batch);
}

inline CompileArguments cell_arguments(const std::string& engine = "reference") {
  return {.optimizer = Adam({.learning_rate = 0.01}),
          .loss = {{"cell", "sparse_categorical_crossentropy"}, {"age", "mse"}},
          .engine = engine};
}

}  // namespace tenon::testing
