#include "tenon/variable.hpp"

#include <fmt/format.h>

#include "graph/draw_weights.hpp"
#include "tenon/error.hpp"

namespace tenon {

Variable::Variable(std::string layer_name, std::string variable_name, Shape shape,
                   Initializer initializer, Regularizer regularizer, bool is_trainable)
    : layer_(std::move(layer_name)),
      name_(std::move(variable_name)),
      shape_(std::move(shape)),
      initializer_(std::move(initializer)),
      regularizer_(regularizer),
      trainable_(is_trainable) {}

Tensor Variable::value() const {
  if (home_) return home_->read(*this);
  return value_.defined() ? value_.clone() : graph::draw_weights(initializer_, shape_, 0, path());
}

void Variable::assign(const Tensor& value) {
  if (!value.defined() || value.dtype() != DType::kFloat32 || value.shape() != shape_) {
    const std::string came =
        value.defined() ? fmt::format("{} {}", name_of(value.dtype()), value.shape().to_string())
                        : std::string("an undefined tensor");
    throw ShapeError(make_diagnostic(
        "W001", fmt::format("weight {} was given {}", quote_key(path()), came),
        {fmt::format("expected: float32 {}", shape_.to_string())}, "give a tensor of that shape"));
  }
  if (home_) {
    home_->write(*this, value);
  } else {
    value_ = value.clone();
  }
}

}  // namespace tenon
