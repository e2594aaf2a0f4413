// The generator says `small`, the model `Small`: nothing is trained, and the answer says what to
// change.
#include <cstdio>

#include "tenon/tenon.hpp"

using namespace tenon;

namespace {

Generator batches() {
  for (std::uint64_t step = 0;; ++step) {
    Tensor small = random_uniform({32, 32, 32, 3}, 2 * step);
    Tensor y = random_integers({32}, 2 * step + 1, 0, 2);
    co_yield {inputs("small", small), y};
  }
}

}  // namespace

int main() {
  auto small = Input({32, 32, 3}, {.name = "Small"});
  auto x = Flatten()(Conv2D(32, {3, 3}, {.activation = "relu"})(small));
  Model model(small, Dense(1, {.activation = "sigmoid", .name = "label"})(x));
  model.compile({.optimizer = "adam", .loss = "binary_crossentropy", .metrics = {"accuracy"}});
  try {
    model.fit_generator(batches(), {.steps_per_epoch = 10, .epochs = 1});
  } catch (const KeyError& error) {
    std::printf("%s\n", error.what());
    return error.code() == "K002" ? 0 : 1;
  }
  return 1;
}
