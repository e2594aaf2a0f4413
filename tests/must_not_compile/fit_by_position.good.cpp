#include "tenon/model.hpp"

void train(tenon::Model& model, const tenon::Tensor& x, const tenon::Tensor& y) {
  model.fit(tenon::Dataset::from_tensors({{"x", x}, {"y", y}}).batch(8), {.epochs = 2});
}
