// States of trainings: .keras files with the members tenon/state.json and tenon/callbacks.h5
// (docs/resume.md).
#include <fmt/format.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "data/bad_sample_json.hpp"
#include "io/models/keras_content.hpp"
#include "io/models/weights.hpp"
#include "io/models/zip_archive.hpp"
#include "tenon/error.hpp"
#include "tenon/file.hpp"
#include "train/training_state.hpp"

namespace tenon {
namespace {

using Json = nlohmann::json;

constexpr const char* kFormat = "tenon.training_state";
constexpr int kVersion = 1;
constexpr const char* kState = "tenon/state.json";
constexpr const char* kTensors = "tenon/callbacks.h5";

/// Doubles are kept as text, so that the same bits come back; NaN and infinity have none in JSON.
std::string text_of(double value) { return fmt::format("{}", value); }
double number_of(const Json& json) {
  const auto text = json.get<std::string>();
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0') throw std::invalid_argument(text + " is no number");
  return value;
}

Json to_json(const std::vector<std::pair<std::string, double>>& numbers) {
  Json json = Json::array();
  for (const auto& [name, value] : numbers) json.push_back({name, text_of(value)});
  return json;
}
std::vector<std::pair<std::string, double>> numbers_from(const Json& json) {
  std::vector<std::pair<std::string, double>> numbers;
  for (const Json& entry : json)
    numbers.emplace_back(entry.at(0).get<std::string>(), number_of(entry.at(1)));
  return numbers;
}

Json to_json(const History& history) {
  Json logs = Json::array();
  for (const Logs& one : history.logs) logs.push_back(to_json(one.entries()));
  Json bad_samples = Json::array();
  for (const BadSample& bad : history.bad_samples)
    bad_samples.push_back(data::bad_sample_to_json(bad));
  return {{"epoch", history.epoch},
          {"logs", std::move(logs)},
          {"bad_samples", std::move(bad_samples)},
          {"seconds_data", text_of(history.seconds_data)},
          {"seconds_compute", text_of(history.seconds_compute)}};
}
History history_from(const Json& json) {
  History history;
  history.epoch = json.at("epoch").get<std::vector<int>>();
  for (const Json& one : json.at("logs")) {
    Logs logs;
    for (const auto& [name, value] : numbers_from(one)) logs.set(name, value);
    history.logs.push_back(std::move(logs));
  }
  for (const Json& bad : json.at("bad_samples"))
    history.bad_samples.push_back(data::bad_sample_from_json(bad));
  history.seconds_data = number_of(json.at("seconds_data"));
  history.seconds_compute = number_of(json.at("seconds_compute"));
  return history;
}

std::string tensor_path(std::size_t callback, std::size_t index) {
  return fmt::format("callbacks/{}/{}", callback, index);
}

/// The names of its tensors; the tensors themselves stand in the HDF5 file.
Json to_json(const CallbackState& state) {
  Json names = Json::array();
  for (const auto& entry : state.tensors) names.push_back(entry.first);
  return {{"numbers", to_json(state.numbers)}, {"texts", state.texts}, {"tensors", names}};
}
CallbackState callback_from(const Json& json, std::size_t callback,
                            const models::WeightTree& tensors) {
  CallbackState state;
  state.numbers = numbers_from(json.at("numbers"));
  state.texts = json.at("texts").get<std::vector<std::pair<std::string, std::string>>>();
  for (const Json& name : json.at("tensors")) {
    state.tensors.emplace_back(name.get<std::string>(),
                               tensors.arrays.at(tensor_path(callback, state.tensors.size())));
  }
  return state;
}

std::string to_text(const TrainingState& state) {
  Json running = Json::array();
  for (const double sum : state.running) running.push_back(text_of(sum));
  Json callbacks = Json::array();
  for (const auto& [name, callback] : state.callbacks) {
    Json entry = to_json(callback);
    entry["name"] = name;
    callbacks.push_back(std::move(entry));
  }
  const Json json = {{"format", kFormat},
                     {"version", kVersion},
                     {"epoch", state.epoch},
                     {"step", state.step},
                     {"steps_done", state.steps_done},
                     {"stopped", state.stopped},
                     {"data", state.data},
                     {"pipeline", state.pipeline},
                     {"contents", state.contents},
                     {"validation_contents", state.validation_contents},
                     {"running", std::move(running)},
                     {"history", to_json(state.history)},
                     {"iterations", state.iterations},
                     {"learning_rate", text_of(state.learning_rate)},
                     {"learning_rate_scale", text_of(state.learning_rate_scale)},
                     {"ranks", state.ranks},
                     {"rows_per_step", state.rows_per_step},
                     {"seed", state.seed},
                     {"engine", state.engine},
                     {"precision", state.precision},
                     {"threads", state.threads},
                     {"compile_config", state.compile_config},
                     {"model_config", state.model_config},
                     {"class_weight", state.class_weight},
                     {"callbacks", std::move(callbacks)}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

TrainingState state_from(const std::string& text, const models::WeightTree& tensors) {
  const Json json = Json::parse(text);
  if (json.at("format") != kFormat || json.at("version") != kVersion) {
    throw std::invalid_argument(fmt::format("its format is {} {}; this program reads {} {}",
                                            json.at("format").dump(), json.at("version").dump(),
                                            kFormat, kVersion));
  }
  TrainingState state;
  state.epoch = json.at("epoch").get<std::int64_t>();
  state.step = json.at("step").get<std::int64_t>();
  state.steps_done = json.at("steps_done").get<std::int64_t>();
  state.stopped = json.at("stopped").get<bool>();
  state.data = json.at("data").get<std::string>();
  const std::vector<std::string> none;  // In the first ones.
  state.pipeline = json.value("pipeline", none);
  state.contents = json.value("contents", none);
  state.validation_contents = json.value("validation_contents", none);
  for (const Json& sum : json.at("running")) state.running.push_back(number_of(sum));
  state.history = history_from(json.at("history"));
  state.iterations = json.at("iterations").get<std::int64_t>();
  state.learning_rate = number_of(json.at("learning_rate"));
  if (json.contains("ranks")) {  // Not in the first ones.
    state.learning_rate_scale = number_of(json.at("learning_rate_scale"));
    state.ranks = json.at("ranks").get<int>();
    state.rows_per_step = json.at("rows_per_step").get<std::int64_t>();
  }
  state.seed = json.at("seed").get<std::uint64_t>();
  state.engine = json.at("engine").get<std::string>();
  state.precision = json.at("precision").get<std::string>();
  state.threads = json.at("threads").get<int>();
  state.compile_config = json.at("compile_config").get<std::string>();
  state.model_config = json.value("model_config", std::string());  // Not in the first ones.
  state.class_weight = json.value("class_weight", std::string());
  const Json& callbacks = json.at("callbacks");
  for (std::size_t i = 0; i < callbacks.size(); ++i) {
    state.callbacks.emplace_back(callbacks[i].at("name").get<std::string>(),
                                 callback_from(callbacks[i], i, tensors));
  }
  return state;
}

class Snapshot final : public StateStore::Snapshot {
 public:
  Snapshot(const Model& model, const TrainingState& state)
      : content_(model), state_(to_text(state)) {
    for (std::size_t i = 0; i < state.callbacks.size(); ++i) {
      const NamedTensors& tensors = state.callbacks[i].second.tensors;
      for (std::size_t j = 0; j < tensors.size(); ++j)
        tensors_.arrays[tensor_path(i, j)] = tensors[j].second;
    }
  }

  void write(const std::string& path) const override {
    auto members = content_.members(path);
    members.emplace_back(kState, state_);
    if (!tensors_.arrays.empty())
      members.emplace_back(kTensors, models::write_hdf5(tensors_, path));
    write_file_atomically(path, models::write_zip(members, path));
  }

 private:
  models::KerasContent content_;
  std::string state_;
  models::WeightTree tensors_;
};

class KerasStateStore final : public StateStore {
 public:
  std::unique_ptr<StateStore::Snapshot> snapshot(const Model& model,
                                                 const TrainingState& state) const override {
    return std::make_unique<tenon::Snapshot>(model, state);
  }

  std::shared_ptr<const TrainingState> read(const std::string& path, Model& model) const override {
    const auto members = models::read_zip(path);
    const auto text = members.find(kState);
    const auto weights = members.find("model.weights.h5");
    if (text == members.end() || weights == members.end()) {
      throw_file_error(path, "there is no state of a training in it",
                       "a file that BackupAndRestore wrote");
    }
    const models::WeightTree tree = models::read_hdf5(weights->second, path);
    models::WeightTree tensors;
    if (const auto member = members.find(kTensors); member != members.end())
      tensors = models::read_hdf5(member->second, path);
    auto state = std::make_shared<TrainingState>();
    try {
      *state = state_from(text->second, tensors);
    } catch (const std::exception& error) {  // What Json, at() and number_of() throw.
      throw_file_error(path, fmt::format("its {} is damaged: {}", kState, error.what()));
    }
    train::require_same_training(*state, model);
    models::assign_weights(model, tree, path);
    auto optimizer = models::optimizer_state_of(tree, state->learning_rate);
    if (!optimizer) throw_file_error(path, "there is no optimizer's state in it");
    optimizer->iterations = state->iterations;
    optimizer->learning_rate = state->learning_rate;
    train::set_optimizer_state(model, *optimizer);
    return state;
  }
};

}  // namespace

const StateStore& default_state_store() {
  static const KerasStateStore store;
  return store;
}

}  // namespace tenon
