#include "tenon/static.hpp"

TENON_KEY(Small);
TENON_KEY(Large);
TENON_KEY(label);

using OneScale = tenon::typed::Model<tenon::typed::Inputs<Small>, tenon::typed::Outputs<label>>;

void judge(OneScale& model, const tenon::typed::Dataset<Small, label>& data) {
  model.evaluate(data.batch(8));
}
