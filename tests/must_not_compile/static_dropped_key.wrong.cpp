// expected: tenon: a stage needs a key that the dataset does not have here
// expected: MissingKey<Large>
// expected: NearestKey<
// expected: AStageDroppedIt
#include "tenon/static.hpp"

TENON_KEY(Small);
TENON_KEY(Large);
TENON_KEY(label);

auto scaled(const tenon::typed::Dataset<Small, Large, label>& data) {
  return data.drop<Large>().scale<Small, Large>(1.0 / 255.0);
}
