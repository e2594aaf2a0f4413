// Volumes from files to segmentations in files, by the command alone.
#include "cli/command_fixture.hpp"
#include "cli/experiment.hpp"
#include "tenon/error.hpp"
#include "tenon/volume_file.hpp"

namespace tenon::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class Segmentation : public Command {
 protected:
  void SetUp() override {
    Command::SetUp();
    std::string table = "image,mask\n";
    for (int i = 0; i < 2; ++i) {
      write_volume(i);
      table += "image" + std::to_string(i) + ".nii.gz,mask" + std::to_string(i) + ".nii.gz\n";
    }
    write_file_atomically((folder_ / "scans.csv").string(), table);
    auto image = Input({-1, -1, -1, 1}, {.name = "image"});
    Model model({image},
                Conv3D(2, 3, {.padding = "same", .activation = "softmax", .name = "mask"})(image));
    write_file_atomically((folder_ / "unet.json").string(), model.to_json());
    write_experiment_of_scans(
        R"({ mask = [ { name = "dice", axis = [1, 2, 3] }, { name = "categorical_crossentropy", weight = 0.5 } ] })");
  }

  void write_volume(int index) const {
    Tensor image = random_uniform({6, 8, 7, 1}, static_cast<std::uint64_t>(index));
    Tensor mask(DType::kUInt8, {6, 8, 7, 1});
    for (std::size_t i = 0; i < 336; ++i) {
      mask.data<std::uint8_t>()[i] = image.data<float>()[i] > 0.5F ? 1 : 0;
    }
    Geometry geometry;
    geometry.spacing = {3.0, 1.0, 0.5};
    geometry.origin = {static_cast<double>(index), -4.0, 7.0};
    image.set_geometry(geometry);
    mask.set_geometry(geometry);
    const std::string end = std::to_string(index) + ".nii.gz";
    save_volume((folder_ / ("image" + end)).string(), image);
    save_volume((folder_ / ("mask" + end)).string(), mask);
  }

  void write_experiment_of_scans(const std::string& loss) const {
    write_file_atomically((folder_ / "scans.toml").string(), R"toml(seed = 3
[model]
path = "unet.json"
[data]
stages = [
  { op = "load_volume", from = "image", to = "scan" },
  { op = "load_volume", from = "mask", to = "label", dtype = "uint8" },
  { op = "drop", keys = ["image", "mask"] },
  { op = "rename", map = { scan = "image", label = "mask" } },
  { op = "one_hot", keys = ["mask"], depth = 2 },
  { op = "batch", size = 1 },
]
[data.train]
source = { kind = "csv", path = "scans.csv" }
[data.test]
source = { kind = "csv", path = "scans.csv" }
[fit]
epochs = 40
optimizer = { name = "adam", learning_rate = 0.1 }
loss = )toml" + loss + R"toml(
metrics = { mask = ["per_class_dice", "mean_iou"] }
output = "run"
)toml");
  }

  /// load_volume, of one file.
  Tensor volume(const std::string& name) const {
    const Dataset data =
        Dataset::from_tensors({{"path", Tensor::strings({1}, {(folder_ / name).string()})}})
            .load_volume("path", "image", {.channels = 0, .dtype = DType::kFloat32});
    Record record;
    DatasetIterator iterator = data.iterate();
    EXPECT_TRUE(iterator.next(record));
    return record.at("image");
  }
};

TEST_F(Segmentation, IsLearntEvaluatedAndWrittenWithTheInputsGeometry) {
  const Outcome train = run("train scans.toml --quiet");
  ASSERT_EQ(train.status, 0) << train.err;
  const Outcome evaluated = run("evaluate scans.toml --format json");
  ASSERT_EQ(evaluated.status, 0) << evaluated.err;
  EXPECT_GT(nlohmann::json::parse(evaluated.out)["metrics"]["dice_1"].get<double>(), 0.9);

  const Outcome predicted =
      run("predict scans.toml --sliding-window 4,5,4 --overlap 0.5 --window-batch 2 --labels "
          "--output out/mask.nii.gz");
  ASSERT_EQ(predicted.status, 0) << predicted.err;
  EXPECT_THAT(predicted.err, AllOf(HasSubstr("mask_0.nii.gz"), HasSubstr("mask_1.nii.gz")));
  const Tensor truth = volume("mask1.nii.gz");
  const Tensor found = volume("out/mask_1.nii.gz");
  ASSERT_EQ(found.shape(), truth.shape());
  EXPECT_FALSE(difference_of(*found.geometry(), *truth.geometry()).any());
  int equal = 0;
  for (std::size_t i = 0; i < 336; ++i) equal += found.data<float>()[i] == truth.data<float>()[i];
  EXPECT_GT(equal, 300);

  ASSERT_EQ(run("predict scans.toml --output scores.nii").status, 0);
  EXPECT_EQ(volume("scores_0.nii").shape(), Shape({6, 8, 7, 2}));
}

/// A pipeline that gives every sample twice.
TEST_F(Segmentation, NoVolumeOfARunOverwritesAnother) {
  std::string text = read_file((folder_ / "scans.toml").string());
  const std::string batch = "  { op = \"batch\", size = 1 },\n";
  text.replace(text.find(batch), batch.size(), "  { op = \"repeat\", count = 2 },\n" + batch);
  write_file_atomically((folder_ / "twice.toml").string(), text);
  const Outcome outcome = run("predict twice.toml --split train --output twice/mask.nii");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto samples = static_cast<std::size_t>(
      std::ranges::count(read_file((folder_ / "scans.csv").string()), '\n') - 1);
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder_ / "twice"))
    names.push_back(entry.path().filename().string());
  EXPECT_EQ(names.size(), 2 * samples);
  EXPECT_THAT(
      names, ::testing::IsSupersetOf({"mask_0.nii", "mask_0_2.nii", "mask_1.nii", "mask_1_2.nii"}));
  EXPECT_EQ(read_file((folder_ / "twice" / "mask_0.nii").string()),
            read_file((folder_ / "twice" / "mask_0_2.nii").string()))
      << "nothing random stands in the pipeline";
}

TEST_F(Segmentation, MistakesAreToldBeforeAnyWork) {
  EXPECT_THAT(run("predict scans.toml --overlap 0.5 --output a.nii").err,
              HasSubstr("--sliding-window"));
  EXPECT_THAT(run("predict scans.toml --sliding-window 4,4 --output a.nii").err,
              HasSubstr("no input with 2 spatial axes"));
  EXPECT_THAT(run("predict scans.toml --output a.mha").err, HasSubstr(".npz"));
  write_experiment_of_scans(R"({ mask = ["dice", "sparse_categorical_crossentropy"] })");
  const Outcome mixed = run("check scans.toml");
  EXPECT_EQ(mixed.status, 2);
  EXPECT_THAT(mixed.err + mixed.out, HasSubstr("class ids and of other targets"));
  write_experiment_of_scans(R"({ mask = ["dise", "mse"] })");
  EXPECT_THAT(run("check scans.toml").err, HasSubstr("\"dice\""));
}

}  // namespace
}  // namespace tenon::cli
