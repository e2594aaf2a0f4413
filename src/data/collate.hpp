#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "tenon/dataset.hpp"
#include "tenon/record.hpp"

namespace tenon::data {

/// Stacks samples to a batch of `schema`, slot by slot. Throws ShapeError (S006) naming the key,
/// the axis and both samples where shapes differ and options.padded is not set; where ranks or
/// dtypes differ, in any case. `samples` is not empty.
Record collate(std::vector<Record> samples, const std::shared_ptr<const Schema>& schema,
               const BatchOptions& options);

/// A copy of the rows of axis 0 that `indices` name, in that order.
Tensor gather_rows(const Tensor& rows, std::span<const std::int64_t> indices);

}  // namespace tenon::data
