// Stages that turn one value into another: scale, normalize, cast, one_hot, encode.
#include <limits>

#include "data/support.hpp"

namespace tenon {
namespace {

using data_test::collect;
using data_test::thrown_by;
using ::testing::ElementsAre;
using ::testing::FloatEq;
using ::testing::HasSubstr;

template <class T>
std::vector<T> only(const Dataset& dataset, const std::string& key) {
  return data_test::values_of<T>(collect(dataset), key);
}

Dataset bytes() {
  return Dataset::from_tensors({{"x", Tensor::from<std::uint8_t>({2, 3}, {0, 51, 255, 1, 2, 3})}});
}

TEST(Scale, IsFloat32AndKnowsItsRange) {
  const Dataset dataset = bytes().scale({"x"}, 1.0 / 255.0);
  EXPECT_EQ(dataset.schema().spec("x").to_string(), "f32 (3,)");
  EXPECT_EQ(dataset.schema().spec("x").range->low, 0.0);
  EXPECT_DOUBLE_EQ(dataset.schema().spec("x").range->high, 1.0);
  const float factor = 1.0F / 255.0F;
  EXPECT_THAT(only<float>(dataset, "x"),
              ElementsAre(0.0F, 51 * factor, 255 * factor, factor, 2 * factor, 3 * factor));
}

TEST(Scale, AddsTheOffsetAfterMultiplying) {
  EXPECT_THAT(only<float>(bytes().scale({"x"}, 2.0, -1.0).take(1), "x"), ElementsAre(-1, 101, 509));
}

TEST(Scale, RefusesWhatFloat32DoesNotHold) {
  for (const double factor : {1e39, -1e39, std::numeric_limits<double>::infinity()}) {
    EXPECT_THAT(thrown_by<ContractError>([&] { bytes().scale({"x"}, factor); }).what(),
                HasSubstr("finite numbers that float32 holds"));
    EXPECT_THROW(bytes().scale({"x"}, 1.0, factor), ContractError);
  }
  EXPECT_NO_THROW(bytes().scale({"x"}, 3e38));
}

TEST(Scale, RefusesText) {
  const Dataset dataset =
      Dataset::from_tensors({{"t", Tensor::strings({1}, {"a"})}}).scale({"t"}, 2.0);
  ASSERT_EQ(dataset.diagnostics().size(), 1U);
  EXPECT_EQ(dataset.diagnostics()[0].code, "D001");
}

TEST(Normalize, TakesOneNumberOrOnePerChannel) {
  EXPECT_THAT(only<float>(bytes().normalize({"x"}, {1.0}, {2.0}).take(1), "x"),
              ElementsAre(-0.5F, 25.0F, 127.0F));
  EXPECT_THAT(only<float>(bytes().normalize({"x"}, {1, 2, 3}, {1, 2, 4}).skip(1), "x"),
              ElementsAre(0.0F, 0.0F, 0.0F));
}

TEST(NormalizeStage, LongRowsAreDividedElementByElement) {
  constexpr std::int64_t kPixels = 77;
  Tensor image = Tensor::uninitialized(DType::kUInt8, {2, kPixels, 3});
  for (std::size_t i = 0; i < static_cast<std::size_t>(image.size()); ++i)
    image.data<std::uint8_t>()[i] = static_cast<std::uint8_t>(i * 37 % 256);
  constexpr std::array kMean{120.3F, 7.7F, 31.1F};
  constexpr std::array kDeviation{3.0F, 0.7F, 61.3F};
  for (const DType dtype : {DType::kUInt8, DType::kFloat32, DType::kInt16}) {
    const Dataset dataset = Dataset::from_tensors({{"x", image.cast(dtype)}})
                                .normalize({"x"}, {120.3F, 7.7F, 31.1F}, {3.0F, 0.7F, 61.3F})
                                .skip(1);
    const std::vector<float> got = only<float>(dataset, "x");
    ASSERT_EQ(got.size(), kPixels * 3U);
    for (std::size_t i = 0; i < got.size(); ++i) {
      const auto value = static_cast<float>(image.data<std::uint8_t>()[kPixels * 3 + i]);
      EXPECT_EQ(got[i], (value - kMean[i % 3]) / kDeviation[i % 3]) << i << name_of(dtype);
    }
  }
}

TEST(Normalize, AWrongNumberOfChannelsIsAProblem) {
  const Dataset dataset = bytes().normalize({"x"}, {1, 2}, {1, 2});
  ASSERT_EQ(dataset.diagnostics().size(), 1U);
  EXPECT_THAT(dataset.diagnostics()[0].message, HasSubstr("2 means are given"));
  EXPECT_THROW(bytes().normalize({"x"}, {1.0}, {0.0}), ContractError);
  EXPECT_THROW(bytes().normalize({"x"}, {1, 2, 3}, {1, 2}), ContractError);
}

TEST(Cast, KeepsValuesThatFit) {
  const Dataset dataset = Dataset::from_tensors({{"x", Tensor::from<float>({1, 3}, {0, -3, 127})}});
  EXPECT_THAT(only<std::int8_t>(dataset.cast({"x"}, DType::kInt8), "x"), ElementsAre(0, -3, 127));
  EXPECT_EQ(dataset.cast({"x"}, DType::kInt8).schema().spec("x").to_string(), "i8 (3,)");
}

TEST(Cast, AValueWithoutAPlaceIsABadSample) {
  const auto fails = [](Tensor value, DType dtype) {
    const Dataset dataset = Dataset::from_tensors({{"x", std::move(value)}}).cast({"x"}, dtype);
    return std::string(thrown_by<DataError>([&] { collect(dataset); }).what());
  };
  EXPECT_THAT(fails(Tensor::from<float>({1, 2}, {1, 128}), DType::kInt8),
              HasSubstr("128 is no int8"));
  EXPECT_THAT(fails(Tensor::from<float>({1}, {0.5F}), DType::kInt32), HasSubstr("0.5 is no int32"));
  EXPECT_THAT(fails(Tensor::from<std::int64_t>({2}, {3, -1}), DType::kUInt8),
              HasSubstr("-1 is no uint8"));
  EXPECT_THAT(fails(Tensor::from<std::int64_t>({1}, {2}), DType::kBool), HasSubstr("2 is no bool"));
  EXPECT_THAT(fails(Tensor::from<double>({1}, {1e300}), DType::kFloat32), HasSubstr("D001"));
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(fails(Tensor::from<float>({1}, {nan}), DType::kInt64), HasSubstr("nan is no int64"));
}

TEST(Cast, ABatchNamesTheRow) {
  const Dataset dataset =
      Dataset::from_tensors({{"x", Tensor::from<std::int64_t>({3}, {1, 300, 2})}})
          .batch(3)
          .cast({"x"}, DType::kUInt8);
  const auto error = thrown_by<DataError>([&] { collect(dataset); });
  EXPECT_EQ(error.code(), "D001");
  EXPECT_EQ(error.diagnostics()[0].sample->index, 1);
}

TEST(Cast, TextIsNoNumber) {
  const Dataset dataset =
      Dataset::from_tensors({{"t", Tensor::strings({1}, {"7"})}}).cast({"t"}, DType::kInt64);
  ASSERT_EQ(dataset.diagnostics().size(), 1U);
  EXPECT_THAT(dataset.diagnostics()[0].message, HasSubstr("encode"));
}

TEST(OneHot, PutsAOneAtTheId) {
  const Dataset dataset =
      Dataset::from_tensors({{"y", Tensor::from<std::int64_t>({2}, {2, 0})}}).one_hot({"y"}, 3);
  EXPECT_EQ(dataset.schema().spec("y").to_string(), "f32 (3,)");
  EXPECT_EQ(dataset.schema().spec("y").range, (ValueRange{0.0, 1.0}));
  EXPECT_THAT(only<float>(dataset, "y"), ElementsAre(0, 0, 1, 1, 0, 0));
}

TEST(OneHot, OfABatchHasTheBatchAxisFirst) {
  const Dataset dataset =
      Dataset::from_tensors({{"y", Tensor::from<std::int32_t>({4}, {0, 1, 1, 0})}})
          .batch(4)
          .one_hot({"y"}, 2);
  EXPECT_EQ(dataset.schema().spec("y").to_string(), "f32 (B, 2)");
  EXPECT_THAT(only<float>(dataset, "y"), ElementsAre(1, 0, 0, 1, 0, 1, 1, 0));
}

TEST(OneHot, AnIdOutsideIsABadSample) {
  const Dataset dataset =
      Dataset::from_tensors({{"y", Tensor::from<std::int64_t>({3}, {0, 3, -1})}}).one_hot({"y"}, 3);
  const auto error = thrown_by<DataError>([&] { collect(dataset); });
  EXPECT_EQ(error.code(), "D002");
  EXPECT_THAT(error.what(), HasSubstr("\"y\" is 3"));
  EXPECT_THAT(error.what(), HasSubstr("a class id from 0 to 2"));
}

TEST(OneHot, WhatIsKnownToBeOutsideIsToldBeforeReading) {
  const Dataset classes =
      Dataset::from_tensors({{"t", Tensor::strings({1}, {"a"})}}).encode("t", "y", {"a", "b", "c"});
  EXPECT_EQ(classes.one_hot({"y"}, 2).diagnostics().size(), 1U);
  EXPECT_EQ(classes.one_hot({"y"}, 3).diagnostics().size(), 0U);
  EXPECT_EQ(classes.one_hot({"t"}, 3).diagnostics().size(), 1U);
}

TEST(Encode, GivesThePositionInTheList) {
  const Dataset dataset =
      Dataset::from_tensors({{"t", Tensor::strings({3}, {"WBC", "RBC", "WBC"})}})
          .encode("t", "y", {"RBC", "WBC", "Platelets"});
  EXPECT_EQ(dataset.schema().spec("y").to_string(), "i64 ()");
  EXPECT_EQ(dataset.schema().spec("y").range, (ValueRange{0.0, 2.0}));
  EXPECT_THAT(only<std::int64_t>(dataset, "y"), ElementsAre(1, 0, 1));
  EXPECT_EQ(dataset.schema().spec("t").dtype, DType::kString);
}

TEST(Encode, TakesNumbersAsText) {
  const Dataset dataset = Dataset::from_tensors({{"n", Tensor::from<std::int64_t>({2}, {20, 10})}})
                              .encode("n", "n", {"10", "20"});
  EXPECT_THAT(only<std::int64_t>(dataset, "n"), ElementsAre(1, 0));
}

TEST(Encode, AnUnknownTextIsABadSampleWithTheNearestClass) {
  const Dataset dataset = Dataset::from_tensors({{"t", Tensor::strings({1}, {"platelets"})}})
                              .encode("t", "y", {"RBC", "WBC", "Platelets"});
  const auto error = thrown_by<DataError>([&] { collect(dataset); });
  EXPECT_EQ(error.code(), "D002");
  EXPECT_THAT(error.what(), HasSubstr("the nearest class is \"Platelets\""));
  EXPECT_THROW(dataset.encode("t", "z", {"a", "a"}), ContractError);
}

}  // namespace
}  // namespace tenon
