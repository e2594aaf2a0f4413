// Stages on images and volumes.
#include <cmath>
#include <numeric>
#include <set>

#include "data/support.hpp"
#include "data/volume.hpp"
#include "tenon/npz.hpp"

namespace tenon::data_test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// One sample with the given tensors.
Dataset one(NamedTensors values) {
  for (auto& [key, value] : values) {
    const Tensor sample = value;
    value = stack(std::vector{sample});
  }
  return Dataset::from_tensors(values);
}

Tensor counting(const Shape& shape, const Geometry& geometry = {}) {
  Tensor volume(DType::kFloat32, shape);
  std::iota(volume.data<float>().begin(), volume.data<float>().end(), 0.0F);
  volume.set_geometry(geometry);
  return volume;
}

Tensor only(const Dataset& dataset, const std::string& key, std::uint64_t seed = 0) {
  const auto records = collect(dataset, {.seed = seed, .threads = 1});
  EXPECT_EQ(records.size(), 1U);
  return records.front().at(key);
}

std::string told_by(const Dataset& dataset) { return render_text(dataset.diagnostics()); }

TEST(VolumeStages, OrientationTurnsByTheGeometry) {
  const Tensor volume = counting({2, 3, 4, 1});
  const Dataset data = one({{"image", volume}});
  const Tensor same = only(data.orientation({"image"}, "SPL"), "image");
  EXPECT_TRUE(same.equals(volume));
  const Tensor turned = only(data.orientation({"image"}, "RSA"), "image");
  EXPECT_EQ(turned.shape(), Shape({4, 2, 3, 1}));
  EXPECT_EQ(orientation_of(*turned.geometry()), "RSA");
  // New (d, h, w) is old (h, 2 - w, 3 - d).
  EXPECT_EQ(turned.data<float>()[0], volume.data<float>()[2 * 4 + 3]);
  const auto corner = turned.geometry()->point_of({3, 1, 2});
  EXPECT_THAT(corner, ElementsAre(0.0, 0.0, 1.0));
}

TEST(VolumeStages, WithoutAGeometryOrientationAndSpacingAreABadSample) {
  Tensor bare = counting({2, 2, 2, 1});
  bare.clear_geometry();
  for (const Dataset& data : {one({{"image", bare}}).orientation({"image"}),
                              one({{"image", bare}}).spacing({"image"}, {1, 1, 1})}) {
    try {
      collect(data);
      FAIL() << "nothing was thrown";
    } catch (const DataError& error) {
      EXPECT_EQ(error.code(), "S009");
      EXPECT_THAT(error.what(), HasSubstr("as load_volume gives it"));
    }
  }
  EXPECT_THAT(told_by(one({{"image", Tensor(DType::kFloat32, {4, 4, 1})}}).orientation({"image"})),
              HasSubstr("only a volume has an orientation"));
}

TEST(VolumeStages, SpacingResamplesImagesLinearlyAndLabelsByTheNearest) {
  Geometry geometry;
  geometry.spacing = {2.0, 1.0, 1.0};
  const Tensor image = counting({3, 2, 2, 1}, geometry);
  Tensor label = counting({3, 2, 2, 1}, geometry).cast(DType::kUInt8);
  const Dataset data = one({{"image", image}, {"label", label}})
                           .spacing({"image", "label"}, {1.0, 1.0, 1.0}, {"linear", "nearest"});
  const auto record = collect(data).front();
  EXPECT_EQ(record.at("image").shape(), Shape({6, 2, 2, 1}));
  EXPECT_EQ(record.at("image").data<float>()[4], 2.0F) << "half way between 0 and 4";
  EXPECT_EQ(record.at("label").data<std::uint8_t>()[4], 4) << "halves go up";
  EXPECT_THAT(record.at("label").geometry()->spacing, ElementsAre(1.0, 1.0, 1.0));
  EXPECT_THAT(record.at("label").geometry()->origin, ElementsAre(0.0, 0.0, 0.0));
}

TEST(VolumeStages, CropsAndPadsKeepTheMiddle) {
  const Dataset data = one({{"image", counting({1, 5, 5, 1}).reshape({5, 5, 1})}});
  EXPECT_THAT(values_of<float>(collect(data.crop_center({"image"}, {3, 3})), "image"),
              ElementsAre(6, 7, 8, 11, 12, 13, 16, 17, 18));
  EXPECT_EQ(only(data.pad_to_multiple({"image"}, {4, 4}), "image").shape(), Shape({8, 8, 1}));
  EXPECT_EQ(data.pad_to_multiple({"image"}, {4, 4}).schema().spec("image").shape_string(),
            "(8, 8, 1)");
  EXPECT_EQ(data.crop_center({"image"}, {3, 3}).schema().spec("image").shape_string(), "(3, 3, 1)");
}

TEST(VolumeStages, ForegroundIsCutOutOfAllKeys) {
  Tensor image = counting({4, 4, 4, 1});
  Tensor mask(DType::kUInt8, {4, 4, 4, 1});
  mask.data<std::uint8_t>()[static_cast<std::size_t>(1 * 16 + 2 * 4 + 1)] = 1;
  mask.data<std::uint8_t>()[static_cast<std::size_t>(2 * 16 + 2 * 4 + 3)] = 1;
  const Dataset data = one({{"image", image}, {"mask", mask}});
  const auto record = collect(data.crop_foreground({"image", "mask"}, "mask")).front();
  EXPECT_EQ(record.at("image").shape(), Shape({2, 1, 3, 1}));
  EXPECT_EQ(record.at("image").data<float>()[0], 25.0F);
  EXPECT_THAT(record.at("image").geometry()->origin, ElementsAre(1.0, 2.0, 1.0));
  EXPECT_EQ(only(data.crop_foreground({"image"}, "mask", {.margin = 1}), "image").shape(),
            Shape({4, 3, 4, 1}));
  EXPECT_THROW(collect(data.crop_foreground({"image"}, "mask", {.threshold = 5.0})), DataError);
}

TEST(VolumeStages, ARandomCropIsTheSamePlaceInAllKeys) {
  const Dataset data = one({{"image", counting({6, 6, 6, 1})},
                            {"label", counting({6, 6, 6, 1}).cast(DType::kInt32)}})
                           .random_crop({"image", "label"}, {2, 3, 4});
  std::set<float> places;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto record = collect(data, {.seed = seed, .threads = 1}).front();
    EXPECT_TRUE(record.at("image").cast(DType::kInt32).equals(record.at("label")));
    places.insert(record.at("image").data<float>()[0]);
  }
  EXPECT_GT(places.size(), 10U);
  EXPECT_THAT(told_by(one({{"image", counting({1, 2, 2, 1})}}).random_crop({"image"}, {2, 2, 2})),
              HasSubstr("smaller than the [2, 2, 2] that is cut"));
}

TEST(VolumeStages, ASizeOfTwoNumbersIsRefusedForAVolume) {
  const Tensor deep = counting({4, 6, 6, 1});
  // The schema of files knows no depth: the stage tells when it meets the first.
  const auto unknown = [](const Tensor& value) {
    const Schema schema({{"image", TensorSpec(DType::kFloat32, {Dim(), Dim(), Dim(), Dim(1)})}});
    const auto shared = std::make_shared<const Schema>(schema);
    return Dataset::from_function(schema, 1,
                                  [=](std::int64_t) { return Record(shared, {value}, {}); });
  };
  const std::vector<std::pair<std::string, std::function<Dataset(const Dataset&)>>> stages = {
      {"random_crop",
       [](const Dataset& d) {
         return d.random_crop({"image"}, {3, 2});
       }},
      {"random_crop_by_label",
       [](const Dataset& d) {
         return d.random_crop_by_label({"image"}, "image", {3, 2});
       }},
      {"crop_center",
       [](const Dataset& d) {
         return d.crop_center({"image"}, {3, 2});
       }},
      {"multi_scale_patches", [](const Dataset& d) {
         return d.multi_scale_patches({{"image", "image", {3, 2}}});
       }}};
  for (const auto& [name, cut] : stages) {
    SCOPED_TRACE(name);
    const Dataset known = cut(one({{"image", deep}}));
    const auto problems = known.diagnostics();
    ASSERT_EQ(problems.size(), 1U);
    EXPECT_EQ(problems[0].code, "S002");
    EXPECT_THAT(render_text(problems),
                AllOf(HasSubstr(name), HasSubstr("(4, 6, 6, 1), and size = [3, 2] has no depth: "
                                                 "give [depth, height, width]")));
    for (const bool cached : {false, true}) {
      const Dataset before = cached ? unknown(deep).cache() : unknown(deep);
      const auto told = thrown_by<DataError>([&] { collect(cut(before)); });
      EXPECT_THAT(render_text(told.diagnostics()),
                  AllOf(HasSubstr("\"image\" is (4, 6, 6, 1), and size = [3, 2] has no depth"),
                        HasSubstr(name), HasSubstr("give size = [depth, height, width]")));
      const Dataset flat =
          cached ? unknown(counting({1, 6, 6, 1})).cache() : unknown(counting({1, 6, 6, 1}));
      EXPECT_EQ(only(cut(flat), "image").shape(), Shape({1, 3, 2, 1}));
    }
    EXPECT_TRUE(cut(one({{"image", counting({1, 6, 6, 1})}})).diagnostics().empty());
  }
}

/// Of unknown rank until it is there; what turned it wrote behind its end.
TEST(VolumeStages, AnImageWithAPlaceIsNoVolumeToBeTurned) {
  Tensor image = counting({6, 9, 1}).reshape({6, 9});
  Geometry geometry;
  geometry.spacing = {2.0, 1.0, 1.0};
  image.set_geometry(geometry);
  const Schema schema({{"image", TensorSpec::of_unknown_rank(image.dtype())}});
  const auto shared = std::make_shared<const Schema>(schema);
  const Dataset data =
      Dataset::from_function(schema, 1, [=](std::int64_t) { return Record(shared, {image}, {}); });
  const auto told = [](const Dataset& d) {
    return render_text(thrown_by<DataError>([&] { collect(d); }).diagnostics());
  };
  EXPECT_THAT(told(data.orientation({"image"}, "RAS")),
              HasSubstr("\"image\" is (6, 9), and only a volume has an orientation"));
  EXPECT_THAT(told(data.spacing({"image"}, {0.5, 1.0, 1.0})),
              HasSubstr("\"image\" is (6, 9), and only a volume has a spacing"));
}

TEST(VolumeStages, TwoNumbersPadAndCutOutOfImagesAlone) {
  const auto unknown = [](const Tensor& value) {
    const Schema schema({{"image", TensorSpec(DType::kFloat32, {Dim(), Dim(), Dim(), Dim(1)})}});
    const auto shared = std::make_shared<const Schema>(schema);
    return Dataset::from_function(schema, 1,
                                  [=](std::int64_t) { return Record(shared, {value}, {}); });
  };
  const Tensor deep = counting({4, 6, 6, 1});
  const CutoutOptions sure{.probability = 1.0};
  const auto text = [](const Dataset& d) { return render_text(d.diagnostics()); };
  const Dataset known = one({{"image", deep}});
  EXPECT_THAT(text(known.pad_to_multiple({"image"}, {4, 4})),
              HasSubstr("(4, 6, 6, 1), and multiple = [4, 4] has no depth"));
  EXPECT_THAT(text(known.random_cutout({"image"}, {2, 2}, sure)),
              HasSubstr("(4, 6, 6, 1), and size = [2, 2] has no depth"));
  const auto told = [](const Dataset& d) {
    return render_text(thrown_by<DataError>([&] { collect(d); }).diagnostics());
  };
  EXPECT_THAT(told(unknown(deep).pad_to_multiple({"image"}, {4, 4})),
              HasSubstr("give multiple = [depth, height, width]"));
  EXPECT_THAT(told(unknown(deep).random_cutout({"image"}, {2, 2}, sure)),
              HasSubstr("\"image\" is (4, 6, 6, 1), and size = [2, 2] has no depth"));
  const Dataset flat = one({{"image", counting({1, 6, 6, 1})}});
  EXPECT_TRUE(flat.random_cutout({"image"}, {2, 2}, sure).diagnostics().empty());
  EXPECT_EQ(only(flat.pad_to_multiple({"image"}, {4, 4}), "image").shape(), Shape({1, 8, 8, 1}));
}

TEST(VolumeStages, CropsByLabelAreBalanced) {
  Tensor label(DType::kUInt8, {8, 8, 8, 1});
  label.data<std::uint8_t>()[static_cast<std::size_t>(3 * 64 + 4 * 8 + 5)] = 2;
  const Dataset data = one({{"image", counting({8, 8, 8, 1})}, {"label", label}});
  const auto share_with_foreground = [&](LabelParts parts) {
    int count = 0;
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
      const Tensor part = only(
          data.random_crop_by_label({"image", "label"}, "label", {3, 3, 3}, parts), "label", seed);
      const auto values = part.data<std::uint8_t>();
      count += std::ranges::count(values, std::uint8_t{2}) > 0 ? 1 : 0;
      // Of size 3 around the voxel: it is the middle.
      if (parts.negative == 0.0) {
        EXPECT_EQ(values[13], 2);
      }
    }
    return count;
  };
  EXPECT_EQ(share_with_foreground({1.0, 0.0}), 60);
  EXPECT_LT(share_with_foreground({0.0, 1.0}), 20);
  EXPECT_NEAR(share_with_foreground({1.0, 1.0}), 32, 14);
}

TEST(VolumeStages, PatchesOfSeveralScalesShareOneCentre) {
  Geometry geometry;
  geometry.spacing = {1.5, 1.0, 0.5};
  const Tensor image = counting({21, 21, 21, 1}, geometry);
  const Dataset data = one({{"image", image}})
                           .multi_scale_patches({{"image", "Small", {5, 5, 5}, 1},
                                                 {"image", "Large", {5, 5, 5}, 3}});
  EXPECT_EQ(data.schema().spec("Large").shape_string(), "(5, 5, 5, 1)");
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    const auto record = collect(data, {.seed = seed, .threads = 1}).front();
    const auto small = record.at("Small").geometry()->point_of({2, 2, 2});
    const auto large = record.at("Large").geometry()->point_of({2, 2, 2});
    EXPECT_THAT(small, ::testing::Pointwise(::testing::DoubleNear(1e-9), large));
    EXPECT_THAT(record.at("Large").geometry()->spacing, ElementsAre(4.5, 3.0, 1.5));
  }
}

TEST(VolumeStages, ATurnByNinetyDegreesIsNumpys) {
  const auto goldens = load_npz(TENON_SOURCE_DIR "/tests/data/goldens/volume.npz");
  std::vector<Tensor> turned;
  Tensor volume;
  for (const auto& [key, value] : goldens) {
    if (key.starts_with("turned_")) turned.push_back(value);
    if (key == "volume") volume = value;
  }
  ASSERT_EQ(turned.size(), 3U);
  const Dataset data = one({{"image", volume.reshape({6, 7, 5, 1})}})
                           .random_rotate_90({"image"}, {"depth", "width"}, 1.0);
  std::set<std::size_t> met;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Tensor got = only(data, "image", seed);
    for (std::size_t i = 0; i < 3; ++i) {
      const Tensor& wanted = turned[i];
      if (got.equals(wanted.reshape({wanted.dim(0), wanted.dim(1), wanted.dim(2), 1})))
        met.insert(i);
    }
  }
  EXPECT_EQ(met.size(), 3U);
}

TEST(VolumeStages, AnAffineMovesImageAndLabelAlike) {
  Tensor label(DType::kUInt8, {9, 9, 9, 1});
  for (std::size_t i = 0; i < 729; ++i)
    label.data<std::uint8_t>()[i] = static_cast<std::uint8_t>(i % 9 > 4);
  const Dataset data =
      one({{"image", label.cast(DType::kFloat32)}, {"label", label}})
          .random_affine({"image", "label"}, {.rotate = {-30.0, 30.0},
                                              .scale = {0.8, 1.2},
                                              .shear = {-0.1, 0.1},
                                              .translate = {-1.0, 1.0},
                                              .interpolation = {"linear", "nearest"},
                                              .probability = 1.0});
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    const auto record = collect(data, {.seed = seed, .threads = 1}).front();
    int far = 0;
    for (std::size_t i = 0; i < 729; ++i) {
      const float mixed = record.at("image").data<float>()[i];
      const float nearest = record.at("label").data<std::uint8_t>()[i];
      far += std::abs(mixed - nearest) > 0.75F ? 1 : 0;
    }
    EXPECT_LT(far, 8) << "the nearest voxel and the mixture cannot be far apart";
    EXPECT_FALSE(record.at("label").equals(label));
  }
  const Dataset still = one({{"image", label}}).random_affine({"image"}, {.probability = 0.0});
  EXPECT_TRUE(only(still, "image").equals(label));
}

TEST(VolumeStages, WindowsScaleAndClip) {
  const Dataset data =
      one({{"image", Tensor::from<std::int16_t>({1, 5}, {-1000, -100, 0, 100, 900})}});
  EXPECT_THAT(values_of<float>(collect(data.window({"image"}, {-100, 100})), "image"),
              ElementsAre(0.0F, 0.0F, 0.5F, 1.0F, 1.0F));
  const auto loose =
      collect(data.window({"image"}, {-100, 100}, {.to = {0.0, 10.0}, .clip = false}));
  EXPECT_THAT(values_of<float>(loose, "image"), ElementsAre(-45.0F, 0.0F, 5.0F, 10.0F, 50.0F));
  const auto percent = collect(data.window({"image"}, {25, 75}, {.percentiles = true}));
  EXPECT_THAT(values_of<float>(percent, "image"), ElementsAre(0.0F, 0.0F, 0.5F, 1.0F, 1.0F));
  EXPECT_EQ(data.window({"image"}, {-100, 100}).schema().spec("image").range, (ValueRange{0, 1}));
  EXPECT_THROW(static_cast<void>(data.window({"image"}, {5, 5})), ContractError);
}

TEST(VolumeStages, ZScoresLookAtTheMask) {
  const Tensor image = Tensor::from<float>({1, 4}, {1.0F, 3.0F, 100.0F, 0.0F});
  const Tensor mask = Tensor::from<std::uint8_t>({1, 4}, {1, 1, 0, 0});
  const Dataset data = one({{"image", image}, {"mask", mask}});
  EXPECT_THAT(values_of<float>(collect(data.z_score({"image"}, {.mask = "mask"})), "image"),
              ElementsAre(-1.0F, 1.0F, 0.0F, 0.0F));
  const auto all = values_of<float>(collect(data.z_score({"image"})), "image");
  EXPECT_NEAR(std::accumulate(all.begin(), all.end(), 0.0F), 0.0F, 1e-5F);
  const auto nonzero =
      values_of<float>(collect(data.z_score({"image"}, {.nonzero = true})), "image");
  EXPECT_EQ(nonzero[3], 0.0F);
  EXPECT_THAT(told_by(data.z_score({"image"}, {.mask = "mask "})), HasSubstr("K007"));
}

TEST(VolumeStages, AHistogramIsSpread) {
  const Dataset data = one({{"image", Tensor::from<float>({1, 4}, {0.0F, 1.0F, 2.0F, 1000.0F})}});
  EXPECT_THAT(values_of<float>(collect(data.equalize_histogram({"image"}, 2000)), "image"),
              ElementsAre(0.0F, ::testing::FloatNear(1.0F / 3, 1e-6F),
                          ::testing::FloatNear(2.0F / 3, 1e-6F), 1.0F));
}

TEST(VolumeStages, RandomIntensitiesAreDrawnOnceForAllKeys) {
  const Tensor image = counting({4, 4, 4, 1});
  const Dataset data = one({{"a", image}, {"b", image}});
  const std::vector<Dataset> changed = {
      data.random_brightness({"a", "b"}, {0.5, 2.0}, 1.0),
      data.random_contrast({"a", "b"}, {0.5, 0.9}, 1.0),
      data.random_gamma({"a", "b"}, {0.5, 2.0}, 0.5, 1.0),
      data.random_blur({"a", "b"}, {0.5, 2.0}, 1.0),
      data.random_low_resolution({"a", "b"}, {0.3, 0.7}, 1.0),
      data.random_cutout({"a", "b"}, {2, 2, 2}, {.count = 3, .value = -5.0, .probability = 1.0})};
  for (const Dataset& dataset : changed) {
    const auto first = collect(dataset, {.seed = 1, .threads = 1}).front();
    const auto again = collect(dataset, {.seed = 1, .threads = 2}).front();
    const auto other = collect(dataset, {.seed = 2, .threads = 1}).front();
    EXPECT_TRUE(first.at("a").equals(first.at("b")));
    EXPECT_TRUE(first.at("a").equals(again.at("a")));
    EXPECT_FALSE(first.at("a").equals(image));
    EXPECT_FALSE(first.at("a").equals(other.at("a")));
    EXPECT_NE(first.at("a").geometry(), nullptr);
  }
  const auto noisy = collect(data.random_noise({"a", "b"}, {0.5, 0.5}, 1.0)).front();
  EXPECT_FALSE(noisy.at("a").equals(noisy.at("b"))) << "noise itself is another in every key";
  EXPECT_THAT(told_by(one({{"image", image.cast(DType::kUInt8)}}).random_noise({"image"}, {0, 1})),
              HasSubstr("cast or scale it to float32 first"));
}

NamedTensors stage_goldens() { return load_npz(TENON_SOURCE_DIR "/tests/data/goldens/stages.npz"); }

Tensor golden(const std::string& name) {
  for (auto& [key, tensor] : stage_goldens()) {
    if (key == name) return tensor;
  }
  throw std::runtime_error("no array " + name);
}

/// As a volume of one channel.
Tensor as_volume(const Tensor& values) {
  return values.cast(DType::kFloat32)
      .reshape({values.dim(0), values.dim(1), values.dim(2), 1})
      .clone();
}

void expect_close(const Tensor& got, const Tensor& wanted, double tolerance) {
  ASSERT_EQ(got.size(), wanted.size());
  const Tensor a = got.cast(DType::kFloat64);
  const Tensor b = wanted.cast(DType::kFloat64);
  double largest = 0.0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(a.size()); ++i) {
    largest = std::max(largest, std::abs(a.data<double>()[i] - b.data<double>()[i]));
  }
  EXPECT_LE(largest, tolerance);
}

/// How many voxels differ.
std::int64_t count_others(const Tensor& got, const Tensor& wanted) {
  std::int64_t others = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(got.size()); ++i)
    others += got.data<float>()[i] != wanted.data<float>()[i];
  return others;
}

TEST(VolumeStages, AnAffineIsScipysWithinAThousandth) {
  const Dataset data = one({{"image", as_volume(golden("volume"))}});
  RandomAffineOptions options;
  options.rotate = {20.0, 20.0};
  options.scale = {1.2, 1.2};
  options.shear = {0.1, 0.1};
  options.translate = {1.5, 1.5};
  options.probability = 1.0;
  expect_close(only(data.random_affine({"image"}, options), "image"), golden("affine"), 1e-3);
  options.interpolation = {"nearest"};
  const Tensor nearest = only(data.random_affine({"image"}, options), "image");
  EXPECT_LE(count_others(nearest, golden("affine_nearest")), nearest.size() / 500)
      << "a voxel half way between two may go to the other";
}

/// Draws, field and resampling as a whole; float32 weights beside scipy's doubles.
TEST(VolumeStages, ABendIsScipysWithinAThousandth) {
  const Dataset data = one({{"image", as_volume(golden("volume"))}});
  RandomElasticOptions options;
  options.magnitude = {1.5, 2.0};
  options.node_distance = 5.0;
  options.probability = 1.0;
  const auto bent = [&] { return only(data.random_elastic({"image"}, options), "image", 5); };
  expect_close(bent(), golden("elastic"), 1e-3);
  options.outside = -3.0;
  expect_close(bent(), golden("elastic_constant"), 1e-3);
  options.outside.reset();
  options.interpolation = {"nearest"};
  const Tensor nearest = bent();
  EXPECT_LE(count_others(nearest, golden("elastic_nearest")), nearest.size() / 500)
      << "a voxel half way between two may go to the other";
}

TEST(VolumeStages, AResizedVolumeIsTorchsAndLiesWhereItLay) {
  Tensor volume = as_volume(golden("volume"));
  Geometry geometry;
  geometry.spacing = {2.0, 1.0, 0.5};
  geometry.origin = {5.0, 6.0, 7.0};
  volume.set_geometry(geometry);
  const Dataset data = one({{"image", volume}});
  const Tensor plain = only(data.resize({"image"}, {9, 8, 17}, {.antialias = false}), "image");
  EXPECT_EQ(plain.shape(), Shape({9, 8, 17, 1}));
  expect_close(plain, golden("resized"), 1e-5);
  ASSERT_NE(plain.geometry(), nullptr);
  EXPECT_NEAR(plain.geometry()->spacing[0], 2.0 * 12.0 / 9.0, 1e-9);
  const auto corner = geometry.point_of({-0.5, -0.5, -0.5});
  const auto same = plain.geometry()->point_of({-0.5, -0.5, -0.5});
  for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(corner[i], same[i], 1e-9);
  expect_close(
      only(data.resize({"image"}, {6, 5, 7}, {.interpolation = Interpolation::kArea}), "image"),
      golden("area"), 1e-5);
  const Tensor batch =
      only(data.batch(1).resize({"image"}, {9, 8, 17}, {.antialias = false}), "image");
  EXPECT_TRUE(batch.row(0).equals(plain));
  ASSERT_NE(batch.row_geometry(0), nullptr);
  EXPECT_EQ(*batch.row_geometry(0), *plain.geometry());
  EXPECT_THAT(
      told_by(one({{"image", Tensor(DType::kFloat32, {4, 4, 1})}}).resize({"image"}, {2, 2, 2})),
      HasSubstr("size has three numbers"));
  EXPECT_THROW(data.resize({"image"}, {4}), ContractError);
}

TEST(VolumeStages, AFlipAlongTheDepthTakesAllKeysAndTheGeometry) {
  Geometry geometry;
  geometry.spacing = {2.0, 1.0, 1.0};
  const Tensor volume = counting({3, 2, 2, 1}, geometry);
  const Dataset data = one({{"image", volume}, {"label", volume}})
                           .random_flip({"image", "label"}, {"depth", "width"});
  std::set<std::vector<float>> seen;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const auto record = collect(data, {.seed = seed, .threads = 1}).front();
    const Tensor& image = record.at("image");
    EXPECT_TRUE(image.equals(record.at("label")));
    seen.insert({image.data<float>().begin(), image.data<float>().end()});
    // A value lies where it lay.
    const auto point = geometry.point_of({0, 0, 0});
    const auto index = image.geometry()->index_of(point);
    const auto at = static_cast<std::size_t>(index[0] * 4 + index[1] * 2 + index[2] + 0.5);
    EXPECT_EQ(image.data<float>()[at], 0.0F);
  }
  EXPECT_EQ(seen.size(), 4U);
  EXPECT_THAT(
      told_by(
          one({{"image", Tensor(DType::kFloat32, {4, 4, 1})}}).random_flip({"image"}, {"depth"})),
      HasSubstr("has no depth"));
}

TEST(VolumeStages, LabelMapsBecomeOneChannelPerClass) {
  Geometry geometry;
  geometry.spacing = {2.0, 1.0, 1.0};
  Tensor map = Tensor::from<std::uint8_t>({1, 2, 2, 1}, {0, 2, 1, 2});
  map.set_geometry(geometry);
  const Dataset data = one({{"label", map}}).one_hot({"label"}, 3);
  const Tensor hot = only(data, "label");
  EXPECT_EQ(hot.shape(), Shape({1, 2, 2, 3}));
  EXPECT_TRUE(hot.equals(Tensor::from<float>({1, 2, 2, 3}, {1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1})));
  EXPECT_EQ(*hot.geometry(), geometry);
  EXPECT_EQ(only(one({{"label", map}}).batch(1).one_hot({"label"}, 3), "label").shape(),
            Shape({1, 1, 2, 2, 3}));
  EXPECT_EQ(only(one({{"label", map.reshape({2, 2, 1})}}).one_hot({"label"}, 3), "label").shape(),
            Shape({2, 2, 3}));
}

TEST(VolumeStages, ChannelsAreSplitAndMerged) {
  Geometry geometry;
  geometry.spacing = {2.0, 1.0, 1.0};
  const Dataset data = one({{"image", counting({2, 1, 2, 2}, geometry)}});
  const Dataset split = data.split_channels("image", {"t1", "t2"});
  const auto record = collect(split).front();
  EXPECT_TRUE(record.at("t2").equals(Tensor::from<float>({2, 1, 2, 1}, {1, 3, 5, 7})));
  EXPECT_EQ(*record.at("t2").geometry(), geometry);
  const Tensor back = only(split.merge_channels({"t1", "t2"}, "both"), "both");
  EXPECT_TRUE(back.equals(record.at("image")));
  EXPECT_EQ(*back.geometry(), geometry);
  EXPECT_TRUE(only(split.batch(1).merge_channels({"t2", "t1"}, "both"), "both")
                  .row(0)
                  .equals(Tensor::from<float>({2, 1, 2, 2}, {1, 0, 3, 2, 5, 4, 7, 6})));
  EXPECT_THAT(told_by(data.split_channels("image", {"a", "b", "c"})),
              HasSubstr("cannot make 3 of \"image\""));
  EXPECT_THAT(told_by(split.cast({"t1"}, DType::kInt32).merge_channels({"t1", "t2"}, "both")),
              HasSubstr("one dtype, and one size along every axis but the last"));
}

TEST(VolumeStages, MixupMixesAllKeysOfARowAlike) {
  NamedTensors values;
  Tensor x(DType::kFloat32, {64, 3});
  std::iota(x.data<float>().begin(), x.data<float>().end(), 0.0F);
  Tensor y(DType::kFloat32, {64, 64});
  for (std::size_t i = 0; i < 64; ++i) y.data<float>()[i * 65] = 1.0F;
  const Dataset data = Dataset::from_tensors({{"x", x}, {"y", y}}).batch(64);
  const auto record = collect(data.mixup({"x", "y"}, 1.0), {.seed = 3, .threads = 1}).front();
  const Tensor mixed = record.at("y");
  double sum = 0.0;
  double square = 0.0;
  for (std::size_t row = 0; row < 64; ++row) {
    double total = 0.0;
    double place = 0.0;
    for (std::size_t i = 0; i < 64; ++i) {
      total += static_cast<double>(mixed.data<float>()[row * 64 + i]);
      place += static_cast<double>(i) * static_cast<double>(mixed.data<float>()[row * 64 + i]);
    }
    EXPECT_NEAR(total, 1.0, 1e-6);
    EXPECT_NEAR(static_cast<double>(record.at("x").data<float>()[row * 3]), 3.0 * place, 1e-3);
    const auto own = static_cast<double>(mixed.data<float>()[row * 65]);
    sum += own;
    square += own * own;
  }
  // Beta(1, 1) is even in [0, 1]: mean 1/2, mean square 1/3, within four deviations of 64 draws.
  EXPECT_NEAR(sum / 64.0, 0.5, 0.15);
  EXPECT_NEAR(square / 64.0, 1.0 / 3.0, 0.15);
  EXPECT_TRUE(collect(data.mixup({"x"}, 0.2, 0.0)).front().at("x").equals(x));
  EXPECT_THAT(told_by(Dataset::from_tensors({{"x", x}}).mixup({"x"})),
              HasSubstr("put mixup behind batch"));
  EXPECT_THAT(told_by(data.cast({"x"}, DType::kInt32).mixup({"x"})), HasSubstr("one_hot"));
  EXPECT_THROW(data.mixup({"x"}, 0.0), ContractError);
}

TEST(VolumeStages, BatchesAndTextAreTold) {
  const Dataset data = one({{"image", counting({2, 2, 2, 1})}});
  EXPECT_THAT(told_by(data.batch(1).random_crop({"image"}, {1, 1, 1})),
              HasSubstr("put random_crop before batch"));
  const Dataset text = Dataset::from_tensors({{"name", Tensor::strings({1}, {"a"})}});
  EXPECT_THAT(told_by(text.z_score({"name"})),
              AllOf(HasSubstr("D001"), HasSubstr("it holds text")));
}

TEST(VolumeStages, ArgumentsThatCannotWorkAreTold) {
  const Dataset data = one({{"image", counting({2, 2, 2, 1})}});
  EXPECT_THROW(static_cast<void>(data.orientation({"image"}, "RAR")), ContractError);
  EXPECT_THROW(static_cast<void>(data.spacing({"image"}, {1.0, 0.0, 1.0})), ContractError);
  EXPECT_THROW(static_cast<void>(data.spacing({"image"}, {1, 1, 1}, {"cubic"})), ContractError);
  EXPECT_THROW(static_cast<void>(data.crop_center({"image"}, {0, 1})), ContractError);
  EXPECT_THROW(static_cast<void>(data.crop_center({"image"}, {1})), ContractError);
  EXPECT_THROW(static_cast<void>(data.random_noise({"image"}, {1.0, 0.5})), ContractError);
  EXPECT_THROW(static_cast<void>(data.random_noise({"image"}, {0.0, 0.5}, 1.5)), ContractError);
  EXPECT_THROW(static_cast<void>(data.random_rotate_90({"image"}, {"width"})), ContractError);
  EXPECT_THROW(static_cast<void>(data.multi_scale_patches({})), ContractError);
  EXPECT_THROW(static_cast<void>(data.random_crop_by_label({"image"}, "image", {1, 1, 1}, {0, 0})),
               ContractError);
}

}  // namespace
}  // namespace tenon::data_test
