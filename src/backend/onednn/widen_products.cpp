#include "backend/onednn/cpu.hpp"
#include "backend/onednn/passes.hpp"

namespace tenon::backend::onednn {

void widen_products(Graph& graph) {
  if (!multiplies_bfloat16_faster()) graph.products = DType::kFloat32;
}

}  // namespace tenon::backend::onednn
