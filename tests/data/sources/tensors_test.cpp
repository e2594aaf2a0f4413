#include "data/support.hpp"

namespace tenon {
namespace {

using data_test::collect;
using data_test::thrown_by;
using ::testing::HasSubstr;

TEST(TensorsSource, GivesOneSamplePerRow) {
  const Tensor x = random_uniform({5, 2, 3}, 1);
  const Tensor name = Tensor::strings({5}, {"a", "b", "c", "d", "e"});
  const Dataset dataset = Dataset::from_tensors({{"x", x}, {"name", name}});
  EXPECT_EQ(dataset.schema().spec("x").to_string(), "f32 (2, 3)");
  EXPECT_EQ(dataset.cardinality(), (Cardinality{Cardinality::Kind::kKnown, 5, true}));
  const auto records = collect(dataset);
  ASSERT_EQ(records.size(), 5U);
  EXPECT_TRUE(records[3].at("x").equals(x.row(3)));
  EXPECT_EQ(records[3].at("name").item<std::string>(), "d");
  EXPECT_EQ(records[3].sample().index, 3);
}

TEST(TensorsSource, DifferentCountsAreS005WithAllSizes) {
  const auto error = thrown_by<ShapeError>([] {
    Dataset::from_tensors(
        {{"x", Tensor(DType::kFloat32, {5, 2})}, {"y", Tensor(DType::kInt64, {4})}});
  });
  EXPECT_EQ(error.code(), "S005");
  EXPECT_THAT(error.what(), HasSubstr("\"x\" has 5"));
  EXPECT_THAT(error.what(), HasSubstr("\"y\" has 4"));
}

TEST(TensorsSource, RefusesScalarsAndNothing) {
  EXPECT_EQ(thrown_by<ShapeError>([] {
              Dataset::from_tensors({{"x", Tensor::scalar(1.0F)}});
            }).code(),
            "S001");
  EXPECT_THROW(Dataset::from_tensors({}), ContractError);
  EXPECT_THROW(Dataset::from_tensors({{"x", Tensor()}}), ContractError);
}

TEST(TensorsSource, AMapThatWritesInPlaceLeavesTheTensorsAlone) {
  const Tensor x = random_uniform({4, 2}, 1);
  const Tensor before = x.clone();
  const Dataset dataset = Dataset::from_tensors({{"x", x}}).map([](Record& record) {
    record.at("x").data<float>()[0] = 9.0F;
  });
  EXPECT_EQ(collect(dataset)[1].at("x").data<float>()[0], 9.0F);
  EXPECT_TRUE(x.equals(before));
}

}  // namespace
}  // namespace tenon
