#include "data/support.hpp"

namespace tenon {
namespace {

using data_test::collect;
using data_test::thrown_by;
using ::testing::HasSubstr;

Dataset with_record(std::function<Record(std::int64_t)> read) {
  return Dataset::from_function(
      {{"x", TensorSpec(DType::kFloat32, {2})}, {"y", TensorSpec(DType::kInt64, {})}}, 3,
      std::move(read), {"train.cpp", 5});
}

Record good(std::int64_t index) {
  Record record;
  record.set("y", Tensor::scalar<std::int64_t>(index));
  record.set("x", Tensor(DType::kFloat32, {2}));
  return record;
}

TEST(FunctionSource, MatchesKeysByName) {
  const auto records = collect(with_record(good));
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[2].schema().keys(), (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(records[2].at("y").item<std::int64_t>(), 2);
  EXPECT_EQ(records[2].sample().index, 2);
}

TEST(FunctionSource, KeepsTheIdentityThatItIsGiven) {
  const auto records = collect(with_record([](std::int64_t index) {
    Record record = good(index);
    record.samples().push_back({-1, "patient 7", "scan.png", 4});
    return record;
  }));
  EXPECT_EQ(records[1].sample(), (SampleIdentity{1, "patient 7", "scan.png", 4}));
}

TEST(FunctionSource, ARecordOfOtherKeysOrSpecsIsG002) {
  const auto missing = thrown_by<DataError>([] {
    collect(with_record([](std::int64_t index) {
      Record record = good(index);
      if (index == 1) record.remove("x");
      return record;
    }));
  });
  EXPECT_EQ(missing.code(), "G002");
  EXPECT_THAT(missing.what(), HasSubstr("source function (train.cpp:5) failed on sample 1"));
  EXPECT_THAT(missing.what(), HasSubstr("a key has vanished: \"x\""));
  const auto shape = thrown_by<DataError>([] {
    collect(with_record([](std::int64_t index) {
      Record record = good(index);
      record.set("x", Tensor(DType::kFloat32, {3}));
      return record;
    }));
  });
  EXPECT_EQ(shape.code(), "G002");
}

TEST(FunctionSource, MayGiveWholeBatches) {
  const Dataset dataset = Dataset::from_function(
      {{"x", TensorSpec(DType::kFloat32, {2}).with_batch()}}, 3, [](std::int64_t) {
        Record record;
        record.set("x", Tensor(DType::kFloat32, {4, 2}));
        return record;
      });
  EXPECT_TRUE(dataset.batched());
  const auto records = collect(dataset);
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[2].samples().size(), 4U);
  EXPECT_EQ(records[2].samples()[3].index, 11);
}

TEST(FunctionSource, RefusesANegativeCount) {
  EXPECT_THROW(Dataset::from_function({}, -1, good), ContractError);
}

}  // namespace
}  // namespace tenon
