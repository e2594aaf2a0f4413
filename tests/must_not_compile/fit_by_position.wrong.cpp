// expected: tenon::Dataset
// expected: tenon::Tensor
#include "tenon/model.hpp"

void train(tenon::Model& model, const tenon::Tensor& x, const tenon::Tensor& y) { model.fit(x, y); }
