#include "tenon/generator.hpp"

tenon::Inputs named(const tenon::Tensor& small, const tenon::Tensor& large) {
  return tenon::inputs("Small", small, "Large", large);
}
