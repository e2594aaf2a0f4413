#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "data/arguments.hpp"
#include "data/numeric.hpp"
#include "data/stages/entries.hpp"
#include "data/stages/intensity.hpp"

namespace tenon::data {
namespace {

TensorSpec float_spec(const TensorSpec& spec) {
  TensorSpec after = spec;
  after.dtype = DType::kFloat32;
  after.range.reset();
  return after;
}

/// Element at `percent` of sorted values, between two of them linearly (numpy's "linear").
double percentile(std::vector<float>& values, double percent) {
  const double place = percent / 100.0 * static_cast<double>(values.size() - 1);
  const auto low = static_cast<std::ptrdiff_t>(std::floor(place));
  std::nth_element(values.begin(), values.begin() + low, values.end());
  const double first = static_cast<double>(values[static_cast<std::size_t>(low)]);
  const double share = place - static_cast<double>(low);
  if (!(share > 0.0)) return first;
  const double second =
      static_cast<double>(*std::min_element(values.begin() + low + 1, values.end()));
  return first + share * (second - first);
}

class WindowStage final : public SpatialKeyStage {
 public:
  WindowStage(Keys keys, std::array<double, 2> range, WindowOptions options,
              SourceLocation location)
      : SpatialKeyStage("window", std::move(keys), location), range_(range), options_(options) {}

 protected:
  TensorSpec spec_after(const TensorSpec& spec, std::string& /*problem*/) const override {
    TensorSpec after = float_spec(spec);
    if (options_.clip) after.range = ValueRange{options_.to[0], options_.to[1]};
    return after;
  }

  bool pointwise() const override { return !options_.percentiles; }

  Tensor apply(const Tensor& volume, std::size_t /*position*/) const override {
    Tensor result = as_floats(volume);
    const auto values = result.data<float>();
    std::array<double, 2> from = range_;
    if (options_.percentiles && !values.empty()) {
      std::vector<float> sorted(values.begin(), values.end());
      from = {percentile(sorted, range_[0]), percentile(sorted, range_[1])};
    }
    const double width = from[1] - from[0];
    // Of a volume of one value nothing can be told apart: all of it is the lowest.
    const double factor = width > 0.0 ? (options_.to[1] - options_.to[0]) / width : 0.0;
    for (float& value : values) {
      double scaled = (static_cast<double>(value) - from[0]) * factor + options_.to[0];
      if (options_.clip) scaled = std::clamp(scaled, options_.to[0], options_.to[1]);
      value = static_cast<float>(scaled);
    }
    return result;
  }

  std::string more_arguments() const override {
    return fmt::format("range=[{}, {}], to=[{}, {}], clip={}, percentiles={}", range_[0], range_[1],
                       options_.to[0], options_.to[1], options_.clip, options_.percentiles);
  }

 private:
  std::array<double, 2> range_;
  WindowOptions options_;
};

/// Which voxels statistics look at.
class Mask {
 public:
  /// `mask`: nullptr for all voxels, else above 0; of the volume's size, with one channel or as
  /// many as it.
  Mask(const Tensor* mask, const Grid& grid, const std::string& key) {
    if (mask == nullptr) return;
    const Grid own(mask->shape());
    if (own.size != grid.size || (own.channels != 1 && own.channels != grid.channels)) {
      throw DataError(make_diagnostic(
          "S002", fmt::format("the mask {} is {}", quote_key(key), mask->shape().to_string()),
          {fmt::format("expected: {} voxels", to_text(grid.size))}));
    }
    bits_ = mask->cast(DType::kBool);
    stride_ = own.channels == 1 ? 0 : 1;
  }
  bool operator()(std::int64_t voxel, std::int64_t channel, std::int64_t channels) const {
    if (!bits_.defined()) return true;
    const std::int64_t at = stride_ == 0 ? voxel : voxel * channels + channel;
    return bits_.bytes()[at] != std::byte{0};
  }

 private:
  Tensor bits_;
  std::int64_t stride_ = 0;
};

class ZScoreStage final : public SpatialStage {
 public:
  ZScoreStage(Keys keys, ZScoreOptions options, SourceLocation location)
      : SpatialStage("z_score", std::move(keys), location), options_(std::move(options)) {}

 protected:
  TensorSpec spec_after(const TensorSpec& spec, std::string& /*problem*/) const override {
    return float_spec(spec);
  }
  void edit_others(SchemaEditor& editor) const override {
    if (!options_.mask.empty()) static_cast<void>(editor.require(options_.mask));
  }
  Keys others() const override { return options_.mask.empty() ? Keys{} : Keys{options_.mask}; }

  void work(std::span<Value> values, Random& /*random*/) const override {
    const Tensor* mask = options_.mask.empty() ? nullptr : &values.back().tensor;
    for (Value& value : values.first(keys().size())) value.tensor = scored(value.tensor, mask);
  }

  std::string more_arguments() const override {
    return fmt::format("mask={}, nonzero={}", quote_key(options_.mask), options_.nonzero);
  }

 private:
  /// Each channel by itself: zeros outside of the mask, (x - mean) / deviation inside.
  Tensor scored(const Tensor& volume, const Tensor* mask) const {
    Tensor result = as_floats(volume);
    const Grid grid(volume.shape());
    const Mask inside(mask, grid, options_.mask);
    const auto values = result.data<float>();
    for (std::int64_t channel = 0; channel < grid.channels; ++channel) {
      score_channel(values, grid, channel, inside);
    }
    return result;
  }

  void score_channel(std::span<float> values, const Grid& grid, std::int64_t channel,
                     const Mask& inside) const {
    double sum = 0.0;
    double squares = 0.0;
    std::int64_t count = 0;
    const auto each = [&](const auto& use) {
      for (std::int64_t voxel = 0; voxel < grid.voxels(); ++voxel) {
        float& value = values[static_cast<std::size_t>(voxel * grid.channels + channel)];
        use(value, inside(voxel, channel, grid.channels) && (!options_.nonzero || value != 0.0F));
      }
    };
    each([&](const float& value, bool counts) {
      if (!counts) return;
      sum += static_cast<double>(value);
      ++count;
    });
    if (count == 0) return;
    const double mean = sum / static_cast<double>(count);
    each([&](const float& value, bool counts) {
      const double away = static_cast<double>(value) - mean;
      if (counts) squares += away * away;
    });
    const double deviation = std::sqrt(squares / static_cast<double>(count));
    const double scale = deviation > 0.0 ? 1.0 / deviation : 1.0;
    each([&](float& value, bool counts) {
      value = counts ? static_cast<float>((static_cast<double>(value) - mean) * scale) : 0.0F;
    });
  }

  ZScoreOptions options_;
};

/// Values become the share of values that are no larger: histogram equalisation.
class EqualizeStage final : public SpatialKeyStage {
 public:
  EqualizeStage(Keys keys, std::int64_t bins, SourceLocation location)
      : SpatialKeyStage("equalize_histogram", std::move(keys), location), bins_(bins) {}

 protected:
  TensorSpec spec_after(const TensorSpec& spec, std::string& /*problem*/) const override {
    TensorSpec after = float_spec(spec);
    after.range = ValueRange{0.0, 1.0};
    return after;
  }

  Tensor apply(const Tensor& volume, std::size_t /*position*/) const override {
    Tensor result = as_floats(volume);
    const auto values = result.data<float>();
    const auto [low, high] = std::ranges::minmax_element(values);
    const double first = static_cast<double>(*low);
    const double width = static_cast<double>(*high) - first;
    if (!(width > 0.0)) {
      std::fill(values.begin(), values.end(), 0.0F);
      return result;
    }
    const auto bin_of = [&](float value) {
      const double place =
          (static_cast<double>(value) - first) / width * static_cast<double>(bins_);
      return std::clamp<std::size_t>(static_cast<std::size_t>(place), 0,
                                     static_cast<std::size_t>(bins_ - 1));
    };
    std::vector<double> share(static_cast<std::size_t>(bins_), 0.0);
    for (const float value : values) share[bin_of(value)] += 1.0;
    std::partial_sum(share.begin(), share.end(), share.begin());
    const double least = share.front();
    const double rest = std::max(static_cast<double>(values.size()) - least, 1.0);
    for (float& value : values) {
      value = static_cast<float>((share[bin_of(value)] - least) / rest);
    }
    return result;
  }

  std::string more_arguments() const override { return fmt::format("bins={}", bins_); }

 private:
  std::int64_t bins_;
};

}  // namespace

StageEntry window_entry() {
  return {"window",
          "scales a range of intensities to [0, 1], and clips what lies outside",
          {{"keys", ArgumentType::kTextList, true, "", "which keys"},
           {"range", ArgumentType::kNumberList, true, "", "[lowest, highest] that is kept"},
           {"to", ArgumentType::kNumberList, false, "[0.0, 1.0]", "what they become"},
           {"clip", ArgumentType::kBool, false, "true", "hold the rest within"},
           {"percentiles", ArgumentType::kBool, false, "false",
            "the range is in percent of each sample's sorted values"}},
          [](const Dataset& dataset, const ArgumentMap& given, SourceLocation location) {
            const Arguments arguments("window", given);
            WindowOptions options;
            options.to = arguments.interval("to", options.to);
            options.clip = arguments.boolean("clip", true);
            options.percentiles = arguments.boolean("percentiles", false);
            return dataset.window(arguments.texts("keys"), arguments.interval("range"), options,
                                  location);
          }};
}

StageEntry z_score_entry() {
  return {"z_score",
          "subtracts each sample's mean and divides by its standard deviation, per channel",
          {{"keys", ArgumentType::kTextList, true, "", "which keys"},
           {"mask", ArgumentType::kText, false, "\"\"",
            "the key of a mask: only what is inside counts, the rest becomes 0"},
           {"nonzero", ArgumentType::kBool, false, "false", "zeros do not count and stay"}},
          [](const Dataset& dataset, const ArgumentMap& given, SourceLocation location) {
            const Arguments arguments("z_score", given);
            return dataset.z_score(arguments.texts("keys"),
                                   {.mask = arguments.text("mask", ""),
                                    .nonzero = arguments.boolean("nonzero", false)},
                                   location);
          }};
}

StageEntry equalize_histogram_entry() {
  return {"equalize_histogram",
          "spreads intensities over [0, 1] so that each is as frequent",
          {{"keys", ArgumentType::kTextList, true, "", "which keys"},
           {"bins", ArgumentType::kInteger, false, "256", "of the histogram"}},
          [](const Dataset& dataset, const ArgumentMap& given, SourceLocation location) {
            const Arguments arguments("equalize_histogram", given);
            return dataset.equalize_histogram(arguments.texts("keys"),
                                              arguments.integer("bins", 256), location);
          }};
}

}  // namespace tenon::data

namespace tenon {

Dataset Dataset::window(Keys keys, std::array<double, 2> range, WindowOptions options,
                        Here location) const {
  data::require_some_keys("window", keys);
  data::require_interval("window", "range", range, options.percentiles ? 0.0 : data::kAnyNumber);
  data::require_interval("window", "to", options.to);
  if (options.percentiles && range[1] > 100.0) {
    throw_argument_error("window", fmt::format("a range up to {} percent", range[1]),
                         "at most 100");
  }
  if (!(range[0] < range[1])) {
    throw_argument_error("window", fmt::format("range = [{}, {}]", range[0], range[1]),
                         "the first below the second");
  }
  return stage(std::make_shared<data::WindowStage>(std::move(keys), range, options, location));
}

Dataset Dataset::z_score(Keys keys, ZScoreOptions options, Here location) const {
  data::require_some_keys("z_score", keys);
  return stage(std::make_shared<data::ZScoreStage>(std::move(keys), std::move(options), location));
}

Dataset Dataset::equalize_histogram(Keys keys, std::int64_t bins, Here location) const {
  data::require_some_keys("equalize_histogram", keys);
  if (bins < 2 || bins > (1 << 20)) {
    throw_argument_error("equalize_histogram", fmt::format("bins = {}", bins), "2 to 2^20");
  }
  return stage(std::make_shared<data::EqualizeStage>(std::move(keys), bins, location));
}

}  // namespace tenon
