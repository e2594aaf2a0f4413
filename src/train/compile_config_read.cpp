#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>

#include "tenon/error.hpp"
#include "train/compile_config.hpp"
#include "train/loss_table.hpp"
#include "train/optimizer_table.hpp"

namespace tenon::train {
namespace {

using Json = nlohmann::ordered_json;

[[noreturn]] void throw_unknown_argument(const std::string& owner, const std::string& key,
                                         const Json& value) {
  throw_argument_error(owner, fmt::format("{} is {}", quote_key(key), value.dump()),
                       "arguments that Tenon has",
                       "compile the model anew, or load it without its compile config");
}

/// The config of one Keras object; every entry has to be read, or be one that may be left alone.
class ObjectConfig {
 public:
  ObjectConfig(std::string owner, const Json& config) : owner_(std::move(owner)), config_(config) {}

  template <class T>
  void read(const char* key, T& value) {
    if (const Json* found = take(key)) value = convert<T>(key, *found);
  }
  template <class T>
  void read(const char* key, std::optional<T>& value) {
    if (const Json* found = take(key)) value = convert<T>(key, *found);
  }
  /// Entries that mean nothing to Tenon.
  void skip(std::initializer_list<const char*> keys) {
    for (const char* key : keys) read_keys_.emplace_back(key);
  }
  /// An entry that Tenon has no way to honour: only these values of it are taken.
  void require(const char* key, std::initializer_list<Json> harmless) {
    const Json* found = take(key);
    if (found == nullptr || std::ranges::find(harmless, *found) != harmless.end()) return;
    throw_unknown_argument(owner_, key, *found);
  }
  /// Throws for an entry that was not read.
  void finish() const {
    for (const auto& [key, value] : config_.items()) {
      if (std::ranges::find(read_keys_, key) == read_keys_.end()) {
        throw_unknown_argument(owner_, key, value);
      }
    }
  }

 private:
  /// nullptr where it is absent or null.
  const Json* take(const char* key) {
    read_keys_.emplace_back(key);
    const auto found = config_.find(key);
    return found == config_.end() || found->is_null() ? nullptr : &*found;
  }
  template <class T>
  T convert(const char* key, const Json& value) const {
    try {
      return value.get<T>();
    } catch (const Json::exception&) {
      throw_unknown_argument(owner_, key, value);
    }
  }

  std::string owner_;
  const Json& config_;
  std::vector<std::string> read_keys_;
};

/// {"class_name": …, "config": {…}}, or a plain word.
struct KerasObject {
  std::string word;
  Json config = Json::object();
};

KerasObject keras_object(const Json& json, const std::string& what) {
  if (json.is_string()) return {json.get<std::string>(), Json::object()};
  if (json.is_object() && json.contains("class_name") && json["class_name"].is_string()) {
    KerasObject out{json["class_name"].get<std::string>(), Json::object()};
    if (json.contains("config") && json["config"].is_object()) out.config = json["config"];
    // A function: {"class_name": "function", "config": "mean_squared_error"}.
    if (out.word == "function" && json.contains("config") && json["config"].is_string()) {
      out.word = json["config"].get<std::string>();
    }
    return out;
  }
  throw_file_error("compile_config", fmt::format("{} is {}", what, json.dump()),
                   "a word, or an object with class_name and config");
}

Optimizer read_optimizer(const Json& json) {
  const KerasObject object = keras_object(json, "the optimizer");
  Optimizer optimizer(object.word);
  ObjectConfig config("optimizer " + object.word, object.config);
  config.read("learning_rate", optimizer.learning_rate);
  config.read("weight_decay", optimizer.weight_decay);
  config.read("clipnorm", optimizer.clipnorm);
  config.read("global_clipnorm", optimizer.global_clipnorm);
  config.read("clipvalue", optimizer.clipvalue);
  config.read("momentum", optimizer.momentum);
  config.read("nesterov", optimizer.nesterov);
  config.read("rho", optimizer.rho);
  config.read("epsilon", optimizer.epsilon);
  config.read("centered", optimizer.centered);
  config.read("beta_1", optimizer.beta_1);
  config.read("beta_2", optimizer.beta_2);
  config.read("amsgrad", optimizer.amsgrad);
  config.require("use_ema", {false});
  config.require("loss_scale_factor", {1.0});
  config.read("gradient_accumulation_steps", optimizer.gradient_accumulation_steps);
  config.skip(
      {"name", "ema_momentum", "ema_overwrite_frequency", "jit_compile", "is_legacy_optimizer"});
  config.finish();
  check_optimizer(optimizer);
  return optimizer;
}

/// Keras writes one number or a list.
template <class T>
void read_numbers(ObjectConfig& config, const Json& json, const char* key,
                  std::vector<T>& numbers) {
  if (json.contains(key) && json[key].is_array()) {
    config.read(key, numbers);
    return;
  }
  std::optional<T> one;
  config.read(key, one);
  if (one) numbers = {*one};
}

Loss read_loss(const Json& json) {
  const KerasObject object = keras_object(json, "a loss");
  Loss loss(object.word);
  ObjectConfig config("loss " + object.word, object.config);
  config.read("from_logits", loss.from_logits);
  config.read("label_smoothing", loss.label_smoothing);
  config.read("reduction", loss.reduction);
  config.read("gamma", loss.gamma);
  config.read("beta", loss.beta);
  config.read("apply_class_balancing", loss.apply_class_balancing);
  read_numbers(config, object.config, "alpha", loss.alpha);
  if (ops::is_overlap(loss_entry(loss.class_name).kind)) {
    read_numbers(config, object.config, "axis", loss.axis);
  } else {
    config.require("axis", {-1});
  }
  config.require("ignore_class", {});
  config.skip({"name", "dtype", "fn"});
  config.finish();
  return loss;
}

Metric read_metric(const Json& json) {
  const KerasObject object = keras_object(json, "a metric");
  Metric metric(object.word);
  ObjectConfig config("metric " + object.word, object.config);
  config.read("name", metric.name);
  read_numbers(config, object.config, "thresholds", metric.thresholds);
  read_numbers(config, object.config, "threshold", metric.thresholds);
  config.read("top_k", metric.top_k);
  config.read("class_id", metric.class_id);
  config.read("num_thresholds", metric.num_thresholds);
  config.read("curve", metric.curve);
  config.read("summation_method", metric.summation_method);
  config.read("from_logits", metric.from_logits);
  config.read("num_classes", metric.num_classes);
  config.read("ignore_class", metric.ignore_class);
  config.read("sparse_y_true", metric.sparse_y_true);
  config.read("sparse_y_pred", metric.sparse_y_pred);
  read_numbers(config, object.config, "target_class_ids", metric.target_class_ids);
  config.require("axis", {-1});
  config.require("multi_label", {false});
  config.require("label_weights", {});
  config.skip({"dtype", "num_labels", "fn"});
  config.finish();
  return metric;
}

Metrics read_metrics(const Json& json) {
  if (!json.is_array()) return {read_metric(json)};
  Metrics metrics;
  for (const Json& entry : json) {
    if (!entry.is_null()) metrics.push_back(read_metric(entry));
  }
  return metrics;
}

double read_weight(const Json& json) {
  if (json.is_number()) return json.get<double>();
  throw_file_error("compile_config", "a loss weight is " + json.dump(), "a number");
}

bool is_keras_object(const Json& json) { return json.is_object() && json.contains("class_name"); }

/// By output name, or one for the only output. `list_is_one`: a list belongs to one output where
/// its entries are no lists (metrics).
template <class T, class Read>
PerOutput<T> read_per_output(const Json& config, const char* key, bool list_is_one,
                             std::span<const std::string> output_names, Read read) {
  const auto found = config.find(key);
  if (found == config.end() || found->is_null()) return {};
  const Json& json = *found;
  std::vector<std::pair<std::string, T>> by_name;
  if (json.is_object() && !is_keras_object(json)) {
    for (const auto& [name, value] : json.items()) {
      if (!value.is_null()) by_name.emplace_back(name, read(value));
    }
    return PerOutput<T>(std::move(by_name));
  }
  if (!json.is_array()) return PerOutput<T>(read(json));
  if (output_names.size() <= 1) {
    const bool nested = json.size() == 1 && (json[0].is_array() || !list_is_one);
    return PerOutput<T>(read(nested ? json[0] : json));
  }
  if (json.size() != output_names.size()) {
    throw_file_error("compile_config", fmt::format("{} is a list of {}", key, json.size()),
                     fmt::format("{}, one per output", output_names.size()));
  }
  for (std::size_t i = 0; i < json.size(); ++i) {
    if (!json[i].is_null()) by_name.emplace_back(output_names[i], read(json[i]));
  }
  return PerOutput<T>(std::move(by_name));
}

}  // namespace

CompileArguments compile_arguments_from_json(const std::string& text,
                                             const std::vector<std::string>& output_names) {
  const Json config = Json::parse(text, nullptr, false);
  if (!config.is_object() || !config.contains("optimizer")) {
    throw_file_error("compile_config", "it is no JSON object with an optimizer",
                     "Keras's compile_config");
  }
  CompileArguments arguments;
  arguments.optimizer = read_optimizer(config["optimizer"]);
  arguments.loss = read_per_output<Loss>(config, "loss", false, output_names, read_loss);
  arguments.loss_weights =
      read_per_output<double>(config, "loss_weights", false, output_names, read_weight);
  arguments.metrics = read_per_output<Metrics>(config, "metrics", true, output_names, read_metrics);
  arguments.weighted_metrics =
      read_per_output<Metrics>(config, "weighted_metrics", true, output_names, read_metrics);
  return arguments;
}

}  // namespace tenon::train
