#include "data/stages/key_stage.hpp"

#include <algorithm>

namespace tenon::data {

std::vector<std::size_t> KeyStage::origins(const Schema& in, const Schema& out) const {
  std::vector<std::size_t> slots;
  for (const Field& field : out) slots.push_back(in.slot(origin_of(field.key)));
  return slots;
}

SampleFunction KeyStage::bind(std::shared_ptr<const Schema> in,
                              std::shared_ptr<const Schema> out) const {
  return [slots = origins(*in, *out), out](Record record, const SampleContext&) {
    std::vector<Tensor> values;
    values.reserve(slots.size());
    for (const std::size_t slot : slots) values.push_back(record[slot]);
    return Record(out, std::move(values), std::move(record.samples()));
  };
}

PartwiseStage::Open KeyStage::bind_open(std::shared_ptr<const Schema> in,
                                        std::shared_ptr<const Schema> out) const {
  std::vector<std::size_t> slots = origins(*in, *out);
  for (std::size_t slot = 0; slot < in->size(); ++slot) {
    const TensorSpec& spec = (*in)[slot].spec;
    const bool stays = std::find(slots.begin(), slots.end(), slot) != slots.end();
    const bool small = spec.dtype == DType::kString || (spec.rank_known && spec.rank() == 0);
    if (!stays && !small) return {};
  }
  return [slots = std::move(slots)](RegionReader& before) { return moved_reader(before, slots); };
}

}  // namespace tenon::data
