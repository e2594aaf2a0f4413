#include "train/resume.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "data/pipeline.hpp"
#include "tenon/error.hpp"
#include "tenon/message.hpp"
#include "train/compile_config.hpp"
#include "train/fit_check.hpp"
#include "train/outputs.hpp"

namespace tenon::train {
namespace {

using Json = nlohmann::ordered_json;

/// What Keras's layout has no words for: metrics that Keras does not have, in their order, in which
/// sums are kept, and the terms of sums of losses.
constexpr const char* kAllMetrics = "all_metrics";
constexpr const char* kLossTerms = "loss_terms";

Json words_of(const Metrics& metrics, const Metrics& weighted) {
  Json words = Json::array();
  for (const Metrics* each : {&metrics, &weighted}) {
    for (const Metric& metric : *each)
      words.push_back(fmt::format("{} ({})", metric.name, metric.class_name));
  }
  return words;
}

Json words_of(const Loss& loss) {
  Json words = Json::array();
  for (std::size_t i = 0; i < loss.terms.size(); ++i) {
    const Loss& term = loss.terms[i];
    const double weight = i < loss.term_weights.size() ? loss.term_weights[i] : 1.0;
    words.push_back(
        {{"weight", weight}, {"loss", term.terms.empty() ? Json(term.name()) : words_of(term)}});
  }
  return words;
}

/// The learning rate is part of the state: callbacks change it.
std::string training_text(const Model& model) {
  auto config = Json::parse(compile_config_json(model));
  const auto optimizer = config.find("optimizer");
  if (optimizer != config.end() && optimizer->contains("config"))
    (*optimizer)["config"].erase("learning_rate");
  const CompileArguments& arguments = model.trainer()->arguments();
  for (const OutputTraining& output : resolve_outputs(model.outputs(), arguments)) {
    config[kAllMetrics][output.name()] = words_of(output.metrics, output.weighted_metrics);
    if (output.loss && !output.loss->terms.empty())
      config[kLossTerms][output.name()] = words_of(*output.loss);
  }
  return config.dump();
}

/// `given` as a table by output, in the model's order, without what says nothing: no metrics, and a
/// weight of 1. compile() takes one thing for the only output, and tables in any order.
Json by_output(const Json& given, const std::vector<std::string>& outputs) {
  const bool table = given.is_object() && std::ranges::all_of(given.items(), [&](const auto& item) {
                       return std::ranges::find(outputs, item.key()) != outputs.end();
                     });
  const bool only_one = outputs.size() == 1;
  if (!table && !only_one && !given.empty()) return given;
  Json tidy = Json::object();
  for (const std::string& output : outputs) {
    if (table && !given.contains(output)) continue;
    const Json value = table ? given.at(output) : given;
    // A null among several outputs is a sum of losses, which Keras's layout has no word for.
    const bool says_nothing = value.is_null() ? only_one || !table : value.empty();
    if (!says_nothing && value != Json(1.0)) tidy[output] = value;
  }
  return tidy;
}

/// The same for all ways of saying the same.
Json tidy_config(Json config, const Json& other, const Model& model) {
  std::vector<std::string> outputs;
  for (const Port& port : model.outputs()) outputs.push_back(port.name);
  if (!config.is_object()) return config;
  for (const char* key : {"loss", "loss_weights", "metrics", "weighted_metrics"})
    config[key] = by_output(config.value(key, Json()), outputs);
  // States of older versions have no such lists.
  for (const char* key : {kAllMetrics, kLossTerms})
    if (!other.contains(key)) config.erase(key);
  return config;
}

/// Layers by their classes; of what else is long, the beginning.
std::string short_text(const Json& json) {
  constexpr std::size_t kShort = 200;
  std::string text = json.dump();
  if (text.size() <= kShort) return text;
  const bool objects = json.is_array() && std::ranges::all_of(json, [](const Json& part) {
                         return part.is_object() && part.contains("class_name");
                       });
  if (!objects) return text.substr(0, kShort) + " …";
  std::vector<std::string> names;
  for (const Json& part : json) names.push_back(part.at("class_name").get<std::string>());
  return fmt::format("{}", fmt::join(names, ", "));
}

/// "optimizer.config.beta_1: was 0.9, is 0.8", for all that differs.
void list_differences(const Json& was, const Json& now, const std::string& path,
                      std::vector<std::string>& out) {
  if (was == now) return;
  if (was.is_array() && now.is_array() && was.size() == now.size()) {
    for (std::size_t i = 0; i < was.size(); ++i)
      list_differences(was[i], now[i], fmt::format("{}[{}]", path, i), out);
    return;
  }
  if (!was.is_object() || !now.is_object()) {
    out.push_back(fmt::format("{}: was {}, is {}", path, short_text(was), short_text(now)));
    return;
  }
  const auto inside = [&](const std::string& key) { return path.empty() ? key : path + "." + key; };
  for (const auto& [key, value] : was.items())
    list_differences(value, now.contains(key) ? now.at(key) : Json(), inside(key), out);
  for (const auto& [key, value] : now.items()) {
    if (!was.contains(key)) list_differences(Json(), value, inside(key), out);
  }
}

/// Those of an optimizer of another class are of no interest beside its name.
std::vector<std::string> differences(Json was, Json now) {
  const auto class_of = [](const Json& config) {
    return config.value("/optimizer/class_name"_json_pointer, std::string());
  };
  if (was.contains("optimizer") && now.contains("optimizer") && class_of(was) != class_of(now)) {
    was["optimizer"] = class_of(was);
    now["optimizer"] = class_of(now);
  }
  std::vector<std::string> out;
  list_differences(was, now, "", out);
  return out;
}

void collect_layer_names(const Json& config, std::map<std::string, std::string>& numbered) {
  if (config.is_object() && config.contains("layers")) {
    for (const Json& layer : config.at("layers")) {
      const auto name = layer.value("/config/name"_json_pointer, std::string());
      numbered.emplace(name, fmt::format("layer {}", numbered.size()));
    }
  }
  for (const Json& part : config) {
    if (part.is_structured()) collect_layer_names(part, numbered);
  }
}

void replace_texts(Json& config, const std::map<std::string, std::string>& by) {
  if (config.is_string()) {
    if (const auto found = by.find(config.get<std::string>()); found != by.end())
      config = found->second;
  } else if (config.is_structured()) {
    for (Json& part : config) replace_texts(part, by);
  }
}

/// Layers by their numbers in place of their names, some of which count up in a process.
std::string layers_text(const Model& model) {
  auto config = Json::parse(model.to_json());
  std::map<std::string, std::string> numbered{
      {config.value("/config/name"_json_pointer, std::string()), "model"}};
  collect_layer_names(config, numbered);
  replace_texts(config, numbered);
  return config.dump();
}

/// What is no part of the compiled model.
void require_same_fit(const TrainingState& was, const TrainingState& now, std::int64_t epochs) {
  if (was.class_weight != now.class_weight && !was.model_config.empty()) {
    const auto text = [](const std::string& weights) { return weights.empty() ? "none" : weights; };
    throw OtherTrainingError(make_diagnostic(
        "F001", "the state is of a training with other class weights",
        {fmt::format("was {}, is {}", text(was.class_weight), text(now.class_weight))},
        "give class_weight as it was, or begin anew"));
  }
  if (was.epoch < epochs || (was.epoch == epochs && was.step == 0) || was.stopped) return;
  throw OtherTrainingError(make_diagnostic(
      "F001", fmt::format("the state is in epoch {}, and epochs is {}", was.epoch + 1, epochs), {},
      fmt::format("set epochs = {} or more; or take the weights that the state's file holds",
                  was.epoch + 1)));
}

std::string file_of(const CallbackState& state) {
  for (const auto& [name, text] : state.texts) {
    if (name == kFileOfCallback) return text;
  }
  return "";
}

std::string name_of(const Callback* callback) { return callback->name(); }
std::string name_of(const std::pair<std::string, CallbackState>& saved) { return saved.first; }

void warn_of_learning_rate(const TrainingState& state, const Trainer& trainer) {
  const double compiled = trainer.arguments().optimizer.learning_rate * state.learning_rate_scale;
  if (state.learning_rate == compiled) return;
  Diagnostic warning = make_diagnostic(
      "F001", fmt::format("the training goes on with its own learning rate {}, not with {}",
                          state.learning_rate, compiled));
  warning.severity = Severity::kWarning;
  emit(warning);
}

void warn_of_rows(const TrainingState& state, int ranks, std::int64_t rows) {
  if (rows == state.rows_per_step || rows == 0 || state.rows_per_step == 0) return;
  Diagnostic warning =
      make_diagnostic("F001",
                      fmt::format("the training goes on with {} rows in a step, not with {}", rows,
                                  state.rows_per_step),
                      {fmt::format("it ran on {} rank{}, and now on {}", state.ranks,
                                   state.ranks == 1 ? "" : "s", ranks)},
                      "another batch size keeps the number of rows; without batch_per_rank it is "
                      "that of all ranks");
  warning.severity = Severity::kWarning;
  emit(warning);
}

/// States from before they had contents.
void note_unknown_contents() {
  Diagnostic note = make_diagnostic(
      "F001", "the state does not say what the files of the training data held",
      {"an older version of Tenon wrote it: changed or moved rows would not be noticed"});
  note.severity = Severity::kNote;
  emit(note);
}

std::string computed_on(const TrainingState& state) {
  return fmt::format("{} in {} with {} threads{}", state.engine, state.precision, state.threads,
                     state.ranks == 1 ? "" : fmt::format(" on {} ranks", state.ranks));
}

}  // namespace

std::shared_ptr<const TrainingState> read_state(const ResumeFrom& from, Model& model) {
  std::error_code ignored;
  const bool is_folder = std::filesystem::is_directory(from.path, ignored);
  const std::string file =
      is_folder ? (std::filesystem::path(from.path) / "state.keras").string() : from.path;
  return from.store->read(file, model);
}

std::string class_weight_text(const Model& model, const FitArguments& arguments) {
  const std::vector<ClassWeights> all = class_weights_by_output(model, arguments);
  return std::ranges::all_of(all, &ClassWeights::empty) ? "" : Json(all).dump();
}

void fill_state(TrainingState& state, const Model& model, const Trainer& trainer,
                const FitArguments& arguments) {
  state.iterations = trainer.iterations();
  state.learning_rate = trainer.learning_rate();
  state.learning_rate_scale = trainer.learning_rate_scale();
  state.engine = trainer.engine().name();
  state.precision = trainer.arguments().precision;
  state.threads = trainer.threads();
  state.compile_config = training_text(model);
  state.model_config = layers_text(model);
  state.class_weight = class_weight_text(model, arguments);
  state.seed = arguments.seed;
}

void require_same_training(const TrainingState& state, const Model& model) {
  const std::string layers = layers_text(model);
  if (!state.model_config.empty() && state.model_config != layers) {
    throw OtherTrainingError(
        make_diagnostic("F001", "the state is of a training of another model",
                        differences(Json::parse(state.model_config), Json::parse(layers)),
                        "give the model as it was, or begin anew"));
  }
  const std::string now_text = training_text(model);
  if (state.compile_config == now_text) return;
  const Json saved = Json::parse(state.compile_config);
  const Json here = Json::parse(now_text);
  Json was = tidy_config(saved, here, model);
  Json now = tidy_config(here, saved, model);
  if (was == now) return;
  const auto differ = [&](const char* key) {
    return was.value(key, Json()) != now.value(key, Json());
  };
  if (differ("metrics") || differ("weighted_metrics")) {  // Told with their arguments.
    was.erase(kAllMetrics);
    now.erase(kAllMetrics);
  }
  throw OtherTrainingError(make_diagnostic(
      "F001", "the state is of a training with another optimizer, loss or metrics",
      differences(std::move(was), std::move(now)), "compile the model as it was, or begin anew"));
}

void restore_callbacks(const Callbacks& callbacks, const TrainingState& state) {
  auto states = state.callbacks;
  std::vector<Callback*> left;
  const auto take = [&](Callback& callback, const std::string& file) {
    const auto found = std::ranges::find_if(states, [&](const auto& saved) {
      return saved.first == callback.name() && (file.empty() || file_of(saved.second) == file);
    });
    if (found == states.end()) return false;
    callback.restore_state(found->second);
    states.erase(found);
    return true;
  };
  for (const auto& callback : callbacks) {
    CallbackState own;
    callback->save_state(own);
    const std::string file = file_of(own);
    if (file.empty() || !take(*callback, file)) left.push_back(callback.get());
  }
  const auto unclaimed = states;
  for (Callback* callback : left) {
    const auto same_name = [&](const auto& other) { return name_of(other) == callback->name(); };
    if (std::ranges::count_if(left, same_name) == std::ranges::count_if(unclaimed, same_name))
      take(*callback, "");
  }
}

void check_state(const TrainingState& state, const Model& model, const Trainer& trainer,
                 const FitArguments& arguments, std::int64_t rows_per_step) {
  if (state.seed != arguments.seed) {
    throw OtherTrainingError(
        make_diagnostic("F001",
                        fmt::format("the state is of a training with seed {}, and this one has {}",
                                    state.seed, arguments.seed),
                        {}, fmt::format("set seed = {}, or begin anew", state.seed)));
  }
  TrainingState now;
  fill_state(now, model, trainer, arguments);
  require_same_fit(state, now, arguments.epochs);
  warn_of_learning_rate(state, trainer);
  now.ranks = arguments.distribution.size();
  warn_of_rows(state, now.ranks, rows_per_step);
  if (computed_on(now) == computed_on(state)) return;
  Diagnostic warning = make_diagnostic(
      "F001", "the training goes on, but not bit for bit as it would have",
      {fmt::format("it ran on {}", computed_on(state)), fmt::format("now: {}", computed_on(now))});
  warning.severity = Severity::kWarning;
  emit(warning);
}

void check_pipeline(const TrainingState& state, const Dataset& data) {
  if (state.pipeline.empty()) return;
  const data::Pipeline& pipeline = *data.pipeline();
  std::vector<std::string> changes = pipeline.changed_contents(state.pipeline, state.contents);
  if (!changes.empty()) {
    throw OtherTrainingError(make_diagnostic(
        "F001", "the files of the training data have changed since the state was saved",
        std::move(changes),
        "put the files back as they were (a copy elsewhere will do), or begin anew"));
  }
  std::vector<std::string> differences = pipeline.differences_from(state.pipeline, state.contents);
  if (!differences.empty()) {
    throw OtherTrainingError(
        make_diagnostic("F001", "the state is of a training on another pipeline",
                        std::move(differences), "give the data as they were, or begin anew"));
  }
  if (state.contents.empty() && !pipeline.contents().empty()) note_unknown_contents();
}

void check_validation(const TrainingState& state, const Dataset& validation) {
  const std::vector<std::string> now = validation.pipeline()->contents();
  if (state.validation_contents.empty() || now.empty()) return;
  std::vector<std::string> changes = data::contents_differences(state.validation_contents, now);
  if (changes.empty()) return;
  Diagnostic warning = make_diagnostic(
      "F001", "the files of the validation data have changed since the state was saved",
      std::move(changes),
      "the training goes on; its val_ values from here on are not to be compared with those "
      "before");
  warning.severity = Severity::kWarning;
  emit(warning);
}

}  // namespace tenon::train
