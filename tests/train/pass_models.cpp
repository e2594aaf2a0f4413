#include "pass_models.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "tenon/layers.hpp"
#include "train/engine_state.hpp"
#include "train/trainer.hpp"

namespace tenon::train::passes {
namespace {

SymbolicTensor stage(SymbolicTensor x, std::int64_t filters) {
  x = Conv2D(filters, 3, {.padding = "same"})(x);
  return MaxPooling2D(2)(Activation("relu")(BatchNormalization()(x)));
}

NamedTensors image_batch(std::int64_t rows, std::int64_t side, std::int64_t channels) {
  Tensor target(DType::kFloat32, {rows, 1});
  for (std::int64_t i = 0; i < rows; ++i) {
    target.data<float>()[static_cast<std::size_t>(i)] = static_cast<float>(i % 2);
  }
  return {{"image", random_uniform({rows, side, side, channels}, 1, -1.0F, 1.0F)},
          {"answer", target}};
}

Subject subject(std::string name, const SymbolicTensor& input, const SymbolicTensor& features,
                NamedTensors batch) {
  const auto answer = Dense(1, {.activation = "sigmoid", .name = "answer"})(features);
  return {name, Model(input, answer, {.name = name}), "binary_crossentropy", std::move(batch)};
}

// Convolutions of widths that fill vectors, with normalisation, relu and pooling.
Subject stages() {
  const auto image = Input({24, 24, 3}, {.name = "image"});
  auto x = stage(stage(stage(image, 16), 32), 64);
  x = Dense(24, {.activation = "relu"})(GlobalAveragePooling2D()(x));
  return subject("stages", image, x, image_batch(6, 24, 3));
}

// Widths that fill no vector, one after the other with ones that do.
Subject odd_widths() {
  const auto image = Input({16, 14, 1}, {.name = "image"});
  auto x = stage(image, 10);
  x = Conv2D(20, 3, {.padding = "same", .activation = "relu"})(x);
  x = Conv2D(32, 3, {.padding = "same", .activation = "relu"})(x);
  x = Conv2D(33, 3, {.strides = 2, .padding = "same", .activation = "relu"})(x);
  x = Dense(5, {.activation = "tanh"})(Flatten()(x));
  NamedTensors batch = image_batch(4, 16, 1);
  batch.front().second = random_uniform({4, 16, 14, 1}, 1, -1.0F, 1.0F);
  return subject("odd_widths", image, x, std::move(batch));
}

SymbolicTensor normalised(const SymbolicTensor& x, std::int64_t filters, std::int64_t kernel,
                          std::int64_t stride) {
  return BatchNormalization()(
      Conv2D(filters, kernel, {.strides = stride, .padding = "same", .use_bias = false})(x));
}

SymbolicTensor block(const SymbolicTensor& x, std::int64_t filters, std::int64_t stride) {
  const auto shortcut = stride == 1 ? x : normalised(x, filters, 1, stride);
  const auto y = Activation("relu")(normalised(x, filters, 3, stride));
  return Activation("relu")(Add()({normalised(y, filters, 3, 1), shortcut}));
}

Subject residual() {
  const auto image = Input({32, 32, 3}, {.name = "image"});
  auto x = Conv2D(32, 7, {.strides = 2, .use_bias = false})(ZeroPadding2D(3)(image));
  x = Activation("relu")(BatchNormalization()(x));
  x = MaxPooling2D(3, {.strides = 2})(ZeroPadding2D(1)(x));
  x = block(block(block(x, 32, 1), 64, 2), 64, 1);
  x = block(x, 128, 2);
  return subject("residual", image, GlobalAveragePooling2D()(x), image_batch(4, 32, 3));
}

// Concatenation of images, up-sampling, average pooling, dropout, a leaky slope, two readers of one
// value.
Subject joined() {
  const auto image = Input({16, 16, 8}, {.name = "image"});
  const auto wide = Conv2D(32, 3, {.padding = "same", .activation = "relu"})(image);
  auto deep = AveragePooling2D(2)(wide);
  deep = LeakyReLU({.negative_slope = 0.1})(Conv2D(48, 3, {.padding = "same"})(deep));
  deep = UpSampling2D(2)(Dropout(0.25)(deep));
  auto x = Concatenate()({wide, deep});
  x = Conv2D(32, 3, {.padding = "same", .activation = "relu"})(x);
  x = Multiply()({x, wide});
  x = Conv2D(16, 1, {.activation = "sigmoid"})(x);
  return subject("joined", image, Flatten()(x), image_batch(4, 16, 8));
}

// First convolutions whose outputs are only flattened, joined and summed up by one sigmoid.
Subject two_scale() {
  const auto small = Input({12, 12, 3}, {.name = "small"});
  const auto large = Input({20, 20, 3}, {.name = "image"});
  const auto of_small = Flatten()(Conv2D(16, 3, {.activation = "relu"})(small));
  const auto of_large = Flatten()(Conv2D(32, 3, {.activation = "relu"})(large));
  const auto answer =
      Dense(1, {.activation = "sigmoid", .name = "answer"})(Concatenate()({of_small, of_large}));
  NamedTensors batch = image_batch(5, 20, 3);
  batch.emplace_back("small", random_uniform({5, 12, 12, 3}, 2));
  return {"two_scale", Model({small, large}, answer, {.name = "two_scale"}), "binary_crossentropy",
          std::move(batch)};
}

// Enough pixels for Winograd's algorithm.
Subject many_tiles() {
  const auto image = Input({16, 16, 3}, {.name = "image"});
  auto x = Conv2D(16, 3, {.padding = "same", .activation = "relu"})(image);
  x = Conv2D(32, 3, {.padding = "same", .activation = "relu"})(x);
  return subject("many_tiles", image, GlobalAveragePooling2D()(x), image_batch(8, 16, 3));
}

// The bytes of an image, scaled by the model.
Subject bytes() {
  const auto image = Input({14, 14, 3}, {.name = "image"});
  auto x = Rescaling({1.0 / 255.0, 1.0 / 200.0, 1.0 / 255.0}, {.offset = {-0.5}})(image);
  x = Conv2D(16, 3, {.padding = "same", .activation = "relu"})(x);
  NamedTensors batch = image_batch(4, 14, 3);
  batch.front().second = random_integers({4, 14, 14, 3}, 1, 0, 256).cast(DType::kUInt8);
  return subject("bytes", image, GlobalAveragePooling2D()(x), std::move(batch));
}

// Stages over volumes.
Subject volumes() {
  const auto image = Input({12, 12, 12, 1}, {.name = "image"});
  auto x = image;
  for (const std::int64_t filters : {16, 32}) {
    x = Conv3D(filters, 3, {.padding = "same"})(x);
    x = MaxPooling3D(2)(Activation("relu")(BatchNormalization()(x)));
  }
  NamedTensors batch = image_batch(3, 12, 1);
  batch.front().second = random_uniform({3, 12, 12, 12, 1}, 1, -1.0F, 1.0F);
  return subject("volumes", image, GlobalAveragePooling3D()(x), std::move(batch));
}

// So small that it runs on one thread.
Subject tiny() {
  const auto numbers = Input({8}, {.name = "numbers"});
  const auto hidden = Dense(12, {.activation = "relu"})(numbers);
  const auto answer = Dense(6, {.activation = "softmax", .name = "answer"})(Dense(10)(hidden));
  return {"tiny",
          Model(numbers, answer, {.name = "tiny"}),
          "mean_squared_error",
          {{"numbers", random_uniform({6, 8}, 1)}, {"answer", random_uniform({6, 6}, 2)}}};
}

// A softmax and its cross-entropy.
Subject classes() {
  const auto numbers = Input({10}, {.name = "numbers"});
  const auto hidden = Dense(20, {.activation = "relu"})(numbers);
  const auto answer = Dense(7, {.activation = "softmax", .name = "answer"})(hidden);
  return {"classes",
          Model(numbers, answer, {.name = "classes"}),
          "categorical_crossentropy",
          {{"numbers", random_uniform({20, 10}, 1)}, {"answer", random_uniform({20, 7}, 2)}}};
}

const Tensor& value_of(const NamedTensors& batch, const std::string& name) {
  return std::ranges::find(batch, name, [](const auto& entry) { return entry.first; })->second;
}

void expect_near(const Tensor& actual, const Tensor& expected, double tolerance,
                 const std::string& what) {
  ASSERT_EQ(actual.shape(), expected.shape()) << what;
  const auto a = actual.data<float>();
  const auto b = expected.data<float>();
  double largest = 1e-3;
  for (const float value : b) largest = std::max(largest, std::abs(static_cast<double>(value)));
  for (std::size_t i = 0; i < b.size(); ++i) {
    ASSERT_NEAR(a[i], b[i], tolerance * largest) << what << ", element " << i;
  }
}

}  // namespace

std::vector<Subject> subjects() {
  return {stages(),     odd_widths(), residual(), joined(), two_scale(),
          many_tiles(), bytes(),      volumes(),  tiny(),   classes()};
}

Subject subject_of(const std::string& name) {
  std::vector<Subject> all = subjects();
  for (Subject& subject : all) {
    if (subject.name == name) return std::move(subject);
  }
  throw std::out_of_range(name);
}

Trained train(const Subject& subject, const backend::Engine& engine,
              const backend::CompileOptions& options, int steps, const Training& how) {
  Model model = subject.model;
  model.initialize(1);
  CompileArguments arguments;
  arguments.optimizer = how.optimizer;
  arguments.loss = Loss(subject.loss);
  const Trainer trainer(model, arguments);
  EngineState state(engine, model, arguments.optimizer);
  state.acquire(true);
  StepShape shape{
      .mode = Mode::kTrain, .input_shapes = {}, .input_dtypes = {}, .weighted = {false}};
  std::vector<Tensor> inputs;
  for (const auto& port : model.inputs()) {
    inputs.push_back(value_of(subject.batch, port.name));
    shape.input_shapes.push_back(inputs.back().shape());
    shape.input_dtypes.push_back(inputs.back().dtype());
  }
  const StepProgram step =
      build_step_program(model, trainer.outputs(), shape, arguments.optimizer, state.slots());
  backend::CompileOptions guarded = options;
  if (how.guard) guarded.guarded = step.guarded;
  const auto plan = engine.compile(step.program, state.variables(), guarded);
  if (how.prepare) how.prepare(*plan, *state.variables());
  for (std::size_t i = 0; i < inputs.size(); ++i) plan->bind_input(step.inputs[i], inputs[i]);
  const Tensor& target = value_of(subject.batch, model.outputs().front().name);
  plan->bind_input(*step.targets[0], target);
  Trained result;
  for (int i = 0; i < steps; ++i) {
    const auto bad = plan->run(
        {.learning_rate = how.learning_rate, .iteration = i, .seed = 7, .guard = how.guard});
    EXPECT_FALSE(bad.has_value());
    result.losses.push_back(plan->output(*step.loss).item<float>());
  }
  result.report = plan->report();
  const auto& specs = state.variables()->specs();
  for (std::size_t i = 0; i < specs.size(); ++i) {
    result.variables.emplace_back(specs[i].name,
                                  state.variables()->read(static_cast<std::int32_t>(i)));
  }
  return result;
}

void expect_near(const Trained& actual, const Trained& expected, double tolerance,
                 const std::string& what) {
  for (std::size_t i = 0; i < expected.losses.size(); ++i) {
    EXPECT_NEAR(actual.losses[i], expected.losses[i], tolerance) << what << ", step " << i;
  }
  ASSERT_EQ(actual.variables.size(), expected.variables.size());
  for (std::size_t i = 0; i < expected.variables.size(); ++i) {
    expect_near(actual.variables[i].second, expected.variables[i].second, tolerance,
                what + ", " + expected.variables[i].first);
  }
}

void expect_same_bits(const Trained& actual, const Trained& expected, const std::string& what) {
  EXPECT_EQ(actual.losses, expected.losses) << what;
  ASSERT_EQ(actual.variables.size(), expected.variables.size());
  for (std::size_t i = 0; i < expected.variables.size(); ++i) {
    EXPECT_TRUE(actual.variables[i].second.equals(expected.variables[i].second))
        << what << ", " << expected.variables[i].first;
  }
}

}  // namespace tenon::train::passes
