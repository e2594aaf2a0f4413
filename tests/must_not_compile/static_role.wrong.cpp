// expected: tenon: a model input has no key in the dataset
// expected: MissingKey<Small>
// expected: ItIsThereInAnotherRole
#include "tenon/static.hpp"

TENON_KEY(Small);
TENON_KEY(Large);
TENON_KEY(label);

using OneScale = tenon::typed::Model<tenon::typed::Inputs<Small>, tenon::typed::Outputs<label>>;
using Data = tenon::typed::Dataset<tenon::typed::AsTarget<Small>, tenon::typed::AsTarget<label>>;

void train(OneScale& model, const Data& data) { model.fit(data); }
