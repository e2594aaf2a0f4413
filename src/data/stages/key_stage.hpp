#pragma once

#include <memory>
#include <string>
#include <vector>

#include "data/region.hpp"
#include "data/stages/named_stage.hpp"

namespace tenon::data {

/// A stage that only moves tensors between slots: what it does to a record follows from the
/// schemas.
class KeyStage : public NamedStage<SampleStage>, public PartwiseStage {
 public:
  using NamedStage::NamedStage;
  SampleFunction bind(std::shared_ptr<const Schema> in,
                      std::shared_ptr<const Schema> out) const override;
  /// The slot of `in` that each slot of `out` is taken from.
  std::vector<std::size_t> origins(const Schema& in, const Schema& out) const;
  Partwise bind_parts(std::shared_ptr<const Schema> in,
                      std::shared_ptr<const Schema> out) const override;

 protected:
  /// The input key that the output key `key` is taken from.
  virtual std::string origin_of(const std::string& key) const { return key; }
};

}  // namespace tenon::data
