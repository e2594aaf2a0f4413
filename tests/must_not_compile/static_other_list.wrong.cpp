// expected: tenon: a dataset does not have a key that is asked of it here
// expected: MissingKey<Small>
// expected: NearestKey<Smal>
#include "tenon/static.hpp"

TENON_KEY(Small);
TENON_KEY(Large);
TENON_KEY(label);

TENON_KEY(Smal);

tenon::typed::Dataset<Small, label> prepared(const tenon::typed::Dataset<label, Smal>& data) {
  return data.shuffle(100);
}
