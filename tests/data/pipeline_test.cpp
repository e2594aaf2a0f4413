#include "data/pipeline.hpp"

#include "data/support.hpp"

namespace tenon {
namespace {

using data_test::collect;
using data_test::counted;
using data_test::thrown_by;

TEST(Pipeline, EveryCallGivesANewDatasetAndLeavesTheOldOne) {
  const Dataset before = counted(3).dataset;
  const Dataset after = before.drop({"id"});
  EXPECT_EQ(before.schema().size(), 2U);
  EXPECT_EQ(after.schema().size(), 1U);
  EXPECT_EQ(before.stages().size(), 1U);
}

TEST(Pipeline, DescribingReadsNothing) {
  const auto source = counted(10);
  const Dataset dataset = source.dataset.scale({"image"}, 0.5).shuffle(10).batch(2).prefetch(1);
  static_cast<void>(dataset.schema());
  static_cast<void>(dataset.iterate());
  EXPECT_EQ(source.total(), 0);
}

TEST(Pipeline, StagesAreListedWithTheirPlaces) {
  const auto stages =
      counted(3).dataset.batch(2, {}, {"a.cpp", 7}).prefetch(1, {"a.cpp", 8}).stages();
  ASSERT_EQ(stages.size(), 3U);
  EXPECT_EQ(stages[0].index, -1);
  EXPECT_EQ(stages[0].name, "function");
  EXPECT_EQ(to_string(stages[1]), "stage 0 batch (a.cpp:7)");
  EXPECT_EQ(to_string(stages[2]), "stage 1 prefetch (a.cpp:8)");
}

TEST(Pipeline, RolesFollowKeysThroughStages) {
  const Dataset dataset =
      Dataset::from_function({{"x", TensorSpec(DType::kFloat32, {2}), Role::kInput},
                              {"y", TensorSpec(DType::kFloat32, {}), Role::kTarget}},
                             1, [](std::int64_t) { return Record(); })
          .rename({{"y", "label"}})
          .copy("x", "z")
          .batch(2);
  EXPECT_EQ(dataset.schema()[0].role, Role::kInput);
  EXPECT_EQ(dataset.schema()[1].role, Role::kTarget);
  EXPECT_EQ(dataset.schema()[2].role, Role::kInput);
}

class NoStage final : public data::Stage {
 public:
  const std::string& name() const noexcept override { return name_; }
  SourceLocation location() const noexcept override { return {}; }
  data::StageKind kind() const noexcept override { return data::StageKind::kStream; }
  void edit(data::SchemaEditor&) const override {}

 private:
  std::string name_ = "mystery";
};

TEST(Pipeline, RefusesStagesOfNoKnownKind) {
  EXPECT_THROW(counted(1).dataset.stage(std::make_shared<NoStage>()), ContractError);
  EXPECT_THROW(counted(1).dataset.stage(nullptr), ContractError);
  EXPECT_THROW(Dataset::from_source(nullptr), ContractError);
}

/// A stage as another room writes it: adds a key made of a text key.
class LengthStage final : public data::SampleStage {
 public:
  const std::string& name() const noexcept override { return name_; }
  SourceLocation location() const noexcept override { return {"reader.cpp", 3}; }
  void edit(data::SchemaEditor& editor) const override {
    editor.require("t");
    editor.add("length", TensorSpec(DType::kInt64, {}), "t");
  }
  data::SampleFunction bind(std::shared_ptr<const Schema> in,
                            std::shared_ptr<const Schema> out) const override {
    return [from = in->slot("t"), out](Record record, const data::SampleContext&) {
      std::vector<Tensor> values = record.values();
      const auto length = static_cast<std::int64_t>(record[from].item<std::string>().size());
      values.push_back(Tensor::scalar(length));
      return Record(out, std::move(values), std::move(record.samples()));
    };
  }

 private:
  std::string name_ = "length";
};

TEST(Pipeline, TakesSampleStagesOfOtherRooms) {
  const Dataset dataset = Dataset::from_tensors({{"t", Tensor::strings({2}, {"ab", "abc"})}})
                              .stage(std::make_shared<LengthStage>());
  EXPECT_EQ(data_test::values_of<std::int64_t>(collect(dataset), "length"),
            (std::vector<std::int64_t>{2, 3}));
}

TEST(Pipeline, TheFingerprintTellsLongArgumentsByAHash) {
  std::vector<std::string> classes;
  for (int i = 0; i < 500; ++i) classes.push_back("class " + std::to_string(i));
  const auto part = [&] {
    return counted(1).dataset.encode("id", "y", classes).pipeline()->fingerprint().at(1);
  };
  const std::string before = part();
  EXPECT_LT(before.size(), 64U);
  classes.back() += "x";
  EXPECT_NE(before, part());
}

}  // namespace
}  // namespace tenon
