// A small 3D U-Net: it learns to find lesions in a head from patches of drawn volumes whose truth
// is known, and then segments whole volumes by windows. With a scan as its argument (unet3d
// t1.nii.gz) it also learns that head's mask from one half of it. Writes a picture of slices
// (image, truth, prediction) beside it, and fails below a Dice coefficient.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "tenon/tenon.hpp"

using namespace tenon;

namespace {

using Point = std::array<float, 3>;

struct Ball {
  Point middle;
  float radius;
  bool holds(const Point& p) const {
    const float z = p[0] - middle[0];
    const float y = p[1] - middle[1];
    const float x = p[2] - middle[2];
    return x * x + y * y + z * z <= radius * radius;
  }
};

constexpr std::int64_t kDepth = 36;
constexpr std::int64_t kSide = 44;

float between(Random& random, float low, float high) {
  return low + (high - low) * random.next_float();
}

/// Lesions are as bright as the skull: only what lies around tells them apart.
Record phantom(const std::shared_ptr<const Schema>& schema, std::int64_t index) {
  Random random(11, static_cast<std::uint64_t>(index));
  Tensor image(DType::kFloat32, {kDepth, kSide, kSide, 1});
  Tensor truth(DType::kUInt8, {kDepth, kSide, kSide, 1});
  const Point middle = {between(random, 16, 20), between(random, 20, 24), between(random, 20, 24)};
  const Ball skull{middle, between(random, 15.0F, 17.0F)};
  const Ball brain{middle, skull.radius - 2.5F};
  std::vector<Ball> lesions;
  for (int i = 0; i < 4; ++i) {
    Ball lesion{middle, between(random, 2.5F, 4.5F)};
    for (float& at : lesion.middle) at += between(random, -6.0F, 6.0F);
    lesions.push_back(lesion);
  }
  std::size_t voxel = 0;
  for (std::int64_t z = 0; z < kDepth; ++z) {
    for (std::int64_t y = 0; y < kSide; ++y) {
      for (std::int64_t x = 0; x < kSide; ++x, ++voxel) {
        const Point p = {static_cast<float>(z), static_cast<float>(y), static_cast<float>(x)};
        const bool inside = brain.holds(p);
        const bool lesion =
            inside && std::ranges::any_of(lesions, [&](const Ball& ball) { return ball.holds(p); });
        const float shade = lesion || (!inside && skull.holds(p)) ? 0.8F : inside ? 0.45F : 0.05F;
        image.data<float>()[voxel] = shade + 0.08F * random.next_normal();
        truth.data<std::uint8_t>()[voxel] = lesion ? 2 : skull.holds(p) ? 1 : 0;
      }
    }
  }
  Geometry geometry;
  geometry.spacing = {2.0, 2.0, 2.0};
  image.set_geometry(geometry);
  truth.set_geometry(geometry);
  return Record(schema, {image, truth}, {});
}

Dataset phantoms(std::int64_t first, std::int64_t count) {
  const Schema schema({{"image", TensorSpec(DType::kFloat32, {kDepth, kSide, kSide, 1}, "DHWC")},
                       {"mask", TensorSpec(DType::kUInt8, {kDepth, kSide, kSide, 1}, "DHWC")}});
  const auto shared = std::make_shared<const Schema>(schema);
  return Dataset::from_function(schema, count,
                                [=](std::int64_t index) { return phantom(shared, first + index); });
}

SymbolicTensor block(const SymbolicTensor& x, std::int64_t filters) {
  const auto once = Conv3D(filters, 3, {.padding = "same", .activation = "relu"})(x);
  return Conv3D(filters, 3, {.padding = "same", .activation = "relu"})(once);
}

/// Of volumes of any size that is a multiple of 4.
Model unet(std::int64_t classes) {
  auto image = Input({-1, -1, -1, 1}, {.name = "image"});
  auto fine = block(image, 8);
  auto middle = block(MaxPooling3D(2)(fine), 16);
  auto coarse = block(MaxPooling3D(2)(middle), 32);
  auto up = block(Concatenate()({UpSampling3D(2)(coarse), middle}), 16);
  auto top = block(Concatenate()({UpSampling3D(2)(up), fine}), 8);
  auto mask = Conv3D(classes, 1, {.activation = "softmax", .name = "mask"})(top);
  return Model({image}, mask, {.name = "unet3d"});
}

/// Patches of 24 voxels, flipped and with noise.
Dataset patches(const Dataset& volumes, std::int64_t classes) {
  return volumes.repeat()
      .random_crop_by_label({"image", "mask"}, "mask", {24, 24, 24}, {3.0, 1.0})
      .random_flip({"image", "mask"}, {"depth", "height", "width"})
      .random_noise({"image"}, {0.0, 0.05}, 0.5)
      .one_hot({"mask"}, classes)
      .batch(2);
}

Model trained(const Dataset& volumes, std::int64_t classes, std::int64_t epochs) {
  Model model = unet(classes);
  model.initialize(3);
  model.compile(
      {.optimizer = Adam({.learning_rate = 0.003}),
       .loss = losses::Sum({losses::Dice({.axis = {1, 2, 3}}), losses::CategoricalCrossentropy()}),
       .metrics = {metrics::PerClassDice()}});
  const History history =
      model.fit(patches(volumes, classes), {.steps_per_epoch = 20, .epochs = epochs, .verbose = 0});
  for (const Logs& logs : history.logs) {
    std::printf("loss %.4f  dice of class %lld: %.3f\n", logs.at("loss"),
                static_cast<long long>(classes - 1),
                logs.at("dice_" + std::to_string(classes - 1)));
  }
  return model;
}

struct Segmented {
  Tensor image;
  Tensor truth;
  Tensor found;  ///< Class ids.
};

/// Whole volumes by windows.
std::vector<Segmented> segmented(Model& model, const Dataset& volumes) {
  std::vector<Segmented> out;
  DatasetIterator iterator = volumes.iterate();
  Record record;
  while (iterator.next(record)) {
    out.push_back({record.at("image").clone(), record.at("mask").clone(), Tensor()});
  }
  std::size_t next = 0;
  model.predict(volumes.select({"image"}).batch(1),
                {.sliding_window = SlidingWindow{.size = {24, 24, 24}, .overlap = 0.5},
                 .on_sample = [&](const NamedTensors& outputs, const SampleIdentity&) {
                   const Tensor& scores = outputs.front().second;
                   const auto classes = static_cast<std::size_t>(scores.dim(-1));
                   Tensor found(DType::kUInt8, out[next].truth.shape());
                   for (std::size_t i = 0; i < static_cast<std::size_t>(found.size()); ++i) {
                     const auto first = scores.data<float>().subspan(i * classes, classes);
                     found.data<std::uint8_t>()[i] =
                         static_cast<std::uint8_t>(std::ranges::max_element(first) - first.begin());
                   }
                   if (scores.geometry() != nullptr) found.set_geometry(*scores.geometry());
                   out[next++].found = std::move(found);
                 }});
  return out;
}

/// Of class `id`, over the voxels from column `first_column` of the width on.
double dice(const Segmented& volume, std::uint8_t id, std::int64_t first_column = 0) {
  double both = 0.0;
  double either = 0.0;
  const std::int64_t width = volume.truth.dim(2);
  for (std::int64_t i = 0; i < volume.truth.size(); ++i) {
    if (i % width < first_column) continue;
    const bool truth = volume.truth.data<std::uint8_t>()[static_cast<std::size_t>(i)] == id;
    const bool found = volume.found.data<std::uint8_t>()[static_cast<std::size_t>(i)] == id;
    both += truth && found ? 1.0 : 0.0;
    either += (truth ? 1.0 : 0.0) + (found ? 1.0 : 0.0);
  }
  return either == 0.0 ? 1.0 : 2.0 * both / either;
}

/// Three slices, each as image, truth and prediction, three pixels to a voxel.
void draw(const Segmented& volume, const std::string& path) {
  constexpr std::int64_t kZoom = 3;
  constexpr std::array<std::array<float, 3>, 3> kColors{
      {{0.0F, 0.0F, 0.0F}, {0.2F, 0.45F, 0.9F}, {1.0F, 0.35F, 0.1F}}};
  const std::int64_t depth = volume.image.dim(0);
  const std::int64_t height = volume.image.dim(1);
  const std::int64_t width = volume.image.dim(2);
  Tensor picture(DType::kUInt8, {3 * height * kZoom, 3 * width * kZoom, 3});
  std::size_t at = 0;
  for (std::int64_t y = 0; y < picture.dim(0); ++y) {
    for (std::int64_t x = 0; x < picture.dim(1); ++x) {
      const std::int64_t slice = (1 + y / (height * kZoom)) * depth / 4;
      const std::int64_t row = y / kZoom % height;
      const std::int64_t column = x / kZoom % width;
      const auto voxel = static_cast<std::size_t>((slice * height + row) * width + column);
      const float grey = std::clamp(volume.image.data<float>()[voxel], 0.0F, 1.0F);
      const std::int64_t part = x / (width * kZoom);
      const Tensor& ids = part == 1 ? volume.truth : volume.found;
      const std::size_t id = part == 0 ? 0 : ids.data<std::uint8_t>()[voxel];
      const float share = id == 0 ? 0.0F : 0.6F;
      for (std::size_t c = 0; c < 3; ++c) {
        const float value = (1.0F - share) * grey + share * kColors[id][c];
        picture.data<std::uint8_t>()[at++] = static_cast<std::uint8_t>(255.0F * value);
      }
    }
  }
  save_png(path, picture);
}

/// The head: what has something bright before and behind it along every axis.
Tensor head_mask(const Tensor& image) {
  const std::array<std::int64_t, 3> size = {image.dim(0), image.dim(1), image.dim(2)};
  const std::array<std::int64_t, 3> stride = {size[1] * size[2], size[2], 1};
  Tensor mask(DType::kUInt8, image.shape());
  std::ranges::fill(mask.data<std::uint8_t>(), std::uint8_t{1});
  const auto values = image.data<float>();
  for (std::size_t axis = 0; axis < 3; ++axis) {
    for (std::int64_t line = 0; line < image.size(); ++line) {
      if (line / stride[axis] % size[axis] != 0) continue;
      const auto place = [&](std::int64_t i) {
        return static_cast<std::size_t>(line + i * stride[axis]);
      };
      std::int64_t first = 0;
      std::int64_t last = size[axis] - 1;
      while (first <= last && values[place(first)] < 0.15F) ++first;
      while (last >= first && values[place(last)] < 0.15F) --last;
      for (std::int64_t i = 0; i < size[axis]; ++i) {
        if (i < first || i > last) mask.data<std::uint8_t>()[place(i)] = 0;
      }
    }
  }
  if (image.geometry() != nullptr) mask.set_geometry(*image.geometry());
  return mask;
}

bool learn_lesions() {
  Model model = trained(phantoms(0, 12), 3, 16);
  const auto volumes = segmented(model, phantoms(100, 2));
  double worst = 1.0;
  for (const Segmented& volume : volumes) {
    std::printf("whole volume: head %.3f  lesions %.3f\n", dice(volume, 1), dice(volume, 2));
    worst = std::min({worst, dice(volume, 1), dice(volume, 2)});
  }
  draw(volumes.front(), "unet3d_phantom.png");
  save_volume("unet3d_phantom.nii.gz", volumes.front().found);
  return worst >= 0.7;
}

/// Columns [0, width / 2).
Tensor left_half(const Tensor& volume) {
  const std::int64_t width = volume.dim(2);
  Tensor half(volume.dtype(), {volume.dim(0), volume.dim(1), width / 2, 1});
  const std::size_t bytes = volume.byte_size() / static_cast<std::size_t>(volume.size());
  for (std::int64_t i = 0; i < half.size(); ++i) {
    const std::int64_t from = i / (width / 2) * width + i % (width / 2);
    std::copy_n(volume.bytes() + static_cast<std::size_t>(from) * bytes, bytes,
                half.bytes() + static_cast<std::size_t>(i) * bytes);
  }
  return half;
}

/// Trained on the left half of the image, and judged by the right one.
bool learn_head(const std::string& scan) {
  const Dataset scans =
      Dataset::from_tensors({{"path", Tensor::strings({1}, {scan})}})
          .load_volume("path", "image")
          .orientation({"image"}, "SPL")
          .resize({"image"}, {48, 64, 64}, {.interpolation = Interpolation::kArea})
          .window({"image"}, {0.0, 99.5}, {.percentiles = true});
  DatasetIterator iterator = scans.iterate();
  Record record;
  if (!iterator.next(record)) return false;
  // Read once: every patch comes from it.
  const auto data_of = [](const Tensor& image, const Tensor& mask) {
    return Dataset::from_tensors(
        {{"image", stack(std::array{image})}, {"mask", stack(std::array{mask})}});
  };
  const Tensor image = record.at("image").clone();
  const Tensor mask = head_mask(image);
  const Dataset whole = data_of(image, mask);
  const Dataset half = data_of(left_half(image), left_half(mask));
  Model model = trained(half, 2, 5);
  const auto volumes = segmented(model, whole);
  const double head = dice(volumes.front(), 1, volumes.front().truth.dim(2) / 2);
  std::printf("the head in the other half of the scan: %.3f\n", head);
  draw(volumes.front(), "unet3d_head.png");
  return head >= 0.8;
}

}  // namespace

int main(int count, char** arguments) {
  const bool lesions = learn_lesions();
  const bool head = count < 2 || learn_head(arguments[1]);
  return lesions && head ? 0 : 1;
}
