#pragma once

#include <cstdint>
#include <vector>

#include "backend/api/engine.hpp"

namespace tenon::backend::reference {

/// Variables as plain tensors in their own dtype, whatever precision the plans compute in.
class ReferenceVariables final : public Variables {
 public:
  /// Zero-filled.
  explicit ReferenceVariables(std::vector<VariableSpec> specs);

  const std::vector<VariableSpec>& specs() const noexcept override { return specs_; }
  /// Throws EngineError (E001) if there is no such slot.
  Tensor read(std::int32_t slot) const override;
  void write(std::int32_t slot, const Tensor& value) override;

  /// The memory itself, which stays where it is as long as this object lives.
  Tensor& tensor(std::int32_t slot);

 private:
  std::size_t index_of(std::int32_t slot) const;

  std::vector<VariableSpec> specs_;
  std::vector<Tensor> tensors_;
};

}  // namespace tenon::backend::reference
