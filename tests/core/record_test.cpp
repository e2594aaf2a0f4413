#include "tenon/record.hpp"

#include <gtest/gtest.h>

#include "core/throws.hpp"
#include "tenon/error.hpp"

namespace tenon {
namespace {

std::shared_ptr<const Schema> two_keys() {
  return std::make_shared<const Schema>(
      Schema{{"x", TensorSpec(DType::kFloat32, {2})}, {"y", TensorSpec(DType::kInt64, {})}});
}

TEST(Record, StartsWithUndefinedSlots) {
  const Record record(two_keys());
  EXPECT_EQ(record.size(), 2U);
  EXPECT_FALSE(record.at("y").defined());
  EXPECT_EQ(record.sample(), SampleIdentity());
  EXPECT_EQ(Record().size(), 0U);
}

TEST(Record, SetOfAKnownKeyKeepsTheSchema) {
  const auto schema = two_keys();
  Record record(schema);
  record.set("y", Tensor::scalar(std::int64_t{3}));
  EXPECT_EQ(record.shared_schema(), schema);
  EXPECT_EQ(record[1].item<std::int64_t>(), 3);
}

TEST(Record, SetOfANewKeyCopiesTheSchema) {
  const auto schema = two_keys();
  Record record(schema);
  const Record other = record;
  record.set("z", Tensor::from({2}, {1.0F, 2.0F}));
  EXPECT_EQ(record.size(), 3U);
  EXPECT_EQ(record.schema().spec("z"), TensorSpec(DType::kFloat32, {2}));
  EXPECT_EQ(schema->size(), 2U);
  EXPECT_EQ(other.shared_schema(), schema);
  EXPECT_FALSE(other.contains("z"));
}

TEST(Record, RemoveCopiesTheSchemaAndMovesSlotsUp) {
  const auto schema = two_keys();
  Record record(schema);
  record.set("y", Tensor::scalar(std::int64_t{3}));
  record.remove("x");
  EXPECT_EQ(record.schema().keys(), (std::vector<std::string>{"y"}));
  EXPECT_EQ(record[0].item<std::int64_t>(), 3);
  EXPECT_EQ(schema->keys(), (std::vector<std::string>{"x", "y"}));
  EXPECT_THROW(record.remove("x"), KeyError);
  EXPECT_EQ(record.size(), 1U);
}

TEST(Record, AtNamesTheNearestKey) {
  Record record(two_keys());
  EXPECT_EQ(text_thrown<KeyError>([&] { return record.at("X").size(); }),
            "error[K007]: there is no key \"X\"\n"
            "  the keys are: \"x\" and \"y\"\n"
            "  the nearest is \"x\"\n"
            "  fix: write \"x\" in place of \"X\"");
}

TEST(Record, WantsATensorPerKey) {
  EXPECT_EQ(text_thrown<ContractError>([] { return Record(two_keys(), {Tensor()}, {}); }),
            "error[A001]: Record: 1 tensors\n"
            "  expected: 2 tensors, one per key of the schema");
  EXPECT_THROW(Record(nullptr), ContractError);
}

TEST(Record, KeepsItsSamplesBesideTheKeys) {
  SampleIdentity identity;
  identity.index = 4;
  identity.id = "row 5";
  Record record(two_keys(), {Tensor(), Tensor()}, {identity});
  record.remove("x");
  record.remove("y");
  EXPECT_EQ(record.sample().id, "row 5");
}

}  // namespace
}  // namespace tenon
