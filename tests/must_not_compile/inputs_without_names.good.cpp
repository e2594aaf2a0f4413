#include "tenon/generator.hpp"

tenon::Generator batches(tenon::Tensor small, tenon::Tensor large, tenon::Tensor label) {
  co_yield {tenon::inputs("Small", small, "Large", large), label};
}
