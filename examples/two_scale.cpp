// A model with two named inputs, trained from a coroutine: Small is the thing itself, Large what
// lies around it. What Keras users write as `yield {'Small': small, 'Large': large}, y`.
#include <cstdio>

#include "tenon/tenon.hpp"

using namespace tenon;

namespace {

/// Batches for ever: the label says whether the middle is brighter than what lies around it.
Generator batches() {
  for (std::uint64_t step = 0;; ++step) {
    Tensor small = random_uniform({32, 32, 32, 3}, 3 * step);
    Tensor large = random_uniform({32, 64, 64, 3}, 3 * step + 1);
    Tensor y = random_integers({32}, 3 * step + 2, 0, 2);
    for (std::int64_t row = 0; row < 32; ++row) {
      const float shade = y.data<std::int64_t>()[static_cast<std::size_t>(row)] == 1 ? 1.0F : 0.5F;
      Tensor one = small.row(row);
      for (float& value : one.data<float>()) value *= shade;
    }
    co_yield {inputs("Small", small, "Large", large), y};
  }
}

Model two_scale() {
  auto small = Input({32, 32, 3}, {.name = "Small"});
  auto large = Input({64, 64, 3}, {.name = "Large"});
  auto a = Conv2D(32, {3, 3}, {.strides = 2, .activation = "relu"})(small);
  auto b = Conv2D(64, {3, 3}, {.strides = 4, .activation = "relu"})(large);
  auto both = Concatenate()({GlobalAveragePooling2D()(a), GlobalAveragePooling2D()(b)});
  auto label = Dense(1, {.activation = "sigmoid", .name = "label"})(both);
  return Model({small, large}, label, {.name = "two_scale"});
}

}  // namespace

int main() {
  Model model = two_scale();
  std::printf("%s\n", model.summary().c_str());
  model.initialize(7);
  model.compile({.optimizer = Adam({.learning_rate = 0.01}),
                 .loss = "binary_crossentropy",
                 .metrics = {"accuracy"}});
  const History history = model.fit_generator(batches(), {.steps_per_epoch = 20, .epochs = 4});
  for (const Logs& logs : history.logs) {
    std::printf("loss %.4f  accuracy %.3f\n", logs.at("loss"), logs.at("accuracy"));
  }
  return history.logs.back().at("accuracy") >= 0.9 ? 0 : 1;
}
