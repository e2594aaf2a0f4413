#include "backend/onednn/kernels/overlap_loss.hpp"

#include <algorithm>

#include "backend/onednn/cpu.hpp"
#include "backend/onednn/parallel.hpp"

namespace tenon::backend::onednn {
namespace {

using ops::LossReduction;

// Keras's backend.epsilon().
constexpr double kEpsilon = 1e-7;
// Rows that are summed in float before the sum goes into a double.
constexpr std::int64_t kBlock = 2048;

struct Sums {
  double both = 0.0;
  double target = 0.0;
  double prediction = 0.0;
};

// 1 − above·I / (both·I + target·T + prediction·P + epsilon), of I = Σ tp, T = Σ t, P = Σ p.
struct Quotient {
  double above = 2.0;
  double both = 0.0;
  double target = 1.0;
  double prediction = 1.0;
};
Quotient quotient_of(const ops::LossAttributes& attributes) {
  if (attributes.kind == ops::LossKind::kDice) return {};
  const double alpha = attributes.alpha.empty() ? 0.5 : attributes.alpha[0];
  return {1.0, 1.0 - alpha - attributes.beta, alpha, attributes.beta};
}

std::int64_t blocks_of(const OverlapLayout& layout) { return (layout.inner + kBlock - 1) / kBlock; }
std::int64_t sums_per_block(const OverlapLayout& layout) {
  return layout.class_kept ? layout.classes : 1;
}

TENON_CLONES void sum_strided(const float* p, const float* t, std::int64_t count,
                              std::int64_t stride, Sums* sums) {
  float both = 0.0F;
  float target = 0.0F;
  float prediction = 0.0F;
#pragma omp simd reduction(+ : both, target, prediction)
  for (std::int64_t i = 0; i < count; ++i) {
    both += p[i * stride] * t[i * stride];
    target += t[i * stride];
    prediction += p[i * stride];
  }
  sums->both += static_cast<double>(both);
  sums->target += static_cast<double>(target);
  sums->prediction += static_cast<double>(prediction);
}

// Sums of one block: of each class, or of all.
void sum_block(const OverlapInputs& in, std::int64_t first_row, std::int64_t rows, Sums* sums) {
  const OverlapLayout& layout = *in.layout;
  const float* p = in.prediction + first_row * layout.classes;
  const float* t = in.target + first_row * layout.classes;
  std::fill_n(sums, sums_per_block(layout), Sums{});
  if (!layout.class_kept) return sum_strided(p, t, rows * layout.classes, 1, sums);
  for (std::int64_t c = 0; c < layout.classes; ++c) {
    sum_strided(p + c, t + c, rows, layout.classes, sums + c);
  }
}

// The sums of every group, at the front of scratch; the same for any number of threads.
const Sums* sum_groups(const OverlapInputs& in, int threads, void* scratch) {
  const OverlapLayout& layout = *in.layout;
  Sums* groups = static_cast<Sums*>(scratch);
  Sums* partial = groups + layout.groups;
  const std::int64_t blocks = blocks_of(layout);
  const std::int64_t width = sums_per_block(layout);
  parallel_range(threads, layout.outer * blocks, std::max<std::int64_t>(1, 8192 / layout.inner),
                 [&](std::int64_t begin, std::int64_t end) {
                   for (std::int64_t i = begin; i < end; ++i) {
                     const std::int64_t first = i % blocks * kBlock;
                     sum_block(in, i / blocks * layout.inner + first,
                               std::min(kBlock, layout.inner - first), partial + i * width);
                   }
                 });
  std::fill_n(groups, layout.groups, Sums{});
  for (std::int64_t i = 0; i < layout.outer * blocks; ++i) {
    Sums* into = groups + layout.first_group[static_cast<std::size_t>(i / blocks)];
    for (std::int64_t c = 0; c < width; ++c) {
      into[c].both += partial[i * width + c].both;
      into[c].target += partial[i * width + c].target;
      into[c].prediction += partial[i * width + c].prediction;
    }
  }
  return groups;
}

double below(const Quotient& quotient, const Sums& sums) {
  return quotient.both * sums.both + quotient.target * sums.target +
         quotient.prediction * sums.prediction + kEpsilon;
}
double value_of(const Quotient& quotient, const Sums& sums) {
  return 1.0 - quotient.above * sums.both / below(quotient, sums);
}

// What the groups' values are multiplied with in the total. Sums over all samples have the weight
// of all: their mean, and in a sum their sum.
class Scales {
 public:
  explicit Scales(const OverlapInputs& in) : in_(in) {
    const OverlapLayout& layout = *in.layout;
    double weights = 0.0;
    for (std::int64_t i = 0; i < layout.samples; ++i) weights += weight(i);
    const auto samples = static_cast<double>(layout.samples);
    const auto count = static_cast<double>(layout.groups);
    const LossReduction reduction = in.attributes->reduction;
    const bool weighted = in.sample_weight != nullptr;
    shared_ = in.attributes->weight;
    if (reduction == LossReduction::kSumOverBatchSize) {
      shared_ /= count;
      if (!layout.per_sample && weighted) shared_ *= weights / samples;
    } else if (reduction == LossReduction::kMeanWithSampleWeight) {
      const double divisor = layout.per_sample ? weights * count / samples : count;
      shared_ = divisor == 0.0 ? 0.0 : shared_ / divisor;
    } else if (!layout.per_sample && weighted) {
      shared_ *= weights;
    }
  }
  double of(std::int64_t group) const {
    const OverlapLayout& layout = *in_.layout;
    if (!layout.per_sample) return shared_;
    return shared_ * weight(group / (layout.groups / layout.samples));
  }

 private:
  double weight(std::int64_t sample) const {
    return in_.sample_weight == nullptr ? 1.0 : static_cast<double>(in_.sample_weight[sample]);
  }

  const OverlapInputs& in_;
  double shared_ = 1.0;
};

// What one outer index' rows lose on average.
float mean_value(const OverlapInputs& in, const Quotient& quotient, const Sums* groups,
                 std::int64_t outer) {
  const OverlapLayout& layout = *in.layout;
  const Sums* sums = groups + layout.first_group[static_cast<std::size_t>(outer)];
  const std::int64_t count = sums_per_block(layout);
  double sum = 0.0;
  for (std::int64_t c = 0; c < count; ++c) sum += value_of(quotient, sums[c]);
  return static_cast<float>(sum / static_cast<double>(count));
}

// dp = slope · t + shift for one class of a block, or for all.
TENON_CLONES void line(const float* t, std::int64_t count, std::int64_t stride, float slope,
                       float shift, float* dp) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) dp[i * stride] = slope * t[i * stride] + shift;
}

}  // namespace

OverlapLayout overlap_layout(const Shape& prediction, const std::vector<int>& axes) {
  const std::size_t rank = prediction.dims().size();
  std::vector<bool> summed(rank, axes.empty());
  for (const int axis : axes) {
    summed[static_cast<std::size_t>(axis < 0 ? axis + prediction.rank() : axis)] = true;
  }
  OverlapLayout layout;
  layout.classes = prediction.dim(-1);
  layout.class_kept = !summed[rank - 1];
  layout.samples = prediction[0];
  layout.per_sample = !summed[0];
  std::size_t outer_axes = rank - 1;
  while (outer_axes > 0 && summed[outer_axes - 1]) layout.inner *= prediction[--outer_axes];
  std::vector<std::int64_t> strides(outer_axes, 0);
  layout.groups = layout.class_kept ? layout.classes : 1;
  for (std::size_t i = outer_axes; i-- > 0;) {
    layout.outer *= prediction[i];
    if (summed[i]) continue;
    strides[i] = layout.groups;
    layout.groups *= prediction[i];
  }
  layout.first_group.assign(static_cast<std::size_t>(layout.outer), 0);
  for (std::int64_t index = 0; index < layout.outer; ++index) {
    std::int64_t rest = index;
    for (std::size_t i = outer_axes; i-- > 0;) {
      layout.first_group[static_cast<std::size_t>(index)] += rest % prediction[i] * strides[i];
      rest /= prediction[i];
    }
  }
  return layout;
}

std::size_t overlap_scratch_bytes(const OverlapLayout& layout) {
  const std::int64_t sums =
      layout.groups + layout.outer * blocks_of(layout) * sums_per_block(layout);
  return static_cast<std::size_t>(sums) * sizeof(Sums);
}

void overlap_forward(const OverlapInputs& in, int threads, float* total, float* each,
                     void* scratch) {
  const OverlapLayout& layout = *in.layout;
  const Quotient quotient = quotient_of(*in.attributes);
  const Sums* groups = sum_groups(in, threads, scratch);
  for (std::int64_t outer = 0; each != nullptr && outer < layout.outer; ++outer) {
    std::fill_n(each + outer * layout.inner, layout.inner, mean_value(in, quotient, groups, outer));
  }
  if (total == nullptr) return;
  const Scales scales(in);
  double sum = 0.0;
  for (std::int64_t i = 0; i < layout.groups; ++i) {
    sum += scales.of(i) * value_of(quotient, groups[i]);
  }
  *total = static_cast<float>(sum);
}

void overlap_backward(const OverlapInputs& in, int threads, float dtotal, float* dprediction,
                      void* scratch) {
  const OverlapLayout& layout = *in.layout;
  const Quotient quotient = quotient_of(*in.attributes);
  const Sums* groups = sum_groups(in, threads, scratch);
  const Scales scales(in);
  const std::int64_t blocks = blocks_of(layout);
  const std::int64_t width = sums_per_block(layout);
  const std::int64_t together = layout.class_kept ? 1 : layout.classes;
  const auto one = [&](std::int64_t block) {
    const std::int64_t first = block % blocks * kBlock;
    const std::int64_t rows = std::min(kBlock, layout.inner - first);
    const std::int64_t row = block / blocks * layout.inner + first;
    for (std::int64_t c = 0; c < width; ++c) {
      const std::int64_t group = layout.first_group[static_cast<std::size_t>(block / blocks)] + c;
      const Sums& sums = groups[group];
      const double scale = static_cast<double>(dtotal) * scales.of(group) * quotient.above;
      const double divisor = below(quotient, sums);
      const double share = sums.both / (divisor * divisor);
      line(in.target + row * layout.classes + c, rows * together, width,
           static_cast<float>(scale * (share * quotient.both - 1.0 / divisor)),
           static_cast<float>(scale * share * quotient.prediction),
           dprediction + row * layout.classes + c);
    }
  };
  parallel_range(threads, layout.outer * blocks, std::max<std::int64_t>(1, 8192 / layout.inner),
                 [&](std::int64_t begin, std::int64_t end) {
                   for (std::int64_t i = begin; i < end; ++i) one(i);
                 });
}

}  // namespace tenon::backend::onednn
