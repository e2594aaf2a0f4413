// Model::save, load_model and the weights files: Keras's v3 layout.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "graph/config.hpp"
#include "io/models/keras_content.hpp"
#include "io/models/weight_tree.hpp"
#include "io/models/weights.hpp"
#include "io/models/zip_archive.hpp"
#include "tenon/error.hpp"
#include "tenon/file.hpp"
#include "tenon/message.hpp"
#include "tenon/model.hpp"
#include "train/compile_config.hpp"

namespace tenon {
namespace {

void require_ending(const std::string& path, const std::string& ending) {
  if (path.ends_with(ending)) return;
  throw_file_error(path, fmt::format("the name does not end with \"{}\"", ending),
                   "a name that says what the file is", fmt::format("call it …{}", ending));
}

graph::Json parse_config(const std::string& text, const std::string& path) {
  const graph::Json config = graph::Json::parse(text, nullptr, false);
  if (config.is_object()) return config;
  throw_file_error(path, "its config.json is no JSON object", "a .keras file of Keras 3");
}

/// What of the training a file has: arguments of compile() and the optimizer's state. A part that
/// Tenon cannot take is told as a warning; the model itself is loaded.
void restore_training(Model& model, const graph::Json& config, const models::WeightTree& tree,
                      const std::string& path) {
  const auto found = config.find("compile_config");
  if (found == config.end() || !found->is_object()) return;
  std::vector<std::string> outputs;
  for (const Port& port : model.outputs()) outputs.push_back(port.name);
  try {
    CompileArguments arguments = train::compile_arguments_from_json(found->dump(), outputs);
    const double learning_rate = arguments.optimizer.learning_rate;
    model.compile(std::move(arguments));
    const auto state = models::optimizer_state_of(tree, learning_rate);
    if (state) train::set_optimizer_state(model, *state);
  } catch (const Error& error) {
    for (Diagnostic warning : error.diagnostics()) {
      warning.severity = Severity::kWarning;
      warning.message =
          fmt::format("{}: how it was trained is not restored: {}", path, warning.message);
      emit(warning);
    }
  }
}

}  // namespace

void Model::save(const std::string& path) const {
  require_ending(path, ".keras");
  write_file_atomically(path, models::write_zip(models::KerasContent(*this).members(path), path));
}

void Model::save_weights(const std::string& path) const {
  require_ending(path, ".weights.h5");
  write_file_atomically(path, models::write_hdf5(models::weights_of(*this), path));
}

void Model::load_weights(const std::string& path) {
  if (path.ends_with(".keras")) {
    const auto members = models::read_zip(path);
    const auto weights = members.find("model.weights.h5");
    if (weights == members.end())
      throw_file_error(path, "there is no model.weights.h5 in it", "a .keras file");
    models::assign_weights(*this, models::read_hdf5(weights->second, path), path);
    return;
  }
  models::assign_weights(*this, models::read_hdf5(read_file(path), path), path);
}

Model load_model(const std::string& path, LoadOptions options) {
  const auto members = models::read_zip(path);
  const auto config_member = members.find("config.json");
  const auto weights_member = members.find("model.weights.h5");
  if (config_member == members.end() || weights_member == members.end()) {
    throw_file_error(path, "there is no config.json or no model.weights.h5 in it",
                     "a .keras file of Keras 3", "save it again with model.save(\"….keras\")");
  }
  const graph::Json config = parse_config(config_member->second, path);
  Model model(graph::model_from_config(config));
  const models::WeightTree tree = models::read_hdf5(weights_member->second, path);
  models::assign_weights(model, tree, path);
  if (options.compile) restore_training(model, config, tree, path);
  return model;
}

}  // namespace tenon
