// expected: yield_value
#include "tenon/generator.hpp"

tenon::Generator batches(tenon::Tensor small, tenon::Tensor large, tenon::Tensor label) {
  co_yield {small, large, label};
}
