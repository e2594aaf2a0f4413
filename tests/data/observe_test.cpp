// What is only known of a user's function by running it.
#include "data/observe.hpp"

#include "data/support.hpp"

namespace tenon {
namespace {

using data_test::collect;
using data_test::counted;
using data_test::thrown_by;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Names = std::vector<std::string>;

Names keys_read_by(const Dataset& dataset, std::int64_t stage) {
  Names keys;
  for (const LineageUse& use : dataset.lineage().uses) {
    if (use.stage.index == stage) keys.push_back(use.key);
  }
  return keys;
}

bool has_id(const Record& record, std::int64_t id) {
  return record.at("id").item<std::int64_t>() == id;
}

TEST(Observe, TheLineageTellsWhatAMapReadAndWrote) {
  const Dataset dataset = counted(3)
                              .dataset.copy("image", "kept")
                              .map([](Record& record) {
                                record.at("image").data<std::uint8_t>()[0] ^= 1;
                                record.set("first", record.at("id").clone());
                                static_cast<void>(record.at("first"));
                              })
                              .observed();
  EXPECT_THAT(keys_read_by(dataset, 0), ElementsAre("image"));
  EXPECT_THAT(keys_read_by(dataset, 1), ElementsAre("id")) << "image it changes";
  const auto events = dataset.lineage().of("image");
  EXPECT_EQ(events.back().action, LineageAction::kChanged) << "in place, of the same spec";
  EXPECT_EQ(events.back().stage.index, 1);
  EXPECT_EQ(dataset.lineage().of("first").back().stage.index, 1);
  EXPECT_EQ(dataset.lineage().of("kept").back().stage.index, 0);
}

TEST(Observe, AMapThatReadsADroppedKeyIsK007AtItsPlace) {
  const auto source = counted(3);
  const Dataset dataset =
      source.dataset.drop({"image"}, {"train.cpp", 11})
          .map([](Record& record) { record.set("mean", record.at("image").clone()); },
               {.name = "mean_of"}, {"train.cpp", 12})
          .scale({"mean"}, 0.5)
          .observed();
  ASSERT_EQ(dataset.diagnostics().size(), 1U) << render_text(dataset.diagnostics());
  const Diagnostic& problem = dataset.diagnostics()[0];
  EXPECT_EQ(problem.code, "K007");
  EXPECT_EQ(problem.stage->name, "mean_of");
  EXPECT_EQ(problem.stage->location.line, 12);
  EXPECT_EQ(problem.keys[0].key, "image");
  const std::string text = render_text(problem);
  EXPECT_THAT(text, HasSubstr("stage 1 mean_of (train.cpp:12): there is no key \"image\""));
  EXPECT_THAT(text, HasSubstr("\"image\" was dropped by stage 0 drop (train.cpp:11)"));
  EXPECT_EQ(thrown_by<KeyError>([&] { static_cast<void>(dataset.iterate()); }).code(), "K007");
}

TEST(Observe, AFilterThatReadsARenamedKeyIsK007AtItsPlace) {
  const Dataset dataset =
      counted(3)
          .dataset.rename({{"id", "number"}}, {"train.cpp", 21})
          .filter([](const Record& record) { return has_id(record, 1); }, {"train.cpp", 22})
          .observed();
  ASSERT_EQ(dataset.diagnostics().size(), 1U);
  const std::string text = render_text(dataset.diagnostics());
  EXPECT_THAT(text, HasSubstr("error[K007]: stage 1 filter (train.cpp:22)"));
  EXPECT_THAT(text, HasSubstr("\"id\" was renamed to \"number\" by stage 0 rename"));
  EXPECT_THAT(text, HasSubstr("fix: write \"number\" here"));
}

TEST(Observe, AFilterIsObservedOnOneSampleAndLosesNone) {
  const auto source = counted(5);
  const Dataset dataset =
      source.dataset.filter([](const Record& record) { return !has_id(record, 0); }).observed();
  EXPECT_EQ(source.total(), 1);
  EXPECT_THAT(keys_read_by(dataset, 0), ElementsAre("id"));
  EXPECT_EQ(collect(dataset).size(), 4U);
}

TEST(Observe, AFilterThatLaterReadsAKeyThatIsGoneIsG002WithBoth) {
  const Dataset dataset = counted(5)
                              .dataset.drop({"image"}, {"train.cpp", 31})
                              .filter(
                                  [](const Record& record) {
                                    return !has_id(record, 3) || record.at("image").size() > 0;
                                  },
                                  {"train.cpp", 32});
  for (const int threads : {1, 4}) {
    const auto error = thrown_by<DataError>([&] { collect(dataset, {.threads = threads}); });
    EXPECT_EQ(error.code(), "G002");
    const Diagnostic& problem = error.diagnostics()[0];
    EXPECT_EQ(problem.sample->index, 3);
    EXPECT_EQ(problem.stage->location.line, 32);
    EXPECT_EQ(problem.keys[0].key, "image");
    EXPECT_THAT(error.what(), HasSubstr("observed: it read \"id\" on sample 0"));
    EXPECT_THAT(error.what(), HasSubstr("came: it asked for \"image\" on sample 3"));
    EXPECT_THAT(error.what(), HasSubstr("was dropped by stage 0 drop (train.cpp:31)"));
  }
}

TEST(Observe, AMapThatLaterReadsAKeyThatIsGoneIsG002EvenWhereBadSamplesAreSkipped) {
  const Dataset dataset = counted(5)
                              .dataset.drop({"image"})
                              .map([](Record& record) {
                                if (has_id(record, 2)) static_cast<void>(record.at("image"));
                              })
                              .on_bad_sample({.policy = BadSamplePolicy::kSkip, .max_bad = 1.0});
  const auto error = thrown_by<DataError>([&] { collect(dataset); });
  EXPECT_EQ(error.code(), "G002");
  EXPECT_EQ(error.diagnostics()[0].sample->index, 2);
}

TEST(Observe, ALaterSampleThatDiffersIsToldWithBothSamples) {
  const auto text_of = [](std::function<void(Record&)> odd) {
    const Dataset dataset = counted(5).dataset.map([odd](Record& record) {
      if (has_id(record, 3)) odd(record);
    });
    return std::string(thrown_by<DataError>([&] { collect(dataset); }).what());
  };
  const std::string gone = text_of([](Record& record) { record.remove("image"); });
  EXPECT_THAT(gone, HasSubstr("a key has vanished: \"image\""));
  EXPECT_THAT(gone, HasSubstr("observed on sample 0: \"id\" and \"image\""));
  EXPECT_THAT(gone, HasSubstr("came on sample 3: \"id\""));
  const std::string cast = text_of(
      [](Record& record) { record.set("image", record.at("image").cast(DType::kFloat32)); });
  EXPECT_THAT(cast, HasSubstr("observed on sample 0: u8 (4, 6, 3)"));
  EXPECT_THAT(cast, HasSubstr("came on sample 3: f32 (4, 6, 3)"));
}

TEST(Observe, WhereBadSamplesAreSkippedTheFunctionIsShownOneThatItCanTake) {
  const auto take_all_but_the_first = [](Record& record) {
    if (has_id(record, 0)) throw std::runtime_error("no contour");
    record.set("area", Tensor::scalar(1.0F));
  };
  const Dataset skipping = counted(300)
                               .dataset.map(take_all_but_the_first)
                               .on_bad_sample({.policy = BadSamplePolicy::kSkip});
  EXPECT_EQ(skipping.observed().schema().keys(), (Names{"id", "image", "area"}));
  EXPECT_EQ(collect(skipping).size(), 299U);
  const Dataset stopping = counted(300).dataset.map(take_all_but_the_first);
  EXPECT_EQ(thrown_by<DataError>([&] { static_cast<void>(stopping.observed()); }).code(), "G003");
}

TEST(Observe, ACoroutineKeepsItsFirstElementBehindMapsAndFilters) {
  const auto make = []() -> Generator {
    for (int i = 0; i < 3; ++i) {
      const Tensor x = Tensor::from<float>({1}, {static_cast<float>(i)});
      const Tensor y(DType::kInt64, {1});
      co_yield {inputs("x", x), y};
    }
  };
  const Dataset dataset =
      Dataset::from_generator(make())
          .filter([](const Record& record) { return record.at("x").size() == 1; })
          .map([](Record& record) { record.at("x").data<float>()[0] += 10.0F; })
          .observed();
  EXPECT_EQ(data_test::values_of<float>(collect(dataset), "x"), (std::vector<float>{10, 11, 12}));
}

TEST(Observe, AGeneratorThatChangesIsToldWithBothElements) {
  const auto make = []() -> Generator {
    const Tensor small(DType::kFloat32, {2, 3});
    const Tensor large(DType::kFloat32, {2, 4});
    const Tensor y(DType::kInt64, {2});
    co_yield {inputs("x", small), y};
    co_yield {inputs("x", large), y};
  };
  const auto error = thrown_by<DataError>([&] { collect(Dataset::from_generator(make())); });
  EXPECT_THAT(error.what(), HasSubstr("observed on sample 0 \"element 0\": f32 (B, 3)"));
  EXPECT_THAT(error.what(), HasSubstr("came on sample 1 \"element 1\": f32 (2, 4)"));
}

TEST(Observe, AFunctionIsNotGivenASampleIndexThatNobodyNamed) {
  const Dataset dataset =
      counted(3)
          .dataset.map([](Record& record) { record.set("n", record.at("sample_index")); })
          .observed();
  ASSERT_EQ(dataset.diagnostics().size(), 1U);
  EXPECT_THAT(render_text(dataset.diagnostics()), HasSubstr("record.sample().index"));
}

}  // namespace
}  // namespace tenon
