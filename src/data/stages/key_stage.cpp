#include "data/stages/key_stage.hpp"

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

Partwise KeyStage::bind_parts(std::shared_ptr<const Schema> in,
                              std::shared_ptr<const Schema> out) const {
  return moved_parts(in->size(), origins(*in, *out));
}

}  // namespace tenon::data
