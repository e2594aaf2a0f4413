#include "backend/onednn/kernels/strided.hpp"

#include <algorithm>
#include <cstring>

#include "backend/onednn/parallel.hpp"

namespace tenon::backend::onednn {
namespace {

template <class T>
void copy_line(const std::byte* from, std::int64_t from_step, std::byte* to, std::int64_t to_step,
               std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    std::memcpy(to + i * to_step * static_cast<std::int64_t>(sizeof(T)),
                from + i * from_step * static_cast<std::int64_t>(sizeof(T)), sizeof(T));
  }
}

void copy_line(const std::byte* from, std::int64_t from_step, std::byte* to, std::int64_t to_step,
               std::int64_t count, std::size_t element) {
  if (from_step == 1 && to_step == 1) {
    std::memcpy(to, from, static_cast<std::size_t>(count) * element);
    return;
  }
  switch (element) {
    case 1:
      return copy_line<std::uint8_t>(from, from_step, to, to_step, count);
    case 2:
      return copy_line<std::uint16_t>(from, from_step, to, to_step, count);
    case 4:
      return copy_line<std::uint32_t>(from, from_step, to, to_step, count);
    default:
      return copy_line<std::uint64_t>(from, from_step, to, to_step, count);
  }
}

std::int64_t outer_grain(const StridedBox& box) {
  return std::max<std::int64_t>(1, kElementGrain / std::max<std::int64_t>(1, box.inner_count()));
}

}  // namespace

StridedBox::StridedBox(const std::vector<std::int64_t>& extents,
                       const std::vector<std::vector<std::int64_t>>& steps) {
  std::vector<std::int64_t> sizes;
  std::vector<std::vector<std::int64_t>> lists(steps.size());
  for (std::size_t axis = 0; axis < extents.size(); ++axis) {
    if (extents[axis] == 1) continue;
    bool merges = !sizes.empty();
    for (std::size_t k = 0; merges && k < steps.size(); ++k) {
      merges = lists[k].back() == steps[k][axis] * extents[axis];
    }
    if (!merges) sizes.push_back(1);
    sizes.back() *= extents[axis];
    for (std::size_t k = 0; k < steps.size(); ++k) {
      if (merges) lists[k].pop_back();
      lists[k].push_back(steps[k][axis]);
    }
  }
  inner_steps_.assign(steps.size(), 1);
  if (!sizes.empty()) {
    inner_count_ = sizes.back();
    for (std::size_t k = 0; k < steps.size(); ++k) {
      inner_steps_[k] = lists[k].back();
      lists[k].pop_back();
    }
    sizes.pop_back();
  }
  for (const std::int64_t size : sizes) outer_count_ *= size;
  extents_ = std::move(sizes);
  steps_ = std::move(lists);
}

std::int64_t StridedBox::offset(int array, std::int64_t outer) const {
  const auto& steps = steps_[static_cast<std::size_t>(array)];
  std::int64_t offset = 0;
  for (std::size_t axis = extents_.size(); axis-- > 0;) {
    offset += outer % extents_[axis] * steps[axis];
    outer /= extents_[axis];
  }
  return offset;
}

std::vector<std::int64_t> dense_steps(const Shape& shape) {
  std::vector<std::int64_t> steps(shape.dims().size());
  std::int64_t step = 1;
  for (std::size_t axis = steps.size(); axis-- > 0;) {
    steps[axis] = step;
    step *= shape[axis];
  }
  return steps;
}

std::vector<std::int64_t> broadcast_steps(const Shape& shape, const Shape& wide) {
  const std::vector<std::int64_t> own = dense_steps(shape);
  std::vector<std::int64_t> steps(wide.dims().size(), 0);
  const std::size_t missing = steps.size() - own.size();
  for (std::size_t axis = 0; axis < own.size(); ++axis) {
    if (shape[axis] != 1) steps[axis + missing] = own[axis];
  }
  return steps;
}

void strided_copy(const StridedBox& box, int threads, const std::byte* from, std::byte* to,
                  std::size_t element) {
  const auto size = static_cast<std::int64_t>(element);
  parallel_range(threads, box.outer_count(), outer_grain(box),
                 [&](std::int64_t begin, std::int64_t end) {
                   for (std::int64_t outer = begin; outer < end; ++outer) {
                     copy_line(from + box.offset(0, outer) * size, box.inner_step(0),
                               to + box.offset(1, outer) * size, box.inner_step(1),
                               box.inner_count(), element);
                   }
                 });
}

void strided_binary(const StridedBox& box, int threads, Binary operation, Numbers a, Numbers b,
                    MutableNumbers y) {
  if (box.outer_count() == 1) {
    parallel_range(
        threads, box.inner_count(), kElementGrain,
        [&](std::int64_t begin, std::int64_t end) {
          binary_range(operation, a.from(begin * box.inner_step(0)), box.inner_step(0),
                       b.from(begin * box.inner_step(1)), box.inner_step(1), y.from(begin),
                       end - begin);
        },
        16);
    return;
  }
  parallel_range(threads, box.outer_count(), outer_grain(box),
                 [&](std::int64_t begin, std::int64_t end) {
                   for (std::int64_t outer = begin; outer < end; ++outer) {
                     binary_range(operation, a.from(box.offset(0, outer)), box.inner_step(0),
                                  b.from(box.offset(1, outer)), box.inner_step(1),
                                  y.from(box.offset(2, outer)), box.inner_count());
                   }
                 });
}

void strided_extremum_backward(const StridedBox& box, int threads, Binary operation, const float* a,
                               const float* b, const float* dy, float* da, float* db) {
  parallel_range(threads, box.outer_count(), outer_grain(box),
                 [&](std::int64_t begin, std::int64_t end) {
                   for (std::int64_t outer = begin; outer < end; ++outer) {
                     const std::int64_t at = box.offset(2, outer);
                     extremum_backward_range(operation, a + box.offset(0, outer), box.inner_step(0),
                                             b + box.offset(1, outer), box.inner_step(1), dy + at,
                                             da != nullptr ? da + at : nullptr,
                                             db != nullptr ? db + at : nullptr, box.inner_count());
                   }
                 });
}

}  // namespace tenon::backend::onednn
