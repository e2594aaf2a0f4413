#include "graph/config.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "graph/fixture_file.hpp"
#include "graph/throws.hpp"
#include "tenon/layers.hpp"

namespace tenon {
namespace {

using graph::Json;

void expect_holds(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << "missing: " << part << "\nin:\n" << text;
}

/// What Keras writes and we leave out, as it says nothing: object ids, values of keyword arguments,
/// shapes that layers are rebuilt with, arguments that are null or belong to newer versions.
void strip(Json& json) {
  if (json.is_object()) {
    for (const char* key :
         {"shared_object_id", "build_config", "compile_config", "input_axes", "output_axes",
          "quantization_config", "renorm", "renorm_clipping", "renorm_momentum"}) {
      json.erase(key);
    }
    if (json.contains("kwargs")) json["kwargs"] = Json::object();
  }
  if (json.is_structured()) {
    for (Json& entry : json) strip(entry);
  }
}

Json stripped(const std::string& text) {
  Json json = Json::parse(text);
  strip(json);
  return json;
}

void expect_round_trip(const std::string& text) {
  const Model model = Model::from_json(text);
  const std::string written = model.to_json();
  EXPECT_EQ(Model::from_json(written).to_json(), written);
  // Order of keys is not compared.
  const auto wanted = nlohmann::json::parse(stripped(text).dump());
  const auto got = nlohmann::json::parse(stripped(written).dump());
  EXPECT_EQ(got, wanted) << nlohmann::json::diff(wanted, got).dump(1);
}

TEST(ModelConfig, OfTheTinyModelGoesRoundAndIsKerass) {
  const std::string text = keras_fixture("tiny_config.json");
  if (text.empty()) GTEST_SKIP() << "skipped: no ../shared/fixtures/keras";
  expect_round_trip(text);
}

TEST(ModelConfig, OfKerassExamplesGoesRound) {
  const std::string text = keras_fixture("config_examples.json");
  if (text.empty()) GTEST_SKIP() << "skipped: no ../shared/fixtures/keras";
  const Json examples = Json::parse(text);
  int count = 0;
  for (const auto& [name, example] : examples.items()) {
    if (name == "ops_in_graph" || name == "augmentation_and_lstm") continue;
    SCOPED_TRACE(name);
    expect_round_trip(example["config.json"].dump());
    ++count;
  }
  EXPECT_EQ(count, 5);
}

TEST(ModelConfig, RefusesOperatorsAndUnknownLayersOfExamples) {
  const std::string text = keras_fixture("config_examples.json");
  if (text.empty()) GTEST_SKIP() << "skipped: no ../shared/fixtures/keras";
  const Json examples = Json::parse(text);
  const auto refused = [&](const char* name) {
    return text_thrown<FormatError>(
        [&] { return Model::from_json(examples[name]["config.json"].dump()); });
  };
  expect_holds(refused("ops_in_graph"), "it holds the operator \"Relu\" (keras.src.ops.nn)");
  expect_holds(refused("augmentation_and_lstm"), "there is no layer of class \"RandomFlip\"");
}

Json dense_model() {
  const SymbolicTensor input = Input({4}, {.name = "x"});
  return Json::parse(Model(input, Dense(2, {.name = "d"})(input), {.name = "m"}).to_json());
}

std::string refused(const Json& config) {
  return text_thrown<FormatError>([&] { return Model::from_json(config.dump()); });
}

std::string policy_of(const Json& layer) { return layer["config"]["dtype"]["config"]["name"]; }

TEST(ModelConfig, KeepsTheDtypePolicyOfEachLayer) {
  const SymbolicTensor input = Input({4}, {.name = "x"});
  const SymbolicTensor hidden = Dense(3, {.name = "hidden"})(input);
  const Model model(input, Dense(2, {.name = "out"})(hidden), {.name = "m"});
  EXPECT_EQ(model.object()->dtype_policy(), "float32");
  model.object()->set_dtype_policy("mixed_bfloat16");
  const Json config = Json::parse(model.to_json());
  const Json& layers = config["config"]["layers"];
  EXPECT_EQ(layers[0]["config"]["dtype"], "float32");
  EXPECT_EQ(policy_of(layers[1]), "mixed_bfloat16");
  EXPECT_EQ(policy_of(layers[2]), "float32") << "what the model gives is float32";
  EXPECT_EQ(layers[1]["config"]["dtype"]["class_name"], "DTypePolicy");
  const Model copy = Model::from_json(config.dump());
  EXPECT_EQ(copy.object()->dtype_policy(), "mixed_bfloat16");
  EXPECT_EQ(copy.to_json(), model.to_json());
}

TEST(ModelConfig, TheDtypePolicyOfAModelOfOneLayerIsThatLayers) {
  const Model model = Model::from_json(dense_model().dump());
  model.object()->set_dtype_policy("mixed_bfloat16");
  EXPECT_EQ(model.object()->dtype_policy(), "mixed_bfloat16");
}

TEST(ModelConfig, RefusesWhatIsNotSupportedByName) {
  Json config = dense_model();
  Json& layer = config["config"]["layers"][1];
  layer["config"]["kernel_constraint"] = {{"class_name", "MaxNorm"}};
  expect_holds(refused(config),
               "error[F001]: model config: layer \"d\" (Dense): the argument "
               "\"kernel_constraint\" is {\"class_name\":\"MaxNorm\"}");
  config = dense_model();
  config["config"]["layers"][1]["config"]["dtype"] = "float16";
  expect_holds(refused(config),
               "layer \"d\" (Dense): its dtype is \"float16\"\n  expected: \"float32\" or "
               "\"mixed_bfloat16\"");
  config = dense_model();
  config["config"]["layers"][1]["config"]["units"] = "two";
  expect_holds(refused(config), "the argument \"units\" is \"two\"\n  expected: an integer");
  config = dense_model();
  config["config"]["layers"][1]["config"]["units"] = 0;
  expect_holds(refused(config), "Dense \"d\": units is 0\n  expected: units at least 1");
  config = dense_model();
  config["config"]["layers"][1]["config"]["kernel_initializer"]["class_name"] = "Orthogonal";
  expect_holds(refused(config), "the argument \"kernel_initializer\" is ");
  config = dense_model();
  config["config"]["layers"][1]["config"]["unitts"] = 3;
  expect_holds(refused(config), "did you mean \"units\"?");
}

TEST(ModelConfig, RefusesLambdaInItsOwnWords) {
  Json config = dense_model();
  config["config"]["layers"][1]["class_name"] = "Lambda";
  const std::string text = refused(config);
  expect_holds(text,
               "error[M001]: a Lambda layer holds a Python function, which is never run here");
}

TEST(ModelConfig, NamesTheNearestLayerClass) {
  Json config = dense_model();
  config["config"]["layers"][1]["class_name"] = "Dens";
  expect_holds(refused(config), "there is no layer of class \"Dens\"");
  expect_holds(refused(config), "did you mean \"Dense\"?");
}

TEST(ModelConfig, RefusesBrokenGraphs) {
  Json config = dense_model();
  config["config"]["layers"][1]["inbound_nodes"][0]["args"][0]["config"]["keras_history"][0] = "d";
  expect_holds(refused(config), "wait for a tensor that is not there, or for each other: \"d\"");
  config = dense_model();
  config["config"]["output_layers"] = {"e", 0, 0};
  expect_holds(refused(config), "there is no tensor [\"e\",0,0]");
  config = dense_model();
  config["config"]["layers"].push_back(config["config"]["layers"][1]);
  expect_holds(refused(config), "layer \"d\": there are two layers of that name");
  config = dense_model();
  config["config"].erase("input_layers");
  expect_holds(refused(config), "its entry \"input_layers\" is missing or empty");
  config = dense_model();
  config["config"]["layers"][1]["inbound_nodes"][0]["args"].push_back(2.0);
  expect_holds(refused(config), "it is called with 2.0\n  expected: tensors only");
}

TEST(ModelConfig, RefusesTextThatIsNoConfig) {
  const auto refused_text = [](const std::string& text) {
    return text_thrown<FormatError>([&] { return Model::from_json(text); });
  };
  expect_holds(refused_text("{"), "model config: the text: it is no JSON");
  expect_holds(refused_text("[]"), "its entry \"class_name\" is missing or no text");
  expect_holds(refused_text(R"({"class_name": "Wide", "config": {}})"), "its class is \"Wide\"");
  expect_holds(refused_text(std::string(100000, '[')), "it is nested too deeply");
}

TEST(ModelConfig, EveryTruncationIsAnError) {
  const std::string whole = dense_model().dump();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_THROW(Model::from_json(whole.substr(0, length)), FormatError) << length;
  }
}

TEST(ModelConfig, WithoutAnEntryIsAnErrorOrAModel) {
  const Json whole = dense_model().flatten();
  for (const auto& [pointer, value] : whole.items()) {
    for (const Json& other : {Json(), Json(7), Json("x"), Json::array(), Json::object()}) {
      Json config = dense_model();
      config[Json::json_pointer(pointer)] = other;
      try {
        Model::from_json(config.dump());
      } catch (const FormatError&) {  // what is not taken is told; nothing else may come out
      }
    }
  }
}

TEST(ModelConfig, KeepsSharedLayersAndMaps) {
  const SymbolicTensor a = Input({4}, {.name = "a"});
  const Dense shared(4, {.name = "shared"});
  // The second call needs the first: the file lists the layer before what the call waits for.
  const SymbolicTensor once = Activation("relu", {.name = "between"})(shared(a));
  const Model model({{"x", a}}, {{"first", once}, {"second", shared(once)}}, {.name = "m"});
  const Model read = Model::from_json(model.to_json());
  EXPECT_EQ(read.to_json(), model.to_json());
  EXPECT_EQ(read.inputs()[0].name, "x");
  EXPECT_EQ(read.outputs()[1].name, "second");
  EXPECT_EQ(read.count_params(), 20);
}

TEST(ModelConfig, ReadsKeras2) {
  const Model model = Model::from_json(R"({
    "class_name": "Functional", "config": {"name": "old", "trainable": true, "layers": [
      {"class_name": "InputLayer", "config": {"batch_input_shape": [null, 3], "dtype": "float32",
       "sparse": false, "ragged": false, "name": "a"}, "name": "a", "inbound_nodes": []},
      {"class_name": "InputLayer", "config": {"batch_input_shape": [null, 2], "dtype": "float32",
       "sparse": false, "ragged": false, "name": "b"}, "name": "b", "inbound_nodes": []},
      {"class_name": "Concatenate", "config": {"name": "c", "trainable": true, "dtype": "float32",
       "axis": -1}, "name": "c", "inbound_nodes": [[["a", 0, 0, {}], ["b", 0, 0, {}]]]},
      {"class_name": "LeakyReLU", "config": {"name": "l", "trainable": true, "dtype": "float32",
       "alpha": 0.25}, "name": "l", "inbound_nodes": [[["c", 0, 0, {}]]]}],
     "input_layers": [["a", 0, 0], ["b", 0, 0]], "output_layers": [["l", 0, 0]]}})");
  EXPECT_EQ(model.outputs()[0].spec.shape_string(), "(B, 5)");
  expect_holds(model.get_layer("l").config_json(), "\"negative_slope\":0.25");
}

TEST(ModelConfig, KeepsFrozenLayers) {
  const SymbolicTensor input = Input({4}, {.name = "x"});
  const Model model(input, Dense(2, {.name = "d", .trainable = false})(input));
  EXPECT_TRUE(Model::from_json(model.to_json()).trainable_weights().empty());
}

}  // namespace
}  // namespace tenon
