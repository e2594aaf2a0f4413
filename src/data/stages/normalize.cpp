#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "data/arguments.hpp"
#include "data/exact_clones.hpp"
#include "data/numeric.hpp"
#include "data/stages/entries.hpp"
#include "data/stages/per_key_stage.hpp"

namespace tenon::data {
namespace {

TENON_EXACT_CLONES void normalize_period(const std::uint8_t* in, const float* mean,
                                         const float* deviation, std::size_t count, float* out) {
  for (std::size_t i = 0; i < count; ++i)
    out[i] = (static_cast<float>(in[i]) - mean[i]) / deviation[i];
}

TENON_EXACT_CLONES void normalize_period(const float* in, const float* mean, const float* deviation,
                                         std::size_t count, float* out) {
  for (std::size_t i = 0; i < count; ++i) out[i] = (in[i] - mean[i]) / deviation[i];
}

class NormalizeStage final : public PerKeyStage {
 public:
  NormalizeStage(Keys keys, std::vector<double> mean, std::vector<double> deviation,
                 SourceLocation location)
      : PerKeyStage("normalize", std::move(keys), location),
        mean_(std::move(mean)),
        deviation_(std::move(deviation)),
        channels_(std::max(mean_.size(), deviation_.size())) {}

 protected:
  TensorSpec spec_after(const TensorSpec& spec, std::string& problem) const override {
    if (spec.dtype == DType::kString) problem = "it holds text";
    if (channels_ > 1 && spec.rank_known) {
      const bool has_channels = spec.rank() > first_axis(spec);
      const bool fits =
          has_channels && spec.shape.back().fits(static_cast<std::int64_t>(channels_));
      if (!fits && problem.empty()) {
        problem = fmt::format("it is {}, and {} means are given, one per channel (the last axis)",
                              spec.to_string(), channels_);
      }
    }
    TensorSpec after = spec;
    after.dtype = DType::kFloat32;
    after.range = channels_ == 1 ? range_after(spec) : std::nullopt;
    return after;
  }

  Tensor apply(const Tensor& value, const ValueContext& context) const override {
    if (channels_ > 1 &&
        (value.rank() == 0 || value.dim(-1) != static_cast<std::int64_t>(channels_))) {
      throw DataError(make_diagnostic(
          "S002", fmt::format("{} is {}", quote_key(context.key), value.shape().to_string()),
          {fmt::format("expected: {} channels, one per mean", channels_)}));
    }
    Tensor result = Tensor::uninitialized(DType::kFloat32, value.shape());
    with_number_type(value.dtype(), [&](auto type) {
      using T = decltype(type);
      const auto in = value.data<T>();
      const auto out = result.data<float>();
      if constexpr (std::is_same_v<T, std::uint8_t> || std::is_same_v<T, float>) {
        in_periods(in, out);
      } else {
        for (std::size_t i = 0; i < in.size(); ++i) out[i] = normalized(in[i], i % channels_);
      }
    });
    return result;
  }

  bool pointwise(const TensorSpec& spec) const override {
    return channels_ == 1 || (spec.shape.back().known() &&
                              spec.shape.back().size() == static_cast<std::int64_t>(channels_));
  }

  std::string more_arguments() const override {
    return fmt::format("mean=[{}], standard_deviation=[{}]", fmt::join(mean_, ", "),
                       fmt::join(deviation_, ", "));
  }

 private:
  template <class T>
  float normalized(T value, std::size_t channel) const {
    const auto mean = static_cast<Wide<T>>(mean_[mean_.size() > 1 ? channel : 0]);
    const auto deviation = static_cast<Wide<T>>(deviation_[deviation_.size() > 1 ? channel : 0]);
    return static_cast<float>((widen(value) - mean) / deviation);
  }

  /// The same as normalized() of each, many at a time.
  template <class T>
  void in_periods(std::span<const T> in, std::span<float> out) const {
    constexpr std::size_t kAtOnce = 16;
    const std::size_t period = channels_ * kAtOnce;
    std::vector<float> mean(period);
    std::vector<float> deviation(period);
    for (std::size_t i = 0; i < period; ++i) {
      const std::size_t channel = i % channels_;
      mean[i] = static_cast<float>(mean_[mean_.size() > 1 ? channel : 0]);
      deviation[i] = static_cast<float>(deviation_[deviation_.size() > 1 ? channel : 0]);
    }
    for (std::size_t i = 0; i < in.size(); i += period) {
      const std::size_t count = std::min(period, in.size() - i);
      normalize_period(in.data() + i, mean.data(), deviation.data(), count, out.data() + i);
    }
  }

  std::optional<ValueRange> range_after(const TensorSpec& spec) const {
    const auto range = implied_range(spec);
    if (!range) return std::nullopt;
    const double a = (range->low - mean_[0]) / deviation_[0];
    const double b = (range->high - mean_[0]) / deviation_[0];
    return ValueRange{std::min(a, b), std::max(a, b)};
  }

  std::vector<double> mean_;
  std::vector<double> deviation_;
  std::size_t channels_;
};

}  // namespace

StageEntry normalize_entry() {
  return {"normalize",
          "(x - mean) / standard deviation, as float32",
          {{"keys", ArgumentType::kTextList, true, "", "which keys"},
           {"mean", ArgumentType::kNumberOrList, true, "", "one number, or one per channel"},
           {"std", ArgumentType::kNumberOrList, true, "", "one number, or one per channel"}},
          [](const Dataset& dataset, const ArgumentMap& given, SourceLocation location) {
            const Arguments arguments("normalize", given);
            return dataset.normalize(arguments.texts("keys"), arguments.numbers("mean"),
                                     arguments.numbers("std"), location);
          }};
}

}  // namespace tenon::data

namespace tenon {

Dataset Dataset::normalize(Keys keys, std::vector<double> mean,
                           std::vector<double> standard_deviation, Here location) const {
  data::require_some_keys("normalize", keys);
  const std::string came =
      fmt::format("{} means and {} standard deviations", mean.size(), standard_deviation.size());
  const bool equal = mean.size() == standard_deviation.size() || mean.size() == 1 ||
                     standard_deviation.size() == 1;
  if (mean.empty() || standard_deviation.empty() || !equal) {
    throw_argument_error("normalize", came, "one number each, or one per channel");
  }
  for (const double value : standard_deviation) {
    if (!(value > 0.0) || !std::isfinite(value)) {
      throw_argument_error("normalize", fmt::format("a standard deviation of {}", value),
                           "more than 0");
    }
  }
  return stage(std::make_shared<data::NormalizeStage>(std::move(keys), std::move(mean),
                                                      std::move(standard_deviation), location));
}

}  // namespace tenon
