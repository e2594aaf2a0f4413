#include "train/gradient_exchange.hpp"

#include <algorithm>

#include "core/cache_line.hpp"

namespace tenon::train {
namespace {

std::size_t padded(const Shape& shape) {
  return whole_lines_of_floats(static_cast<std::size_t>(shape.element_count()));
}

}  // namespace

GradientExchange::GradientExchange(dist::Communicator& communicator,
                                   const std::vector<Shape>& shapes, std::size_t rest,
                                   std::size_t buckets_of)
    : communicator_(communicator),
      values_(shapes.size()),
      bucket_of_(shapes.size()),
      given_(shapes.size()) {
  const std::size_t gradients = shapes.size() - rest;
  std::vector<std::size_t> order(shapes.size());
  for (std::size_t i = 0; i < shapes.size(); ++i) order[i] = i < gradients ? gradients - 1 - i : i;
  std::size_t floats = 0;
  for (const Shape& shape : shapes) floats += padded(shape);
  memory_ = Tensor(DType::kFloat32, Shape{static_cast<std::int64_t>(floats)});
  const std::span<float> all = memory_.data<float>();
  const auto keeper = std::make_shared<const Tensor>(memory_);
  std::size_t at = 0;
  std::size_t begin = 0;
  Bucket bucket;
  const auto close = [&] {
    if (bucket.count == 0) return;
    bucket.values = all.subspan(begin, at - begin);
    buckets_.push_back(bucket);
    bucket = Bucket();
    begin = at;
  };
  for (const std::size_t index : order) {
    if (index == gradients) close();
    values_[index] = Tensor::view(reinterpret_cast<std::byte*>(all.data() + at), DType::kFloat32,
                                  shapes[index], keeper);
    bucket_of_[index] = buckets_.size();
    ++bucket.count;
    at += padded(shapes[index]);
    if (index < gradients && (at - begin) * sizeof(float) >= buckets_of) close();
  }
  close();
}

void GradientExchange::begin() {
  std::fill(given_.begin(), given_.end(), false);
  for (Bucket& bucket : buckets_) {
    bucket.missing = bucket.count;
    bucket.reduction = nullptr;
  }
}

void GradientExchange::give(std::size_t index, std::span<const float> value, float share) {
  const std::span<float> mine = values_[index].data<float>();
  std::ranges::transform(value, mine.begin(), [share](float v) { return v * share; });
  arrived(index);
}

void GradientExchange::arrived(std::size_t index) {
  given_[index] = true;
  Bucket& bucket = buckets_[bucket_of_[index]];
  if (--bucket.missing > 0) return;
  bucket.reduction =
      communicator_.begin_reduction(bucket.values, static_cast<int>(bucket_of_[index]));
  communicator_.progress();
}

void GradientExchange::finish() {
  for (std::size_t i = 0; i < given_.size(); ++i) {
    if (given_[i]) continue;
    std::ranges::fill(values_[i].data<float>(), 0.0F);
    arrived(i);
  }
  for (Bucket& bucket : buckets_) communicator_.wait(*bucket.reduction);
}

}  // namespace tenon::train
