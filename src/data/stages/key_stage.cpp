#include "data/stages/key_stage.hpp"

namespace tenon::data {

SampleFunction KeyStage::bind(std::shared_ptr<const Schema> in,
                              std::shared_ptr<const Schema> out) const {
  std::vector<std::size_t> slots;
  for (const Field& field : *out) slots.push_back(in->slot(origin_of(field.key)));
  return [slots = std::move(slots), out](Record record, const SampleContext&) {
    std::vector<Tensor> values;
    values.reserve(slots.size());
    for (const std::size_t slot : slots) values.push_back(record[slot]);
    return Record(out, std::move(values), std::move(record.samples()));
  };
}

}  // namespace tenon::data
