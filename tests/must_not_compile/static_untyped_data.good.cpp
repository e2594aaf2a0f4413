#include "tenon/static.hpp"

TENON_KEY(Small);
TENON_KEY(Large);
TENON_KEY(label);

using OneScale = tenon::typed::Model<tenon::typed::Inputs<Small>, tenon::typed::Outputs<label>>;

void train(OneScale& model, const tenon::Dataset& data) {
  model.fit(tenon::typed::Dataset<Small, label>(data), {.epochs = 2});
}
