#include "tenon/static.hpp"

TENON_KEY(Small);
TENON_KEY(Large);
TENON_KEY(label);

TENON_KEY(image);
using OneScale = tenon::typed::Model<tenon::typed::Inputs<Small>, tenon::typed::Outputs<label>>;

void train(OneScale& model, const tenon::typed::Dataset<image, label>& data) {
  model.fit(data.rename<image, Small>().batch(8));
}
