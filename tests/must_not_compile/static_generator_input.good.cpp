#include "tenon/static.hpp"

TENON_KEY(Small);
TENON_KEY(Large);
TENON_KEY(label);

using OneScale = tenon::typed::Model<tenon::typed::Inputs<Small>, tenon::typed::Outputs<label>>;
using Batches = tenon::typed::Generator<Small, tenon::typed::AsTarget<label>>;

void train(OneScale& model, Batches batches) {
  model.fit_generator(std::move(batches), {.steps_per_epoch = 10});
}
