#include "tenon/generator.hpp"

#include <stdexcept>

#include "data/support.hpp"

namespace tenon {
namespace {

using data_test::collect;
using data_test::thrown_by;
using data_test::values_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// g++ 12 rejects braced lists inside co_yield, so tensors are made by these.
template <class... Dims>
Tensor f32(Dims... dims) {
  return Tensor(DType::kFloat32, Shape{dims...});
}
template <class... Dims>
Tensor i64(Dims... dims) {
  return Tensor(DType::kInt64, Shape{dims...});
}
Tensor pair_of(float first) { return Tensor::from<float>({2}, {first, first + 1.0F}); }
Tensor twice(std::int64_t value) { return Tensor::from<std::int64_t>({2}, {value, value}); }

Generator report_form() {
  const Tensor s = random_uniform({4, 32, 32, 3}, 1);
  const Tensor l = random_uniform({4, 64, 64, 3}, 2);
  const Tensor y = random_integers({4}, 3, 0, 3);
  for (;;) co_yield {inputs("Small", s, "Large", l), y};
}

Generator counting(int count, int* yielded) {
  for (int i = 0; i < count; ++i) {
    if (yielded != nullptr) ++*yielded;
    co_yield {inputs("x", pair_of(static_cast<float>(2 * i))), twice(i)};
  }
}

TEST(GeneratorSource, TheReportsFormGivesNamesRolesAndABatchAxis) {
  const Dataset dataset = Dataset::from_generator(report_form());
  const Schema& schema = dataset.schema();
  EXPECT_EQ(schema.keys(), (std::vector<std::string>{"Small", "Large", ""}));
  EXPECT_EQ(schema.spec("Small").to_string(), "f32 (B, 32, 32, 3)");
  EXPECT_EQ(schema.spec("").to_string(), "i64 (B,)");
  EXPECT_EQ(schema[0].role, Role::kInput);
  EXPECT_EQ(schema[2].role, Role::kTarget);
  EXPECT_TRUE(dataset.batched());
  EXPECT_EQ(dataset.cardinality().kind, Cardinality::Kind::kUnknown);
  const auto records = collect(dataset, {.threads = 1}, 3);
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[2].samples().size(), 4U);
  EXPECT_EQ(records[2].samples()[1].index, 9);
  EXPECT_EQ(records[2].samples()[1].id, "element 2, row 1");
}

TEST(GeneratorSource, TheFirstElementIsReadForTheSchemaAndNotLost) {
  int yielded = 0;
  const Dataset dataset = Dataset::from_generator(counting(3, &yielded));
  EXPECT_EQ(yielded, 1);
  EXPECT_THAT(values_of<float>(collect(dataset), "x"), ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_EQ(yielded, 3);
}

TEST(GeneratorSource, SizesThatDisagreeAreLeftAsTheyAre) {
  const auto make = []() -> Generator {
    co_yield {inputs("Small", f32(32, 32, 3), "Large", f32(64, 64, 3)), i64(32)};
  };
  const Dataset dataset = Dataset::from_generator(make());
  EXPECT_FALSE(dataset.batched());
  EXPECT_EQ(dataset.schema().spec("Small").to_string(), "f32 (32, 32, 3)");
  EXPECT_EQ(dataset.schema().spec("").to_string(), "i64 (32,)");
  EXPECT_EQ(collect(dataset).at(0).samples().size(), 1U);
}

TEST(GeneratorSource, WeightsHaveKeysOfTheirOwn) {
  const auto make = []() -> Generator {
    co_yield {inputs("x", f32(2, 3)), targets("cell", i64(2)), sample_weights("cell", f32(2))};
  };
  const Dataset dataset = Dataset::from_generator(make());
  EXPECT_EQ(dataset.schema().keys(), (std::vector<std::string>{"x", "cell", weight_key("cell")}));
  EXPECT_EQ(dataset.schema()[2].role, Role::kWeight);
  const auto unnamed = []() -> Generator { co_yield {inputs("x", f32(2, 3)), i64(2), f32(2)}; };
  EXPECT_EQ(Dataset::from_generator(unnamed()).schema().keys(),
            (std::vector<std::string>{"x", "", "sample_weight"}));
}

TEST(GeneratorSource, AKeyThatIsInputAndTargetIsToldAsK012) {
  const auto make = []() -> Generator {
    const Tensor x(DType::kFloat32, {2, 3});
    co_yield {inputs("x", x), targets("x", x)};
  };
  const Dataset dataset = Dataset::from_generator(make());
  ASSERT_EQ(dataset.diagnostics().size(), 1U);
  EXPECT_EQ(dataset.diagnostics()[0].code, "K012");
}

TEST(GeneratorSource, AKeyThatVanishesIsG002WithTheElement) {
  const auto make = []() -> Generator {
    const Tensor s(DType::kFloat32, {2, 3});
    const Tensor y(DType::kInt64, {2});
    co_yield {inputs("Small", s, "Large", s), y};
    co_yield {inputs("Small", s, "Large", s), y};
    co_yield {inputs("Small", s), y};
  };
  const auto error = thrown_by<DataError>([&] { collect(Dataset::from_generator(make())); });
  EXPECT_EQ(error.code(), "G002");
  EXPECT_EQ(error.diagnostics()[0].sample->index, 2);
  EXPECT_EQ(error.diagnostics()[0].keys[0].key, "Large");
  EXPECT_THAT(error.what(), HasSubstr("element 2 of the generator: a key has vanished: \"Large\""));
}

TEST(GeneratorSource, AChangedDtypeOrShapeIsG002) {
  const auto change = [](Tensor second) -> Generator {
    co_yield {inputs("x", f32(2, 3)), i64(2)};
    co_yield {inputs("x", second), i64(second.dim(0))};
  };
  const auto run = [&](Tensor second) {
    return collect(Dataset::from_generator(change(std::move(second)))).size();
  };
  EXPECT_EQ(run(f32(5, 3)), 2U) << "another batch size is fine";
  EXPECT_EQ(thrown_by<DataError>([&] { run(Tensor(DType::kFloat64, {2, 3})); }).code(), "G002");
  const auto shape = thrown_by<DataError>([&] { run(f32(2, 4)); });
  EXPECT_EQ(shape.code(), "G002");
  EXPECT_THAT(shape.what(), HasSubstr("f32 (2, 4)"));
  EXPECT_THAT(shape.what(), HasSubstr("f32 (B, 3)"));
}

TEST(GeneratorSource, WhatItThrowsArrivesWithItsText) {
  const auto make = []() -> Generator {
    for (int i = 0; i < 2; ++i) {
      co_yield {inputs("x", f32(2, 3)), i64(2)};
    }
    throw std::runtime_error("disk on fire");
  };
  DatasetIterator iterator =
      Dataset::from_generator(make(), {"train.cpp", 12}).iterate({.threads = 1});
  Record record;
  EXPECT_TRUE(iterator.next(record));
  EXPECT_TRUE(iterator.next(record));
  const auto error = thrown_by<DataError>([&] { iterator.next(record); });
  EXPECT_EQ(error.code(), "G003");
  EXPECT_THAT(error.what(), HasSubstr("the generator threw at element 2: disk on fire"));
  EXPECT_THAT(error.what(), HasSubstr("train.cpp:12"));
  EXPECT_THROW(iterator.next(record), DataError) << "the error stays";
}

TEST(GeneratorSource, OneThatYieldsNothingOrThrowsAtOnceIsToldWhereItIsTaken) {
  EXPECT_EQ(thrown_by<DataError>([] { Dataset::from_generator(counting(0, nullptr)); }).code(),
            "G001");
  const auto broken = []() -> Generator {
    throw std::runtime_error("no such folder");
    co_return;
  };
  EXPECT_THAT(thrown_by<DataError>([&] { Dataset::from_generator(broken()); }).what(),
              HasSubstr("no such folder"));
}

TEST(GeneratorSource, AGeneratorMayWriteIntoItsTensorsAgain) {
  const auto make = []() -> Generator {
    Tensor x(DType::kFloat32, {1});
    const Tensor y(DType::kInt64, {1});
    for (int i = 0; i < 5; ++i) {
      x.data<float>()[0] = static_cast<float>(i);
      co_yield {inputs("x", x), y};
    }
  };
  EXPECT_THAT(values_of<float>(collect(Dataset::from_generator(make())), "x"),
              ElementsAre(0, 1, 2, 3, 4));
}

TEST(GeneratorSource, AFunctionMakesANewOneForEveryEpoch) {
  int yielded = 0;
  const Dataset dataset = Dataset::from_generator([&yielded] { return counting(2, &yielded); });
  DatasetIterator iterator = dataset.iterate({.threads = 1});
  EXPECT_EQ(collect(iterator).size(), 2U);
  EXPECT_EQ(yielded, 2);
  iterator.next_epoch();
  EXPECT_THAT(values_of<float>(collect(iterator), "x"), ElementsAre(0, 1, 2, 3));
  EXPECT_EQ(yielded, 4);
}

TEST(GeneratorSource, ACoroutineGoesOnWhereItStands) {
  const Dataset dataset = Dataset::from_generator(counting(3, nullptr));
  DatasetIterator iterator = dataset.iterate({.threads = 1});
  EXPECT_EQ(collect(iterator, 2).size(), 2U);
  iterator.next_epoch();
  EXPECT_THAT(values_of<float>(collect(iterator), "x"), ElementsAre(4, 5));
}

TEST(GeneratorSource, ACoroutineCannotBeRepeated) {
  const Dataset dataset = Dataset::from_generator(counting(3, nullptr)).repeat();
  const auto error = thrown_by<DataError>([&] { collect(dataset); });
  EXPECT_EQ(error.code(), "G001");
  EXPECT_THAT(error.what(), HasSubstr("give from_generator a function"));
  const Dataset again = Dataset::from_generator([] { return counting(3, nullptr); }).repeat(2);
  EXPECT_EQ(collect(again).size(), 6U);
}

TEST(GeneratorSource, ACoroutineCannotBeResumedInTheMiddle) {
  DatasetIterator first = Dataset::from_generator(counting(3, nullptr)).iterate({.threads = 1});
  const std::string start = first.state();
  Record record;
  first.next(record);
  const std::string middle = first.state();
  DatasetIterator second = Dataset::from_generator(counting(3, nullptr)).iterate({.threads = 1});
  second.restore(start);
  const auto error = thrown_by<DataError>([&] { second.restore(middle); });
  EXPECT_THAT(error.what(), HasSubstr("use from_function"));
}

TEST(GeneratorSource, StagesWorkOnItsBatches) {
  const Dataset dataset = Dataset::from_generator([] { return counting(8, nullptr); })
                              .scale({"x"}, 0.5)
                              .rename({{"", "label"}})
                              .prefetch(2);
  EXPECT_THAT(values_of<float>(collect(dataset, {.threads = 4}), "x"),
              ElementsAre(0, .5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5, 6, 6.5, 7, 7.5));
}

TEST(GeneratorSource, ABatchStageBehindBatchesIsAProblem) {
  const Dataset dataset = Dataset::from_generator(report_form()).batch(8);
  ASSERT_EQ(dataset.diagnostics().size(), 1U);
  EXPECT_THAT(dataset.diagnostics()[0].message, HasSubstr("in batches already"));
}

}  // namespace
}  // namespace tenon
