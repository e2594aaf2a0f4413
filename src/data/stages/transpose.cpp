#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <numeric>

#include "data/arguments.hpp"
#include "data/numeric.hpp"
#include "data/stages/entries.hpp"
#include "data/stages/per_key_stage.hpp"

namespace tenon::data {
namespace {

/// `permutation` with the batch axis put before it.
std::vector<std::size_t> with_batch_axis(const std::vector<int>& permutation, bool batched) {
  std::vector<std::size_t> axes;
  if (batched) axes.push_back(0);
  for (const int axis : permutation) {
    axes.push_back(static_cast<std::size_t>(axis) + (batched ? 1 : 0));
  }
  return axes;
}

Tensor transpose_tensor(const Tensor& value, const std::vector<std::size_t>& axes) {
  const auto& dims = value.shape().dims();
  std::vector<std::int64_t> strides(dims.size(), 1);
  for (std::size_t axis = dims.size(); axis-- > 1;) strides[axis - 1] = strides[axis] * dims[axis];
  std::vector<std::int64_t> out_dims;
  std::vector<std::int64_t> steps;
  for (const std::size_t axis : axes) {
    out_dims.push_back(dims[axis]);
    steps.push_back(strides[axis]);
  }
  Tensor result = Tensor::uninitialized(value.dtype(), Shape(out_dims));
  const std::size_t size = size_of(value.dtype());
  std::vector<std::int64_t> at(out_dims.size(), 0);
  std::int64_t from = 0;
  for (std::int64_t i = 0; i < value.size(); ++i) {
    std::memcpy(result.bytes() + static_cast<std::size_t>(i) * size,
                value.bytes() + static_cast<std::size_t>(from) * size, size);
    for (std::size_t axis = at.size(); axis-- > 0;) {
      from += steps[axis];
      if (++at[axis] < out_dims[axis]) break;
      from -= steps[axis] * out_dims[axis];
      at[axis] = 0;
    }
  }
  return result;
}

class TransposeStage final : public PerKeyStage {
 public:
  TransposeStage(Keys keys, std::vector<int> permutation, SourceLocation location)
      : PerKeyStage("transpose", std::move(keys), location), permutation_(std::move(permutation)) {}

 protected:
  TensorSpec spec_after(const TensorSpec& spec, std::string& problem) const override {
    if (spec.dtype == DType::kString) problem = "it holds text";
    if (!spec.rank_known) return spec;
    const auto axes = with_batch_axis(permutation_, spec.batched());
    if (axes.size() != spec.shape.size()) {
      problem = fmt::format("it is {}, whose samples have {} axes, and the permutation is of {}",
                            spec.to_string(), spec.rank() - first_axis(spec), permutation_.size());
      return TensorSpec::of_unknown_rank(spec.dtype);
    }
    TensorSpec after = spec;
    for (std::size_t i = 0; i < axes.size(); ++i) {
      after.shape[i] = spec.shape[axes[i]];
      if (!spec.axes.empty()) after.axes[i] = spec.axes[axes[i]];
    }
    if (spec.geometry) after.geometry = turned(*spec.geometry);
    return after;
  }

  /// The grid with its axes in their new order; those behind the first three are no axes of space.
  Geometry turned(const Geometry& before) const {
    Geometry after = before;
    std::size_t axis = 0;
    for (const int from : permutation_) {
      if (from > 2 || axis > 2) continue;
      const auto old = static_cast<std::size_t>(from);
      after.spacing[axis] = before.spacing[old];
      for (std::size_t row = 0; row < 3; ++row)
        after.direction[row * 3 + axis] = before.direction[row * 3 + old];
      ++axis;
    }
    return after;
  }

  Tensor apply(const Tensor& value, const ValueContext& context) const override {
    const auto axes = with_batch_axis(permutation_, context.batched);
    if (axes.size() != value.shape().dims().size()) {
      throw DataError(make_diagnostic(
          "S002", fmt::format("{} is {}", quote_key(context.key), value.shape().to_string()),
          {fmt::format("expected: {} axes", axes.size())}));
    }
    return transpose_tensor(value, axes);
  }

  std::string more_arguments() const override {
    return fmt::format("permutation=[{}]", fmt::join(permutation_, ", "));
  }

 private:
  std::vector<int> permutation_;
};

}  // namespace

StageEntry transpose_entry() {
  return {"transpose",
          "reorders the axes of samples (the batch axis is not counted)",
          {{"keys", ArgumentType::kTextList, true, "", "which keys"},
           {"permutation", ArgumentType::kIntegerList, true, "",
            "the old axis of each new one, from 0"}},
          [](const Dataset& dataset, const ArgumentMap& given, SourceLocation location) {
            const Arguments arguments("transpose", given);
            std::vector<int> permutation;
            for (const std::int64_t axis : arguments.integers("permutation")) {
              permutation.push_back(static_cast<int>(std::clamp<std::int64_t>(axis, -1, 1 << 20)));
            }
            return dataset.transpose(arguments.texts("keys"), std::move(permutation), location);
          }};
}

}  // namespace tenon::data

namespace tenon {

Dataset Dataset::transpose(Keys keys, std::vector<int> permutation, Here location) const {
  data::require_some_keys("transpose", keys);
  std::vector<int> wanted(permutation.size());
  std::iota(wanted.begin(), wanted.end(), 0);
  if (permutation.empty() ||
      !std::is_permutation(permutation.begin(), permutation.end(), wanted.begin())) {
    throw_argument_error("transpose",
                         fmt::format("permutation = [{}]", fmt::join(permutation, ", ")),
                         "every axis of the sample once, from 0, without the batch axis");
  }
  return stage(
      std::make_shared<data::TransposeStage>(std::move(keys), std::move(permutation), location));
}

}  // namespace tenon
