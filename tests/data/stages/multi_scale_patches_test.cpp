// Patches of several scales: what they are, and what is read for them.
#include "data/cache/cache_support.hpp"
#include "data/part_support.hpp"
#include "data/stages/draw_voxel.hpp"

namespace tenon::data_test {
namespace {

using data::Index3D;
using data::Size3D;

struct PatchCase {
  std::string name;
  Shape shape;
  std::vector<ScalePatch> patches;
  std::string label{};
  int rank() const { return shape.rank(); }
};

const Shape kVolume{30, 41, 52, 1};

std::vector<PatchCase> patch_cases() {
  return {
      {"two paths", kVolume, {{"image", "Small", {5, 6, 7}}, {"image", "Large", {5, 6, 7}, 3}}},
      {"even factor, nearest",
       kVolume,
       {{"image", "Small", {4, 4, 4}}, {"image", "Large", {4, 5, 4}, 4, "nearest"}}},
      {"thirds, nearest", kVolume, {{"image", "Large", {4, 5, 4}, 3, "nearest"}}},
      {"wider than the volume", kVolume, {{"image", "Large", {9, 9, 9}, 9}}},
      {"in the image's place",
       kVolume,
       {{"image", "image", {5, 5, 5}}, {"image", "Large", {5, 5, 5}, 2}}},
      {"by label",
       kVolume,
       {{"image", "Small", {3, 4, 5}},
        {"image", "Large", {3, 4, 5}, 3},
        {"label", "target", {3, 4, 5}, 1, "nearest"}},
       "label"},
      {"colours", Shape{61, 73, 3}, {{"image", "Small", {8, 9}}, {"image", "Large", {8, 9}, 5}}},
      {"an image", Shape{61, 73}, {{"image", "Large", {7, 8}, 4, "nearest"}}}};
}

LoadedKind kind_of(const PatchCase& each, const std::string& key) {
  LoadedKind kind{each.shape, key == "label" ? DType::kUInt8 : DType::kInt16, slanted()};
  if (each.rank() != 4) kind.geometry.reset();
  if (key == "label") kind.kinds = 2;
  return kind;
}

struct Counts {
  std::shared_ptr<ReadCount> image = std::make_shared<ReadCount>();
  std::shared_ptr<ReadCount> label = std::make_shared<ReadCount>();
};

Dataset loaded(const PatchCase& each, const Counts& counts) {
  const Dataset image = ids(3).stage(
      std::make_shared<CountedLoad>("id", "image", kind_of(each, "image"), counts.image));
  if (each.label.empty()) return image;
  return image.stage(
      std::make_shared<CountedLoad>("id", "label", kind_of(each, "label"), counts.label));
}

/// What a patch is, said another way: out of the whole, around a centre drawn by itself.
Tensor expected_patch(const Tensor& whole, const Index3D& middle, const ScalePatch& patch) {
  Size3D size{1, 1, 1};
  std::copy(patch.size.rbegin(), patch.size.rend(), size.rbegin());
  Size3D factor{patch.factor, patch.factor, patch.factor};
  if (whole.rank() != 4) factor[0] = 1;
  IndexTransform to_old;
  Index3D first{};
  Index3D begin{};
  Size3D wide{};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    first[axis] = middle[axis] - factor[axis] * (size[axis] / 2);
    begin[axis] = first[axis] - (factor[axis] - 1) / 2;
    wide[axis] = size[axis] * factor[axis];
    to_old.matrix[axis * 4] = static_cast<double>(factor[axis]);
    to_old.offset[axis] = static_cast<double>(first[axis]);
  }
  if (patch.factor == 1) return data::crop_volume(whole, first, size);
  if (patch.interpolation == "nearest")
    return data::resample(whole, size, to_old, {.linear = false, .outside = 0.0});
  return data::mean_of_blocks(data::crop_volume(whole, begin, wide), factor);
}

Index3D drawn_middle(const Record& wholes, const PatchCase& each, std::uint64_t seed,
                     std::int64_t stage) {
  const data::Grid grid(wholes.at("image").shape());
  Random random(seed, 0, static_cast<std::uint64_t>(wholes.sample().index),
                static_cast<std::uint64_t>(stage));
  std::int64_t voxel = 0;
  if (each.label.empty()) {
    voxel = static_cast<std::int64_t>(random.next_below(static_cast<std::uint64_t>(grid.voxels())));
  } else {
    const bool positive = random.next_double() * 2.0 < 1.0;
    voxel = data::draw_voxel(wholes.at("label"), positive, random);
  }
  return {voxel / (grid.size[1] * grid.size[2]), voxel / grid.size[2] % grid.size[1],
          voxel % grid.size[2]};
}

TEST(MultiScalePatches, AreThoseOfTheWholeBitForBit) {
  for (const PatchCase& each : patch_cases()) {
    SCOPED_TRACE(each.name);
    const Counts counts;
    const Dataset before = loaded(each, counts);
    const Dataset data = before.multi_scale_patches(each.patches, each.label);
    const Dataset dropped = data.drop(
        data.schema().contains("Small") && each.patches.front().to != "image" ? Keys{"id", "image"}
                                                                              : Keys{"id"});
    const std::int64_t stage = each.label.empty() ? 1 : 2;
    for (std::uint64_t seed = 0; seed < 12; ++seed) {
      const auto kept = collect(data, {.seed = seed, .threads = 1});
      const auto cut = collect(dropped, {.seed = seed, .threads = 2});
      ASSERT_EQ(kept.size(), 3U);
      ASSERT_EQ(cut.size(), 3U);
      for (std::size_t i = 0; i < kept.size(); ++i) {
        const Record wholes = plainly(before, static_cast<std::int64_t>(i), seed);
        const Index3D middle = drawn_middle(wholes, each, seed, stage);
        for (const ScalePatch& patch : each.patches) {
          const Tensor wanted = expected_patch(wholes.at(patch.from), middle, patch);
          for (const Record& record : {kept[i], cut[i]}) {
            const Tensor& got = record.at(patch.to);
            EXPECT_TRUE(got.equals(wanted)) << patch.to;
            ASSERT_EQ(got.geometry() != nullptr, wanted.geometry() != nullptr);
            if (wanted.geometry() != nullptr) {
              EXPECT_EQ(*got.geometry(), *wanted.geometry());
            }
          }
        }
        expect_identical(plainly(dropped, static_cast<std::int64_t>(i), seed), cut[i]);
      }
    }
  }
}

std::int64_t voxels_of(const Dataset& dataset, const std::shared_ptr<ReadCount>& count,
                       std::uint64_t seed) {
  const std::int64_t before = count->voxels;
  collect(dataset, {.seed = seed, .threads = 1});
  return count->voxels - before;
}

TEST(MultiScalePatches, ReadWhatTheWidestSeesAndReadItOnce) {
  const PatchCase each = patch_cases().front();
  const Counts counts;
  const Dataset whole = loaded(each, counts).multi_scale_patches(each.patches);
  const Dataset part = whole.drop({"image"});
  const Dataset changed =
      loaded(each, counts).window({"image"}, {0.0, 900.0}).scale({"image"}, 2.0);
  const Dataset windowed = changed.multi_scale_patches(each.patches).select({"Small", "Large"});
  bool all_inside = false;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    EXPECT_EQ(voxels_of(whole, counts.image, seed), 3 * 30 * 41 * 52);
    for (const Dataset& dataset : {part, windowed}) {
      const std::int64_t reads = counts.image->reads;
      const std::int64_t voxels = voxels_of(dataset, counts.image, seed);
      EXPECT_LE(voxels, 3 * 15 * 18 * 21);
      EXPECT_EQ(counts.image->reads - reads, 3) << "both patches are cut out of one read";
      all_inside = all_inside || voxels > 2 * 15 * 18 * 21;
    }
    const auto records = collect(windowed, {.seed = seed, .threads = 1});
    for (std::size_t i = 0; i < 3; ++i)
      expect_identical(plainly(windowed, static_cast<std::int64_t>(i), seed), records[i]);
  }
  EXPECT_TRUE(all_inside) << "some lie inside altogether";
}

TEST(MultiScalePatches, ReadTheLabelWholeAndOnceAndTheImageInPart) {
  const PatchCase each = patch_cases()[5];
  const Counts counts;
  const Dataset data = loaded(each, counts).multi_scale_patches(each.patches, "label");
  const Dataset part = data.drop({"image"});
  EXPECT_LE(voxels_of(part, counts.image, 4), 3 * 9 * 12 * 15);
  EXPECT_EQ(counts.label->voxels, 3 * 30 * 41 * 52);
  EXPECT_EQ(counts.label->reads, 3);
  voxels_of(part.drop({"label"}), counts.image, 4);
  EXPECT_EQ(counts.label->reads, 6);
}

TEST(MultiScalePatches, TakeTheirChunksOutOfADiskCache) {
  const TemporaryFolder folder;
  const PatchCase each{"",
                       Shape{100, 70, 130, 1},
                       {{"image", "Small", {6, 6, 6}}, {"image", "Large", {6, 6, 6}, 3}}};
  const Counts counts;
  const Dataset cached = loaded(each, counts).cache(folder / "c");
  collect(cached);
  const std::int64_t voxels = counts.image->voxels;
  const Dataset data =
      cached.window({"image"}, {0.0, 900.0}).multi_scale_patches(each.patches).drop({"image"});
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    DatasetIterator iterator = data.iterate({.seed = seed, .threads = 1});
    const auto records = collect(iterator);
    ASSERT_EQ(records.size(), 3U);
    for (std::size_t i = 0; i < 3; ++i)
      expect_identical(plainly(data, static_cast<std::int64_t>(i), seed), records[i]);
    for (const StageProfile& stage : iterator.profile().stages) {
      if (stage.stage.name != "window") continue;
      EXPECT_LE(stage.bytes, 3 * 4 * (18 * 18 * 18 + 6 * 6 * 6) + 3 * 8);
    }
  }
  EXPECT_EQ(counts.image->voxels - voxels, 6 * 3 * 100 * 70 * 130) << "of the plain runs alone";
}

TEST(MultiScalePatches, GoOnTheSameFromAStateInTheMiddle) {
  const PatchCase each = patch_cases()[5];
  const Counts counts;
  const Dataset data =
      loaded(each, counts).multi_scale_patches(each.patches, "label").drop({"image"}).repeat(3);
  const auto all = collect(data, {.seed = 3, .threads = 1});
  ASSERT_EQ(all.size(), 9U);
  DatasetIterator first = data.iterate({.seed = 3, .threads = 2});
  collect(first, 4);
  DatasetIterator second = data.iterate({.seed = 99, .threads = 1});
  second.restore(first.state());
  const auto rest = collect(second);
  ASSERT_EQ(rest.size(), 5U);
  for (std::size_t i = 0; i < rest.size(); ++i) expect_identical(all[i + 4], rest[i]);
}

}  // namespace
}  // namespace tenon::data_test
