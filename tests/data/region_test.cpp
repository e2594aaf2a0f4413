// Crops that let the stages before them work on their part alone.
#include "data/region.hpp"

#include "data/part_support.hpp"

namespace tenon {
namespace {

using data_test::collect;
using data_test::CountedLoad;
using data_test::expect_equal;
using data_test::expect_identical;
using data_test::LoadedKind;
using data_test::plainly;
using data_test::ReadCount;
using ::testing::HasSubstr;

Dataset volumes() {
  Tensor image = Tensor::uninitialized(DType::kInt16, {3, 20, 30, 40, 1});
  Random random(3);
  for (std::int16_t& value : image.data<std::int16_t>())
    value = static_cast<std::int16_t>(random.next_below(2000));
  return Dataset::from_tensors({{"image", image}});
}

Dataset made_small(const Dataset& dataset, bool late) {
  const Dataset wide =
      dataset.window({"image"}, {0.0, 1000.0}).scale({"image"}, 2.0).rename({{"image", "scan"}});
  const auto all = [](const Record&) { return true; };
  return (late ? wide.filter(all) : wide).random_crop({"scan"}, {4, 5, 6});
}

std::int64_t bytes_of_window(const Dataset& dataset) {
  DatasetIterator iterator = dataset.iterate({.seed = 5, .threads = 1});
  collect(iterator);
  for (const StageProfile& stage : iterator.profile().stages) {
    if (stage.stage.name == "window") return stage.bytes;
  }
  return -1;
}

TEST(Region, StagesOfVoxelsWorkOnThePartThatIsCut) {
  const Dataset whole = made_small(volumes(), true);
  const Dataset part = made_small(volumes(), false);
  // The crop draws by its place in the pipeline, which the filter moves.
  const Dataset same = made_small(volumes().filter([](const Record&) { return true; }), false);
  for (const std::uint64_t seed : {1U, 2U}) {
    expect_equal(collect(whole, {.seed = seed, .threads = 1}),
                 collect(same, {.seed = seed, .threads = 2}));
  }
  EXPECT_EQ(bytes_of_window(whole), 3 * 20 * 30 * 40 * 4);
  EXPECT_EQ(bytes_of_window(part), 3 * 4 * 5 * 6 * 4);
}

/// Four images of 60 x 80 with a box in each.
struct Boxed {
  std::shared_ptr<ReadCount> count = std::make_shared<ReadCount>();
  Dataset data = from({});

  explicit Boxed(LoadedKind kind = {}) : data(from(std::move(kind))) {}
  Dataset from(LoadedKind kind) const {
    kind.shape = Shape{60, 80, 3};
    kind.dtype = DType::kUInt8;
    kind.kinds = 256;
    return Dataset::from_tensors({{"id", Tensor::from<std::int64_t>(Shape{4}, {0, 1, 2, 3})},
                                  {"x", Tensor::from<std::int64_t>(Shape{4}, {10, -5, 50, 70})},
                                  {"y", Tensor::from<std::int64_t>(Shape{4}, {10, 20, 55, -9})},
                                  {"x2", Tensor::from<std::int64_t>(Shape{4}, {21, 6, 61, 88})},
                                  {"y2", Tensor::from<std::int64_t>(Shape{4}, {25, 30, 70, 4})}})
        .stage(std::make_shared<CountedLoad>("id", "image", std::move(kind), count));
  }
  Dataset pieces() const {
    const std::array<std::string, 4> box{"x", "y", "x2", "y2"};
    return data.crop_box("image", "Small", box, {.size = {8, 8}})
        .crop_around("image", "Large", box, {24, 24}, {.size = {8, 8}, .padding_value = 7.0})
        .scale({"Small", "Large"}, 0.5)
        .random_flip({"Small", "Large"}, {"height", "width"});
  }
  struct Read {
    std::int64_t reads;
    std::int64_t voxels;
  };
  Read read_by(const Dataset& dataset) const {
    const std::int64_t reads = count->reads;
    const std::int64_t voxels = count->voxels;
    collect(dataset, {.seed = 1, .threads = 1});
    return {count->reads - reads, count->voxels - voxels};
  }
};

constexpr std::int64_t kAllVoxels = 4 * 60 * 80 * 3;

void expect_plain(const Dataset& dataset, std::uint64_t seed) {
  const auto records = collect(dataset, {.seed = seed, .threads = 2});
  for (std::size_t i = 0; i < records.size(); ++i) {
    SCOPED_TRACE(i);
    expect_identical(plainly(dataset, static_cast<std::int64_t>(i), seed), records[i]);
  }
}

TEST(Region, PiecesUnderOtherKeysAreCutFirstWhereTheImageIsDroppedLater) {
  const Boxed boxed;
  for (const Dataset& dataset :
       {boxed.pieces().select({"Small", "Large", "id"}), boxed.pieces().drop({"image"}),
        boxed.pieces().rename({{"image", "raw"}}).drop({"x"}).drop({"raw"})}) {
    const auto [reads, voxels] = boxed.read_by(dataset);
    EXPECT_EQ(reads, 4) << "pieces that overlap are read at once";
    EXPECT_LE(voxels, 4 * 25 * 25 * 3);
    expect_plain(dataset, 5);
  }
}

TEST(Region, PiecesThatOverlapAreReadAtOnceUnderEveryName) {
  const Boxed boxed;
  const Dataset dataset = boxed.data.rename({{"image", "x"}, {"x", "image"}})
                              .copy("x", "raw")
                              .scale({"raw"}, 0.5)
                              .crop_center({"x"}, {20, 20})
                              .random_crop({"raw"}, {40, 60});
  EXPECT_EQ(boxed.read_by(dataset).reads, 4);
  expect_plain(dataset, 2);
}

TEST(Region, AnImageThatStaysIsReadWholeAndOnce) {
  const Boxed boxed;
  for (const Dataset& dataset :
       {boxed.pieces(), boxed.pieces().rename({{"image", "raw"}}),
        boxed.pieces().map([](Record&) {}).drop({"image"}),
        boxed.pieces().filter([](const Record&) { return true; }).drop({"image"}),
        boxed.pieces().batch(2).drop({"image"})}) {
    const auto [reads, voxels] = boxed.read_by(dataset);
    // A function is shown a sample first, which is read for that.
    EXPECT_THAT(reads, ::testing::AnyOf(4, 5));
    EXPECT_EQ(voxels, reads * kAllVoxels / 4);
  }
  expect_plain(boxed.pieces(), 3);
}

TEST(Region, AStageThatUsesTheImageLaterNeedsItWhole) {
  const Boxed boxed;
  const Dataset dataset =
      boxed.pieces().scale({"image"}, 0.1).z_score({"image"}).select({"Small", "Large"});
  const auto [reads, voxels] = boxed.read_by(dataset);
  EXPECT_EQ(reads, 4);
  EXPECT_EQ(voxels, kAllVoxels) << "z_score might fail";
  expect_plain(dataset, 3);
  const Dataset scaled = boxed.pieces().scale({"image"}, 0.1).drop({"image"});
  EXPECT_LE(boxed.read_by(scaled).voxels, 4 * 25 * 25 * 3) << "scale takes every value";
  expect_plain(scaled, 3);
}

TEST(Region, ACopyThatStaysKeepsTheWhole) {
  const Boxed boxed;
  const Dataset copied = boxed.data.copy("image", "raw").random_crop({"image"}, {5, 6});
  EXPECT_EQ(boxed.read_by(copied).voxels, kAllVoxels);
  EXPECT_EQ(boxed.read_by(copied.random_crop({"raw"}, {7, 9})).voxels, 4 * (5 * 6 + 7 * 9) * 3);
  EXPECT_EQ(boxed.read_by(copied.drop({"raw"})).voxels, 4 * 5 * 6 * 3);
  for (const Dataset& dataset : {copied, copied.random_crop({"raw"}, {7, 9}), copied.drop({"raw"})})
    expect_plain(dataset, 8);
}

TEST(Region, WhatNobodyCutsIsReadAlthoughItIsDropped) {
  const Boxed boxed;
  const auto other = std::make_shared<ReadCount>();
  LoadedKind kind;
  kind.shape = Shape{9, 9};
  kind.bad_above = 0.0;
  const Dataset dataset =
      boxed.data.stage(std::make_shared<CountedLoad>("id", "other", kind, other))
          .drop({"other"})
          .random_crop({"image"}, {5, 6});
  const auto told = data_test::thrown_by<DataError>([&] { collect(dataset); });
  EXPECT_THAT(told.what(), HasSubstr("other is damaged"));
  EXPECT_THAT(render_text(told.diagnostics()), HasSubstr("stage 1 counted_load"));
}

TEST(Region, StagesOfOtherKeysInBetweenDoNotMind) {
  const Boxed boxed;
  const auto other = std::make_shared<ReadCount>();
  LoadedKind kind;
  kind.shape = Shape{60, 80};
  const Dataset dataset = boxed.data.stage(std::make_shared<CountedLoad>("id", "map", kind, other))
                              .z_score({"map"})
                              .select({"image", "map", "sample_index"})
                              .random_crop({"image", "map"}, {5, 6});
  EXPECT_EQ(boxed.read_by(dataset).voxels, 4 * 5 * 6 * 3);
  EXPECT_EQ(other->voxels, 4 * 60 * 80);
  expect_plain(dataset, 8);
}

TEST(Region, AForegroundOfAnotherKeyIsCutOutOfTheImage) {
  const Boxed boxed;
  Tensor small(DType::kUInt8, {4, 60, 80});
  for (std::size_t i = 0; i < 4; ++i) small.data<std::uint8_t>()[i * 4800 + 20 * 80 + 30 + i] = 1;
  const Dataset dataset =
      Dataset::from_tensors(
          {{"id", Tensor::from<std::int64_t>(Shape{4}, {0, 1, 2, 3})}, {"mask", small}})
          .stage(std::make_shared<CountedLoad>(
              "id", "image", LoadedKind{Shape{60, 80, 3}, DType::kUInt8}, boxed.count))
          .window({"image"}, {0.0, 200.0})
          .crop_foreground({"image", "mask"}, "mask", {.margin = 2});
  EXPECT_EQ(boxed.read_by(dataset).voxels, 4 * 5 * 5 * 3);
  expect_plain(dataset, 8);
}

TEST(Region, AVolumeIsTurnedInPart) {
  const auto count = std::make_shared<ReadCount>();
  LoadedKind kind{Shape{12, 17, 23, 2}};
  kind.geometry = data_test::slanted();
  for (const std::string axes : {"SPL", "RAS", "AIL", "LSP", "PRI"}) {
    const Dataset dataset = data_test::ids(3)
                                .stage(std::make_shared<CountedLoad>("id", "image", kind, count))
                                .orientation({"image"}, axes)
                                .scale({"image"}, 2.0)
                                .random_crop({"image"}, {5, 6, 7});
    const std::int64_t before = count->voxels;
    collect(dataset, {.seed = 5, .threads = 1});
    EXPECT_EQ(count->voxels - before, 3 * 5 * 6 * 7 * 2);
    for (const std::uint64_t seed : {1U, 2U, 3U}) expect_plain(dataset, seed);
  }
}

TEST(Region, WhatIsWrongIsToldOfItsStage) {
  const Boxed boxed;
  const Dataset dataset = boxed.data.crop_box("image", "Small", {"x2", "y", "x", "y2"})
                              .scale({"Small"}, 2.0)
                              .drop({"image"});
  const auto told = data_test::thrown_by<DataError>([&] { collect(dataset); });
  EXPECT_THAT(render_text(told.diagnostics()), HasSubstr("stage 1 crop_box"));
  LoadedKind bad;
  bad.bad_above = 0.0;
  const Boxed damaged(bad);
  const auto read =
      data_test::thrown_by<DataError>([&] { collect(damaged.pieces().drop({"image"})); });
  EXPECT_THAT(render_text(read.diagnostics()), HasSubstr("stage 0 counted_load"));
}

}  // namespace
}  // namespace tenon
