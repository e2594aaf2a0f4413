#include "io/models/keras_content.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>
#include <nlohmann/json.hpp>

#include "graph/config.hpp"
#include "io/models/weights.hpp"
#include "train/compile_config.hpp"

namespace tenon::models {
namespace {

constexpr const char* kKerasVersion = "3.15.1";  // The version whose layout is written.

std::string metadata_text() {
  nlohmann::ordered_json metadata;
  metadata["keras_version"] = kKerasVersion;
  metadata["date_saved"] = fmt::format("{:%Y-%m-%d@%H:%M:%S}", fmt::gmtime(std::time(nullptr)));
  return metadata.dump();
}

std::string config_text(const Model& model) {
  graph::Json config = graph::model_config(*model.object());
  if (model.compiled())
    config["compile_config"] = graph::Json::parse(train::compile_config_json(model));
  return config.dump();
}

}  // namespace

KerasContent::KerasContent(const Model& model)
    : metadata_(metadata_text()), config_(config_text(model)), weights_(weights_of(model)) {}

std::vector<std::pair<std::string, std::string>> KerasContent::members(
    const std::string& path) const {
  return {{"metadata.json", metadata_},
          {"config.json", config_},
          {"model.weights.h5", write_hdf5(weights_, path)}};
}

}  // namespace tenon::models
