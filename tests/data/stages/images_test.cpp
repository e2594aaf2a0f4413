// Stages on images: resize, crop_box, crop_around, pad, transpose, random_flip.
#include "data/support.hpp"

namespace tenon {
namespace {

using data_test::collect;
using data_test::counted;
using data_test::thrown_by;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;

/// One sample: an image 4 x 5 with the pixels 0, 1, …, 19, and a box.
Dataset boxed(std::array<std::int64_t, 4> box) {
  Tensor image(DType::kUInt8, {1, 4, 5});
  std::uint8_t value = 0;
  for (std::uint8_t& pixel : image.data<std::uint8_t>()) pixel = value++;
  return Dataset::from_tensors({{"image", image},
                                {"xmin", Tensor::from<std::int64_t>({1}, {box[0]})},
                                {"ymin", Tensor::from<std::int64_t>({1}, {box[1]})},
                                {"xmax", Tensor::from<std::int64_t>({1}, {box[2]})},
                                {"ymax", Tensor::from<std::int64_t>({1}, {box[3]})}});
}
const std::array<std::string, 4> kBox{"xmin", "ymin", "xmax", "ymax"};

std::vector<int> pixels(const Dataset& dataset, const std::string& key) {
  const auto values = data_test::values_of<std::uint8_t>(collect(dataset), key);
  return {values.begin(), values.end()};
}

TEST(CropBox, CutsTheBoxWithoutItsUpperEnds) {
  const Dataset dataset = boxed({1, 2, 3, 4}).crop_box("image", "piece", kBox);
  EXPECT_EQ(dataset.schema().spec("piece").to_string(), "u8 (?, ?)");
  EXPECT_EQ(dataset.schema().spec("piece").axes, "HW");
  EXPECT_EQ(collect(dataset)[0].at("piece").shape(), (Shape{2, 2}));
  EXPECT_THAT(pixels(dataset, "piece"), ElementsAre(11, 12, 16, 17));
}

TEST(CropBox, ResizesWhenASizeIsGiven) {
  const Dataset dataset = boxed({0, 0, 4, 4})
                              .crop_box("image", "piece", kBox,
                                        {.size = {2, 2}, .interpolation = Interpolation::kArea});
  EXPECT_EQ(dataset.schema().spec("piece").to_string(), "u8 (2, 2)");
  EXPECT_THAT(pixels(dataset, "piece"), ElementsAre(3, 5, 13, 15));
}

TEST(CropBox, PadsOverTheBorder) {
  const Dataset dataset =
      boxed({-1, 3, 2, 5}).crop_box("image", "piece", kBox, {.padding_value = 99});
  EXPECT_THAT(pixels(dataset, "piece"), ElementsAre(99, 15, 16, 99, 99, 99));
}

TEST(CropBox, AnEmptyBoxIsABadSample) {
  const auto error = thrown_by<DataError>([] {
    collect(boxed({3, 2, 3, 4}).crop_box("image", "piece", kBox));
  });
  EXPECT_THAT(error.what(), HasSubstr("the box (xmin 3, ymin 2, xmax 3, ymax 4) is empty"));
  EXPECT_THAT(error.what(), HasSubstr("sample 0"));
}

TEST(CropBox, ABoxOutsideOrTooLargeIsABadSample) {
  EXPECT_THAT(thrown_by<DataError>([] {
                collect(boxed({7, 0, 9, 2}).crop_box("image", "piece", kBox));
              }).what(),
              HasSubstr("outside of the image"));
  EXPECT_THAT(thrown_by<DataError>([] {
                collect(boxed({0, 0, 1000000000, 1000000000}).crop_box("image", "piece", kBox));
              }).what(),
              HasSubstr("too large"));
}

TEST(CropBox, MayReplaceItsImageAndDoesNotTakeBatches) {
  const Dataset dataset = boxed({0, 0, 2, 1}).crop_box("image", "image", kBox);
  EXPECT_TRUE(dataset.diagnostics().empty());
  EXPECT_THAT(pixels(dataset, "image"), ElementsAre(0, 1));
  const Dataset batched = boxed({0, 0, 2, 1}).batch(1).crop_box("image", "piece", kBox);
  ASSERT_FALSE(batched.diagnostics().empty());
  EXPECT_THAT(batched.diagnostics()[0].fixes[0].text, HasSubstr("put crop_box before batch"));
}

TEST(CropAround, CutsTheExtentAroundTheMiddle) {
  // Middle of the box: x 2, y 2; 2 columns from 1, 3 rows from floor(0.5) = 0.
  const Dataset dataset =
      boxed({1, 1, 3, 3}).crop_around("image", "piece", kBox, {3, 2}, {.padding_value = 7});
  EXPECT_EQ(dataset.schema().spec("piece").to_string(), "u8 (3, 2)");
  EXPECT_THAT(pixels(dataset, "piece"), ElementsAre(1, 2, 6, 7, 11, 12));
}

TEST(CropAround, PadsAtTheBorder) {
  const Dataset dataset =
      boxed({0, 0, 2, 2}).crop_around("image", "piece", kBox, {4, 4}, {.padding_value = 200});
  EXPECT_THAT(pixels(dataset, "piece"),
              ElementsAreArray({200, 200, 200, 200, 200, 0, 1, 2, 200, 5, 6, 7, 200, 10, 11, 12}));
}

TEST(CropAround, ResizesWhenASizeIsGiven) {
  const Dataset dataset =
      boxed({1, 1, 3, 3}).crop_around("image", "piece", kBox, {4, 4}, {.size = {8, 6}});
  EXPECT_EQ(dataset.schema().spec("piece").to_string(), "u8 (8, 6)");
  EXPECT_EQ(collect(dataset)[0].at("piece").shape(), (Shape{8, 6}));
}

TEST(Resize, WorksOnSamplesAndOnBatches) {
  const Dataset samples = counted(4).dataset.resize({"image"}, {3, 5});
  const Dataset batches = counted(4).dataset.batch(4).resize({"image"}, {3, 5});
  EXPECT_EQ(batches.schema().spec("image").to_string(), "u8 (B, 3, 5, 3)");
  EXPECT_EQ(batches.schema().spec("image").axes, "BHWC");
  EXPECT_TRUE(collect(batches)[0].at("image").equals(collect(samples.batch(4))[0].at("image")));
}

TEST(Resize, RefusesWhatIsNoImage) {
  const Dataset dataset = counted(4).dataset.resize({"id"}, {3, 5});
  ASSERT_EQ(dataset.diagnostics().size(), 1U);
  EXPECT_THAT(dataset.diagnostics()[0].message, HasSubstr("it is i64 ()"));
  EXPECT_THROW(counted(1).dataset.resize({"image"}, {0, 5}), ContractError);
}

TEST(Pad, PadsAtTheEndOrAround) {
  const Dataset image =
      Dataset::from_tensors({{"x", Tensor::from<std::uint8_t>({1, 1, 2}, {1, 2})}});
  EXPECT_THAT(pixels(image.pad({"x"}, {2, 3}, {.value = 5}), "x"), ElementsAre(1, 2, 5, 5, 5, 5));
  EXPECT_THAT(pixels(image.pad({"x"}, {3, 4}, {.centered = true}), "x"),
              ElementsAre(0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0));
  EXPECT_EQ(image.pad({"x"}, {1, 1}).diagnostics().size(), 1U) << "known to be larger";
}

TEST(Transpose, ReordersAxesAndTheirLetters) {
  const Dataset dataset = counted(2).dataset.transpose({"image"}, {2, 0, 1});
  EXPECT_EQ(dataset.schema().spec("image").to_string(), "u8 (3, 4, 6)");
  EXPECT_EQ(dataset.schema().spec("image").axes, "CHW");
  const Tensor before = collect(counted(2).dataset)[1].at("image");
  const Tensor after = collect(dataset)[1].at("image");
  for (int h = 0; h < 4; ++h) {
    for (int w = 0; w < 6; ++w) {
      for (int c = 0; c < 3; ++c) {
        EXPECT_EQ(after.row(c).row(h).row(w).item<std::uint8_t>(),
                  before.row(h).row(w).row(c).item<std::uint8_t>());
      }
    }
  }
}

TEST(Transpose, LeavesTheBatchAxisWhereItIs) {
  const Dataset dataset = counted(4).dataset.batch(2).transpose({"image"}, {2, 0, 1});
  EXPECT_EQ(dataset.schema().spec("image").to_string(), "u8 (B, 3, 4, 6)");
  const Tensor batch = collect(dataset)[1].at("image");
  const auto samples = collect(counted(4).dataset.transpose({"image"}, {2, 0, 1}));
  EXPECT_TRUE(batch.row(1).equals(samples[3].at("image")));
}

TEST(Transpose, RefusesAPermutationOfOtherAxes) {
  EXPECT_THROW(counted(1).dataset.transpose({"image"}, {0, 0, 1}), ContractError);
  const Dataset dataset = counted(1).dataset.transpose({"image"}, {1, 0});
  ASSERT_EQ(dataset.diagnostics().size(), 1U);
  EXPECT_THAT(dataset.diagnostics()[0].message, HasSubstr("have 3 axes"));
}

bool mirrored(const Tensor& a, const Tensor& b) {
  for (std::int64_t h = 0; h < a.dim(0); ++h) {
    for (std::int64_t w = 0; w < a.dim(1); ++w) {
      if (!a.row(h).row(w).equals(b.row(h).row(a.dim(1) - 1 - w))) return false;
    }
  }
  return true;
}

TEST(RandomFlip, FlipsAllKeysOfASampleTogetherAndHalfOfTheSamples) {
  const auto plain = collect(counted(64).dataset);
  const auto flipped = collect(
      counted(64).dataset.copy("image", "again").random_flip({"image", "again"}, {"width"}));
  int flips = 0;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    EXPECT_TRUE(flipped[i].at("image").equals(flipped[i].at("again")));
    const bool same = flipped[i].at("image").equals(plain[i].at("image"));
    EXPECT_TRUE(same || mirrored(plain[i].at("image"), flipped[i].at("image")));
    flips += same ? 0 : 1;
  }
  EXPECT_GT(flips, 16);
  EXPECT_LT(flips, 48);
}

TEST(RandomFlip, DependsOnSeedEpochAndSampleOnly) {
  const Dataset dataset = counted(64).dataset.random_flip({"image"}, {"height", "width"});
  const auto first = collect(dataset, {.seed = 1, .threads = 1});
  data_test::expect_equal(first, collect(dataset, {.seed = 1, .threads = 4}));
  const auto differs = [&](IterateOptions options) {
    const auto other = collect(dataset, options);
    for (std::size_t i = 0; i < first.size(); ++i) {
      if (!first[i].at("image").equals(other[i].at("image"))) return true;
    }
    return false;
  };
  EXPECT_TRUE(differs({.seed = 2, .threads = 1}));
  EXPECT_TRUE(differs({.seed = 1, .epoch = 1, .threads = 1}));
}

TEST(RandomFlip, OfABatchDrawsForEveryRow) {
  const auto batches = collect(counted(64).dataset.batch(16).random_flip({"image"}, {"width"}));
  const auto plain = collect(counted(64).dataset.batch(16));
  int flips = 0;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    for (std::int64_t row = 0; row < 16; ++row) {
      const Tensor before = plain[i].at("image").row(row);
      const Tensor after = batches[i].at("image").row(row);
      const bool same = after.equals(before);
      EXPECT_TRUE(same || mirrored(before, after));
      flips += same ? 0 : 1;
    }
  }
  EXPECT_GT(flips, 16);
  EXPECT_LT(flips, 48);
}

TEST(RandomFlip, RefusesUnknownAxes) {
  EXPECT_THROW(counted(1).dataset.random_flip({"image"}, {"deep"}), ContractError);
}

}  // namespace
}  // namespace tenon
