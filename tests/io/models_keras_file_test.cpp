#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <string>

#include "io/models/weight_tree.hpp"
#include "io/models/weights.hpp"
#include "io/models/zip_archive.hpp"
#include "support/volume_models.hpp"
#include "tenon/error.hpp"
#include "tenon/file.hpp"
#include "tenon/layers.hpp"
#include "tenon/model.hpp"
#include "tenon/npz.hpp"

namespace tenon {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kFixtures = TENON_SOURCE_DIR "/../shared/fixtures/keras/";
const std::string kData = TENON_SOURCE_DIR "/../shared/data/";

/// A folder of its own, removed at the end.
class KerasFile : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("tenon_keras_file_" + std::to_string(::getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  fs::path folder_;
};

Model small_model() {
  auto a = Input({8, 8, 3}, {.name = "Small"});
  auto b = Input({8, 8, 3}, {.name = "Large"});
  const Conv2D shared(2, {3, 3}, {.activation = "relu", .name = "stem"});
  auto x =
      BatchNormalization({.name = "norm"})(Concatenate({.name = "both"})({shared(a), shared(b)}));
  auto out = Dense(
      1, {.activation = "sigmoid", .name = "label"})(GlobalAveragePooling2D({.name = "pool"})(x));
  Model model({a, b}, out, {.name = "pair"});
  model.initialize(5);
  return model;
}

void expect_same_weights(const Model& a, const Model& b) {
  const auto left = a.weights();
  const auto right = b.weights();
  ASSERT_EQ(left.size(), right.size());
  for (std::size_t i = 0; i < left.size(); ++i) {
    EXPECT_EQ(left[i]->path(), right[i]->path());
    EXPECT_TRUE(left[i]->value().equals(right[i]->value())) << left[i]->path();
  }
}

/// Debian's h5py belongs to Debian's Python, which need not be the first on the PATH.
std::string python_with_h5py() {
  for (const std::string python : {"python3", "/usr/bin/python3"}) {
    if (std::system((python + " -c 'import h5py' 2>/dev/null").c_str()) == 0) return python;
  }
  return "";
}

std::string refusal(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST_F(KerasFile, WhatIsSavedIsLoadedEqual) {
  const Model model = small_model();
  model.save(path("model.keras"));
  const Model loaded = load_model(path("model.keras"));
  expect_same_weights(model, loaded);
  EXPECT_EQ(model.to_json(), loaded.to_json());
}

TEST_F(KerasFile, AModelOfVolumesIsLoadedEqual) {
  Model model = testing::volume_u_net(8);
  model.initialize(2);
  model.save(path("model.keras"));
  const Model loaded = load_model(path("model.keras"));
  expect_same_weights(model, loaded);
  EXPECT_EQ(model.to_json(), loaded.to_json());
}

TEST_F(KerasFile, SynchronizedBatchNormalizationIsWrittenAndRead) {
  const auto x = Input({4}, {.name = "x"});
  const Model model(x, BatchNormalization({.synchronized = true, .name = "norm"})(x));
  EXPECT_THAT(model.to_json(), ::testing::HasSubstr("\"synchronized\":true"));
  model.save(path("model.keras"));
  const Model loaded = load_model(path("model.keras"));
  EXPECT_EQ(model.to_json(), loaded.to_json());
  EXPECT_THAT(small_model().to_json(), ::testing::HasSubstr("\"synchronized\":false"));
}

TEST_F(KerasFile, EqualModelsGiveEqualConfigAndWeights) {
  small_model().save(path("a.keras"));
  small_model().save(path("b.keras"));
  const auto a = models::read_zip(path("a.keras"));
  const auto b = models::read_zip(path("b.keras"));
  EXPECT_EQ(a.at("config.json"), b.at("config.json"));
  EXPECT_EQ(a.at("model.weights.h5"), b.at("model.weights.h5"));
}

TEST_F(KerasFile, HasKerasPathsWhenReadWithH5py) {
  const std::string python = python_with_h5py();
  if (python.empty()) GTEST_SKIP() << "skipped: no h5py";
  small_model().save_weights(path("model.weights.h5"));
  const std::string script =
      "import h5py,sys\n"
      "f=h5py.File(sys.argv[1],'r')\n"
      "names=[]\n"
      "f.visititems(lambda n,o: names.append('%s %s "
      "%s'%(n,getattr(o,'shape',''),o.attrs.get('name',''))))\n"
      "print('\\n'.join(names))\n";
  write_file_atomically(path("list.py"), script);
  FILE* pipe =
      ::popen((python + " " + path("list.py") + " " + path("model.weights.h5")).c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  std::string text;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) text += static_cast<char>(c);
  EXPECT_EQ(::pclose(pipe), 0);
  EXPECT_THAT(text, HasSubstr("layers/conv2d/vars  stem"));
  EXPECT_THAT(text, HasSubstr("layers/conv2d/vars/0 (3, 3, 3, 2)"));
  EXPECT_THAT(text, HasSubstr("layers/batch_normalization/vars/3 (4,)"));
  EXPECT_THAT(text, HasSubstr("layers/input_layer_1/vars  Large"));
  EXPECT_THAT(text, HasSubstr("vars  pair"));
}

TEST_F(KerasFile, LoadsRealKerasWeightsByName) {
  if (!fs::exists(kFixtures)) GTEST_SKIP() << "skipped: no ../shared/fixtures";
  Model model = load_model(kFixtures + "tiny_initial.keras");
  const NamedTensors expected = load_npz(kFixtures + "tiny_expected.npz");
  const auto find = [&](const std::string& name) {
    for (const auto& [key, value] : expected) {
      if (key == name) return value;
    }
    return Tensor();
  };
  const Tensor names = find("weight_names");
  const auto weights = model.weights();
  ASSERT_EQ(static_cast<std::size_t>(names.size()), weights.size());
  for (std::size_t i = 0; i < weights.size(); ++i) {
    EXPECT_TRUE(weights[i]->value().equals(find("w0_" + std::to_string(i)))) << weights[i]->path();
  }
}

TEST_F(KerasFile, RestoresHowARealModelWasTrained) {
  if (!fs::exists(kFixtures)) GTEST_SKIP() << "skipped: no ../shared/fixtures";
  Model model = load_model(kFixtures + "tiny_after20.keras");
  ASSERT_TRUE(model.compiled());
  const auto state = train::optimizer_state(model);
  ASSERT_TRUE(state);
  EXPECT_EQ(state->iterations, 20);
  EXPECT_EQ(state->slots.size(), 22U);
  model.save(path("again.keras"));
  const Model again = load_model(path("again.keras"));
  expect_same_weights(model, again);
  const auto restored = train::optimizer_state(again);
  ASSERT_TRUE(restored);
  EXPECT_EQ(restored->iterations, 20);
  for (std::size_t i = 0; i < state->slots.size(); ++i) {
    EXPECT_TRUE(state->slots[i].second.equals(restored->slots[i].second)) << i;
  }
}

TEST_F(KerasFile, LoadsAFileOfKeras2Point15) {
  const std::string file = kData + "keras_v3/nlf_classifier_keras2.15.keras";
  if (!fs::exists(file)) GTEST_SKIP() << "skipped: no ../shared/data";
  const Model model = load_model(file);
  EXPECT_EQ(model.count_params(), 40 * 256 + 256 + 256 * 256 + 256 + 256 + 1);
}

TEST_F(KerasFile, WeightsAreJoinedByNameAndNotByPosition) {
  const auto two = [](const char* first, const char* second) {
    auto x = Input({4}, {.name = "x"});
    Model model(x, Dense(4, {.name = second})(Dense(4, {.name = first})(x)));
    model.initialize(3);
    return model;
  };
  Model saved = two("p", "q");
  saved.save_weights(path("pq.weights.h5"));
  Model other = two("q", "p");
  other.load_weights(path("pq.weights.h5"));
  EXPECT_TRUE(other.get_layer("p").weights()[0]->value().equals(
      saved.get_layer("p").weights()[0]->value()));
}

TEST_F(KerasFile, WhatDoesNotFitIsListedWholeAndNothingIsLoaded) {
  small_model().save_weights(path("pair.weights.h5"));
  auto x = Input({8, 8, 3}, {.name = "x"});
  auto y = Conv2D(4, {3, 3}, {.name = "stem"})(x);
  Model other(x, Dense(1, {.name = "labels"})(Flatten()(y)));
  other.initialize(9);
  const Tensor before = other.weights()[0]->value().clone();
  const std::string text = refusal([&] { other.load_weights(path("pair.weights.h5")); });
  EXPECT_THAT(text, HasSubstr("error[W001]"));
  EXPECT_THAT(text,
              HasSubstr("\"stem/kernel\": the file has (3, 3, 3, 2), the model (3, 3, 3, 4)"));
  EXPECT_THAT(text, HasSubstr("layer \"labels\": the file has no weights of it"));
  EXPECT_THAT(text, HasSubstr("layer \"label\""));
  EXPECT_THAT(text, HasSubstr("layer \"norm\""));
  EXPECT_TRUE(other.weights()[0]->value().equals(before));
}

TEST_F(KerasFile, AFileThatIsCutOffIsRefusedAtEveryLength) {
  small_model().save(path("model.keras"));
  const std::string whole = read_file(path("model.keras"));
  for (std::size_t length = 0; length < whole.size(); length += whole.size() / 97 + 1) {
    write_file_atomically(path("cut.keras"), whole.substr(0, length));
    EXPECT_THROW(load_model(path("cut.keras")), FormatError) << length;
  }
}

TEST_F(KerasFile, WeightsWithFlippedBytesNeverCrash) {
  small_model().save_weights(path("model.weights.h5"));
  const std::string whole = read_file(path("model.weights.h5"));
  for (std::size_t at = 0; at < whole.size(); at += 61) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0xff);
    try {
      models::read_hdf5(damaged, "damaged");
    } catch (const Error&) {
    }
  }
}

TEST_F(KerasFile, ANameWithoutTheEndingIsRefused) {
  EXPECT_THAT(refusal([&] { small_model().save(path("model.h5")); }),
              HasSubstr("does not end with \".keras\""));
}

TEST_F(KerasFile, AMissingFileIsF001) {
  EXPECT_THAT(refusal([&] { load_model(path("none.keras")); }), HasSubstr("error[F001]"));
}

TEST_F(KerasFile, ALambdaIsRefused) {
  std::string config = small_model().to_json();
  const std::size_t at = config.find("\"GlobalAveragePooling2D\"");
  ASSERT_NE(at, std::string::npos);
  config.replace(at, std::string("\"GlobalAveragePooling2D\"").size(), "\"Lambda\"");
  EXPECT_THAT(refusal([&] { Model::from_json(config); }), HasSubstr("Lambda"));
}

TEST_F(KerasFile, KeepsThePrecisionAndFloat32Weights) {
  Model model = small_model();
  model.compile(
      {.loss = "binary_crossentropy", .engine = "reference", .precision = "mixed_bfloat16"});
  const NamedTensors batch{{"Small", random_uniform({4, 8, 8, 3}, 1)},
                           {"Large", random_uniform({4, 8, 8, 3}, 2)}};
  model.train_on_batch(Example(inputs("Small", batch[0].second, "Large", batch[1].second),
                               Tensor::from<float>({4, 1}, {0.0F, 1.0F, 0.0F, 1.0F})));
  model.save(path("mixed.keras"));
  Model loaded = load_model(path("mixed.keras"));
  expect_same_weights(model, loaded);
  EXPECT_EQ(loaded.weights()[0]->value().dtype(), DType::kFloat32);
  const auto probability = [&](Model& one, CompileArguments arguments) {
    arguments.loss = "binary_crossentropy";
    arguments.engine = "reference";
    one.compile(arguments);
    return one.predict_on_batch(inputs("Small", batch[0].second, "Large", batch[1].second))[0]
        .second.clone();
  };
  const Tensor expected = probability(model, {});
  EXPECT_TRUE(probability(loaded, {}).equals(expected)) << "the precision was lost";
  EXPECT_FALSE(probability(loaded, {.precision = "float32"}).equals(expected));
}

}  // namespace
}  // namespace tenon
