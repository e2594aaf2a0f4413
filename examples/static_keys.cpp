// Keys as types: write `Smal` in place of `Small` below, or leave the rename out, and this does not
// compile; the compiler names the missing key and the nearest one. What is trained is the same as
// without types.
#include <cstdio>

#include "tenon/static.hpp"
#include "tenon/tenon.hpp"

using namespace tenon;

namespace {

TENON_KEY(Small);
TENON_KEY(Large);
TENON_KEY(label);
TENON_KEY_TEXT(small_image, "small image");

using TwoScale = typed::Model<typed::Inputs<Small, Large>, typed::Outputs<label>>;
using Cells = typed::Dataset<Small, Large, label>;

TwoScale two_scale() {
  auto small = Input({8, 8, 3}, {.name = "Small"});
  auto large = Input({16, 16, 3}, {.name = "Large"});
  auto a = GlobalAveragePooling2D()(Conv2D(8, {3, 3}, {.activation = "relu"})(small));
  auto b = GlobalAveragePooling2D()(Conv2D(8, {3, 3}, {.activation = "relu"})(large));
  auto out = Dense(1, {.activation = "sigmoid", .name = "label"})(Concatenate()({a, b}));
  return TwoScale(Model({small, large}, out, {.name = "two_scale"}));
}

/// The label says whether the small image is bright.
Cells drawn_cells(std::int64_t count, std::uint64_t seed) {
  Tensor y = random_integers({count}, seed, 0, 2);
  Tensor small = random_uniform({count, 8, 8, 3}, seed + 1);
  for (std::int64_t row = 0; row < count; ++row) {
    const float shade = y.data<std::int64_t>()[static_cast<std::size_t>(row)] == 1 ? 255.0F : 80.0F;
    Tensor one = small.row(row);
    for (float& value : one.data<float>()) value *= shade;
  }
  const Tensor large = random_uniform({count, 16, 16, 3}, seed + 2);
  // The one place where the keys of the data are said; what the data really have is held to it.
  const typed::Dataset<small_image, Large, label> raw(
      Dataset::from_tensors({{"small image", small}, {"Large", large}, {"label", y}}));
  return raw.rename<small_image, Small>().scale<Small>(1.0 / 255.0);
}

}  // namespace

int main() {
  TwoScale model = two_scale();
  model.untyped().initialize(7);
  model.compile({.optimizer = Adam({.learning_rate = 0.02}),
                 .loss = "binary_crossentropy",
                 .metrics = {"accuracy"}});
  const Cells train = drawn_cells(256, 1);
  const Cells validation = drawn_cells(64, 9);
  const History history =
      model.fit(train.shuffle(256).batch(32), validation.batch(32), {.epochs = 8, .verbose = 0});
  const double accuracy = history.of("val_accuracy").back();
  std::printf("validation accuracy %.3f\n", accuracy);

  try {
    const typed::Dataset<Small, label> wrong(train.untyped());
  } catch (const KeyError& error) {
    std::printf("%s\n", error.what());
    return accuracy >= 0.9 ? 0 : 1;
  }
  return 1;
}
