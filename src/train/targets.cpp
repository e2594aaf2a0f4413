#include "train/targets.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tenon/error.hpp"
#include "train/metrics/metric_function.hpp"

namespace tenon::train {
namespace {

Shape without_last(const Shape& shape) {
  return Shape(std::vector<std::int64_t>(shape.begin(), shape.end() - 1));
}

/// True if `shape` is `wanted`, with or without axes of size 1 at the end.
bool same_but_ones(const Shape& shape, const Shape& wanted) {
  const auto trimmed = [](const Shape& full) {
    std::vector<std::int64_t> dims = full.dims();
    while (dims.size() > 1 && dims.back() == 1) dims.pop_back();
    return dims;
  };
  const int difference = shape.rank() - wanted.rank();
  return std::abs(difference) <= 1 && trimmed(shape) == trimmed(wanted);
}

[[noreturn]] void throw_unfit_target(const Tensor& target, const OutputTraining& output,
                                     const Shape& wanted) {
  throw ShapeError(make_diagnostic(
      "S007",
      fmt::format("the target of output {} is {} {}", quote_key(output.name()),
                  name_of(target.dtype()), target.shape().to_string()),
      {fmt::format("its loss {} takes {}", output.loss->name(), wanted.to_string())}));
}

[[noreturn]] void throw_changed_value(const OutputTraining& output, DType from, DType to,
                                      std::size_t row) {
  throw DataError(make_diagnostic(
      "D001",
      fmt::format("a value of the target of output {} changes when {} becomes {}",
                  quote_key(output.name()), name_of(from), name_of(to)),
      {fmt::format("first in row {} of the batch", row)},
      to == DType::kInt32 ? "give whole numbers as class ids" : "scale the target"));
}

/// The cast, held to the values: what comes back is what went in.
Tensor exact_cast(const Tensor& target, DType to, const OutputTraining& output) {
  if (target.dtype() == to) return target;
  Tensor converted = target.cast(to);
  // Rounding float64 to float32 is what every float32 training does; all else must not change.
  const bool rounding = is_floating(target.dtype()) && to == DType::kFloat32;
  if (rounding || converts_without_loss(target.dtype(), to)) return converted;
  const Tensor before = target.cast(DType::kFloat64);
  const Tensor after = converted.cast(DType::kFloat64);
  const auto wanted = before.data<double>();
  const auto got = after.data<double>();
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] != got[i]) {
      const std::size_t each = wanted.size() / static_cast<std::size_t>(target.dim(0));
      throw_changed_value(output, target.dtype(), to, i / each);
    }
  }
  return converted;
}

std::int64_t class_of(const Tensor& target, std::int64_t row, std::int64_t classes) {
  if (target.dtype() == DType::kInt32)
    return target.data<std::int32_t>()[static_cast<std::size_t>(row)];
  const auto values = target.data<float>();
  if (classes == 1) return values[static_cast<std::size_t>(row)] > 0.5F ? 1 : 0;
  return argmax(
      values.subspan(static_cast<std::size_t>(row * classes), static_cast<std::size_t>(classes)));
}

DType target_dtype(const OutputTraining& output) {
  return output.target_form() == TargetForm::kClassIds ? DType::kInt32 : DType::kFloat32;
}

}  // namespace

Tensor converted_target(const Tensor& target, const OutputTraining& output) {
  return exact_cast(target, target_dtype(output), output);
}

Tensor canonical_target(const Tensor& target, const OutputTraining& output,
                        const Shape& prediction_shape) {
  const bool ids = output.target_form() == TargetForm::kClassIds;
  const Shape wanted = ids ? without_last(prediction_shape) : prediction_shape;
  if (target.shape() != wanted && !same_but_ones(target.shape(), wanted)) {
    throw_unfit_target(target, output, wanted);
  }
  const Tensor converted = converted_target(target, output);
  return converted.shape() == wanted ? converted : converted.reshape(wanted);
}

Tensor canonical_weights(const Tensor& weights, const std::string& output, std::int64_t rows) {
  const bool fits = weights.size() == rows && weights.rank() >= 1 && weights.dim(0) == rows;
  if (!fits) {
    throw ShapeError(
        make_diagnostic("S002",
                        fmt::format("the sample weights of output {} have the shape {}",
                                    quote_key(output), weights.shape().to_string()),
                        {fmt::format("expected: one weight per row, ({},)", rows)}));
  }
  return weights.cast(DType::kFloat32).reshape(Shape{rows});
}

Tensor with_class_weights(const Tensor& weights, const ClassWeights& class_weights,
                          const Tensor& target, const OutputTraining& output) {
  if (class_weights.empty()) return weights;
  const std::int64_t rows = target.dim(0);
  const std::int64_t classes = target.dtype() == DType::kInt32 ? 1 : target.dim(-1);
  if (target.size() != rows * classes) {
    throw_argument_error("class_weight",
                         fmt::format("the target of output {} is {}", quote_key(output.name()),
                                     target.shape().to_string()),
                         "one class per row", "weigh rows with sample_weight");
  }
  Tensor out = Tensor::uninitialized(DType::kFloat32, Shape{rows});
  const auto values = out.data<float>();
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::int64_t id = class_of(target, row, classes);
    const bool listed = id >= 0 && id < static_cast<std::int64_t>(class_weights.size());
    const double own = listed ? class_weights[static_cast<std::size_t>(id)] : 1.0;
    const auto place = static_cast<std::size_t>(row);
    const double given =
        weights.defined() ? static_cast<double>(weights.data<float>()[place]) : 1.0;
    values[place] = static_cast<float>(own * given);
  }
  return out;
}

}  // namespace tenon::train
