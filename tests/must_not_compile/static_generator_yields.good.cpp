#include "tenon/static.hpp"

TENON_KEY(Small);
TENON_KEY(Large);
TENON_KEY(label);

using Batches = tenon::typed::Generator<Small, tenon::typed::AsTarget<label>>;

Batches batches(tenon::Tensor small, tenon::Tensor y) {
  co_yield tenon::typed::values<Small, label>(small, y);
}
