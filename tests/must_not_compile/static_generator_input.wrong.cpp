// expected: tenon: a model input has no key in the dataset
// expected: MissingKey<Small>
// expected: NearestKey<SMALL>
#include "tenon/static.hpp"

TENON_KEY(Small);
TENON_KEY(Large);
TENON_KEY(label);

TENON_KEY(SMALL);
using OneScale = tenon::typed::Model<tenon::typed::Inputs<Small>, tenon::typed::Outputs<label>>;
using Batches = tenon::typed::Generator<SMALL, tenon::typed::AsTarget<label>>;

void train(OneScale& model, Batches batches) {
  model.fit_generator(std::move(batches), {.steps_per_epoch = 10});
}
