#pragma once

#include <omp.h>

#include <algorithm>
#include <cstdint>

namespace tenon::backend::onednn {

/// Sets the number of OpenMP threads that the calling thread's parallel regions use (oneDNN's too),
/// and restores it.
class ThreadScope {
 public:
  explicit ThreadScope(int threads) : before_(omp_get_max_threads()) {
    if (threads != before_) omp_set_num_threads(threads);
    changed_ = threads != before_;
  }
  ~ThreadScope() {
    if (changed_) omp_set_num_threads(before_);
  }
  ThreadScope(const ThreadScope&) = delete;
  ThreadScope& operator=(const ThreadScope&) = delete;

 private:
  int before_;
  bool changed_ = false;
};

struct Range {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

/// Part `part` of `parts` of [0, count), cut at multiples of `multiple`. It depends on nothing
/// else, so sums over the parts in order are the same in each run.
inline Range part_of(std::int64_t count, int parts, int part, std::int64_t multiple = 1) {
  const std::int64_t units = (count + multiple - 1) / multiple;
  const std::int64_t begin = units * part / parts * multiple;
  const std::int64_t end = units * (part + 1) / parts * multiple;
  return {std::min(begin, count), std::min(end, count)};
}

/// As many threads as `count` items give work for, at `grain` items each.
inline int useful_threads(int threads, std::int64_t count, std::int64_t grain) {
  const std::int64_t useful = (count + grain - 1) / std::max<std::int64_t>(grain, 1);
  return static_cast<int>(std::clamp<std::int64_t>(useful, 1, threads));
}

/// Calls work(part) for each part in [0, parts), each on its own thread.
template <class Work>
void parallel_parts(int parts, const Work& work) {
  if (parts <= 1) {
    work(0);
    return;
  }
#pragma omp parallel num_threads(parts)
  {
    // A smaller team than asked for (nested regions) still does every part.
    const int team = omp_get_num_threads();
    for (int part = omp_get_thread_num(); part < parts; part += team) work(part);
  }
}

/// Calls work(begin, end) on fixed parts of [0, count), cut at multiples of `multiple`.
template <class Work>
void parallel_range(int threads, std::int64_t count, std::int64_t grain, const Work& work,
                    std::int64_t multiple = 1) {
  const int parts = useful_threads(threads, count, grain);
  parallel_parts(parts, [&](int part) {
    const Range range = part_of(count, parts, part, multiple);
    if (range.begin < range.end) work(range.begin, range.end);
  });
}

/// Elements of a simple loop that are worth one more thread.
inline constexpr std::int64_t kElementGrain = 16384;

}  // namespace tenon::backend::onednn
