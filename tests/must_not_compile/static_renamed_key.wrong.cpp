// expected: tenon: a stage needs a key that the dataset does not have here
// expected: MissingKey<image>
// expected: NearestKey<Small>
// expected: AStageRenamedIt<Small>
#include "tenon/static.hpp"

TENON_KEY(Small);
TENON_KEY(Large);
TENON_KEY(label);

TENON_KEY(image);

auto scaled(const tenon::typed::Dataset<image, label>& data) {
  return data.rename<image, Small>().scale<image>(1.0 / 255.0);
}
