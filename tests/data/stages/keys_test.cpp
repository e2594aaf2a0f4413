// Stages on keys: rename, drop, copy, select; and map.
#include <stdexcept>

#include "data/support.hpp"

namespace tenon {
namespace {

using data_test::collect;
using data_test::counted;
using data_test::thrown_by;
using data_test::values_of;
using ::testing::HasSubstr;
using Names = std::vector<std::string>;

TEST(Rename, SwapsAtOnce) {
  const Dataset dataset = Dataset::from_tensors({{"Small", Tensor::from<float>({1}, {1})},
                                                 {"Large", Tensor::from<float>({1}, {2})}})
                              .rename({{"Small", "Large"}, {"Large", "Small"}});
  const auto records = collect(dataset);
  EXPECT_EQ(records[0].at("Small").item<float>(), 2.0F);
  EXPECT_EQ(records[0].at("Large").item<float>(), 1.0F);
}

TEST(Keys, AreRenamedDroppedCopiedAndSelected) {
  const Dataset dataset = counted(2).dataset;
  EXPECT_EQ(dataset.rename({{"id", "number"}}).schema().keys(), (Names{"number", "image"}));
  EXPECT_EQ(dataset.drop({"id"}).schema().keys(), Names{"image"});
  EXPECT_EQ(dataset.copy("id", "again").schema().keys(), (Names{"id", "image", "again"}));
  EXPECT_EQ(dataset.select({"image"}).schema().keys(), Names{"image"});
  const auto copied = collect(dataset.copy("id", "again").drop({"id"}));
  EXPECT_EQ(values_of<std::int64_t>(copied, "again"), (std::vector<std::int64_t>{0, 1}));
  EXPECT_THROW(dataset.drop({}), ContractError);
  EXPECT_THROW(dataset.drop({"id", "id"}), ContractError);
}

TEST(Keys, TheIdentityOfASampleSurvivesEveryStage) {
  const auto records =
      collect(counted(9).dataset.drop({"id"}).rename({{"image", "x"}}).skip(4).batch(2));
  EXPECT_EQ(records[1].samples()[0].index, 6);
}

void add_mean(Record& record) {
  double sum = 0.0;
  for (const std::uint8_t pixel : record.at("image").data<std::uint8_t>()) sum += pixel;
  record.set("mean", Tensor::scalar(static_cast<float>(sum / 72.0)));
  record.remove("image");
}

TEST(Map, IsObservedOnOneSample) {
  const auto source = counted(5);
  const Dataset dataset = source.dataset.map(add_mean, {.name = "mean_of"});
  EXPECT_EQ(dataset.schema().keys(), (Names{"id", "image"})) << "not known yet";
  const Dataset observed = dataset.observed();
  EXPECT_EQ(source.total(), 1);
  EXPECT_EQ(observed.schema().keys(), (Names{"id", "mean"}));
  EXPECT_EQ(observed.schema().spec("mean").to_string(), "f32 ()");
  const auto events = observed.lineage().of("image");
  EXPECT_EQ(events.back().action, LineageAction::kRemoved);
  EXPECT_EQ(events.back().stage.name, "mean_of");
  data_test::expect_as_declared(observed.schema(), collect(dataset, {.threads = 4}));
}

TEST(Map, WhatStandsBehindItIsCheckedWhenItIsObserved) {
  const Dataset good = counted(3).dataset.map(add_mean).scale({"mean"}, 0.5);
  EXPECT_TRUE(good.diagnostics().empty());
  EXPECT_TRUE(good.observed().diagnostics().empty());
  const Dataset bad = counted(3).dataset.map(add_mean).scale({"image"}, 0.5);
  EXPECT_TRUE(bad.diagnostics().empty());
  ASSERT_EQ(bad.observed().diagnostics().size(), 1U);
  EXPECT_THAT(render_text(bad.observed().diagnostics()), HasSubstr("dropped by stage 0 map"));
  EXPECT_THROW(static_cast<void>(bad.iterate()), KeyError);
}

TEST(Map, StagesBehindItAreNotJudgedByASchemaThatIsAGuess) {
  const Dataset dataset = counted(3)
                              .dataset
                              .map([](Record& record) {
                                record.set("image", Tensor::scalar<std::int64_t>(2));
                                record.set("more", Tensor::scalar(1.0F));
                              })
                              .one_hot({"image"}, 3)
                              .copy("more", "even_more")
                              .rename({{"more", "most"}});
  EXPECT_TRUE(dataset.diagnostics().empty());
  EXPECT_EQ(collect(dataset)[1].schema().keys(), (Names{"id", "image", "most", "even_more"}));
}

TEST(Map, ADeclaredResultIsKnownBeforeReading) {
  const auto source = counted(5);
  const Dataset dataset =
      source.dataset.map(add_mean, {.result = Schema{{"id", TensorSpec(DType::kInt64, {})},
                                                     {"mean", TensorSpec(DType::kFloat32, {})}}});
  EXPECT_EQ(dataset.schema().keys(), (Names{"id", "mean"}));
  EXPECT_EQ(source.total(), 0);
  EXPECT_EQ(collect(dataset).size(), 5U);
}

TEST(Map, ALaterSampleThatDiffersIsG002) {
  const auto run = [](std::function<void(Record&)> odd) {
    const Dataset dataset = counted(5).dataset.map(
        [odd](Record& record) {
          if (record.at("id").item<std::int64_t>() == 3) odd(record);
        },
        {}, {"train.cpp", 8});
    const auto error = thrown_by<DataError>([&] { collect(dataset); });
    EXPECT_EQ(error.code(), "G002");
    EXPECT_EQ(error.diagnostics()[0].sample->index, 3);
    EXPECT_THAT(error.what(), HasSubstr("stage 0 map (train.cpp:8)"));
    return std::string(error.what());
  };
  EXPECT_THAT(run([](Record& record) { record.remove("image"); }),
              HasSubstr("a key has vanished: \"image\""));
  EXPECT_THAT(run([](Record& record) { record.set("new", Tensor::scalar(1.0F)); }),
              HasSubstr("\"new\""));
  EXPECT_THAT(
      run([](Record& record) { record.at("image") = record.at("image").cast(DType::kInt32); }),
      HasSubstr("i32 (4, 6, 3)"));
  EXPECT_THAT(run([](Record& record) { record.at("image") = record.at("image").row(0); }),
              HasSubstr("u8 (6, 3)"));
}

TEST(Map, AG002StopsTheRunUnderAnyPolicy) {
  const Dataset dataset = counted(5)
                              .dataset
                              .map([](Record& record) {
                                if (record.at("id").item<std::int64_t>() == 3)
                                  record.remove("image");
                              })
                              .on_bad_sample({.policy = BadSamplePolicy::kSkip, .max_bad = 1.0});
  EXPECT_EQ(thrown_by<DataError>([&] { collect(dataset); }).code(), "G002");
}

TEST(Map, AnUnknownAxisStaysUnknown) {
  const Dataset dataset =
      Dataset::from_function({{"x", TensorSpec(DType::kFloat32, {Dim(), 3})}}, 4,
                             [](std::int64_t index) {
                               Record record;
                               record.set("x", Tensor(DType::kFloat32, {7 + index, 3}));
                               return record;
                             })
          .map([](Record& record) {
            record.set("y", Tensor(DType::kInt64, {record.at("x").dim(0), 2}));
          });
  EXPECT_EQ(dataset.observed().schema().spec("y").to_string(), "i64 (?, 2)");
  EXPECT_EQ(collect(dataset).size(), 4U);
}

TEST(Map, OfBatchesIsObservedWithABatchAxis) {
  const auto source = counted(64);
  const Dataset dataset =
      source.dataset.batch(32)
          .map([](Record& record) {
            record.set("flag", Tensor(DType::kBool, {record.at("id").dim(0), 2}));
          })
          .observed();
  EXPECT_EQ(source.total(), 2) << "a batch of two is enough";
  EXPECT_EQ(dataset.schema().spec("flag").to_string(), "bool (B, 2)");
  EXPECT_EQ(collect(dataset).size(), 2U);
}

TEST(Map, IsNotObservedThroughAShuffle) {
  const auto source = counted(100);
  const Dataset dataset =
      source.dataset.filter("id", {.min = 3}).shuffle(50).prefetch(4).map(add_mean).observed();
  EXPECT_EQ(source.total(), 4);
  EXPECT_EQ(dataset.schema().keys(), (Names{"id", "mean"}));
}

TEST(Map, WhatItThrowsIsG003WithSampleAndStage) {
  const Dataset dataset = counted(5).dataset.map(
      [](Record& record) {
        if (record.at("id").item<std::int64_t>() == 2) throw std::runtime_error("no contour");
      },
      {.name = "contour"}, {"train.cpp", 30});
  for (const int threads : {1, 4}) {
    DatasetIterator iterator = dataset.iterate({.threads = threads});
    Record record;
    EXPECT_TRUE(iterator.next(record));
    EXPECT_TRUE(iterator.next(record));
    const auto error = thrown_by<DataError>([&] { iterator.next(record); });
    EXPECT_EQ(error.code(), "G003");
    EXPECT_THAT(error.what(),
                HasSubstr("stage 0 contour (train.cpp:30) failed on sample 2: no contour"));
  }
}

TEST(Map, OfAGeneratorDoesNotUseUpItsFirstElement) {
  const auto make = []() -> Generator {
    for (int i = 0; i < 3; ++i) {
      const Tensor x = Tensor::from<float>({1}, {static_cast<float>(i)});
      const Tensor y(DType::kInt64, {1});
      co_yield {inputs("x", x), y};
    }
  };
  const Dataset dataset = Dataset::from_generator(make()).map(
      [](Record& record) { record.at("x").data<float>()[0] += 10.0F; });
  EXPECT_EQ(values_of<float>(collect(dataset), "x"), (std::vector<float>{10, 11, 12}));
}

}  // namespace
}  // namespace tenon
