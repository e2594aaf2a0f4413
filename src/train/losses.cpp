#include "tenon/losses.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/name_list.hpp"
#include "tenon/error.hpp"
#include "train/loss_table.hpp"
#include "train/words.hpp"

namespace tenon {
namespace train {

std::span<const LossEntry> loss_entries() {
  static const std::vector<LossEntry> entries = {
      {"BinaryCrossentropy",
       {"bce", "BCE"},
       ops::LossKind::kBinaryCrossentropy,
       TargetForm::kSameShape,
       true},
      {"CategoricalCrossentropy",
       {},
       ops::LossKind::kCategoricalCrossentropy,
       TargetForm::kOneHot,
       true},
      {"SparseCategoricalCrossentropy",
       {},
       ops::LossKind::kSparseCategoricalCrossentropy,
       TargetForm::kClassIds,
       false},
      {"MeanSquaredError",
       {"mse", "MSE"},
       ops::LossKind::kMeanSquaredError,
       TargetForm::kSameShape,
       false},
      {"MeanAbsoluteError",
       {"mae", "MAE"},
       ops::LossKind::kMeanAbsoluteError,
       TargetForm::kSameShape,
       false},
      {"BinaryFocalCrossentropy",
       {},
       ops::LossKind::kBinaryFocalCrossentropy,
       TargetForm::kSameShape,
       true},
      {"CategoricalFocalCrossentropy",
       {},
       ops::LossKind::kCategoricalFocalCrossentropy,
       TargetForm::kOneHot,
       true},
      {"Dice", {}, ops::LossKind::kDice, TargetForm::kSameShape, true},
      {"Tversky", {}, ops::LossKind::kTversky, TargetForm::kSameShape, true},
  };
  return entries;
}

namespace {

constexpr std::string_view kSum = "Sum";

std::vector<std::string> known_words() {
  std::vector<std::string> words;
  for (const LossEntry& entry : loss_entries()) {
    words.push_back(snake_case(entry.class_name));
    words.insert(words.end(), entry.aliases.begin(), entry.aliases.end());
  }
  for (const LossEntry& entry : loss_entries()) words.emplace_back(entry.class_name);
  return words;
}

bool is_word_of(const LossEntry& entry, std::string_view word) {
  return word == snake_case(entry.class_name) ||
         std::ranges::find(entry.aliases, word) != entry.aliases.end();
}

ops::LossReduction reduction_of(const Loss& loss) {
  if (loss.reduction == "sum_over_batch_size") return ops::LossReduction::kSumOverBatchSize;
  if (loss.reduction == "sum") return ops::LossReduction::kSum;
  if (loss.reduction == "mean_with_sample_weight") return ops::LossReduction::kMeanWithSampleWeight;
  throw_argument_error(loss.class_name,
                       fmt::format("the reduction is {}", quote_key(loss.reduction)),
                       R"("sum_over_batch_size", "sum" or "mean_with_sample_weight")");
}

void check_numbers(const Loss& loss) {
  const auto hold = [&](bool sound, const char* argument, double value, const char* range) {
    if (!sound) {
      throw_argument_error(loss.class_name, fmt::format("{} is {}", argument, value), range);
    }
  };
  hold(loss.gamma >= 0.0, "gamma", loss.gamma, "0 or more");
  hold(loss.beta >= 0.0, "beta", loss.beta, "0 or more");
  for (const double alpha : loss.alpha) hold(alpha >= 0.0, "alpha", alpha, "0 or more");
  if (loss.alpha.size() > 1 && loss.class_name != "CategoricalFocalCrossentropy") {
    throw_argument_error(loss.class_name, fmt::format("alpha has {} numbers", loss.alpha.size()),
                         "one number");
  }
}

}  // namespace

const LossEntry& loss_entry(std::string_view word) {
  const auto& entries = loss_entries();
  // What is asked in every step is the class name.
  const auto by_class_name = std::ranges::find(entries, word, &LossEntry::class_name);
  if (by_class_name != entries.end()) return *by_class_name;
  for (const LossEntry& entry : entries) {
    if (is_word_of(entry, word)) return entry;
  }
  throw_unknown_word("loss", word, known_words());
}

std::vector<LossTerm> terms_of(const Loss& loss) {
  if (loss.class_name != kSum) return {{&loss, 1.0}};
  std::vector<LossTerm> out;
  for (std::size_t i = 0; i < loss.terms.size(); ++i) {
    for (LossTerm term : terms_of(loss.terms[i])) {
      term.weight *= loss.term_weights[i];
      out.push_back(term);
    }
  }
  return out;
}

TargetForm target_form_of(const Loss& loss) {
  const std::vector<LossTerm> terms = terms_of(loss);
  TargetForm form = loss_entry(terms.front().loss->class_name).target_form;
  for (const LossTerm& term : terms) {
    const TargetForm own = loss_entry(term.loss->class_name).target_form;
    if ((own == TargetForm::kClassIds) != (form == TargetForm::kClassIds)) {
      throw_argument_error(
          "losses::Sum",
          fmt::format("{} adds losses of class ids and of other targets", loss.name()),
          "losses of one form of target",
          "use categorical_crossentropy, and one_hot the class ids");
    }
    if (own == TargetForm::kOneHot) form = own;
  }
  return form;
}

bool target_in_unit_range(const Loss& loss) {
  return std::ranges::any_of(terms_of(loss), [](const LossTerm& term) {
    return loss_entry(term.loss->class_name).target_in_unit_range;
  });
}

void check_loss(const Loss& loss) {
  for (const LossTerm& term : terms_of(loss)) loss_attributes(*term.loss, term.weight);
  target_form_of(loss);
}

ops::LossAttributes loss_attributes(const Loss& loss, double weight) {
  if (!(loss.label_smoothing >= 0.0 && loss.label_smoothing <= 1.0)) {
    throw_argument_error(loss.class_name,
                         fmt::format("label_smoothing is {}", loss.label_smoothing), "0 to 1");
  }
  check_numbers(loss);
  return {.kind = loss_entry(loss.class_name).kind,
          .reduction = reduction_of(loss),
          .from_logits = loss.from_logits,
          .label_smoothing = loss.label_smoothing,
          .weight = weight,
          .gamma = loss.gamma,
          .alpha = loss.alpha,
          .beta = loss.beta,
          .class_balancing = loss.apply_class_balancing,
          .axis = loss.axis};
}

}  // namespace train

Loss::Loss(const std::string& word) : class_name(train::loss_entry(word).class_name) {}

std::string Loss::name() const {
  if (terms.empty()) return train::snake_case(class_name);
  std::string out;
  for (const Loss& term : terms) out += (out.empty() ? "" : "+") + term.name();
  return out;
}

namespace losses {
namespace {

Loss crossentropy(const char* class_name, const CrossentropyOptions& options) {
  Loss loss(class_name);
  loss.from_logits = options.from_logits;
  loss.label_smoothing = options.label_smoothing;
  loss.reduction = options.reduction;
  return loss;
}

Loss regression(const char* class_name, const RegressionOptions& options) {
  Loss loss(class_name);
  loss.reduction = options.reduction;
  return loss;
}

}  // namespace

Loss BinaryCrossentropy(CrossentropyOptions options) {
  return crossentropy("BinaryCrossentropy", options);
}
Loss CategoricalCrossentropy(CrossentropyOptions options) {
  return crossentropy("CategoricalCrossentropy", options);
}
Loss SparseCategoricalCrossentropy(SparseCrossentropyOptions options) {
  return crossentropy("SparseCategoricalCrossentropy",
                      {.from_logits = options.from_logits, .reduction = options.reduction});
}
Loss BinaryFocalCrossentropy(BinaryFocalOptions options) {
  Loss loss = crossentropy("BinaryFocalCrossentropy", {.from_logits = options.from_logits,
                                                       .label_smoothing = options.label_smoothing,
                                                       .reduction = options.reduction});
  loss.apply_class_balancing = options.apply_class_balancing;
  loss.alpha = {options.alpha};
  loss.gamma = options.gamma;
  return loss;
}
Loss CategoricalFocalCrossentropy(CategoricalFocalOptions options) {
  Loss loss =
      crossentropy("CategoricalFocalCrossentropy", {.from_logits = options.from_logits,
                                                    .label_smoothing = options.label_smoothing,
                                                    .reduction = options.reduction});
  loss.alpha = std::move(options.alpha);
  loss.gamma = options.gamma;
  return loss;
}
Loss Dice(DiceOptions options) {
  Loss loss = regression("Dice", {options.reduction});
  loss.axis = std::move(options.axis);
  return loss;
}
Loss Tversky(TverskyOptions options) {
  Loss loss = regression("Tversky", {options.reduction});
  loss.alpha = {options.alpha};
  loss.beta = options.beta;
  loss.axis = std::move(options.axis);
  return loss;
}
Loss Sum(std::vector<Loss> terms, std::vector<double> weights) {
  if (terms.empty()) throw_argument_error("losses::Sum", "there are no losses", "one or more");
  if (weights.empty()) weights.assign(terms.size(), 1.0);
  if (weights.size() != terms.size()) {
    throw_argument_error("losses::Sum",
                         fmt::format("{} losses have {} weights", terms.size(), weights.size()),
                         "one weight for each loss");
  }
  Loss loss;
  loss.class_name = train::kSum;
  loss.terms = std::move(terms);
  loss.term_weights = std::move(weights);
  return loss;
}

Loss MeanSquaredError(RegressionOptions options) { return regression("MeanSquaredError", options); }
Loss MeanAbsoluteError(RegressionOptions options) {
  return regression("MeanAbsoluteError", options);
}

}  // namespace losses
}  // namespace tenon
