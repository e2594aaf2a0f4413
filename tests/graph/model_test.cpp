#include "tenon/model.hpp"

#include <gtest/gtest.h>

#include "graph/fixture_file.hpp"
#include "graph/throws.hpp"
#include "tenon/layers.hpp"

namespace tenon {
namespace {

void expect_holds(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << "missing: " << part << "\nin:\n" << text;
}

struct TwoBranches {
  SymbolicTensor small = Input({8, 8, 3}, {.name = "Small"});
  SymbolicTensor large = Input({16, 16, 3}, {.name = "Large"});
  SymbolicTensor small_flat =
      Flatten({.name = "small_flat"})(Conv2D(4, 3, {.name = "small_conv"})(small));
  SymbolicTensor large_flat =
      Flatten({.name = "large_flat"})(Conv2D(4, 3, {.name = "large_conv"})(large));
  SymbolicTensor out =
      Dense(1, {.name = "out"})(Concatenate({.name = "joined"})({small_flat, large_flat}));
};

std::vector<std::string> names_of(const std::vector<Layer>& layers) {
  std::vector<std::string> names;
  for (const Layer& layer : layers) names.push_back(layer.name());
  return names;
}

TEST(Model, HasNamedPorts) {
  const TwoBranches net;
  const Model model({net.large, net.small}, net.out, {.name = "two_scale"});
  ASSERT_EQ(model.inputs().size(), 2U);
  EXPECT_EQ(model.inputs()[0].name, "Large");
  EXPECT_EQ(model.inputs()[1].spec.to_string(), "f32 (B, 8, 8, 3)");
  EXPECT_EQ(model.inputs()[1].spec.axes, "BHWC");
  EXPECT_EQ(model.outputs()[0].name, "out");
  EXPECT_EQ(model.outputs()[0].spec.shape_string(), "(B, 1)");
  EXPECT_EQ(model.count_params(), 112 + 112 + 36 * 4 + 14 * 14 * 4 + 1);
}

TEST(Model, TellsWhichInputsItBringsToScaleItself) {
  const auto scaled = Input({8}, {.name = "scaled"});
  const auto normal = Input({8}, {.name = "normal"});
  const auto both = Input({8}, {.name = "both"});
  const auto x = Concatenate()({Rescaling(1.0 / 255.0)(scaled), BatchNormalization()(normal),
                                Rescaling(2.0)(both), Dense(2)(both)});
  const Model model({scaled, normal, both}, Dense(1)(x));
  EXPECT_TRUE(model.inputs()[0].rescaled);
  EXPECT_TRUE(model.inputs()[1].rescaled);
  EXPECT_FALSE(model.inputs()[2].rescaled) << "one of its layers takes the values as they are";
  EXPECT_TRUE(Model::from_json(model.to_json()).inputs()[0].rescaled);
}

TEST(Model, NamesPortsByTheKeysOfAMap) {
  const TwoBranches net;
  const Model model({{"small_image", net.small}, {"large_image", net.large}}, {{"cell", net.out}});
  EXPECT_EQ(model.inputs()[0].name, "small_image");
  EXPECT_EQ(model.outputs()[0].name, "cell");
}

TEST(Model, OrdersLayersAsKeras) {
  const std::string config = keras_fixture("tiny_config.json");
  if (config.empty()) GTEST_SKIP() << "skipped: no ../shared/fixtures/keras";
  const std::vector<std::string> expected = {
      "Large",      "large_conv", "large_bn",   "Small",       "large_relu",
      "small_conv", "large_pool", "small_pool", "large_conv2", "small_flat",
      "large_gap",  "cat",        "hidden",     "drop",        "out"};
  EXPECT_EQ(names_of(Model::from_json(config).layers()), expected);
}

TEST(Model, OrdersASharedLayerByItsDeepestCall) {
  const SymbolicTensor a = Input({4}, {.name = "a"});
  const SymbolicTensor b = Input({4}, {.name = "b"});
  const Dense shared(4, {.name = "shared"});
  const SymbolicTensor deep = ReLU({.name = "relu"})(shared(a));
  const Model model({a, b}, Add({.name = "sum"})({shared(b), deep}));
  EXPECT_EQ(names_of(model.layers()),
            (std::vector<std::string>{"b", "a", "shared", "relu", "sum"}));
}

TEST(Model, TellsOfAnInputThatIsNotDeclared) {
  const TwoBranches net;
  const std::string text =
      text_thrown<ModelError>([&] { return Model(net.small, net.out, {.name = "two_scale"}); });
  expect_holds(text,
               "error[M001]: model \"two_scale\" is disconnected: its output \"out\" needs the "
               "input \"Large\", which is not among the model's inputs (model_test.cpp:");
  expect_holds(text,
               "the way: Large -> large_conv -> large_flat -> joined -> out (model_test.cpp:");
  expect_holds(text, "the model's inputs: \"Small\"");
  expect_holds(text, "fix: declare it\n       Model({small, large}, out)");
}

TEST(Model, TellsOfAnInputThatNothingNeeds) {
  const TwoBranches net;
  const SymbolicTensor other = Input({2}, {.name = "Other"});
  const std::string text = text_thrown<ModelError>([&] {
    return Model({net.small, net.large, other}, net.out, {.name = "m"});
  });
  expect_holds(text, "error[M001]: model \"m\": no output needs the input \"Other\"");
  expect_holds(text, "leave it out of the model's inputs");
}

TEST(Model, TellsOfTwoInputsOfOneName) {
  const SymbolicTensor a = Input({2}, {.name = "x"});
  const SymbolicTensor b = Input({2}, {.name = "x"});
  const std::string text = text_thrown<ModelError>([&] {
    return Model({a, b}, Add()({a, b}), {.name = "m"});
  });
  expect_holds(text, "model \"m\" has two inputs called \"x\"");
  expect_holds(text, "give one of them another .name");
}

TEST(Model, TellsOfTwoLayersOfOneName) {
  const SymbolicTensor input = Input({2}, {.name = "x"});
  const SymbolicTensor out =
      Activation("relu", {.name = "same"})(Dense(3, {.name = "same"})(input));
  const std::string text = text_thrown<ModelError>([&] { return Model(input, out); });
  expect_holds(text, "has two layers called \"same\"");
  expect_holds(text, "they are: Dense (model_test.cpp:");
  expect_holds(text, "and Activation (model_test.cpp:");
}

TEST(Model, TellsOfTwoOutputsOfOneName) {
  const SymbolicTensor a = Input({2}, {.name = "a"});
  const SymbolicTensor b = Input({2}, {.name = "b"});
  const Dense shared(1, {.name = "shared"});
  const SymbolicTensor first = shared(a);
  const SymbolicTensor second = shared(b);
  const std::string text = text_thrown<ModelError>([&] { return Model({a, b}, {first, second}); });
  expect_holds(text, "has two outputs called \"shared\"");
  expect_holds(text, "{{\"shared_1\", shared_1}, {\"shared_2\", shared_2}}");
  EXPECT_EQ(Model({a, b}, {{"left", first}, {"right", second}}).outputs()[1].name, "right");
}

TEST(Model, TellsOfInputsThatAreNone) {
  const SymbolicTensor input = Input({2}, {.name = "x"});
  const SymbolicTensor hidden = Dense(3, {.name = "hidden"})(input);
  const std::string text =
      text_thrown<ModelError>([&] { return Model(hidden, Dense(1)(hidden), {.name = "m"}); });
  expect_holds(text, "its input \"hidden\" is what Dense \"hidden\" gives, and no Input");
  expect_holds(text_thrown<ModelError>([&] { return Model(SymbolicTensor(), hidden); }),
               "an empty SymbolicTensor is among its inputs");
}

TEST(Model, FindsLayersAndNamesTheNearest) {
  const TwoBranches net;
  const Model model({net.small, net.large}, net.out, {.name = "m"});
  EXPECT_EQ(model.get_layer("small_conv").class_name(), "Conv2D");
  const std::string text = text_thrown<ModelError>([&] { return model.get_layer("small_cnov"); });
  expect_holds(text, "model \"m\" has no layer called \"small_cnov\"");
  expect_holds(text, "did you mean \"small_conv\"?");
}

TEST(Model, SharedLayersShareWeights) {
  const SymbolicTensor a = Input({4}, {.name = "a"});
  const SymbolicTensor b = Input({4}, {.name = "b"});
  const Dense shared(2, {.name = "shared"});
  const Model model({a, b}, Add()({shared(a), shared(b)}));
  EXPECT_EQ(model.count_params(), 10);
  const SymbolicTensor wide = Input({5}, {.name = "wide"});
  const std::string text = text_thrown<ShapeError>([&] { return shared(wide); });
  expect_holds(text,
               "Dense \"shared\" cannot take (B, 5): its weight \"kernel\" was made as (4, 2)");
}

TEST(Model, NestsAndFreezes) {
  const TwoBranches net;
  const Model inner({net.small, net.large}, {{"first", net.out}, {"second", net.small_flat}},
                    {.name = "inner"});
  const SymbolicTensor small = Input({8, 8, 3}, {.name = "s"});
  const SymbolicTensor large = Input({16, 16, 3}, {.name = "l"});
  const std::vector<SymbolicTensor> results = inner({small, large});
  ASSERT_EQ(results.size(), 2U);
  const Model outer({small, large}, Concatenate()(results), {.name = "outer"});
  EXPECT_EQ(outer.outputs()[0].spec.shape_string(), "(B, 145)");
  EXPECT_EQ(outer.count_params(), inner.count_params());
  EXPECT_EQ(outer.trainable_weights().size(), 6U);
  outer.get_layer("inner").set_trainable(false);
  EXPECT_TRUE(outer.trainable_weights().empty());
  const std::string text = text_thrown<ShapeError>([&] { return inner({large, small}); });
  expect_holds(text, "Functional \"inner\" cannot take (B, 16, 16, 3), (B, 8, 8, 3)");
  expect_holds(text, "its input \"Small\" wants another shape");
  expect_holds(text_thrown<ModelError>([&] { return inner(small); }), "has 2 outputs");
}

TEST(Model, InitializesBySeedAndPath) {
  const TwoBranches net;
  Model model({net.small, net.large}, net.out);
  model.initialize(1);
  const Tensor first = model.weights().front()->value();
  EXPECT_FALSE(first.equals(model.weights()[2]->value())) << "two kernels of one shape";
  model.initialize(2);
  EXPECT_FALSE(first.equals(model.weights().front()->value()));
  model.initialize(1);
  EXPECT_TRUE(first.equals(model.weights().front()->value()));
}

TEST(Sequential, ShowsTheModelThatWasMeantForTwoInputs) {
  const std::string text = text_thrown<ModelError>([] {
    return Sequential(
        {Input({32, 32, 3}, {.name = "Small"}), Conv2D(32, {3, 3}, {.activation = "relu"}),
         Input({64, 64, 3}, {.name = "Large"}), Conv2D(64, {3, 3}, {.activation = "relu"}),
         Flatten(), Dense(1, {.activation = "sigmoid"})});
  });
  expect_holds(text,
               "error[M001]: Sequential has a second input: \"Large\" stands at place 3 of its "
               "list, after \"Small\" at its front (model_test.cpp:");
  expect_holds(text,
               "build it functionally; likely meant:\n"
               "       auto small = Input({32, 32, 3}, {.name = \"Small\"});\n"
               "       auto small_conv2d = Conv2D(32, {3, 3}, {.activation = \"relu\"})(small);\n"
               "       auto large = Input({64, 64, 3}, {.name = \"Large\"});\n"
               "       auto large_conv2d = Conv2D(64, {3, 3}, {.activation = \"relu\"})(large);\n"
               "       auto large_flatten = Flatten()(large_conv2d);\n"
               "       auto joined = Concatenate()({Flatten()(small_conv2d), large_flatten});\n"
               "       auto output = Dense(1, {.activation = \"sigmoid\"})(joined);\n"
               "       Model model({small, large}, output);");
}

// The text of the test above, as a program.
TEST(Sequential, WhatItShowsIsRight) {
  auto small = Input({32, 32, 3}, {.name = "Small"});
  auto small_conv2d = Conv2D(32, {3, 3}, {.activation = "relu"})(small);
  auto large = Input({64, 64, 3}, {.name = "Large"});
  auto large_conv2d = Conv2D(64, {3, 3}, {.activation = "relu"})(large);
  auto large_flatten = Flatten()(large_conv2d);
  auto joined = Concatenate()({Flatten()(small_conv2d), large_flatten});
  auto output = Dense(1, {.activation = "sigmoid"})(joined);
  Model model({small, large}, output);
  EXPECT_EQ(model.count_params(), 32 * 28 + 64 * 28 + 30 * 30 * 32 + 62 * 62 * 64 + 1);
}

TEST(Sequential, ShowsTheUsersOwnNames) {
  const std::string text = text_thrown<ModelError>([] {
    return Sequential({Input({8}, {.name = "age"}), Dense(4, {.name = "age_features"}),
                       Input({32, 32, 3}, {.name = "image"}),
                       MaxPooling2D({2, 2}, {.strides = 1, .name = "pool"}),
                       GlobalAveragePooling2D(), Dense(2, {.name = "cell"})},
                      {.name = "both"});
  });
  expect_holds(text, "Sequential \"both\" has a second input");
  expect_holds(
      text,
      "auto age_features = Dense(4, {.name = \"age_features\"})(age);\n"
      "       auto image = Input({32, 32, 3}, {.name = \"image\"});\n"
      "       auto pool = MaxPooling2D({2, 2}, {.strides = {1, 1}, .name = \"pool\"})(image);");
  expect_holds(text, "Concatenate()({age_features, image_global_average_pooling2d});");
  expect_holds(text,
               "auto cell = Dense(2, {.name = \"cell\"})(joined);\n"
               "       Model model({age, image}, cell);");
}

TEST(Sequential, BeginsWithAnInput) {
  expect_holds(text_thrown<ModelError>([] { return Sequential({Dense(1)}); }),
               "Sequential does not begin with an Input");
  expect_holds(text_thrown<ModelError>([] { return Sequential(std::vector<SequentialItem>{}); }),
               "Sequential is empty");
}

TEST(Sequential, TakesModels) {
  const Sequential inner({Input({4}, {.name = "x"}), Dense(3)}, {.name = "inner"});
  const Sequential outer({Input({4}, {.name = "x"}), inner, Dense(2, {.name = "out"})});
  EXPECT_EQ(names_of(outer.layers()), (std::vector<std::string>{"inner", "out"}));
  EXPECT_EQ(outer.outputs()[0].spec.shape_string(), "(B, 2)");
}

}  // namespace
}  // namespace tenon
