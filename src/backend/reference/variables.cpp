#include "backend/reference/variables.hpp"

#include <fmt/format.h>

#include <cstring>
#include <utility>

#include "tenon/error.hpp"

namespace tenon::backend::reference {

ReferenceVariables::ReferenceVariables(std::vector<VariableSpec> specs) : specs_(std::move(specs)) {
  tensors_.reserve(specs_.size());
  for (const VariableSpec& spec : specs_) {
    tensors_.emplace_back(spec.dtype, spec.shape);
  }
}

std::size_t ReferenceVariables::index_of(std::int32_t slot) const {
  if (slot < 0 || static_cast<std::size_t>(slot) >= specs_.size()) {
    throw EngineError(make_diagnostic(
        "E001", fmt::format("variable {} does not exist; there are {}", slot, specs_.size())));
  }
  return static_cast<std::size_t>(slot);
}

Tensor ReferenceVariables::read(std::int32_t slot) const {
  return tensors_[index_of(slot)].clone();
}

void ReferenceVariables::write(std::int32_t slot, const Tensor& value) {
  const std::size_t index = index_of(slot);
  const VariableSpec& spec = specs_[index];
  if (value.dtype() != spec.dtype || value.shape() != spec.shape) {
    throw ShapeError(make_diagnostic(
        "W001", fmt::format("weights of {} {} came for `{}`, which is {} {}",
                            name_of(value.dtype()), value.shape().to_string(), spec.name,
                            name_of(spec.dtype), spec.shape.to_string())));
  }
  if (value.byte_size() != 0) {
    std::memcpy(tensors_[index].bytes(), value.bytes(), value.byte_size());
  }
}

Tensor& ReferenceVariables::tensor(std::int32_t slot) { return tensors_[index_of(slot)]; }

}  // namespace tenon::backend::reference
