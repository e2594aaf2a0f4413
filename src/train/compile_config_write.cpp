#include <nlohmann/json.hpp>

#include "train/compile_config.hpp"
#include "train/metrics/metric_function.hpp"
#include "train/trainer.hpp"
#include "train/words.hpp"

namespace tenon::train {
namespace {

using Json = nlohmann::ordered_json;

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

Json object(const char* module, const std::string& class_name, Json config) {
  return {{"module", module},
          {"class_name", class_name},
          {"config", std::move(config)},
          {"registered_name", nullptr}};
}

Json optimizer_json(const Optimizer& optimizer, double learning_rate) {
  Json config = {{"name", snake_case(optimizer.class_name)},
                 {"learning_rate", learning_rate},
                 {"weight_decay", or_null(optimizer.weight_decay)},
                 {"clipnorm", or_null(optimizer.clipnorm)},
                 {"global_clipnorm", or_null(optimizer.global_clipnorm)},
                 {"clipvalue", or_null(optimizer.clipvalue)},
                 {"use_ema", false},
                 {"ema_momentum", 0.99},
                 {"ema_overwrite_frequency", nullptr},
                 {"loss_scale_factor", nullptr},
                 {"gradient_accumulation_steps", or_null(optimizer.gradient_accumulation_steps)}};
  if (optimizer.class_name == "SGD") {
    config["momentum"] = optimizer.momentum;
    config["nesterov"] = optimizer.nesterov;
  } else if (optimizer.class_name == "RMSprop") {
    config["rho"] = optimizer.rho;
    config["momentum"] = optimizer.momentum;
    config["epsilon"] = optimizer.epsilon;
    config["centered"] = optimizer.centered;
  } else {
    config["beta_1"] = optimizer.beta_1;
    config["beta_2"] = optimizer.beta_2;
    config["epsilon"] = optimizer.epsilon;
    config["amsgrad"] = optimizer.amsgrad;
  }
  return object("keras.optimizers", optimizer.class_name, std::move(config));
}

/// Keras's form: one number where there is one.
template <class T>
Json one_or_list(const std::vector<T>& numbers) {
  if (numbers.empty()) return nullptr;
  return numbers.size() == 1 ? Json(numbers.front()) : Json(numbers);
}

void add_segmentation_config(const Loss& loss, Json& config) {
  if (loss.class_name == "Dice" || loss.class_name == "Tversky") {
    config["axis"] = loss.axis.empty() ? Json() : Json(loss.axis);
  }
  if (loss.class_name == "Tversky") {
    config["alpha"] = loss.alpha.empty() ? 0.5 : loss.alpha.front();
    config["beta"] = loss.beta;
  } else if (loss.class_name.ends_with("FocalCrossentropy")) {
    config["alpha"] = loss.alpha.empty() ? Json(0.25) : one_or_list(loss.alpha);
    config["gamma"] = loss.gamma;
  }
  if (loss.class_name == "BinaryFocalCrossentropy") {
    config["apply_class_balancing"] = loss.apply_class_balancing;
  }
}

/// Null for a sum, which Keras does not have.
Json loss_json(const Loss& loss) {
  if (!loss.terms.empty()) return nullptr;
  if (loss == Loss(loss.class_name)) return loss.name();
  Json config = {{"name", loss.name()}, {"reduction", loss.reduction}};
  if (loss.class_name.ends_with("Crossentropy")) {
    config["from_logits"] = loss.from_logits;
    if (!loss.class_name.starts_with("Sparse")) {
      config["label_smoothing"] = loss.label_smoothing;
      config["axis"] = -1;
    }
  }
  add_segmentation_config(loss, config);
  return object("keras.losses", loss.class_name, std::move(config));
}

void add_iou_config(const Metric& metric, Json& config) {
  const bool one_hot = metric.class_name.starts_with("OneHot");
  if (metric.class_name == "BinaryIoU") {
    config["threshold"] = metric.thresholds.empty() ? 0.5 : metric.thresholds.front();
  } else {
    config["num_classes"] = metric.num_classes;
    config["ignore_class"] = or_null(metric.ignore_class);
    if (!one_hot) config["sparse_y_true"] = metric.sparse_y_true.value_or(true);
    config["sparse_y_pred"] = metric.sparse_y_pred.value_or(false);
    config["axis"] = -1;
  }
  if (!metric.class_name.ends_with("MeanIoU")) {
    config["target_class_ids"] = metric.target_class_ids;
  }
}

Json metric_config(const Metric& metric) {
  Json config = {{"name", metric.name}};
  if (metric.class_name == "Precision" || metric.class_name == "Recall") {
    config["thresholds"] = metric.thresholds.empty() ? Json() : Json(metric.thresholds);
    config["top_k"] = or_null(metric.top_k);
    config["class_id"] = or_null(metric.class_id);
  } else if (metric.class_name == "AUC") {
    config["num_thresholds"] = metric.num_thresholds;
    config["curve"] = metric.curve;
    config["summation_method"] = metric.summation_method;
    config["from_logits"] = metric.from_logits;
  } else if (metric.class_name == "BinaryAccuracy" && !metric.thresholds.empty()) {
    config["threshold"] = metric.thresholds.front();
  }
  if (metric.class_name.ends_with("IoU")) add_iou_config(metric, config);
  return config;
}

/// A plain word where that says it all. "accuracy" has no class of Keras's: it is always a word.
Json metric_json(const Metric& metric) {
  const MetricEntry& entry = metric_entry(metric.class_name);
  if (metric.class_name == "Accuracy") return "accuracy";
  const bool is_word =
      std::find(entry.words.begin(), entry.words.end(), metric.name) != entry.words.end();
  if (is_word && metric == Metric(metric.name)) return metric.name;
  return object("keras.metrics", metric.class_name, metric_config(metric));
}

/// Keras asks for num_classes; Tenon takes it from the output.
bool lacks_class_count(const Metric& metric) {
  return metric.class_name.ends_with("IoU") && metric.class_name != "BinaryIoU" &&
         metric.num_classes == 0;
}

Json metrics_json(const Metrics& metrics) {
  Json list = Json::array();
  for (const Metric& metric : metrics) {
    if (!metric_entry(metric.class_name).in_keras || lacks_class_count(metric)) continue;
    list.push_back(metric_json(metric));
  }
  return list;
}

template <class T, class Write>
Json per_output_json(const PerOutput<T>& given, Write write) {
  if (given.single()) return write(*given.single());
  if (given.by_name().empty()) return nullptr;
  Json by_name = Json::object();
  for (const auto& [name, value] : given.by_name()) by_name[name] = write(value);
  return by_name;
}

}  // namespace

std::string compile_config_json(const Model& model) {
  const Trainer& trainer = trainer_of(model, "compile_config_json");
  const CompileArguments& arguments = trainer.arguments();
  const Json config = {
      {"optimizer", optimizer_json(arguments.optimizer, trainer.learning_rate())},
      {"loss", per_output_json(arguments.loss, loss_json)},
      {"loss_weights", per_output_json(arguments.loss_weights, [](double w) { return Json(w); })},
      {"metrics", per_output_json(arguments.metrics, metrics_json)},
      {"weighted_metrics", per_output_json(arguments.weighted_metrics, metrics_json)},
      {"run_eagerly", false},
      {"steps_per_execution", 1},
      {"jit_compile", false}};
  return config.dump();
}

}  // namespace tenon::train
