#include "tenon/static.hpp"

TENON_KEY(Small);
TENON_KEY(Large);
TENON_KEY(label);

TENON_KEY(small);
TENON_KEY(smal);
using TwoScale =
    tenon::typed::Model<tenon::typed::Inputs<Small, Large>, tenon::typed::Outputs<label>>;

void train(TwoScale& model, const tenon::typed::Dataset<small, smal, label>& data) {
  model.fit(data.rename<small, Small, smal, Large>());
}
