// expected: tenon::Example
#include "tenon/generator.hpp"

tenon::Example example(const tenon::Tensor& small, const tenon::Tensor& label) {
  return tenon::Example(tenon::targets("label", label), tenon::inputs("Small", small));
}
