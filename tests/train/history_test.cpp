#include "tenon/history.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tenon/error.hpp"

namespace tenon {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Logs, KeepOrderAndAnswerByName) {
  Logs logs;
  logs.set("loss", 0.5);
  logs.set("accuracy", 0.9);
  logs.set("loss", 0.25);
  EXPECT_EQ(logs.entries().size(), 2U);
  EXPECT_EQ(logs.at("loss"), 0.25);
  EXPECT_FALSE(logs.find("val_loss").has_value());
}

TEST(Logs, AMissingNameIsC002WithTheNearest) {
  Logs logs;
  logs.set("val_loss", 0.5);
  try {
    logs.at("val_los");
    FAIL();
  } catch (const ContractError& error) {
    EXPECT_EQ(error.code(), "C002");
    EXPECT_THAT(error.what(),
                AllOf(HasSubstr("\"val_los\""), HasSubstr("nearest is \"val_loss\"")));
  }
}

TEST(History, CollectsTheValuesOfOneName) {
  History history;
  for (const double loss : {3.0, 2.0, 1.0}) {
    Logs logs;
    logs.set("loss", loss);
    if (loss == 2.0) logs.set("val_loss", 9.0);
    history.logs.push_back(logs);
  }
  EXPECT_THAT(history.of("loss"), ElementsAre(3.0, 2.0, 1.0));
  EXPECT_THAT(history.of("val_loss"), ElementsAre(9.0));
  EXPECT_THAT(history.names(), ElementsAre("loss", "val_loss"));
  EXPECT_THROW(history.of("acc"), ContractError);
}

}  // namespace
}  // namespace tenon
