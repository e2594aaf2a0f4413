#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace tenon {

/// One step of a compiled plan: a kernel that runs over the whole batch.
struct PlannedStep {
  std::string operation;    ///< "convolution_2d+relu", "adam_update"
  std::string layer;        ///< What it came from: "conv2d_1", "conv2d_1/gradient"
  std::string kernel;       ///< "jit:avx512_core", "own:dense_few", "reference"
  double operations = 0.0;  ///< Floating-point operations.
  std::int64_t bytes = 0;   ///< Read and written.
  bool reorder = false;     ///< Only brings a value into another layout.
};

/// What a training (or a prediction) takes, in bytes.
struct MemoryForecast {
  std::int64_t weights = 0;      ///< As the engine holds them.
  std::int64_t optimizer = 0;    ///< Its slots: for Adam twice the trainable weights.
  std::int64_t activations = 0;  ///< Values between the steps, by lifetime.
  std::int64_t scratch = 0;      ///< Of the kernels.
  std::int64_t batches = 0;      ///< In the step and on their way to it.
  std::int64_t engine = 0;       ///< Generated code, tables, threads; a rough figure.
  std::int64_t total() const noexcept {
    return weights + optimizer + activations + scratch + batches + engine;
  }
};

struct PlanOptions {
  std::int64_t batch_size = 32;
  /// "train" or "predict"; empty: "train" for a model that was compiled.
  std::string mode{};
  /// The sizes of axes that an input leaves open, by input name: the whole shape without the batch.
  std::vector<std::pair<std::string, std::vector<std::int64_t>>> input_shapes{};
};

/// What the engine made of a model for one size of batch: what runs, and what it takes.
struct ModelPlan {
  std::string model;
  std::string mode;    ///< "train", "predict"
  std::string engine;  ///< "oneDNN 2.6.3, AVX-512, 2 threads"
  std::string precision;
  int threads = 0;  ///< Of this step: a small one takes one, whatever it may have.
  std::int64_t batch_size = 0;
  std::vector<PlannedStep> steps;
  MemoryForecast memory;

  double operations() const;   ///< Of all steps.
  std::int64_t bytes() const;  ///< Of all steps.
  /// A table of the steps, their sums, and the memory.
  std::string to_string() const;
  std::string to_json() const;
};

/// "3.1 GB": three digits at most, powers of 1000.
std::string byte_text(std::int64_t bytes);

}  // namespace tenon
