// The same sample, file or group in two splits.
#include "contract/leakage.hpp"

#include <filesystem>
#include <fstream>

#include "contract/fixture.hpp"
#include "data/source.hpp"
#include "data/stage.hpp"

namespace tenon::contract::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Tensor texts(std::vector<std::string> values) {
  const auto count = static_cast<std::int64_t>(values.size());
  Tensor tensor(DType::kString, {count});
  std::ranges::move(values, tensor.data<std::string>().begin());
  return tensor;
}

Dataset patients(std::vector<std::string> names) {
  const auto count = static_cast<std::int64_t>(names.size());
  return Dataset::from_tensors(
      {{"patient", texts(std::move(names))}, {"x", Tensor(DType::kFloat32, {count, 2})}});
}

std::vector<Diagnostic> leaks_of(const Dataset& train, const Dataset& test,
                                 const std::string& group = "") {
  const std::vector<Split> splits{{.name = "train", .dataset = &train},
                                  {.name = "test", .dataset = &test}};
  return leakage_problems(splits, {.group_key = group, .seed = 3});
}

TEST(Leakage, APatientInTwoSplitsIsAWarningWithCountsAndExamples) {
  const auto found =
      leaks_of(patients({"ann", "ann", "bob", "eve"}).batch(2),
               patients({"ann", "ida", "eve"}).rename({{"patient", "who"}}), "patient");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].code, "L001");
  EXPECT_EQ(found[0].severity, Severity::kWarning);
  EXPECT_THAT(found[0].datasets, ElementsAre("train", "test"));
  EXPECT_EQ(found[0].keys[0].key, "patient");
  const std::string text = render_text(found);
  EXPECT_THAT(text, HasSubstr("2 values of \"patient\" are in both train and test"));
  EXPECT_THAT(text, HasSubstr("3 of 4 samples in train and 2 of 3 samples in test have one"));
  EXPECT_THAT(text, HasSubstr("\"ann\": 2 times in train, 1 times in test"));
}

TEST(Leakage, WithoutAGroupOrWithOtherPatientsNothingIsSaid) {
  EXPECT_THAT(leaks_of(patients({"ann"}), patients({"ann"})), IsEmpty());
  EXPECT_THAT(leaks_of(patients({"ann", "bob"}), patients({"eve"}), "patient"), IsEmpty());
}

TEST(Leakage, AGroupThatIsNoKeyIsK007) {
  const Dataset train = patients({"ann"});
  const Split split{.name = "train", .dataset = &train};
  EXPECT_THAT(group_problems({&split, 1}, "patient"), IsEmpty());
  EXPECT_THAT(group_problems({&split, 1}, ""), IsEmpty());
  const auto found = group_problems({&split, 1}, "patinet");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].code, "K007");
  EXPECT_EQ(found[0].candidate, "patient");
  EXPECT_THAT(render_text(found), HasSubstr("group of the train data"));
}

TEST(Leakage, TakeAndSkipOfOneSourceAreToldApart) {
  const Dataset all = patients(std::vector<std::string>(100, "ann"));
  EXPECT_THAT(leaks_of(all.take(80), all.skip(80).batch(4)), IsEmpty());
  const auto found = leaks_of(all.take(80), all.skip(77));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_THAT(render_text(found), HasSubstr("3 samples are in both train and test"));
  EXPECT_THAT(render_text(found), HasSubstr("in both: sample 77"));
}

TEST(Leakage, AShuffleBeforeATakeMixesTheSplitsFromTheSecondEpochOn) {
  const Dataset shuffled = patients(std::vector<std::string>(100, "ann")).shuffle(100);
  const auto found = leaks_of(shuffled.take(50), shuffled.skip(50));
  ASSERT_EQ(found.size(), 1U) << "each epoch draws others";
  EXPECT_THAT(render_text(found), HasSubstr("take and skip before any shuffle"));
}

TEST(Leakage, FiltersByTextAreFollowedAndFunctionsAreNot) {
  const Dataset all = patients({"ann", "bob", "ann", "eve"});
  EXPECT_THAT(leaks_of(all.filter("patient", {.in = {"ann"}}),
                       all.filter("patient", {.in = {"bob", "eve"}})),
              IsEmpty());
  EXPECT_EQ(leaks_of(all.filter("patient", {.in = {"ann"}}), all).size(), 1U);
  const Dataset folds =
      Dataset::from_tensors({{"fold", Tensor::from<std::int32_t>({4}, {0, 1, 2, 3})}});
  EXPECT_THAT(leaks_of(folds.filter("fold", {.max = 2}), folds.filter("fold", {.min = 3})),
              IsEmpty());
  EXPECT_EQ(leaks_of(folds.filter("fold", {.max = 2}), folds.filter("fold", {.min = 2})).size(),
            1U);
  EXPECT_THAT(leaks_of(all.filter([](const Record&) { return true; }), all), IsEmpty())
      << "not known";
}

/// Reads nothing; says that its key names a file.
class ReadsFile final : public data::SampleStage {
 public:
  explicit ReadsFile(std::string root) : root_(std::move(root)) {}
  const std::string& name() const noexcept override { return name_; }
  SourceLocation location() const noexcept override { return {}; }
  void edit(data::SchemaEditor& editor) const override { editor.require("path"); }
  data::SampleFunction bind(std::shared_ptr<const Schema>,
                            std::shared_ptr<const Schema>) const override {
    return [](Record record, const data::SampleContext&) { return record; };
  }
  std::optional<data::FileKey> file_key() const override { return data::FileKey{"path", root_}; }

 private:
  std::string name_ = "reads_file";
  std::string root_;
};

Dataset images_of(std::vector<std::string> names, const std::string& root) {
  const Dataset table = Dataset::from_tensors({{"filename", texts(std::move(names))}});
  return table.rename({{"filename", "name"}})
      .copy("name", "path")
      .stage(std::make_shared<ReadsFile>(root));
}

TEST(Leakage, AFileOfManySamplesInOneSplitIsNoLeak) {
  EXPECT_THAT(leaks_of(images_of({"a.jpg", "a.jpg", "b.jpg"}, "images"),
                       images_of({"c.jpg", "c.jpg"}, "images")),
              IsEmpty());
  EXPECT_THAT(leaks_of(images_of({"a.jpg"}, "images"), images_of({"a.jpg"}, "others")), IsEmpty())
      << "another folder, another file";
}

TEST(Leakage, AFileThatTwoSplitsReadIsFoundThroughRenamesAndFolders) {
  const auto found = leaks_of(images_of({"a.jpg", "a.jpg", "b.jpg"}, "data/images"),
                              images_of({"images/a.jpg", "images/c.jpg"}, "data"));
  ASSERT_EQ(found.size(), 1U);
  const std::string text = render_text(found);
  EXPECT_THAT(text, HasSubstr("warning[L001]: 1 file is read by both train and test"));
  EXPECT_THAT(text, HasSubstr("\"a.jpg\": 2 times in train, 1 times in test"));
  EXPECT_EQ(found[0].sample->file, "data/images/a.jpg");
}

}  // namespace
}  // namespace tenon::contract::testing
