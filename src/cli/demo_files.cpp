#include "cli/demo_files.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "cli/phantom.hpp"
#include "io/readers/image_writer.hpp"
#include "tenon/error.hpp"
#include "tenon/file.hpp"
#include "tenon/layers.hpp"
#include "tenon/model.hpp"

namespace tenon::cli {
namespace {

namespace fs = std::filesystem;

struct DemoSplit {
  const char* name;
  int images;
};
constexpr DemoSplit kDemoSplits[] = {{"train", 80}, {"validation", 16}, {"test", 40}};

constexpr const char* kExperiment =
    R"toml(# Drawn smears: Small is the cell's tight box, Large what lies around it.
name = "demo"
seed = {seed}

[model]
path = "model.json"

[data]
stages = [
  {{ op = "load_image", from = "filename", to = "image", root = "images", channels = 3 }},
  {{ op = "crop_box", from = "image", to = "Small", box = ["xmin", "ymin", "xmax", "ymax"], size = [32, 32] }},
  {{ op = "crop_around", from = "image", to = "Large", box = ["xmin", "ymin", "xmax", "ymax"], extent = [192, 192], size = [64, 64] }},
  {{ op = "scale", keys = ["Small", "Large"], factor = 0.00392156862745098 }},
  {{ op = "encode", from = "cell_type", to = "cell", classes = ["RBC", "WBC", "Platelets"] }},
  {{ op = "random_flip", keys = ["Small", "Large"], axes = ["height", "width"], only = ["train"] }},
  {{ op = "select", keys = ["Small", "Large", "cell"] }},
  {{ op = "shuffle", buffer = 1024, only = ["train"] }},
  {{ op = "batch", size = 32 }},
  {{ op = "prefetch", batches = 2 }},
]
[data.train]
source = {{ kind = "csv", path = "train.csv" }}
[data.validation]
source = {{ kind = "csv", path = "validation.csv" }}
[data.test]
source = {{ kind = "csv", path = "test.csv" }}

[fit]
epochs = 6
class_weight = {{ cell = [1.0, 3.0, 2.0] }}
optimizer = {{ name = "adam", learning_rate = 0.001 }}
loss = {{ cell = "sparse_categorical_crossentropy" }}
metrics = {{ cell = ["accuracy"] }}
output = "run"
)toml";

void write_split(const fs::path& folder, const DemoSplit& split, Random& random) {
  std::string table = "filename,cell_type,xmin,ymin,xmax,ymax\n";
  for (int i = 0; i < split.images; ++i) {
    const Smear smear = draw_smear(random);
    const std::string file = fmt::format("{}_{:03}.jpg", split.name, i);
    readers::write_jpeg((folder / "images" / file).string(), smear.image, 92);
    for (const DrawnCell& cell : smear.cells) {
      table += fmt::format("{},{},{},{},{},{}\n", file, cell.cell_type, cell.xmin, cell.ymin,
                           cell.xmax, cell.ymax);
    }
  }
  write_file_atomically((folder / fmt::format("{}.csv", split.name)).string(), table);
}

SymbolicTensor branch(const SymbolicTensor& input, const std::string& name, std::int64_t filters) {
  const auto named = [&](const char* part) { return name + "_" + part; };
  auto x = Conv2D(filters, {3, 3},
                  {.padding = "same", .activation = "relu", .name = named("conv1")})(input);
  x = MaxPooling2D(2, {.name = named("pool1")})(x);
  x = Conv2D(2 * filters, {3, 3},
             {.padding = "same", .activation = "relu", .name = named("conv2")})(x);
  x = MaxPooling2D(2, {.name = named("pool2")})(x);
  return Flatten({.name = named("flat")})(x);
}

Model two_scale() {
  auto small = Input({32, 32, 3}, {.name = "Small"});
  auto large = Input({64, 64, 3}, {.name = "Large"});
  auto x = Concatenate({.name = "both"})({branch(small, "small", 12), branch(large, "large", 12)});
  x = Dense(32, {.activation = "relu", .name = "hidden"})(x);
  auto cell = Dense(3, {.activation = "softmax", .name = "cell"})(x);
  return Model({small, large}, cell, {.name = "two_scale"});
}

}  // namespace

void write_demo_files(const std::string& folder, std::uint64_t seed) {
  const fs::path root = folder;
  std::error_code error;
  fs::create_directories(root / "images", error);
  if (error) throw_file_error(folder, "the folder cannot be made: " + error.message());
  Random random(seed);
  for (const DemoSplit& split : kDemoSplits) write_split(root, split, random);
  write_file_atomically((root / "model.json").string(), two_scale().to_json() + "\n");
  write_file_atomically((root / "experiment.toml").string(),
                        fmt::format(kExperiment, fmt::arg("seed", seed)));
}

}  // namespace tenon::cli
