#include "train/metrics/mean_over_rows.hpp"

namespace tenon::train {

void MeanOverRows::add(const MetricBatch& batch, std::span<double> state) const {
  for (std::int64_t row = 0; row < batch.rows; ++row) {
    const double weight = batch.weight(row);
    state[0] += weight * row_value(batch, row);
    state[1] += weight;
  }
}

void MeanOverRows::results(std::span<const double> state, std::span<double> out) const {
  out[0] = state[1] == 0.0 ? 0.0 : state[0] / state[1];
}

}  // namespace tenon::train
