#include "train/targets.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tenon/error.hpp"

namespace tenon::train {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

OutputTraining output_with(const char* loss) {
  OutputTraining output;
  output.port.name = "cell";
  output.loss = Loss(loss);
  return output;
}

TEST(Targets, RowsStandForRowsOfOne) {
  const Tensor target = Tensor::from<float>({3}, {1, 2, 3});
  const Tensor same = canonical_target(target, output_with("mse"), {3, 1});
  EXPECT_EQ(same.shape(), (Shape{3, 1}));
  EXPECT_EQ(same.bytes(), target.bytes()) << "nothing is copied";
  EXPECT_EQ(
      canonical_target(Tensor(DType::kFloat32, {3, 2, 1}), output_with("mse"), {3, 2}).shape(),
      (Shape{3, 2}));
}

TEST(Targets, ClassIdsOfAnyIntegerBecomeInt32) {
  for (const Shape& shape : {Shape{2}, Shape{2, 1}}) {
    const Tensor ids = canonical_target(Tensor::from<std::int64_t>(shape, {2, 0}),
                                        output_with("sparse_categorical_crossentropy"), {2, 3});
    EXPECT_EQ(ids.shape(), (Shape{2}));
    EXPECT_THAT(ids.data<std::int32_t>(), ElementsAre(2, 0));
  }
  const Tensor grid =
      canonical_target(Tensor(DType::kUInt8, {2, 4, 4, 1}),
                       output_with("sparse_categorical_crossentropy"), {2, 4, 4, 3});
  EXPECT_EQ(grid.shape(), (Shape{2, 4, 4}));
}

TEST(Targets, NothingIsBroadcast) {
  try {
    canonical_target(Tensor(DType::kFloat32, {8, 3}), output_with("mse"), {8, 1});
    FAIL();
  } catch (const ShapeError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("S007"), HasSubstr("(8, 3)"), HasSubstr("(8, 1)")));
  }
  EXPECT_THROW(canonical_target(Tensor(DType::kFloat32, {1}), output_with("mse"), {8, 1}),
               ShapeError);
}

TEST(Targets, AValueThatWouldChangeIsD001) {
  const auto convert = [](const Tensor& target, const char* loss, const Shape& prediction) {
    try {
      canonical_target(target, output_with(loss), prediction);
    } catch (const DataError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_THAT(
      convert(Tensor::from<float>({2}, {1.0F, 0.5F}), "sparse_categorical_crossentropy", {2, 3}),
      AllOf(HasSubstr("D001"), HasSubstr("row 1")));
  EXPECT_THAT(convert(Tensor::from<std::int64_t>({1}, {16777217}), "mse", {1, 1}),
              HasSubstr("D001"));
  EXPECT_EQ(convert(Tensor::from<double>({1}, {0.1}), "mse", {1, 1}), "") << "rounding is no loss";
}

TEST(Targets, ClassWeightsMultiplySampleWeights) {
  const Tensor ids = Tensor::from<std::int32_t>({3}, {0, 1, 4});
  const Tensor weights = Tensor::from<float>({3}, {1.0F, 2.0F, 3.0F});
  const Tensor both =
      with_class_weights(weights, {1.0, 10.0}, ids, output_with("sparse_categorical_crossentropy"));
  EXPECT_THAT(both.data<float>(), ElementsAre(1.0F, 20.0F, 3.0F)) << "unlisted classes weigh 1";
}

TEST(Targets, TheClassOfOneHotAndOfOneProbability) {
  const Tensor one_hot = Tensor::from<float>({2, 2}, {0, 1, 1, 0});
  EXPECT_THAT(with_class_weights({}, {1.0, 5.0}, one_hot, output_with("categorical_crossentropy"))
                  .data<float>(),
              ElementsAre(5.0F, 1.0F));
  const Tensor binary = Tensor::from<float>({2, 1}, {1, 0});
  EXPECT_THAT(
      with_class_weights({}, {1.0, 5.0}, binary, output_with("binary_crossentropy")).data<float>(),
      ElementsAre(5.0F, 1.0F));
}

TEST(Targets, ClassWeightsNeedOneClassPerRow) {
  EXPECT_THROW(with_class_weights({}, {1.0, 5.0}, Tensor(DType::kInt32, {2, 4, 4}),
                                  output_with("sparse_categorical_crossentropy")),
               ContractError);
}

TEST(Targets, WeightsAreOnePerRow) {
  EXPECT_EQ(canonical_weights(Tensor(DType::kFloat64, {3, 1}), "cell", 3).shape(), (Shape{3}));
  EXPECT_THROW(canonical_weights(Tensor(DType::kFloat32, {3, 2}), "cell", 3), ShapeError);
}

}  // namespace
}  // namespace tenon::train
