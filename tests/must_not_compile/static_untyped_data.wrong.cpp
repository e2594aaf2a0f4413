// expected: tenon: a typed model takes typed data
#include "tenon/static.hpp"

TENON_KEY(Small);
TENON_KEY(Large);
TENON_KEY(label);

using OneScale = tenon::typed::Model<tenon::typed::Inputs<Small>, tenon::typed::Outputs<label>>;

void train(OneScale& model, const tenon::Dataset& data) { model.fit(data, {.epochs = 2}); }
