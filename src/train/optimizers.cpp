#include "tenon/optimizers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "tenon/error.hpp"
#include "train/optimizer_table.hpp"
#include "train/words.hpp"

namespace tenon {
namespace train {
namespace {

constexpr std::array<std::string_view, 4> kClasses = {"SGD", "Adam", "AdamW", "RMSprop"};

/// Keras's word: the class name in small letters.
std::string word_of(std::string_view class_name) {
  std::string word(class_name);
  std::ranges::transform(word, word.begin(), [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  });
  return word;
}

void require(bool holds, const Optimizer& optimizer, std::string_view name, double value,
             std::string_view expected) {
  if (holds) return;
  throw_argument_error(optimizer.class_name, fmt::format("{} is {}", name, value),
                       std::string(expected));
}

void require_share(const Optimizer& optimizer, std::string_view name, double value) {
  require(value >= 0.0 && value < 1.0, optimizer, name, value, "at least 0 and less than 1");
}

void require_positive(const Optimizer& optimizer, std::string_view name,
                      const std::optional<double>& value) {
  if (value) require(*value > 0.0, optimizer, name, *value, "more than 0");
}

UpdateRule sgd_rule(const Optimizer& optimizer) {
  UpdateRule rule{
      .kind = ops::OpKind::kSgdUpdate, .attributes = {}, .ports = {}, .file_groups = {}};
  rule.attributes.momentum = optimizer.momentum;
  rule.attributes.nesterov = optimizer.nesterov;
  if (optimizer.momentum != 0.0) {
    rule.ports = {"momentum"};
    rule.file_groups = {{0}};
  }
  return rule;
}

UpdateRule adam_rule(const Optimizer& optimizer) {
  UpdateRule rule{.kind = ops::OpKind::kAdamUpdate,
                  .attributes = {},
                  .ports = {"momentum", "velocity"},
                  .file_groups = {{0, 1}}};
  rule.attributes.beta_1 = optimizer.beta_1;
  rule.attributes.beta_2 = optimizer.beta_2;
  rule.attributes.epsilon = optimizer.epsilon;
  rule.attributes.amsgrad = optimizer.amsgrad;
  if (optimizer.amsgrad) {
    rule.ports.emplace_back("velocity_hat");
    rule.file_groups.push_back({2});
  }
  return rule;
}

UpdateRule rmsprop_rule(const Optimizer& optimizer) {
  UpdateRule rule{.kind = ops::OpKind::kRmspropUpdate,
                  .attributes = {},
                  .ports = {"velocity", std::nullopt, std::nullopt},
                  .file_groups = {{0}}};
  rule.attributes.rho = optimizer.rho;
  rule.attributes.momentum = optimizer.momentum;
  rule.attributes.epsilon = optimizer.epsilon;
  rule.attributes.centered = optimizer.centered;
  if (optimizer.momentum != 0.0) {
    rule.ports[1] = "momentum";
    rule.file_groups.push_back({1});
  }
  if (optimizer.centered) {
    rule.ports[2] = "average_gradient";
    rule.file_groups.push_back({2});
  }
  return rule;
}

}  // namespace

std::span<const std::string_view> optimizer_classes() { return kClasses; }

std::string_view optimizer_class(std::string_view word) {
  std::vector<std::string> known;
  for (const std::string_view name : kClasses) {
    if (word == name || word == word_of(name)) return name;
    known.push_back(word_of(name));
  }
  known.insert(known.end(), kClasses.begin(), kClasses.end());
  throw_unknown_word("optimizer", word, known);
}

void check_optimizer(const Optimizer& optimizer) {
  optimizer_class(optimizer.class_name);
  require(optimizer.learning_rate >= 0.0, optimizer, "learning_rate", optimizer.learning_rate,
          "at least 0");
  require(optimizer.momentum >= 0.0 && optimizer.momentum <= 1.0, optimizer, "momentum",
          optimizer.momentum, "0 to 1");
  require_share(optimizer, "beta_1", optimizer.beta_1);
  require_share(optimizer, "beta_2", optimizer.beta_2);
  require_share(optimizer, "rho", optimizer.rho);
  require(optimizer.epsilon > 0.0, optimizer, "epsilon", optimizer.epsilon, "more than 0");
  if (optimizer.weight_decay) {
    require(*optimizer.weight_decay >= 0.0, optimizer, "weight_decay", *optimizer.weight_decay,
            "at least 0");
  }
  if (optimizer.gradient_accumulation_steps) {
    const auto steps = *optimizer.gradient_accumulation_steps;
    require(steps >= 2, optimizer, "gradient_accumulation_steps", static_cast<double>(steps),
            "2 or more");
  }
  require_positive(optimizer, "clipnorm", optimizer.clipnorm);
  require_positive(optimizer, "clipvalue", optimizer.clipvalue);
  require_positive(optimizer, "global_clipnorm", optimizer.global_clipnorm);
  const int kinds = static_cast<int>(optimizer.clipnorm.has_value()) +
                    static_cast<int>(optimizer.clipvalue.has_value()) +
                    static_cast<int>(optimizer.global_clipnorm.has_value());
  if (kinds > 1) {
    throw_argument_error(optimizer.class_name, "two kinds of clipping were given",
                         "one of clipnorm, clipvalue and global_clipnorm");
  }
}

UpdateRule update_rule(const Optimizer& optimizer) {
  const std::string_view name = optimizer_class(optimizer.class_name);
  UpdateRule rule = name == "SGD"       ? sgd_rule(optimizer)
                    : name == "RMSprop" ? rmsprop_rule(optimizer)
                                        : adam_rule(optimizer);
  rule.attributes.weight_decay = optimizer.weight_decay.value_or(0.0);
  return rule;
}

}  // namespace train

Optimizer::Optimizer(const std::string& word) : class_name(train::optimizer_class(word)) {
  if (class_name == "SGD") learning_rate = SGDOptions{}.learning_rate;
  if (class_name == "AdamW") weight_decay = AdamWOptions{}.weight_decay;
}

namespace {

template <class Options>
Optimizer with_common_options(const char* class_name, const Options& options) {
  Optimizer optimizer(class_name);
  optimizer.learning_rate = options.learning_rate;
  optimizer.weight_decay = options.weight_decay;
  optimizer.clipnorm = options.clipnorm;
  optimizer.clipvalue = options.clipvalue;
  optimizer.global_clipnorm = options.global_clipnorm;
  optimizer.gradient_accumulation_steps = options.gradient_accumulation_steps;
  return optimizer;
}

template <class Options>
Optimizer adam_like(const char* class_name, const Options& options) {
  Optimizer optimizer = with_common_options(class_name, options);
  optimizer.beta_1 = options.beta_1;
  optimizer.beta_2 = options.beta_2;
  optimizer.epsilon = options.epsilon;
  optimizer.amsgrad = options.amsgrad;
  return optimizer;
}

}  // namespace

Optimizer SGD(SGDOptions options) {
  Optimizer optimizer = with_common_options("SGD", options);
  optimizer.momentum = options.momentum;
  optimizer.nesterov = options.nesterov;
  train::check_optimizer(optimizer);
  return optimizer;
}

Optimizer Adam(AdamOptions options) {
  Optimizer optimizer = adam_like("Adam", options);
  train::check_optimizer(optimizer);
  return optimizer;
}

Optimizer AdamW(AdamWOptions options) {
  Optimizer optimizer = adam_like("AdamW", options);
  train::check_optimizer(optimizer);
  return optimizer;
}

Optimizer RMSprop(RMSpropOptions options) {
  Optimizer optimizer = with_common_options("RMSprop", options);
  optimizer.rho = options.rho;
  optimizer.momentum = options.momentum;
  optimizer.epsilon = options.epsilon;
  optimizer.centered = options.centered;
  train::check_optimizer(optimizer);
  return optimizer;
}

}  // namespace tenon
