// expected: tenon: a model input has no key in the dataset
// expected: MissingKey<Small>
// expected: NearestKey<image>
// expected: AStageRenamedIt<image>
#include "tenon/static.hpp"

TENON_KEY(Small);
TENON_KEY(Large);
TENON_KEY(label);

TENON_KEY(image);
using OneScale = tenon::typed::Model<tenon::typed::Inputs<Small>, tenon::typed::Outputs<label>>;

void train(OneScale& model, const tenon::typed::Dataset<Small, label>& data) {
  model.fit(data.rename<Small, image>().batch(8));
}
