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
  };
  return entries;
}

namespace {

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

ops::LossAttributes loss_attributes(const Loss& loss, double weight) {
  if (!(loss.label_smoothing >= 0.0 && loss.label_smoothing <= 1.0)) {
    throw_argument_error(loss.class_name,
                         fmt::format("label_smoothing is {}", loss.label_smoothing), "0 to 1");
  }
  return {.kind = loss_entry(loss.class_name).kind,
          .reduction = reduction_of(loss),
          .from_logits = loss.from_logits,
          .label_smoothing = loss.label_smoothing,
          .weight = weight};
}

}  // namespace train

Loss::Loss(const std::string& word) : class_name(train::loss_entry(word).class_name) {}

std::string Loss::name() const { return train::snake_case(class_name); }

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
Loss MeanSquaredError(RegressionOptions options) { return regression("MeanSquaredError", options); }
Loss MeanAbsoluteError(RegressionOptions options) {
  return regression("MeanAbsoluteError", options);
}

}  // namespace losses
}  // namespace tenon
