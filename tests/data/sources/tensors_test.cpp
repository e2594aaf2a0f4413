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

Dataset of_every_kind() {
  std::vector<std::string> names;
  for (int i = 0; i < 9; ++i) names.push_back("sample " + std::to_string(i));
  return Dataset::from_tensors({{"x", random_uniform({9, 2, 3}, 1)},
                                {"name", Tensor::strings({9}, names)},
                                {"one", random_uniform({9}, 2)}})
      .shuffle(5)
      .repeat(2);
}

TEST(TensorsSource, ABatchTakenAtOnceIsThatOfItsSamples) {
  const auto at_once = collect(of_every_kind().batch(4));
  const auto one_by_one = collect(of_every_kind().map([](Record&) {}).batch(4));
  ASSERT_EQ(at_once.size(), one_by_one.size());
  for (std::size_t i = 0; i < at_once.size(); ++i) {
    EXPECT_EQ(at_once[i].samples(), one_by_one[i].samples());
    for (const char* key : {"x", "name", "one"}) {
      EXPECT_TRUE(at_once[i].at(key).equals(one_by_one[i].at(key))) << key << " of batch " << i;
    }
  }
}

TEST(TensorsSource, ABatchOwnsItsMemory) {
  const Tensor x = random_uniform({4, 2}, 1);
  const Tensor before = x.clone();
  for (Record& record : collect(Dataset::from_tensors({{"x", x}}).batch(2))) {
    record.at("x").data<float>()[0] = 9.0F;
  }
  EXPECT_TRUE(x.equals(before));
}

TEST(TensorsSource, BatchesGoOnFromASavedState) {
  DatasetIterator first = of_every_kind().batch(4).iterate({.seed = 3});
  Record record;
  ASSERT_TRUE(first.next(record));
  ASSERT_TRUE(first.next(record));
  const std::string state = first.state();
  DatasetIterator second = of_every_kind().batch(4).iterate({.seed = 3});
  second.restore(state);
  Record expected;
  while (first.next(expected)) {
    ASSERT_TRUE(second.next(record));
    EXPECT_TRUE(record.at("x").equals(expected.at("x")));
    EXPECT_EQ(record.samples(), expected.samples());
  }
  EXPECT_FALSE(second.next(record));
}

TEST(TensorsSource, TheLastBatchIsLeftOutWhereAsked) {
  const Dataset rows = Dataset::from_tensors({{"x", random_uniform({5, 2}, 1)}});
  EXPECT_EQ(collect(rows.batch(2)).size(), 3U);
  EXPECT_EQ(collect(rows.batch(2, {.drop_remainder = true})).size(), 2U);
}

}  // namespace
}  // namespace tenon
