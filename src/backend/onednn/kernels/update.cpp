#include "backend/onednn/kernels/update.hpp"

#include <algorithm>
#include <cmath>

#include "backend/onednn/cpu.hpp"
#include "backend/onednn/parallel.hpp"

namespace tenon::backend::onednn {
namespace {

/// The numbers of one step, as the loops want them.
struct Numbers {
  float learning_rate = 0.0F;
  float decay = 0.0F;  // weight_decay · learning_rate
  float momentum = 0.0F;
  float rho = 0.0F;
  float epsilon = 0.0F;
  float alpha = 0.0F;  // Adam's corrected learning rate
  float new_m = 0.0F;
  float new_v = 0.0F;
  bool nesterov = false;
};

Numbers numbers_of(const ops::OptimizerAttributes& a, float learning_rate, std::int64_t iteration) {
  const double t = static_cast<double>(iteration) + 1.0;
  const double correction = std::sqrt(1.0 - std::pow(a.beta_2, t)) / (1.0 - std::pow(a.beta_1, t));
  Numbers n;
  n.learning_rate = learning_rate;
  n.decay = static_cast<float>(a.weight_decay) * learning_rate;
  n.momentum = static_cast<float>(a.momentum);
  n.rho = static_cast<float>(a.rho);
  n.epsilon = static_cast<float>(a.epsilon);
  n.alpha = static_cast<float>(static_cast<double>(learning_rate) * correction);
  n.new_m = static_cast<float>(1.0 - a.beta_1);
  n.new_v = static_cast<float>(1.0 - a.beta_2);
  n.nesterov = a.nesterov;
  return n;
}

// Averages of gradients that have become 0 shrink to numbers that the processor handles a hundred
// times slower than others, and stay there; they are taken as 0. Each thread has a mode of its own.
class TinyIsZero {
 public:
#if defined(__x86_64__)
  TinyIsZero() : before_(__builtin_ia32_stmxcsr()) {
    __builtin_ia32_ldmxcsr(before_ | kFlushResults | kFlushOperands);
  }
  ~TinyIsZero() { __builtin_ia32_ldmxcsr(before_); }
#else
  TinyIsZero() = default;
#endif
  TinyIsZero(const TinyIsZero&) = delete;
  TinyIsZero& operator=(const TinyIsZero&) = delete;

 private:
#if defined(__x86_64__)
  static constexpr unsigned kFlushResults = 0x8000;
  static constexpr unsigned kFlushOperands = 0x0040;
  unsigned before_;
#endif
};

using Loop = void (*)(const Numbers&, const UpdateTarget&, std::int64_t, std::int64_t);

TENON_CLONES void sgd(const Numbers& n, const UpdateTarget& target, std::int64_t begin,
                      std::int64_t end) {
  float* w = target.w;
  const float* g = target.g;
  const float rate = n.learning_rate;
  const float keep = n.decay;
#pragma omp simd
  for (std::int64_t i = begin; i < end; ++i) w[i] = w[i] - w[i] * keep - rate * g[i];
}

TENON_CLONES void sgd_momentum(const Numbers& n, const UpdateTarget& target, std::int64_t begin,
                               std::int64_t end) {
  float* w = target.w;
  float* m = target.slots[0];
  const float* g = target.g;
  const float rate = n.learning_rate;
  const float keep = n.decay;
  const float momentum = n.momentum;
  const float look_ahead = n.nesterov ? momentum : 1.0F;
  const float own = n.nesterov ? 1.0F : 0.0F;
#pragma omp simd
  for (std::int64_t i = begin; i < end; ++i) {
    const float step = rate * g[i];
    m[i] = momentum * m[i] - step;
    w[i] = w[i] - w[i] * keep + (look_ahead * m[i] - own * step);
  }
}

TENON_CLONES void adam(const Numbers& n, const UpdateTarget& target, std::int64_t begin,
                       std::int64_t end) {
  float* w = target.w;
  float* m = target.slots[0];
  float* v = target.slots[1];
  const float* g = target.g;
  const float new_m = n.new_m;
  const float new_v = n.new_v;
  const float alpha = n.alpha;
  const float epsilon = n.epsilon;
  const float keep = n.decay;
#pragma omp simd
  for (std::int64_t i = begin; i < end; ++i) {
    const float gradient = g[i];
    m[i] += (gradient - m[i]) * new_m;
    v[i] += (gradient * gradient - v[i]) * new_v;
    w[i] = w[i] - w[i] * keep - m[i] * alpha / (__builtin_sqrtf(v[i]) + epsilon);
  }
}

TENON_CLONES void amsgrad(const Numbers& n, const UpdateTarget& target, std::int64_t begin,
                          std::int64_t end) {
  float* w = target.w;
  float* m = target.slots[0];
  float* v = target.slots[1];
  float* largest = target.slots[2];
  const float* g = target.g;
  const float keep = n.decay;
#pragma omp simd
  for (std::int64_t i = begin; i < end; ++i) {
    const float gradient = g[i];
    m[i] += (gradient - m[i]) * n.new_m;
    v[i] += (gradient * gradient - v[i]) * n.new_v;
    largest[i] = largest[i] > v[i] ? largest[i] : v[i];
    w[i] = w[i] - w[i] * keep - m[i] * n.alpha / (__builtin_sqrtf(largest[i]) + n.epsilon);
  }
}

template <bool kMomentum, bool kCentered>
inline __attribute__((always_inline)) void rmsprop_loop(const Numbers& n,
                                                        const UpdateTarget& target,
                                                        std::int64_t begin, std::int64_t end) {
  float* w = target.w;
  float* velocity = target.slots[0];
  float* m = target.slots[1];
  float* average = target.slots[2];
  const float* g = target.g;
#pragma omp simd
  for (std::int64_t i = begin; i < end; ++i) {
    const float gradient = g[i];
    velocity[i] = n.rho * velocity[i] + (1.0F - n.rho) * gradient * gradient;
    float denominator = velocity[i] + n.epsilon;
    if constexpr (kCentered) {
      average[i] = n.rho * average[i] + (1.0F - n.rho) * gradient;
      denominator -= average[i] * average[i];
    }
    float increment = n.learning_rate * gradient / __builtin_sqrtf(denominator);
    if constexpr (kMomentum) {
      m[i] = n.momentum * m[i] + increment;
      increment = m[i];
    }
    w[i] = w[i] - w[i] * n.decay - increment;
  }
}
TENON_CLONES void rmsprop(const Numbers& n, const UpdateTarget& target, std::int64_t begin,
                          std::int64_t end) {
  rmsprop_loop<false, false>(n, target, begin, end);
}
TENON_CLONES void rmsprop_momentum(const Numbers& n, const UpdateTarget& target, std::int64_t begin,
                                   std::int64_t end) {
  rmsprop_loop<true, false>(n, target, begin, end);
}
TENON_CLONES void rmsprop_centered(const Numbers& n, const UpdateTarget& target, std::int64_t begin,
                                   std::int64_t end) {
  rmsprop_loop<false, true>(n, target, begin, end);
}
TENON_CLONES void rmsprop_centered_momentum(const Numbers& n, const UpdateTarget& target,
                                            std::int64_t begin, std::int64_t end) {
  rmsprop_loop<true, true>(n, target, begin, end);
}

Loop rmsprop_of(const ops::OptimizerAttributes& attributes) {
  const bool momentum = attributes.momentum > 0.0;
  if (attributes.centered) return momentum ? rmsprop_centered_momentum : rmsprop_centered;
  return momentum ? rmsprop_momentum : rmsprop;
}

Loop loop_of(ops::OpKind kind, const ops::OptimizerAttributes& attributes) {
  if (kind == ops::OpKind::kSgdUpdate) return attributes.momentum != 0.0 ? sgd_momentum : sgd;
  if (kind == ops::OpKind::kRmspropUpdate) return rmsprop_of(attributes);
  return attributes.amsgrad ? amsgrad : adam;
}

}  // namespace

void update_weights(ops::OpKind kind, const ops::OptimizerAttributes& attributes, int threads,
                    float learning_rate, std::int64_t iteration,
                    std::span<const UpdateTarget> targets) {
  const Numbers numbers = numbers_of(attributes, learning_rate, iteration);
  const Loop loop = loop_of(kind, attributes);
  std::int64_t total = 0;
  for (const UpdateTarget& target : targets) total += target.count;
  // The weights one behind the other, cut into as many parts as there are threads.
  parallel_range(
      threads, total, kElementGrain,
      [&](std::int64_t begin, std::int64_t end) {
        const TinyIsZero mode;
        std::int64_t first = 0;
        for (const UpdateTarget& target : targets) {
          const std::int64_t from = std::max(begin - first, std::int64_t{0});
          const std::int64_t to = std::min(end - first, target.count);
          if (from < to) loop(numbers, target, from, to);
          first += target.count;
        }
      },
      16);
}

}  // namespace tenon::backend::onednn
