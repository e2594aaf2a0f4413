#include <limits>

#include "contract/fixture.hpp"
#include "tenon/error.hpp"

namespace tenon::contract::testing {
namespace {

using ::testing::HasSubstr;

struct Checked {
  TrainingInterface interface = two_scale();
  Dataset dataset = data_named("Small", "Large", "label");
  Binding binding = bind(interface, dataset.schema());
  BatchChecker checker{interface, dataset, binding, true};
};

Record batch(Tensor small, Tensor large, Tensor label) {
  auto schema = std::make_shared<Schema>(data_named("Small", "Large", "label").schema());
  std::vector<SampleIdentity> samples;
  for (int i = 0; i < 4; ++i)
    samples.push_back({i, "row " + std::to_string(i), "cells.csv", i + 2});
  return Record(std::move(schema), {std::move(small), std::move(large), std::move(label)}, samples);
}

std::string refusal(const Checked& checked, const Record& record) {
  try {
    checked.checker.check(record, {"train", 1, 11});
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(BatchChecker, CountsTheRowsOfAGoodBatch) {
  const Checked checked;
  EXPECT_EQ(checked.checker.check(batch(images(4, 32), images(4, 64), labels(4)), {"train", 0, 0}),
            4);
}

TEST(BatchChecker, NamesStepKeyAndSampleOfANaN) {
  const Checked checked;
  Tensor small = images(4, 32);
  small.data<float>()[2 * 32 * 32 * 3 + 5] = std::numeric_limits<float>::quiet_NaN();
  const std::string text = refusal(checked, batch(small, images(4, 64), labels(4)));
  EXPECT_THAT(text, HasSubstr("error[D002]: model input \"Small\" holds NaN in 1 of 12288 values"));
  EXPECT_THAT(text, HasSubstr("train data, epoch 2, step 12"));
  EXPECT_THAT(text, HasSubstr("row 2"));
  EXPECT_THAT(text, HasSubstr("cells.csv"));
}

TEST(BatchChecker, HoldsLabelsToTheirRange) {
  const Checked checked;
  Tensor label = labels(4);
  label.data<std::int64_t>()[3] = 7;
  EXPECT_THAT(refusal(checked, batch(images(4, 32), images(4, 64), label)),
              HasSubstr("the value 7"));
}

TEST(BatchChecker, TellsAnotherShapeThanWasBoundWithBothAndWhereItCameFrom) {
  const Checked checked;
  try {
    checked.checker.check(batch(images(4, 31), images(4, 64), labels(4)), {"train", 1, 11});
    FAIL();
  } catch (const DataError& error) {
    const Diagnostic& problem = error.diagnostics().front();
    EXPECT_EQ(problem.code, "G002");
    ASSERT_EQ(problem.keys.size(), 1U);
    EXPECT_EQ(problem.keys[0].key, "Small");
    EXPECT_EQ(problem.keys[0].role, Role::kInput);
    EXPECT_EQ(problem.keys[0].expected->to_string(), "f32 (B, 32, 32, 3)");
    EXPECT_EQ(problem.keys[0].actual->to_string(), "f32 (4, 31, 31, 3)");
    EXPECT_EQ(problem.run, (RunPlace{"train", 1, 11}));
    ASSERT_TRUE(problem.sample);
    EXPECT_EQ(problem.sample->id, "row 0");
    EXPECT_EQ(problem.sample->file, "cells.csv");
    ASSERT_TRUE(problem.stage);
    EXPECT_EQ(problem.stage->name, "tensors");
    const std::string text = error.what();
    EXPECT_THAT(text, HasSubstr("train data, epoch 2, step 12"));
    EXPECT_THAT(text, HasSubstr("bound before the first step: f32 (B, 32, 32, 3)"));
    EXPECT_THAT(text, HasSubstr("came on a batch of 4 samples, first sample 0 \"row 0\""));
  }
}

TEST(BatchChecker, TellsAnotherDtypeThanWasBound) {
  const Checked checked;
  const std::string text =
      refusal(checked, batch(images(4, 32), images(4, 64), Tensor(DType::kFloat32, {4})));
  EXPECT_THAT(text, HasSubstr("error[G002]: target of output \"label\" is f32 (4,)"));
  EXPECT_THAT(text, HasSubstr("where i64 (B,) was bound"));
}

TEST(BatchChecker, RefusesKeysOfDifferentRows) {
  const Checked checked;
  EXPECT_THAT(refusal(checked, batch(images(4, 32), images(3, 64), labels(4))), HasSubstr("S005"));
}

TEST(BatchChecker, RefusesAKeyThatVanished) {
  const Checked checked;
  EXPECT_THAT(refusal(checked, batch(Tensor(), images(4, 64), labels(4))), HasSubstr("G002"));
}

TEST(BatchChecker, HoldsEverySampleOfAGroupToOneGrid) {
  Checked checked;
  checked.interface.same_grid = {{"Small", "Large"}};
  const BatchChecker checker(checked.interface, checked.dataset, checked.binding, true);
  Tensor small = images(4, 32);
  Tensor large = images(4, 64);
  const auto check = [&] { return checker.check(batch(small, large, labels(4)), {"train", 0, 2}); };
  EXPECT_EQ(check(), 4) << "nothing is known of their grids";
  small.set_row_geometries(std::vector<Geometry>(4));
  EXPECT_EQ(check(), 4) << "of one nothing is known";
  std::vector<Geometry> geometries(4);
  large.set_row_geometries(geometries);
  EXPECT_EQ(check(), 4);
  geometries[3].origin[2] = 2.5;
  large.set_row_geometries(geometries);
  try {
    check();
    FAIL() << "nothing was thrown";
  } catch (const DataError& error) {
    EXPECT_EQ(error.code(), "S008");
    EXPECT_THAT(error.what(),
                HasSubstr("their origins lie 2.5 mm apart (train data, epoch 1, step 3)"));
    EXPECT_EQ(error.diagnostics().front().sample->row, 5);
  }
}

}  // namespace
}  // namespace tenon::contract::testing
