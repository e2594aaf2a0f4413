#include "tenon/generator.hpp"

tenon::Example example(const tenon::Tensor& small, const tenon::Tensor& label) {
  return tenon::Example(tenon::inputs("Small", small), tenon::targets("label", label));
}
