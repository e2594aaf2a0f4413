#include "train/words.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tenon/error.hpp"
#include "tenon/losses.hpp"
#include "tenon/metrics.hpp"
#include "tenon/optimizers.hpp"
#include "train/loss_table.hpp"
#include "train/optimizer_table.hpp"

namespace tenon {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

template <class Make>
std::string message_of(Make make) {
  try {
    make();
  } catch (const ContractError& error) {
    EXPECT_EQ(error.code(), "A001");
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

TEST(Words, SnakeCaseIsKeras) {
  EXPECT_EQ(train::snake_case("BinaryCrossentropy"), "binary_crossentropy");
  EXPECT_EQ(train::snake_case("SparseCategoricalCrossentropy"), "sparse_categorical_crossentropy");
  EXPECT_EQ(train::snake_case("AUC"), "auc");
  EXPECT_EQ(train::snake_case("SGD"), "sgd");
  EXPECT_EQ(train::snake_case("AdamW"), "adam_w");
  EXPECT_EQ(train::snake_case("RMSprop"), "rmsprop");
}

TEST(Words, LossesByWordClassNameAndAlias) {
  for (const char* word : {"mse", "MSE", "mean_squared_error", "MeanSquaredError"}) {
    EXPECT_EQ(Loss(word).class_name, "MeanSquaredError") << word;
  }
  EXPECT_EQ(Loss("sparse_categorical_crossentropy").name(), "sparse_categorical_crossentropy");
  EXPECT_EQ(
      losses::BinaryCrossentropy({.from_logits = true, .label_smoothing = 0.1}).label_smoothing,
      0.1);
}

TEST(Words, UnknownLossNamesTheNearestAndAll) {
  const std::string text = message_of([] { Loss("binary_cross_entropy"); });
  EXPECT_THAT(text, AllOf(HasSubstr("there is no loss \"binary_cross_entropy\""),
                          HasSubstr("the nearest is \"binary_crossentropy\""),
                          HasSubstr("\"mean_absolute_error\"")));
}

TEST(Words, UnknownOptimizerNamesTheNearestAndAll) {
  const std::string text = message_of([] { Optimizer("admw"); });
  EXPECT_THAT(text, AllOf(HasSubstr("there is no optimizer \"admw\""), HasSubstr("\"adamw\""),
                          HasSubstr("\"rmsprop\"")));
}

TEST(Words, UnknownMetricNamesTheNearestAndAll) {
  const std::string text = message_of([] { Metric("acuracy"); });
  EXPECT_THAT(text, AllOf(HasSubstr("there is no metric \"acuracy\""),
                          HasSubstr("the nearest is \"accuracy\""), HasSubstr("\"auc\"")));
}

TEST(Words, DefaultsOfOptimizersAreKeras) {
  EXPECT_EQ(Optimizer("sgd").learning_rate, 0.01);
  EXPECT_EQ(Optimizer("adam").learning_rate, 0.001);
  EXPECT_EQ(Optimizer("adamw").weight_decay, 0.004);
  EXPECT_EQ(Optimizer("AdamW"), AdamW());
  EXPECT_EQ(Optimizer("RMSprop"), RMSprop());
  EXPECT_EQ(Optimizer().class_name, "RMSprop");
}

TEST(Words, OptimizerArgumentsHaveRanges) {
  EXPECT_THAT(message_of([] { Adam({.learning_rate = -1.0}); }),
              AllOf(HasSubstr("Adam"), HasSubstr("learning_rate is -1")));
  EXPECT_THAT(message_of([] { Adam({.beta_1 = 1.0}); }), HasSubstr("beta_1 is 1"));
  EXPECT_THAT(message_of([] { SGD({.clipnorm = 1.0, .clipvalue = 1.0}); }),
              HasSubstr("two kinds of clipping"));
  EXPECT_THAT(message_of([] { SGD({.clipvalue = 0.0}); }), HasSubstr("clipvalue is 0"));
}

TEST(Words, LossArgumentsHaveRanges) {
  EXPECT_THAT(message_of([] {
                train::loss_attributes(losses::BinaryCrossentropy({.label_smoothing = 1.5}), 1.0);
              }),
              HasSubstr("label_smoothing is 1.5"));
  EXPECT_THAT(message_of([] {
                train::loss_attributes(losses::MeanSquaredError({.reduction = "mean"}), 1.0);
              }),
              HasSubstr("\"sum_over_batch_size\""));
}

TEST(Words, MetricsKeepTheUsersWordAsTheirName) {
  EXPECT_EQ(Metric("mse").name, "mse");
  EXPECT_EQ(Metric("acc").name, "acc");
  EXPECT_EQ(metrics::MeanSquaredError().name, "mean_squared_error");
  EXPECT_EQ(metrics::Recall({.class_id = 1, .name = "recall_rbc"}).name, "recall_rbc");
}

}  // namespace
}  // namespace tenon
