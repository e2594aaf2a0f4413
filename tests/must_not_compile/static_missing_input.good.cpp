#include "tenon/static.hpp"

TENON_KEY(Small);
TENON_KEY(Large);
TENON_KEY(label);

using TwoScale =
    tenon::typed::Model<tenon::typed::Inputs<Small, Large>, tenon::typed::Outputs<label>>;

void train(TwoScale& model, const tenon::typed::Dataset<Small, Large, label>& data) {
  model.fit(data.batch(8), {.epochs = 2});
}
