// expected: tenon: a generator does not yield a key that its type declares
// expected: MissingKey<Small>
// expected: NearestKey<small_scale>
#include "tenon/static.hpp"

TENON_KEY(Small);
TENON_KEY(Large);
TENON_KEY(label);

TENON_KEY_TEXT(small_scale, "small-");
using Batches = tenon::typed::Generator<Small, tenon::typed::AsTarget<label>>;

Batches batches(tenon::Tensor small, tenon::Tensor y) {
  co_yield tenon::typed::values<small_scale, label>(small, y);
}
