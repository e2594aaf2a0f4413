// Models over volumes train: both engines take the same way, and it leads down.
#include <gtest/gtest.h>

#include "support/volume_models.hpp"
#include "train/engines_under_test.hpp"

namespace tenon {
namespace {

constexpr std::int64_t kSide = 8;
constexpr std::int64_t kRows = 4;

struct VolumeData {
  Tensor volumes{DType::kFloat32, {kRows, kSide, kSide, kSide, 1}};
  Tensor masks{DType::kFloat32, {kRows, kSide, kSide, kSide, 1}};
  Tensor classes{DType::kFloat32, {kRows, 1}};
};

/// Noise with a bright box in it; rows in which the box is large are of class 1.
VolumeData boxes() {
  VolumeData data;
  data.volumes = random_uniform(data.volumes.shape(), 5, -0.5F, 0.5F);
  const auto volumes = data.volumes.data<float>();
  const auto masks = data.masks.data<float>();
  for (std::int64_t row = 0; row < kRows; ++row) {
    const std::int64_t size = row % 2 == 0 ? 3 : 6;
    data.classes.data<float>()[static_cast<std::size_t>(row)] = row % 2 == 0 ? 0.0F : 1.0F;
    for (std::int64_t voxel = 0; voxel < kSide * kSide * kSide; ++voxel) {
      const bool inside =
          voxel / (kSide * kSide) < size && voxel / kSide % kSide < size && voxel % kSide < size;
      const auto at = static_cast<std::size_t>(row * kSide * kSide * kSide + voxel);
      masks[at] = inside ? 1.0F : 0.0F;
      if (inside) volumes[at] += 1.0F;
    }
  }
  return data;
}

std::vector<double> losses_of(Model model, const std::string& engine, const Tensor& input,
                              const Tensor& target, int steps) {
  model.initialize(3);
  model.compile({.optimizer = Adam({.learning_rate = 0.01}),
                 .loss = "binary_crossentropy",
                 .engine = engine});
  const std::string name = model.inputs().front().name;
  std::vector<double> losses;
  for (int i = 0; i < steps; ++i) {
    losses.push_back(model.train_on_batch(Example(inputs(name, input), target)).at("loss"));
  }
  return losses;
}

void expect_same_way(const std::vector<double>& onednn, const std::vector<double>& reference) {
  ASSERT_LE(reference.size(), onednn.size());
  for (std::size_t i = 0; i < reference.size(); ++i) {
    EXPECT_NEAR(onednn[i], reference[i], 2e-4 * std::max(1.0, reference[i])) << "step " << i;
  }
}

TEST(Volumes, AClassifierTrainsOnBothEngines) {
  const VolumeData data = boxes();
  const auto run = [&](const std::string& engine, int steps) {
    return losses_of(testing::volume_classifier(kSide), engine, data.volumes, data.classes, steps);
  };
  const std::vector<double> reference = run("reference", 3);
  EXPECT_LT(reference.back(), reference.front());
  if (!backend::has_onednn_engine()) return;
  const std::vector<double> onednn = run("onednn", 20);
  expect_same_way(onednn, reference);
  EXPECT_LT(onednn.back(), 0.3 * onednn.front());
}

TEST(Volumes, AUNetTrainsOnBothEngines) {
  const VolumeData data = boxes();
  const auto run = [&](const std::string& engine, int steps) {
    return losses_of(testing::volume_u_net(kSide), engine, data.volumes, data.masks, steps);
  };
  const std::vector<double> reference = run("reference", 3);
  EXPECT_LT(reference.back(), reference.front());
  if (!backend::has_onednn_engine()) return;
  const std::vector<double> onednn = run("onednn", 40);
  expect_same_way(onednn, reference);
  EXPECT_LT(onednn.back(), 0.3 * onednn.front());
}

}  // namespace
}  // namespace tenon
