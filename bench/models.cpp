#include "models.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tenon/error.hpp"
#include "tenon/layers.hpp"

namespace tenon::bench {
namespace {

/// Class ids 0, 1, …, `classes` - 1, 0, …
Tensor class_ids(std::int64_t rows, std::int64_t classes) {
  Tensor ids(DType::kInt64, {rows});
  for (std::int64_t i = 0; i < rows; ++i) {
    ids.data<std::int64_t>()[static_cast<std::size_t>(i)] = i % classes;
  }
  return ids;
}

/// 0 or 1 per row.
Tensor yes_or_no(std::int64_t rows) {
  Tensor values(DType::kFloat32, {rows, 1});
  for (std::int64_t i = 0; i < rows; ++i) {
    values.data<float>()[static_cast<std::size_t>(i)] = static_cast<float>(i % 2);
  }
  return values;
}

/// The two images that M1 and M2 look at.
NamedTensors two_images(std::int64_t rows) {
  return {{"Small", random_uniform({rows, 32, 32, 3}, 1)},
          {"Large", random_uniform({rows, 64, 64, 3}, 2)},
          {"cell", yes_or_no(rows)}};
}

/// About 1 k parameters: overhead is all.
Subject tiny(std::int64_t rows) {
  const auto left = Input({16}, {.name = "left"});
  const auto right = Input({16}, {.name = "right"});
  const auto joined = Concatenate()(
      {Dense(20, {.activation = "relu"})(left), Dense(20, {.activation = "relu"})(right)});
  const auto kind = Dense(8, {.activation = "softmax", .name = "kind"})(joined);
  return {Model({left, right}, kind, {.name = "M0"}),
          "sparse_categorical_crossentropy",
          {{"left", random_uniform({rows, 16}, 1)},
           {"right", random_uniform({rows, 16}, 2)},
           {"kind", class_ids(rows, 8)}}};
}

/// Two scales, a convolution each, and one sigmoid over all of it.
Subject two_scale(std::int64_t rows) {
  const auto small = Input({32, 32, 3}, {.name = "Small"});
  const auto large = Input({64, 64, 3}, {.name = "Large"});
  const auto of_small = Flatten()(Conv2D(32, 3, {.activation = "relu"})(small));
  const auto of_large = Flatten()(Conv2D(64, 3, {.activation = "relu"})(large));
  const auto cell =
      Dense(1, {.activation = "sigmoid", .name = "cell"})(Concatenate()({of_small, of_large}));
  return {Model({small, large}, cell, {.name = "M1"}), "binary_crossentropy", two_images(rows)};
}

/// The same from the bytes of the images, which the model scales.
Subject two_scale_of_bytes(std::int64_t rows) {
  const auto small = Input({32, 32, 3}, {.name = "Small"});
  const auto large = Input({64, 64, 3}, {.name = "Large"});
  const auto features = [](const SymbolicTensor& image, std::int64_t filters) {
    return Flatten()(Conv2D(filters, 3, {.activation = "relu"})(Rescaling(1.0 / 255.0)(image)));
  };
  const auto cell = Dense(1, {.activation = "sigmoid", .name = "cell"})(
      Concatenate()({features(small, 32), features(large, 64)}));
  NamedTensors batch = two_images(rows);
  for (std::size_t i = 0; i < 2; ++i) {
    batch[i].second = random_integers(batch[i].second.shape(), i, 0, 256).cast(DType::kUInt8);
  }
  return {Model({small, large}, cell, {.name = "M1_bytes"}), "binary_crossentropy",
          std::move(batch)};
}

SymbolicTensor three_stages(SymbolicTensor x) {
  for (const std::int64_t filters : {32, 64, 128}) {
    x = Conv2D(filters, 3, {.padding = "same"})(x);
    x = Activation("relu")(BatchNormalization()(x));
    x = MaxPooling2D(2)(x);
  }
  return GlobalAveragePooling2D()(x);
}

Subject two_scale_deep(std::int64_t rows) {
  const auto small = Input({32, 32, 3}, {.name = "Small"});
  const auto large = Input({64, 64, 3}, {.name = "Large"});
  const auto joined = Concatenate()({three_stages(small), three_stages(large)});
  const auto hidden = Dense(64, {.activation = "relu"})(joined);
  const auto cell = Dense(1, {.activation = "sigmoid", .name = "cell"})(hidden);
  return {Model({small, large}, cell, {.name = "M2"}), "binary_crossentropy", two_images(rows)};
}

SymbolicTensor convolve(const SymbolicTensor& x, std::int64_t filters, std::int64_t kernel,
                        std::int64_t stride) {
  const Conv2DOptions options{.strides = stride, .padding = "same", .use_bias = false};
  return BatchNormalization()(Conv2D(filters, kernel, options)(x));
}

/// He et al.'s basic block.
SymbolicTensor basic_block(const SymbolicTensor& x, std::int64_t filters, std::int64_t stride) {
  const bool same_form = stride == 1 && x.spec().shape.back().size() == filters;
  const auto shortcut = same_form ? x : convolve(x, filters, 1, stride);
  const auto y = Activation("relu")(convolve(x, filters, 3, stride));
  return Activation("relu")(Add()({convolve(y, filters, 3, 1), shortcut}));
}

Subject residual(std::int64_t rows) {
  const auto image = Input({64, 64, 3}, {.name = "image"});
  const Conv2DOptions stem{.strides = 2, .use_bias = false};
  auto x = BatchNormalization()(Conv2D(64, 7, stem)(ZeroPadding2D(3)(image)));
  x = MaxPooling2D(3, {.strides = 2})(ZeroPadding2D(1)(Activation("relu")(x)));
  for (const std::int64_t filters : {64, 128, 256, 512}) {
    x = basic_block(x, filters, filters == 64 ? 1 : 2);
    x = basic_block(x, filters, 1);
  }
  const auto kind =
      Dense(10, {.activation = "softmax", .name = "kind"})(GlobalAveragePooling2D()(x));
  return {Model(image, kind, {.name = "M3"}),
          "sparse_categorical_crossentropy",
          {{"image", random_uniform({rows, 64, 64, 3}, 1)}, {"kind", class_ids(rows, 10)}}};
}

/// Patches of a volume.
Subject volume(std::int64_t rows) {
  const auto patch = Input({32, 32, 32, 1}, {.name = "patch"});
  auto x = patch;
  for (const std::int64_t filters : {16, 32, 64}) {
    x = Conv3D(filters, 3, {.padding = "same"})(x);
    x = Activation("relu")(BatchNormalization()(x));
    x = MaxPooling3D(2)(x);
  }
  const auto found =
      Dense(1, {.activation = "sigmoid", .name = "found"})(GlobalAveragePooling3D()(x));
  return {Model(patch, found, {.name = "M4"}),
          "binary_crossentropy",
          {{"patch", random_uniform({rows, 32, 32, 32, 1}, 1)}, {"found", yes_or_no(rows)}}};
}

}  // namespace

const std::vector<std::string>& subject_names() {
  static const std::vector<std::string> names{"M0", "M1", "M2", "M3", "M4", "M1_bytes"};
  return names;
}

Subject make_subject(const std::string& name, std::int64_t rows) {
  using Make = Subject (*)(std::int64_t);
  static constexpr Make kMakers[] = {tiny,     two_scale, two_scale_deep,
                                     residual, volume,    two_scale_of_bytes};
  const auto& names = subject_names();
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) {
    throw ContractError(
        make_diagnostic("A001", fmt::format("there is no model {} to measure; there are {}", name,
                                            fmt::join(names, ", "))));
  }
  Subject subject = kMakers[found - names.begin()](rows);
  subject.model.initialize(1);
  return subject;
}

}  // namespace tenon::bench
