#include "contract/fixture.hpp"

namespace tenon::contract::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Dataset one_batch(Tensor small, Tensor large, Tensor label) {
  return Dataset::from_tensors({{"Small", std::move(small)},
                                {"Large", std::move(large)},
                                {"label", std::move(label)}})
      .batch(4);
}

// g++ 12 refuses braced lists inside co_yield, so tensors are made before it.
Generator unbatched() {
  const Tensor small(DType::kFloat32, {32, 32, 3});
  const Tensor large(DType::kFloat32, {64, 64, 3});
  for (;;) co_yield {inputs("Small", small, "Large", large), labels(32)};
}

Generator uneven() {
  const Tensor small = images(4, 32);
  const Tensor large = images(8, 64);
  for (;;) co_yield {inputs("Small", small, "Large", large), labels(8)};
}

TEST(ShapeProblems, TheReportsUnbatchedArraysAreS001) {
  const auto found = check_train(two_scale(), Dataset::from_generator(unbatched));
  ASSERT_THAT(codes(found), ElementsAre("S001"));
  const std::string text = render_text(found);
  EXPECT_THAT(text, HasSubstr("the batch axis is missing: the generator yields (32, 32, 3) for "
                              "\"Small\" and \"Large\""));
  EXPECT_THAT(text, HasSubstr("yield whole batches"));
}

TEST(ShapeProblems, ADatasetWithoutBatchIsS001WithTheStageToAdd) {
  const Dataset train = Dataset::from_tensors(
      {{"Small", images(8, 32)}, {"Large", images(8, 64)}, {"label", labels(8)}});
  const auto found = check_train(two_scale(), train);
  ASSERT_THAT(codes(found), ElementsAre("S001"));
  EXPECT_THAT(render_text(found), HasSubstr("add .batch(32) behind the other stages"));
}

/// A sample's own axes are looked at whether or not there are batches.
TEST(ShapeProblems, ChannelsFirstIsToldBesideAMissingBatchStage) {
  const Dataset train = Dataset::from_tensors({{"Small", Tensor(DType::kFloat32, {8, 3, 32, 32})},
                                               {"Large", images(8, 64)},
                                               {"label", labels(8)}});
  const auto found = check_train(two_scale(), train);
  ASSERT_THAT(codes(found), ElementsAre("S001", "S004"));
  EXPECT_EQ(found[0].keys.size(), 3U);
  EXPECT_EQ(found[1].keys.front().key, "Small");
  EXPECT_THAT(render_text(found), HasSubstr(".transpose({\"Small\"}, {1, 2, 0})"));
}

TEST(ShapeProblems, AWrongSizeIsToldBesideAMissingBatchStage) {
  const Dataset train = Dataset::from_tensors(
      {{"Small", images(8, 40)}, {"Large", images(8, 64)}, {"label", labels(8)}});
  const auto found = check_train(two_scale(), train);
  ASSERT_THAT(codes(found), ElementsAre("S001", "S002"));
  EXPECT_THAT(found[1].message, HasSubstr("height (axis 1) is 40 where 32 is expected"));
}

TEST(ShapeProblems, TheLossOfTheOtherFormIsToldBesideAMissingBatchStage) {
  const Dataset train = Dataset::from_tensors({{"Small", images(8, 32)},
                                               {"Large", images(8, 64)},
                                               {"cell", Tensor(DType::kFloat32, {8, 3})}});
  const auto found =
      check_train(three_cells("sparse_categorical_crossentropy", TargetForm::kClassIds), train);
  ASSERT_THAT(codes(found), ElementsAre("S001", "S007"));
  EXPECT_THAT(render_text(found), HasSubstr("the targets look one-hot"));
}

TEST(ShapeProblems, AWrongSizeNamesTheAxisAndTheStageThatSetIt) {
  const Dataset train =
      Dataset::from_tensors(
          {{"Small", images(8, 32)}, {"Large", images(8, 64)}, {"label", labels(8)}})
          .resize({"Small"}, {40, 32})
          .batch(4);
  const auto found = check_train(two_scale(), train);
  ASSERT_THAT(codes(found), ElementsAre("S002"));
  EXPECT_THAT(found.front().message, HasSubstr("height (axis 1) is 40 where 32 is expected"));
  ASSERT_TRUE(found.front().stage);
  EXPECT_EQ(found.front().stage->name, "resize");
  EXPECT_THAT(render_text(found), HasSubstr(".resize({\"Small\"}, {32, 32})"));
}

TEST(ShapeProblems, SwappedInputsAreToldTogetherOnce) {
  const auto found = check_train(two_scale(), one_batch(images(8, 64), images(8, 32), labels(8)));
  ASSERT_THAT(codes(found), ElementsAre("S003"));
  EXPECT_EQ(found.front().keys.size(), 2U);
  EXPECT_THAT(render_text(found),
              HasSubstr("the data of inputs \"Small\" and \"Large\" look swapped"));
}

TEST(ShapeProblems, ChannelsFirstIsS004WithTheTransposeStage) {
  const auto found = check_train(
      two_scale(), one_batch(Tensor(DType::kFloat32, {8, 3, 32, 32}), images(8, 64), labels(8)));
  ASSERT_THAT(codes(found), ElementsAre("S004"));
  EXPECT_THAT(render_text(found), HasSubstr(".transpose({\"Small\"}, {1, 2, 0})"));
}

TEST(ShapeProblems, TheTransposeOfTheFixMends) {
  const Dataset train = Dataset::from_tensors({{"Small", Tensor(DType::kFloat32, {8, 3, 32, 32})},
                                               {"Large", images(8, 64)},
                                               {"label", labels(8)}})
                            .transpose({"Small"}, {1, 2, 0})
                            .batch(4);
  EXPECT_THAT(codes(check_train(two_scale(), train)), IsEmpty());
}

TEST(ShapeProblems, DifferentBatchSizesAreS005WithAllSizes) {
  const auto found = check_train(two_scale(), Dataset::from_generator(uneven));
  ASSERT_THAT(codes(found), ElementsAre("S005"));
  EXPECT_THAT(found.front().message, HasSubstr("\"Small\" 4, \"Large\" 8, the target 8"));
}

TEST(ShapeProblems, AWrongRankIsS002) {
  const auto found = check_train(
      two_scale(), one_batch(Tensor(DType::kFloat32, {8, 32, 32, 3, 1}), images(8, 64), labels(8)));
  ASSERT_THAT(codes(found), ElementsAre("S002"));
  EXPECT_THAT(found.front().message, HasSubstr("has rank 5 where 4 is expected"));
}

TEST(Targets, APlainVectorStandsForOneColumn) {
  EXPECT_THAT(codes(check_train(two_scale(), one_batch(images(8, 32), images(8, 64), labels(8)))),
              IsEmpty());
  EXPECT_THAT(codes(check_train(two_scale(), one_batch(images(8, 32), images(8, 64),
                                                       Tensor(DType::kInt64, {8, 1})))),
              IsEmpty());
}

TEST(Targets, ThreeColumnsForOneAreS007AndNeverBroadcast) {
  const auto found = check_train(
      two_scale(), one_batch(images(8, 32), images(8, 64), Tensor(DType::kFloat32, {8, 3})));
  ASSERT_THAT(codes(found), ElementsAre("S007"));
  EXPECT_THAT(render_text(found),
              HasSubstr("the targets of output \"label\" do not fit its loss binary_crossentropy"));
}

Dataset cells(Tensor cell) {
  return Dataset::from_tensors(
             {{"Small", images(8, 32)}, {"Large", images(8, 64)}, {"cell", std::move(cell)}})
      .batch(4);
}

TEST(Targets, ClassIdsForCategoricalCrossentropySayWhichLossWasMeant) {
  const auto found =
      check_train(three_cells("categorical_crossentropy", TargetForm::kOneHot), cells(labels(8)));
  ASSERT_THAT(codes(found), ElementsAre("S007"));
  EXPECT_THAT(render_text(found), HasSubstr("sparse_categorical_crossentropy"));
  EXPECT_THAT(render_text(found), HasSubstr(".one_hot({\"cell\"}, 3)"));
}

TEST(Targets, OneHotForSparseCategoricalCrossentropySaysWhichLossWasMeant) {
  const auto found =
      check_train(three_cells("sparse_categorical_crossentropy", TargetForm::kClassIds),
                  cells(Tensor(DType::kFloat32, {8, 3})));
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found.front().code, "S007");
  EXPECT_THAT(render_text(found), HasSubstr("use the loss \"categorical_crossentropy\""));
}

TEST(Dtypes, DoubleInputsAreD001WithTheCast) {
  const auto found = check_train(
      two_scale(), one_batch(Tensor(DType::kFloat64, {8, 32, 32, 3}), images(8, 64), labels(8)));
  ASSERT_THAT(codes(found), ElementsAre("D001"));
  EXPECT_THAT(render_text(found), HasSubstr(".cast({\"Small\"}, DType::kFloat32)"));
}

TEST(Dtypes, TextIsD001AndAsksForEncode) {
  const auto found =
      check_train(three_cells("sparse_categorical_crossentropy", TargetForm::kClassIds),
                  cells(Tensor(DType::kString, {8})));
  ASSERT_THAT(codes(found), ElementsAre("D001"));
  EXPECT_THAT(render_text(found), HasSubstr(".encode("));
}

TEST(Dtypes, RawBytesAreAWarningAndNoError) {
  const auto found = check_train(
      two_scale(), one_batch(Tensor(DType::kUInt8, {8, 32, 32, 3}), images(8, 64), labels(8)));
  EXPECT_THAT(codes(found), IsEmpty());
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found.front().code, "D003");
  EXPECT_EQ(found.front().severity, Severity::kWarning);
}

TEST(Dtypes, AModelThatRescalesTakesBytesWithANote) {
  TrainingInterface interface = two_scale();
  interface.inputs[0].rescaled = true;
  const auto found = check_train(
      interface, one_batch(Tensor(DType::kUInt8, {8, 32, 32, 3}), images(8, 64), labels(8)));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found.front().severity, Severity::kNote);
}

TEST(Cardinality, TooFewBatchesAreG001WithRepeat) {
  const Dataset train = data_named("Small", "Large", "label");
  const Split split{"train", &train, 5, 3, true};
  const auto found = check(two_scale(), std::span(&split, 1));
  ASSERT_THAT(codes(found), ElementsAre("G001"));
  EXPECT_THAT(found.front().message,
              HasSubstr("train data give 2 batches, and 5 × 3 epochs = 15 are asked for"));
  EXPECT_THAT(render_text(found), HasSubstr(".repeat()"));
}

TEST(Cardinality, EndlessDataNeedSteps) {
  const Dataset train = data_named("Small", "Large", "label").repeat();
  EXPECT_THAT(codes(check_train(two_scale(), train)), ElementsAre("G001"));
  const Split split{"train", &train, 5, 3, true};
  EXPECT_THAT(codes(check(two_scale(), std::span(&split, 1))), IsEmpty());
}

TEST(Cardinality, EmptyDataAreG001) {
  EXPECT_THAT(codes(check_train(two_scale(), data_named("Small", "Large", "label").take(0))),
              ElementsAre("G001"));
}

TEST(ShapeProblems, ClassesBeyondTheOutputAreKnownBeforeReading) {
  Tensor kinds(DType::kString, {8});
  const Dataset train =
      Dataset::from_tensors({{"Small", images(8, 32)}, {"Large", images(8, 64)}, {"kind", kinds}})
          .encode("kind", "cell", {"a", "b", "c", "d"})
          .drop({"kind"})
          .batch(4);
  const auto interface = three_cells("sparse_categorical_crossentropy", TargetForm::kClassIds);
  TrainingInterface ranged = interface;
  ranged.outputs.front().target_range = ValueRange{0.0, 2.0};
  const auto found = check_train(ranged, train);
  ASSERT_THAT(codes(found), ElementsAre("D002"));
  EXPECT_EQ(found.front().stage->name, "encode");
  EXPECT_THAT(render_text(found), HasSubstr("are 0 to 3, and its loss"));
}

TEST(ShapeProblems, AnAxisThatACropTookOverIsTheLoadersDoing) {
  // Only the height and the width are cut.
  const Dataset train =
      Dataset::from_tensors({{"image", Tensor(DType::kUInt8, {8, 50, 50, 1})},
                             {"x0", labels(8)},
                             {"y0", labels(8)},
                             {"x1", labels(8)},
                             {"y1", labels(8)},
                             {"Large", images(8, 64)},
                             {"label", labels(8)}},
                            {"train.cpp", 3})
          .crop_box("image", "Small", {"x0", "y0", "x1", "y1"}, {.size = {32, 32}})
          .select({"Small", "Large", "label"})
          .batch(4);
  const auto found = check_train(two_scale(), train);
  ASSERT_EQ(codes(found).front(), "S002");
  EXPECT_EQ(found.front().stage->index, -1);
}

TEST(ShapeProblems, TheStageThatSetTheDtypeIsNamed) {
  const Dataset train = data_named("Small", "Large", "label").cast({"Small"}, DType::kInt64);
  const auto found = check_train(two_scale(), train);
  ASSERT_THAT(codes(found), ElementsAre("D001"));
  EXPECT_EQ(found.front().stage->name, "cast");
}

/// Two volumes with the grids that are given, and what a check of them says.
std::vector<Diagnostic> check_grids(const Geometry& a, const Geometry& b, bool turn) {
  TensorSpec first(DType::kFloat32, {8, 8, 8, 1}, "DHWC");
  TensorSpec second = first;
  first.geometry = a;
  second.geometry = b;
  Dataset data = Dataset::from_function(Schema{{"t1", first}, {"t2", second}}, 4,
                                        [](std::int64_t) { return Record(); });
  if (turn) data = data.transpose({"t2"}, {2, 1, 0, 3}, {"train.cpp", 9});
  TrainingInterface interface;
  interface.model_name = "both";
  const TensorSpec port(DType::kFloat32, {Dim::symbol("B"), 8, 8, 8, 1}, "BDHWC");
  interface.inputs = {{"t1", port}, {"t2", port}};
  interface.needs_targets = false;
  interface.same_grid = {{"t1", "t2"}};
  return check_train(interface, data.batch(2));
}

TEST(GridProblems, KeysThatMustShareAGridAreToldByHowMuchTheyDiffer) {
  const Geometry grid{.spacing = {3.0, 1.0, 1.0}};
  EXPECT_THAT(codes(check_grids(grid, grid, false)), IsEmpty());
  Geometry moved = grid;
  moved.origin = {0.0, 2.5, 0.0};
  moved.spacing[0] = 3.2;
  const auto found = check_grids(grid, moved, false);
  ASSERT_THAT(codes(found), ElementsAre("S008"));
  EXPECT_THAT(render_text(found), HasSubstr("their spacings differ by 0.2 mm"));
  EXPECT_THAT(render_text(found), HasSubstr("their origins lie 2.5 mm apart"));
}

TEST(GridProblems, TheStageThatMovedOneIsNamed) {
  const Geometry grid{.spacing = {3.0, 1.0, 1.0}};
  const auto found = check_grids(grid, grid, true);
  ASSERT_THAT(codes(found), ElementsAre("S008"));
  EXPECT_EQ(found.front().stage->name, "transpose");
  EXPECT_THAT(render_text(found), HasSubstr("turned by 90 degrees"));
}

}  // namespace
}  // namespace tenon::contract::testing
