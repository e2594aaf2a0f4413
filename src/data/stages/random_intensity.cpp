#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numeric>

#include "data/arguments.hpp"
#include "data/normal_numbers.hpp"
#include "data/stages/entries.hpp"
#include "data/stages/intensity.hpp"

namespace tenon::data {
namespace {

using Interval = std::array<double, 2>;

struct Extremes {
  float low = 0.0F;
  float high = 0.0F;
};
Extremes extremes_of(std::span<const float> values) {
  const auto [low, high] = std::ranges::minmax_element(values);
  return {*low, *high};
}

double mean_of(std::span<const float> values) {
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  return sum / static_cast<double>(values.size());
}

/// What is drawn from one interval.
class FromInterval : public RandomIntensityStage {
 public:
  FromInterval(std::string name, Keys keys, const char* argument, const Interval& range,
               double probability, SourceLocation location)
      : RandomIntensityStage(std::move(name), std::move(keys), probability, location),
        argument_(argument),
        range_(range) {}

 protected:
  Draw draw(Random& random) const override {
    Draw drawn;
    drawn.amount = even_between(random, range_);
    drawn.seed = random.next_u64();
    return drawn;
  }
  std::string own_arguments() const override {
    return fmt::format("{}=[{}, {}]", argument_, range_[0], range_[1]);
  }

 private:
  const char* argument_;
  Interval range_;
};

class RandomNoiseStage final : public FromInterval {
 public:
  RandomNoiseStage(Keys keys, const Interval& deviation, double probability,
                   SourceLocation location)
      : FromInterval("random_noise", std::move(keys), "std", deviation, probability, location) {}

 protected:
  void change(Tensor& volume, const Draw& drawn, std::size_t position) const override {
    add_normals(volume.data<float>(), static_cast<float>(drawn.amount), mix(drawn.seed, position));
  }
};

class RandomBrightnessStage final : public FromInterval {
 public:
  RandomBrightnessStage(Keys keys, const Interval& factor, double probability,
                        SourceLocation location)
      : FromInterval("random_brightness", std::move(keys), "factor", factor, probability,
                     location) {}

 protected:
  void change(Tensor& volume, const Draw& drawn, std::size_t /*position*/) const override {
    const auto factor = static_cast<float>(drawn.amount);
    for (float& value : volume.data<float>()) value *= factor;
  }
};

/// Away from the mean or towards it, held within what was there.
class RandomContrastStage final : public FromInterval {
 public:
  RandomContrastStage(Keys keys, const Interval& factor, double probability,
                      SourceLocation location)
      : FromInterval("random_contrast", std::move(keys), "factor", factor, probability, location) {}

 protected:
  void change(Tensor& volume, const Draw& drawn, std::size_t /*position*/) const override {
    const auto values = volume.data<float>();
    const Extremes held = extremes_of(values);
    const auto mean = static_cast<float>(mean_of(values));
    const auto factor = static_cast<float>(drawn.amount);
    for (float& value : values)
      value = std::clamp((value - mean) * factor + mean, held.low, held.high);
  }
};

/// ((x - low) / (high - low)) ^ gamma, scaled back; `inverted`: of the negative.
class RandomGammaStage final : public FromInterval {
 public:
  RandomGammaStage(Keys keys, const Interval& gamma, double inverted, double probability,
                   SourceLocation location)
      : FromInterval("random_gamma", std::move(keys), "gamma", gamma, probability, location),
        inverted_(inverted) {}

 protected:
  Draw draw(Random& random) const override {
    Draw drawn = FromInterval::draw(random);
    drawn.inverted = random.next_double() < inverted_;
    return drawn;
  }
  void change(Tensor& volume, const Draw& drawn, std::size_t /*position*/) const override {
    const auto values = volume.data<float>();
    const Extremes held = extremes_of(values);
    const float width = held.high - held.low;
    if (!(width > 0.0F)) return;
    const auto gamma = static_cast<float>(drawn.amount);
    for (float& value : values) {
      const float share = (value - held.low) / width;
      value = drawn.inverted ? held.high - std::pow(1.0F - share, gamma) * width
                             : held.low + std::pow(share, gamma) * width;
    }
  }
  std::string own_arguments() const override {
    return fmt::format("{}, inverted={}", FromInterval::own_arguments(), inverted_);
  }

 private:
  double inverted_;
};

class RandomBlurStage final : public FromInterval {
 public:
  RandomBlurStage(Keys keys, const Interval& sigma, double probability, SourceLocation location)
      : FromInterval("random_blur", std::move(keys), "sigma", sigma, probability, location) {}

 protected:
  void change(Tensor& volume, const Draw& drawn, std::size_t /*position*/) const override {
    const double depth = volume.rank() == 4 ? drawn.amount : 0.0;
    volume = blur(volume, {depth, drawn.amount, drawn.amount});
  }
};

/// Taken down to a share of its size (nearest) and back up (linear), as nnU-Net simulates scans of
/// lower resolution.
class RandomLowResolutionStage final : public FromInterval {
 public:
  RandomLowResolutionStage(Keys keys, const Interval& zoom, double probability,
                           SourceLocation location)
      : FromInterval("random_low_resolution", std::move(keys), "zoom", zoom, probability,
                     location) {}

 protected:
  void change(Tensor& volume, const Draw& drawn, std::size_t /*position*/) const override {
    const Grid grid(volume.shape());
    Size3D small = grid.size;
    for (std::size_t axis = grid.rank == 4 ? 0 : 1; axis < 3; ++axis) {
      const double size = std::round(static_cast<double>(grid.size[axis]) * drawn.amount);
      small[axis] = std::max<std::int64_t>(1, static_cast<std::int64_t>(size));
    }
    const Tensor low = resample(volume, small, rescaling(grid.size, small), {.linear = false});
    Tensor back = resample(low, grid.size, rescaling(small, grid.size), {.linear = true});
    back.clear_geometry();
    if (volume.geometry() != nullptr) back.set_geometry(*volume.geometry());
    volume = std::move(back);
  }
};

/// Boxes of one value at random places.
class RandomCutoutStage final : public RandomIntensityStage {
 public:
  RandomCutoutStage(Keys keys, const PatchSize& size, std::int64_t count, double value,
                    double probability, SourceLocation location)
      : RandomIntensityStage("random_cutout", std::move(keys), probability, location),
        size_(size),
        count_(count),
        value_(value) {}

 protected:
  Draw draw(Random& random) const override {
    Draw drawn;
    drawn.seed = random.next_u64();
    return drawn;
  }
  TensorSpec spec_after(const TensorSpec& spec, std::string& problem) const override {
    TensorSpec after = RandomIntensityStage::spec_after(spec, problem);
    if (problem.empty()) problem = why_no_depth(size_, spec);
    return after;
  }
  void change(Tensor& volume, const Draw& drawn, std::size_t position) const override {
    require_depth(name(), keys()[position], volume.shape(), size_);
    const Grid grid(volume.shape());
    const Size3D& size = size_.voxels;
    Random places(drawn.seed);
    float* values = volume.data<float>().data();
    for (std::int64_t i = 0; i < count_; ++i) {
      Index3D first{};
      Index3D end{};
      for (std::size_t axis = 0; axis < 3; ++axis) {
        const auto middle = static_cast<std::int64_t>(
            places.next_below(static_cast<std::uint64_t>(grid.size[axis])));
        first[axis] = std::max<std::int64_t>(0, middle - size[axis] / 2);
        end[axis] = std::min(grid.size[axis], middle - size[axis] / 2 + size[axis]);
      }
      for (std::int64_t d = first[0]; d < end[0]; ++d) {
        for (std::int64_t h = first[1]; h < end[1]; ++h) {
          float* row = values + (d * grid.size[1] + h) * grid.size[2] * grid.channels;
          std::fill(row + first[2] * grid.channels, row + end[2] * grid.channels,
                    static_cast<float>(value_));
        }
      }
    }
  }
  std::string own_arguments() const override {
    return fmt::format("size={}, count={}, value={}", to_text(size_.voxels), count_, value_);
  }

 private:
  PatchSize size_;
  std::int64_t count_;
  double value_;
};

// ------------------------------------------------------------------ words of the experiment file

struct Word {
  const char* name;
  const char* summary;
  const char* argument;
  const char* otherwise;
  const char* meaning;
  Interval range;
  double probability;
  Dataset (Dataset::*call)(Keys, Interval, double, SourceLocation) const;
};

StageEntry entry_of(const Word& word) {
  return {word.name,
          word.summary,
          {{"keys", ArgumentType::kTextList, true, "", "which keys; float32"},
           {word.argument, ArgumentType::kNumberList, false, word.otherwise, word.meaning},
           {"probability", ArgumentType::kNumber, false, fmt::format("{}", word.probability),
            "of a sample to be changed"}},
          [word](const Dataset& dataset, const ArgumentMap& given, SourceLocation location) {
            const Arguments arguments(word.name, given);
            return (dataset.*word.call)(
                arguments.texts("keys"), arguments.interval(word.argument, word.range),
                arguments.number("probability", word.probability), location);
          }};
}

}  // namespace

StageEntry random_noise_entry() {
  return entry_of({"random_noise",
                   "adds normal noise",
                   "std",
                   "[0.0, 0.1]",
                   "[lowest, highest] standard deviation",
                   {0.0, 0.1},
                   0.1,
                   &Dataset::random_noise});
}
StageEntry random_brightness_entry() {
  return entry_of({"random_brightness",
                   "multiplies all values",
                   "factor",
                   "[0.75, 1.25]",
                   "[lowest, highest]",
                   {0.75, 1.25},
                   0.15,
                   &Dataset::random_brightness});
}
StageEntry random_contrast_entry() {
  return entry_of({"random_contrast",
                   "moves values away from their mean or towards it, within their range",
                   "factor",
                   "[0.75, 1.25]",
                   "[lowest, highest]",
                   {0.75, 1.25},
                   0.15,
                   &Dataset::random_contrast});
}
StageEntry random_blur_entry() {
  return entry_of({"random_blur",
                   "convolves with a Gaussian",
                   "sigma",
                   "[0.5, 1.0]",
                   "[lowest, highest] of its standard deviation, voxels",
                   {0.5, 1.0},
                   0.2,
                   &Dataset::random_blur});
}
StageEntry random_low_resolution_entry() {
  return entry_of({"random_low_resolution",
                   "as a scan of lower resolution would look",
                   "zoom",
                   "[0.5, 1.0]",
                   "[lowest, highest] share of the size",
                   {0.5, 1.0},
                   0.25,
                   &Dataset::random_low_resolution});
}

StageEntry random_gamma_entry() {
  return {"random_gamma",
          "raises values, scaled to [0, 1] and back, to a power",
          {{"keys", ArgumentType::kTextList, true, "", "which keys; float32"},
           {"gamma", ArgumentType::kNumberList, false, "[0.7, 1.5]", "[lowest, highest]"},
           {"inverted", ArgumentType::kNumber, false, "0.0", "how often of the negative"},
           {"probability", ArgumentType::kNumber, false, "0.3", "of a sample to be changed"}},
          [](const Dataset& dataset, const ArgumentMap& given, SourceLocation location) {
            const Arguments arguments("random_gamma", given);
            return dataset.random_gamma(
                arguments.texts("keys"), arguments.interval("gamma", {0.7, 1.5}),
                arguments.number("inverted", 0.0), arguments.number("probability", 0.3), location);
          }};
}

StageEntry random_cutout_entry() {
  return {"random_cutout",
          "fills boxes at random places with one value",
          {{"keys", ArgumentType::kTextList, true, "", "which keys; float32"},
           {"size", ArgumentType::kIntegerList, true, "",
            "of a box: [depth, height, width], or [height, width]"},
           {"count", ArgumentType::kInteger, false, "1", "how many boxes"},
           {"value", ArgumentType::kNumber, false, "0.0", "what they are filled with"},
           {"probability", ArgumentType::kNumber, false, "0.5", "of a sample to be changed"}},
          [](const Dataset& dataset, const ArgumentMap& given, SourceLocation location) {
            const Arguments arguments("random_cutout", given);
            return dataset.random_cutout(arguments.texts("keys"), arguments.integers("size"),
                                         {.count = arguments.integer("count", 1),
                                          .value = arguments.number("value", 0.0),
                                          .probability = arguments.number("probability", 0.5)},
                                         location);
          }};
}

}  // namespace tenon::data

namespace tenon {
namespace {

void check_random(const char* stage, const Keys& keys, const char* argument,
                  const std::array<double, 2>& range, double least, double probability) {
  data::require_some_keys(stage, keys);
  data::require_interval(stage, argument, range, least);
  data::require_probability(stage, probability);
}

}  // namespace

Dataset Dataset::random_noise(Keys keys, std::array<double, 2> standard_deviation,
                              double probability, Here location) const {
  check_random("random_noise", keys, "std", standard_deviation, 0.0, probability);
  return stage(std::make_shared<data::RandomNoiseStage>(std::move(keys), standard_deviation,
                                                        probability, location));
}

Dataset Dataset::random_brightness(Keys keys, std::array<double, 2> factor, double probability,
                                   Here location) const {
  check_random("random_brightness", keys, "factor", factor, data::kAnyNumber, probability);
  return stage(std::make_shared<data::RandomBrightnessStage>(std::move(keys), factor, probability,
                                                             location));
}

Dataset Dataset::random_contrast(Keys keys, std::array<double, 2> factor, double probability,
                                 Here location) const {
  check_random("random_contrast", keys, "factor", factor, data::kAnyNumber, probability);
  return stage(
      std::make_shared<data::RandomContrastStage>(std::move(keys), factor, probability, location));
}

Dataset Dataset::random_gamma(Keys keys, std::array<double, 2> gamma, double inverted,
                              double probability, Here location) const {
  check_random("random_gamma", keys, "gamma", gamma, 1e-3, probability);
  data::require_probability("random_gamma", inverted);
  return stage(std::make_shared<data::RandomGammaStage>(std::move(keys), gamma, inverted,
                                                        probability, location));
}

Dataset Dataset::random_blur(Keys keys, std::array<double, 2> sigma, double probability,
                             Here location) const {
  check_random("random_blur", keys, "sigma", sigma, 0.0, probability);
  if (sigma[1] > 100.0) {
    throw_argument_error("random_blur", fmt::format("sigma of {}", sigma[1]), "at most 100 voxels");
  }
  return stage(
      std::make_shared<data::RandomBlurStage>(std::move(keys), sigma, probability, location));
}

Dataset Dataset::random_low_resolution(Keys keys, std::array<double, 2> zoom, double probability,
                                       Here location) const {
  check_random("random_low_resolution", keys, "zoom", zoom, 0.01, probability);
  if (zoom[1] > 1.0) {
    throw_argument_error("random_low_resolution", fmt::format("a zoom of {}", zoom[1]),
                         "at most 1");
  }
  return stage(std::make_shared<data::RandomLowResolutionStage>(std::move(keys), zoom, probability,
                                                                location));
}

Dataset Dataset::random_cutout(Keys keys, std::vector<std::int64_t> size, CutoutOptions options,
                               Here location) const {
  data::require_some_keys("random_cutout", keys);
  const auto wanted = data::patch_size("random_cutout", size);
  data::require_probability("random_cutout", options.probability);
  if (options.count < 1 || options.count > 1000) {
    throw_argument_error("random_cutout", fmt::format("count = {}", options.count), "1 to 1000");
  }
  return stage(std::make_shared<data::RandomCutoutStage>(
      std::move(keys), wanted, options.count, options.value, options.probability, location));
}

}  // namespace tenon
