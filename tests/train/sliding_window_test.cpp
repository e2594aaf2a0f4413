#include "train/sliding_window.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tenon/error.hpp"
#include "tenon/layers.hpp"
#include "train/engines_under_test.hpp"

namespace tenon::train {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// sliding_window.py's sequence.
Tensor window_eighths(const Shape& shape, std::int64_t seed) {
  Tensor out(DType::kFloat32, shape);
  for (std::int64_t i = 0; i < out.size(); ++i) {
    out.data<float>()[static_cast<std::size_t>(i)] =
        static_cast<float>((i * i * 5 + i * 7 + seed * 11) % 251 % 17 - 8) / 8.0F;
  }
  return out;
}

/// A convolution that a window's border shows in; `size` 0: of volumes of any size.
Model filter_model(std::int64_t size = -1) {
  auto image = Input({size, size, size, 1}, {.name = "image"});
  Model model({image}, {Conv3D(2, 3, {.padding = "same", .name = "mask"})(image)});
  model.weights()[0]->assign(window_eighths({3, 3, 3, 1, 2}, 3));
  return model;
}

Dataset volumes_of(const Shape& shape) {
  std::vector<std::int64_t> dims{1};
  dims.insert(dims.end(), shape.begin(), shape.end());
  dims.push_back(1);
  return Dataset::from_tensors({{"image", window_eighths(Shape(dims), 1)}}).batch(1);
}

class SlidingWindows : public testing::OnEveryEngine {};

TEST_P(SlidingWindows, GiveMonaisNumbers) {
  std::ifstream file(TENON_SOURCE_DIR "/tests/train/goldens/sliding_window.json");
  for (const auto& entry : nlohmann::json::parse(file)) {
    for (const std::int64_t batch : {1, 4}) {
      SCOPED_TRACE(entry["window"].dump());
      Model model = filter_model();
      model.compile({.loss = "mse", .engine = GetParam()});
      const Shape shape(entry["shape"].get<std::vector<std::int64_t>>());
      const PredictResult result =
          model.predict(volumes_of(shape),
                        {.sliding_window = SlidingWindow{.size = entry["window"],
                                                         .overlap = entry["overlap"].get<double>(),
                                                         .blend = entry["blend"].get<std::string>(),
                                                         .batch_size = batch}});
      const Tensor& mask = result.outputs[0].second;
      EXPECT_EQ(mask.shape(), (Shape{1, shape[0], shape[1], shape[2], 2}));
      const auto expected = entry["output"].get<std::vector<float>>();
      ASSERT_EQ(mask.size(), static_cast<std::int64_t>(expected.size()));
      for (std::size_t i = 0; i < expected.size(); ++i) {
        ASSERT_NEAR(mask.data<float>()[i], expected[i], 2e-5F) << i;
      }
    }
  }
}

TENON_ON_EVERY_ENGINE(SlidingWindows);

TEST(SlidingWindow, StartsAreLaidAsMonaiLaysThem) {
  EXPECT_THAT(window_starts(10, 4, 0.5), ElementsAre(0, 2, 4, 6));
  EXPECT_THAT(window_starts(9, 4, 0.25), ElementsAre(0, 3, 5));
  EXPECT_THAT(window_starts(4, 4, 0.5), ElementsAre(0));
  EXPECT_THAT(window_starts(4, 2, 0.9), ElementsAre(0, 1, 2));
}

TEST(SlidingWindow, AModelOfFixedSizeTakesItsOwnWindowAndKeepsTheGeometry) {
  Tensor volume = window_eighths({1, 6, 9, 5, 1}, 2);
  Geometry geometry;
  geometry.spacing = {3.0, 1.0, 0.5};
  geometry.origin = {10.0, -4.0, 7.0};
  const Tensor whole = volume.row(0).clone();
  const auto schema = std::make_shared<Schema>(
      Schema{{"image", TensorSpec(DType::kFloat32, {6, 9, 5, 1}, "DHWC")}});
  const auto data = Dataset::from_function(*schema, 1, [=](std::int64_t) {
                      Tensor image = whole;
                      image.set_geometry(geometry);
                      return Record(schema, {image}, {});
                    }).batch(1);
  Model model = filter_model(4);
  EXPECT_THROW(model.predict(data), ContractError) << "the volume is larger than the input";
  int samples = 0;
  const PredictResult result = model.predict(
      data, {.sliding_window = SlidingWindow{},
             .on_sample = [&](const NamedTensors& outputs, const SampleIdentity& sample) {
               ++samples;
               EXPECT_EQ(sample.index, 0);
               EXPECT_EQ(outputs[0].second.shape(), (Shape{6, 9, 5, 2}));
               ASSERT_NE(outputs[0].second.geometry(), nullptr);
               EXPECT_EQ(*outputs[0].second.geometry(), geometry);
             }});
  EXPECT_EQ(samples, 1);
  EXPECT_TRUE(result.outputs.empty());
}

Model two_inputs() {
  auto a = Input({-1, -1, -1, 1}, {.name = "a"});
  auto b = Input({-1, -1, -1, 1}, {.name = "b"});
  auto age = Input({1}, {.name = "age"});
  auto offset = Reshape({1, 1, 1, 1})(Dense(1, {.name = "line"})(age));
  auto sum = Add()({Concatenate()({a, b}), offset});
  return Model({a, b, age}, {Activation("linear", {.name = "both"})(sum)});
}

TEST(SlidingWindow, SeveralInputsAreCutAtOnePlaceAndOthersGoAlong) {
  Model model = two_inputs();
  model.weights()[0]->assign(Tensor::from<float>({1, 1}, {2.0F}));
  const Tensor a = window_eighths({2, 5, 6, 7, 1}, 1);
  const Tensor b = window_eighths({2, 5, 6, 7, 1}, 9);
  const auto data = Dataset::from_tensors(
                        {{"a", a}, {"b", b}, {"age", Tensor::from<float>({2, 1}, {1.0F, 3.0F})}})
                        .batch(2);
  const PredictResult result =
      model.predict(data, {.sliding_window = SlidingWindow{.size = {4, 4, 4}, .batch_size = 3}});
  const Tensor& both = result.outputs[0].second;
  ASSERT_EQ(both.shape(), (Shape{2, 5, 6, 7, 2}));
  for (std::size_t i = 0; i < 420; ++i) {
    const float offset = i < 210 ? 2.0F : 6.0F;
    ASSERT_NEAR(both.data<float>()[2 * i], a.data<float>()[i] + offset, 1e-5F);
    ASSERT_NEAR(both.data<float>()[2 * i + 1], b.data<float>()[i] + offset, 1e-5F);
  }
}

std::string sliding_problem(Model model, const Dataset& data, const SlidingWindow& window) {
  try {
    model.predict(data, {.sliding_window = window});
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(SlidingWindow, WhatCannotBeIsTold) {
  const auto problem_of = [](const SlidingWindow& window) {
    return sliding_problem(filter_model(), volumes_of({5, 5, 5}), window);
  };
  EXPECT_THAT(problem_of({}), HasSubstr("no size is given"));
  EXPECT_THAT(problem_of({.size = {4}}), HasSubstr("size has 1 numbers"));
  EXPECT_THAT(problem_of({.size = {4, 4}}), HasSubstr("no input with 2 spatial axes"));
  EXPECT_THAT(problem_of({.size = {4, 0, 4}}), HasSubstr("(4, 0, 4)"));
  EXPECT_THAT(problem_of({.size = {4, 4, 4}, .overlap = 1.0}), HasSubstr("overlap is 1"));
  EXPECT_THAT(problem_of({.size = {4, 4, 4}, .blend = "linear"}), HasSubstr("\"linear\""));
  EXPECT_THAT(problem_of({.size = {4, 4, 4}, .batch_size = 0}), HasSubstr("batch_size is 0"));

  auto image = Input({-1, -1, -1, 1}, {.name = "image"});
  const Model halved({image}, {MaxPooling3D(2, {.name = "half"})(image)});
  EXPECT_THAT(sliding_problem(halved, volumes_of({5, 5, 5}), {.size = {4, 4, 4}}),
              HasSubstr("expected: as large as the window"));
}

TEST(SlidingWindow, InputsOfDifferentSizesAreTold) {
  const auto data = Dataset::from_tensors({{"a", window_eighths({1, 5, 6, 7, 1}, 1)},
                                           {"b", window_eighths({1, 5, 6, 8, 1}, 9)},
                                           {"age", Tensor(DType::kFloat32, {1, 1})}})
                        .batch(1);
  EXPECT_THAT(sliding_problem(two_inputs(), data, {.size = {4, 4, 4}}),
              HasSubstr("input \"b\" is (5, 6, 8)"));
}

}  // namespace
}  // namespace tenon::train
