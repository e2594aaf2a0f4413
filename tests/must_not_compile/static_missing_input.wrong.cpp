// expected: tenon: a model input has no key in the dataset
// expected: MissingKey<Small>
// expected: NearestKey<small_>
#include "tenon/static.hpp"

TENON_KEY(Small);
TENON_KEY(Large);
TENON_KEY(label);

TENON_KEY_TEXT(small_, "small ");
using TwoScale =
    tenon::typed::Model<tenon::typed::Inputs<Small, Large>, tenon::typed::Outputs<label>>;

void train(TwoScale& model, const tenon::typed::Dataset<small_, Large, label>& data) {
  model.fit(data.batch(8), {.epochs = 2});
}
