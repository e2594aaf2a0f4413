#include "backend/api/precision.hpp"
#include "backend/onednn/passes.hpp"

namespace tenon::backend::onednn {

void assign_precision(Graph& graph) {
  if (graph.precision != Precision::kMixedBFloat16) return;
  graph.stored_dtypes = backend::assign_precision(*graph.program, graph.precision, graph.guarded);
  graph.factors = DType::kBFloat16;
  graph.products = DType::kBFloat16;
}

}  // namespace tenon::backend::onednn
