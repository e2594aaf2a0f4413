// expected: tenon: a stage needs a key that the dataset does not have here
// expected: MissingKey<Samll>
// expected: NearestKey<Small>
#include "tenon/static.hpp"

TENON_KEY(Small);
TENON_KEY(Large);
TENON_KEY(label);

TENON_KEY(Samll);

auto chosen(const tenon::typed::Dataset<Small, Large, label>& data) {
  return data.select<Samll, label>();
}
