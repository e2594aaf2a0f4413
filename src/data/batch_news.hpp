#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "tenon/dataset.hpp"

namespace tenon::data {

/// A bad sample at its place in a batch, which has a row less for it.
struct BadSlot {
  std::int64_t slot = 0;  ///< Of the batch's samples in the order in which they were read, from 0.
  BadSample sample;
};

/// In slots from 0.
std::vector<BadSlot> slots_of(std::vector<BadSample> samples);

/// What was read for one batch of a rank's part of the data; behind the last one, for a batch that
/// was left out.
struct BatchNews {
  std::int64_t read = 0;
  std::vector<BadSlot> bad;
};

struct PartIterator {
  DatasetIterator iterator;
  /// Of the batch that next() gave last, or of the end: a function of that batch, however far
  /// threads read ahead. Empty: the iterator judges its bad samples by itself.
  std::function<BatchNews()> take_news;
};

/// An iterator of a RankShare::dataset. With `shared_budget` max_bad does not end it: what it reads
/// is to be judged together with what other ranks read.
PartIterator iterate_part(const Dataset& dataset, const IterateOptions& options,
                          bool shared_budget);

}  // namespace tenon::data
