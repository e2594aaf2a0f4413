#include "contract/fixture.hpp"
#include "tenon/error.hpp"

namespace tenon::contract::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(KeyProblems, DataThatFitGiveNothing) {
  EXPECT_THAT(check_train(two_scale(), data_named("Small", "Large", "label")), IsEmpty());
}

TEST(KeyProblems, CaseIsK002WithBothKeysAndTheRename) {
  const auto found = check_train(two_scale(), data_named("small", "Large", "label"));
  ASSERT_THAT(codes(found), ElementsAre("K002"));
  const std::string text = render_text(found);
  EXPECT_THAT(text, HasSubstr("error[K002]: model input \"Small\" has no data"));
  EXPECT_THAT(text, HasSubstr("model `two_scale` expects"));
  EXPECT_THAT(text, HasSubstr("train data gives"));
  EXPECT_THAT(text, HasSubstr("<- case"));
  EXPECT_THAT(text, HasSubstr(".rename({{\"small\", \"Small\"}})"));
  EXPECT_EQ(found.front().candidate, "small");
}

TEST(KeyProblems, BlanksAreMadeVisible) {
  const auto found = check_train(two_scale(), data_named("Small ", "Large", "label"));
  ASSERT_THAT(codes(found), ElementsAre("K003"));
  EXPECT_THAT(render_text(found), HasSubstr("Small·"));
  EXPECT_THAT(render_text(found), HasSubstr("1 blank at the end"));
}

TEST(KeyProblems, CaseAndBlankTogetherAreK003AndSayBoth) {
  const auto found = check_train(two_scale(), data_named("small ", "Large", "label"));
  ASSERT_THAT(codes(found), ElementsAre("K003"));
  EXPECT_THAT(render_text(found), HasSubstr("<- case, and 1 blank at the end"));
}

TEST(KeyProblems, LookAlikeCharactersAreK003) {
  const auto found = check_train(two_scale(), data_named("Sm\u0430ll", "Large", "label"));
  ASSERT_THAT(codes(found), ElementsAre("K003"));
  EXPECT_THAT(render_text(found), HasSubstr("\\u0430"));
}

TEST(KeyProblems, SeparatorsAreK003) {
  TrainingInterface interface = two_scale();
  interface.inputs[0].name = "small_image";
  EXPECT_THAT(codes(check_train(interface, data_named("small-image", "Large", "label"))),
              ElementsAre("K003"));
}

TEST(KeyProblems, ASwappedPairOfLettersIsK004) {
  const auto found = check_train(two_scale(), data_named("Samll", "Large", "label"));
  ASSERT_THAT(codes(found), ElementsAre("K004"));
  EXPECT_THAT(render_text(found), HasSubstr("likely a typo, 1 letter apart"));
}

TEST(KeyProblems, AnotherNameOfTheSameSpecIsAQuestion) {
  const auto found = check_train(two_scale(), data_named("crop", "Large", "label"));
  ASSERT_THAT(codes(found), ElementsAre("K006"));
  EXPECT_THAT(render_text(found), HasSubstr("is \"crop\" meant?"));
}

TEST(KeyProblems, NothingNearIsK001) {
  const Dataset train =
      Dataset::from_tensors({{"Large", images(8, 64)}, {"label", labels(8)}}).batch(4);
  const auto found = check_train(two_scale(), train);
  ASSERT_THAT(codes(found), ElementsAre("K001"));
  EXPECT_EQ(found.front().keys.front().key, "Small");
  EXPECT_THAT(render_text(found), HasSubstr("<- missing"));
}

TEST(KeyProblems, ADroppedKeyIsK005AndNamesTheStage) {
  const Dataset train = data_named("Small", "Large", "label").drop({"Small"});
  const auto found = check_train(two_scale(), train);
  ASSERT_THAT(codes(found), ElementsAre("K005"));
  ASSERT_TRUE(found.front().stage);
  EXPECT_EQ(found.front().stage->name, "drop");
  EXPECT_EQ(found.front().stage->index, 1);
  EXPECT_THAT(render_text(found),
              HasSubstr("\"Small\" existed until stage 1 drop (key_problems_test.cpp:"));
}

TEST(KeyProblems, ARenamedKeyIsK005AndSaysToWhat) {
  const Dataset train = data_named("Small", "Large", "label").rename({{"Small", "small "}});
  const auto found = check_train(two_scale(), train);
  ASSERT_THAT(codes(found), ElementsAre("K005"));
  const std::string text = render_text(found);
  EXPECT_THAT(text, HasSubstr("renamed it to \"small·\""));
  EXPECT_THAT(text, HasSubstr("fix: keep \"Small\" at the rename at key_problems_test.cpp:87"));
  EXPECT_EQ(found.front().candidate, "small ");
}

TEST(KeyProblems, AllMissingKeysAreToldAtOnceAndNoKeyIsOfferedTwice) {
  const auto found = check_train(two_scale(), data_named("small", "smal", "label"));
  std::vector<std::string> offered;
  for (const Diagnostic& diagnostic : found) offered.push_back(diagnostic.candidate);
  EXPECT_THAT(codes(found), ElementsAre("K002", "K006"));
  EXPECT_THAT(offered, ElementsAre("small", "smal"));
}

TEST(KeyProblems, OneCauseForSeveralKeysIsToldOnce) {
  const Dataset train = data_named("Small", "Large", "label").select({"label"});
  const auto found = check_train(two_scale(), train);
  ASSERT_THAT(codes(found), ElementsAre("K005"));
  EXPECT_THAT(found.front().message,
              HasSubstr("2 model inputs have no data: \"Small\" and \"Large\""));
  EXPECT_EQ(found.front().keys.size(), 2U);
}

TEST(KeyProblems, AnExtraKeyIsK010UnlessIgnored) {
  const Dataset train = Dataset::from_tensors({{"Small", images(8, 32)},
                                               {"Large", images(8, 64)},
                                               {"label", labels(8)},
                                               {"id", labels(8)}})
                            .batch(4);
  TrainingInterface interface = two_scale();
  const auto found = check_train(interface, train);
  ASSERT_THAT(codes(found), ElementsAre("K010"));
  EXPECT_THAT(render_text(found), HasSubstr(".drop({\"id\"})"));
  interface.ignored_keys = {"id"};
  EXPECT_THAT(codes(check_train(interface, train)), IsEmpty());
}

TEST(KeyProblems, AMissingTargetIsK011WithTheNearestKey) {
  const auto found = check_train(two_scale(), data_named("Small", "Large", "Label"));
  ASSERT_THAT(codes(found), ElementsAre("K011"));
  EXPECT_THAT(render_text(found), HasSubstr("target of output \"label\" has no data"));
  EXPECT_EQ(found.front().candidate, "Label");
}

TEST(KeyProblems, AStageThatNeedsAMissingKeyIsToldAndNotItsConsequences) {
  const Dataset train = data_named("Small", "Large", "label").rename({{"smal", "Tiny"}});
  const auto found = check_train(two_scale(), train);
  EXPECT_THAT(codes(found), ElementsAre("K007"));
  EXPECT_THAT(render_text(found), HasSubstr("\"smal\""));
}

TEST(KeyProblems, OneMistakeIsToldOnceWhereAStageAndTheModelMeetIt) {
  // The stage asks for "Small", the data have "small": the model's input is the same mistake.
  const Dataset train = data_named("small", "Large", "label").scale({"Small"}, 2.0);
  EXPECT_THAT(codes(check_train(two_scale(), train)), ElementsAre("K007"));
  // A mistake about another key is another one.
  const Dataset other = data_named("small", "large", "label").scale({"Small"}, 2.0);
  EXPECT_THAT(codes(check_train(two_scale(), other)), ElementsAre("K007", "K002"));
}

TEST(KeyProblems, TheStageThatNeedsAKeyIsTheOneNamed) {
  const Dataset train =
      data_named("Small", "Large", "label").rename({{"Small", "tiny"}}).scale({"Small"}, 2.0);
  const auto found = check_train(two_scale(), train);
  ASSERT_EQ(codes(found).front(), "K007");
  EXPECT_EQ(found.front().stage->name, "scale");
  EXPECT_EQ(found.front().candidate, "tiny");
}

TEST(KeyProblems, TheSameProblemInBothSplitsIsToldOnce) {
  const Dataset train = data_named("small", "Large", "label");
  const std::vector<Split> splits = {{"train", &train, {}, 1, false},
                                     {"validation", &train, {}, 1, false}};
  const auto found = check(two_scale(), splits);
  ASSERT_THAT(codes(found), ElementsAre("K002"));
  EXPECT_THAT(found.front().datasets, ElementsAre("train", "validation"));
  EXPECT_THAT(render_text(found), HasSubstr("same in: validation data"));
}

TEST(KeyProblems, AProblemOfTheValidationDataAloneNamesThem) {
  const Dataset train = data_named("Small", "Large", "label");
  const Dataset validation = data_named("small", "Large", "label");
  const std::vector<Split> splits = {{"train", &train, {}, 1, false},
                                     {"validation", &validation, {}, 1, false}};
  const auto found = check(two_scale(), splits);
  ASSERT_THAT(codes(found), ElementsAre("K002"));
  EXPECT_THAT(render_text(found), HasSubstr("validation data gives"));
}

TEST(KeyProblems, PredictNeedsNoTargetsAndTakesDataThatHaveThem) {
  TrainingInterface interface = two_scale();
  interface.needs_targets = false;
  EXPECT_THAT(codes(check_train(interface, data_named("Small", "Large", "label"))), IsEmpty());
  EXPECT_THAT(codes(check_train(interface, data_named("Small", "Large", "other"))),
              ElementsAre("K010"));
}

TEST(Names, AMisspeltLossKeyIsK011) {
  TrainingInterface interface = two_scale();
  interface.uses = {{"loss", "labl"}};
  const auto found = check_train(interface, data_named("Small", "Large", "label"));
  ASSERT_THAT(codes(found), ElementsAre("K011"));
  EXPECT_THAT(found.front().message,
              HasSubstr("loss names \"labl\", which is no output of model `two_scale`"));
  EXPECT_EQ(found.front().keys.front().key, "label");
}

TEST(Names, AMonitorThatFollowsFromAMisspeltMetricIsNotToldAgain) {
  TrainingInterface interface = two_scale();
  interface.uses = {{"metrics", "labl"}};
  interface.log_names = {"loss", "val_loss"};
  interface.monitors = {{"EarlyStopping", "val_accuracy"}};
  EXPECT_THAT(codes(check_names(interface)), ElementsAre("K011"));
  interface.monitors = {{"EarlyStopping", "val_los"}};
  EXPECT_THAT(codes(check_names(interface)), ElementsAre("K011", "C002"));
}

TEST(Names, AMonitorThatDoesNotExistIsC002WithTheNamesThatDo) {
  TrainingInterface interface = two_scale();
  interface.monitors = {{"EarlyStopping", "los"}};
  const auto found = check_train(interface, data_named("Small", "Large", "label"));
  ASSERT_THAT(codes(found), ElementsAre("C002"));
  EXPECT_THAT(render_text(found), HasSubstr("EarlyStopping watches \"los\""));
  EXPECT_THAT(render_text(found), HasSubstr("watch \"loss\""));
}

TEST(Names, AValidationMonitorWithoutValidationDataSaysSo) {
  TrainingInterface interface = two_scale();
  interface.monitors = {{"EarlyStopping", "val_loss"}};
  EXPECT_THAT(render_text(check_train(interface, data_named("Small", "Large", "label"))),
              HasSubstr("give validation data"));
}

TEST(Bind, GivesSlotsByNameWhateverTheOrder) {
  const Dataset train =
      Dataset::from_tensors(
          {{"label", labels(8)}, {"Large", images(8, 64)}, {"Small", images(8, 32)}})
          .batch(4);
  const Binding binding = bind(two_scale(), train.schema());
  EXPECT_THAT(binding.inputs, ElementsAre(2U, 1U));
  EXPECT_EQ(binding.targets.front(), 0U);
}

TEST(Bind, ThrowsOnAMissingName) {
  EXPECT_THROW(bind(two_scale(), data_named("small", "Large", "label").schema()), KeyError);
}

}  // namespace
}  // namespace tenon::contract::testing
