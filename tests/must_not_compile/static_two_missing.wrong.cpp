// expected: MissingKey<Small>, tenon::typed::NearestKey<small>
// expected: MissingKey<Smalls>, tenon::typed::NearestKey<smal>
#include "tenon/static.hpp"

TENON_KEY(Small);
TENON_KEY(Large);
TENON_KEY(label);

TENON_KEY(small);
TENON_KEY(smal);
TENON_KEY(Smalls);
using TwoScale =
    tenon::typed::Model<tenon::typed::Inputs<Smalls, Small>, tenon::typed::Outputs<label>>;

void train(TwoScale& model, const tenon::typed::Dataset<small, smal, label>& data) {
  model.fit(data.batch(8));
}
