#include "graph/draw_weights.hpp"

#include <algorithm>
#include <cmath>
#include <span>

#include "core/text_hash.hpp"
#include "graph/initializer_table.hpp"
#include "tenon/error.hpp"
#include "tenon/random.hpp"

namespace tenon::graph {
namespace {

void fill(std::span<float> values, double value) {
  std::fill(values.begin(), values.end(), static_cast<float>(value));
}

void fill_uniform(std::span<float> values, Random& random, double low, double high) {
  for (float& value : values) {
    value = static_cast<float>(low + (high - low) * static_cast<double>(random.next_float()));
  }
}

void fill_normal(std::span<float> values, Random& random, double mean, double stddev) {
  for (float& value : values) {
    value = static_cast<float>(mean + stddev * static_cast<double>(random.next_normal()));
  }
}

/// What lies more than two deviations from the mean is drawn again.
void fill_truncated_normal(std::span<float> values, Random& random, double mean, double stddev) {
  for (float& value : values) {
    float normal = random.next_normal();
    while (std::fabs(normal) > 2.0F) normal = random.next_normal();
    value = static_cast<float>(mean + stddev * static_cast<double>(normal));
  }
}

double fan_for(const std::string& mode, const Fans& fans) {
  if (mode == "fan_in") return fans.in;
  if (mode == "fan_out") return fans.out;
  if (mode == "fan_avg") return (fans.in + fans.out) / 2.0;
  throw_argument_error("initializer VarianceScaling", "mode is " + quote_key(mode),
                       R"("fan_in", "fan_out" or "fan_avg")");
}

void fill_variance_scaling(std::span<float> values, Random& random, double scale,
                           const std::string& distribution) {
  // The deviation of a normal distribution that is cut off at two deviations.
  constexpr double kTruncatedDeviation = 0.87962566103423978;
  if (distribution == "uniform") {
    const double limit = std::sqrt(3.0 * scale);
    fill_uniform(values, random, -limit, limit);
  } else if (distribution == "truncated_normal") {
    fill_truncated_normal(values, random, 0.0, std::sqrt(scale) / kTruncatedDeviation);
  } else if (distribution == "untruncated_normal") {
    fill_normal(values, random, 0.0, std::sqrt(scale));
  } else {
    throw_argument_error("initializer VarianceScaling",
                         "distribution is " + quote_key(distribution),
                         R"("uniform", "truncated_normal" or "untruncated_normal")");
  }
}

void fill_scaled(const Initializer& initializer, const InitializerFacts& facts, const Shape& shape,
                 std::span<float> values, Random& random) {
  const bool named = facts.scale != 0.0;
  const double scale = named ? facts.scale : initializer.argument("scale");
  const std::string& mode = named ? facts.mode : initializer.mode;
  const std::string& distribution = named ? facts.distribution : initializer.distribution;
  fill_variance_scaling(values, random, scale / std::max(1.0, fan_for(mode, fans_of(shape))),
                        distribution);
}

}  // namespace

Fans fans_of(const Shape& shape) {
  const int rank = shape.rank();
  if (rank == 0) return {};
  if (rank == 1) return {static_cast<double>(shape[0]), static_cast<double>(shape[0])};
  double receptive_field = 1.0;
  for (int axis = 0; axis < rank - 2; ++axis) {
    receptive_field *= static_cast<double>(shape.dim(axis));
  }
  return {receptive_field * static_cast<double>(shape.dim(-2)),
          receptive_field * static_cast<double>(shape.dim(-1))};
}

Tensor draw_weights(const Initializer& initializer, const Shape& shape, std::uint64_t seed,
                    std::string_view path) {
  Tensor tensor = Tensor::uninitialized(DType::kFloat32, shape);
  const std::span<float> values = tensor.data<float>();
  const InitializerFacts& facts = *find_initializer(initializer.class_name());
  Random random = initializer.seed() ? Random(static_cast<std::uint64_t>(*initializer.seed()))
                                     : Random(seed, hash_text(path));
  const std::string& kind = facts.class_name;
  const auto argument = [&](const char* name) { return initializer.argument(name); };
  if (kind == "Zeros" || kind == "Ones") {
    fill(values, kind == "Ones" ? 1.0 : 0.0);
  } else if (kind == "Constant") {
    fill(values, argument("value"));
  } else if (kind == "RandomNormal") {
    fill_normal(values, random, argument("mean"), argument("stddev"));
  } else if (kind == "RandomUniform") {
    fill_uniform(values, random, argument("minval"), argument("maxval"));
  } else if (kind == "TruncatedNormal") {
    fill_truncated_normal(values, random, argument("mean"), argument("stddev"));
  } else {
    fill_scaled(initializer, facts, shape, values, random);
  }
  return tensor;
}

}  // namespace tenon::graph
