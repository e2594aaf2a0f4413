#include "graph/summary.hpp"

#include <gtest/gtest.h>

#include "graph/fixture_file.hpp"
#include "graph/throws.hpp"
#include "tenon/layers.hpp"
#include "tenon/model.hpp"

namespace tenon {
namespace {

TEST(Summary, IsKerassForTwoInputs) {
  const std::string config = keras_fixture("tiny_config.json");
  if (config.empty()) GTEST_SKIP() << "skipped: no ../shared/fixtures/keras";
  // The file ends with one more line end than summary() gives.
  EXPECT_EQ(Model::from_json(config).summary() + "\n", keras_fixture("tiny_summary.txt"));
}

Sequential small_stack() {
  return {{Input({8, 8, 3}, {.name = "Small"}), Conv2D(4, 3, {.activation = "relu"}), Flatten(),
           BatchNormalization(), Dense(1, {.name = "out"})},
          {.name = "stack"}};
}

TEST(Summary, SequentialHasThreeColumnsAndNoInput) {
  EXPECT_EQ(small_stack().summary(),
            R"(Model: "stack"
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓
┃ Layer (type)                    ┃ Output Shape           ┃       Param # ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩
│ conv2d (Conv2D)                 │ (None, 6, 6, 4)        │           112 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ flatten (Flatten)               │ (None, 144)            │             0 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ batch_normalization             │ (None, 144)            │           576 │
│ (BatchNormalization)            │                        │               │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ out (Dense)                     │ (None, 1)              │           145 │
└─────────────────────────────────┴────────────────────────┴───────────────┘
 Total params: 833 (3.25 KB)
 Trainable params: 545 (2.13 KB)
 Non-trainable params: 288 (1.12 KB)
)");
}

TEST(Summary, ShowsNestedLayersAndWhatIsTrainable) {
  const Sequential inner = small_stack();
  const SymbolicTensor input = Input({8, 8, 3}, {.name = "Large"});
  const Model outer(input, inner(input), {.name = "outer"});
  outer.get_layer("stack").set_trainable(false);
  const std::string text =
      outer.summary({.expand_nested = true, .show_trainable = true, .line_length = 100});
  EXPECT_NE(text.find("┃ Traina… ┃"), std::string::npos) << text;
  EXPECT_NE(text.find("│    └ out (Dense) "), std::string::npos) << text;
  EXPECT_NE(text.find("│    N    │"), std::string::npos) << text;
  EXPECT_NE(text.find(" Trainable params: 0 (0.00 B)"), std::string::npos) << text;
}

TEST(Summary, RefusesALineThatIsTooShort) {
  const std::string text =
      text_thrown<ContractError>([] { return small_stack().summary({.line_length = 12}); });
  EXPECT_NE(text.find("summary: line_length is 12"), std::string::npos) << text;
}

}  // namespace
}  // namespace tenon
