// expected: tenon: a model output has no target in the dataset
// expected: MissingKey<label>
// expected: NearestKey<labels>
#include "tenon/static.hpp"

TENON_KEY(Small);
TENON_KEY(Large);
TENON_KEY(label);

TENON_KEY(labels);
using OneScale = tenon::typed::Model<tenon::typed::Inputs<Small>, tenon::typed::Outputs<label>>;

void judge(OneScale& model, const tenon::typed::Dataset<Small, labels>& data) {
  model.evaluate(data.batch(8));
}
