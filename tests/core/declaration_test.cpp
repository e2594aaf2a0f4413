#include "tenon/detail/declaration.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "tenon/error.hpp"

namespace tenon {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

const Schema& small_and_label() {
  static const Schema schema{{"small ", TensorSpec(DType::kFloat32, {4}), Role::kInput},
                             {"label", TensorSpec(DType::kInt64, {}), Role::kTarget}};
  return schema;
}

DeclaredKey key(std::string_view text) { return {.name = KeyName(text)}; }
DeclaredKey key(std::string_view text, Role role) {
  return {.name = KeyName(text), .role = role, .any_role = false};
}

std::vector<Diagnostic> told(const std::vector<DeclaredKey>& declared) {
  try {
    require_declared("the typed dataset", declared, small_and_label(), {"src/train.cpp", 12});
  } catch (const KeyError& error) {
    return error.diagnostics();
  }
  return {};
}

TEST(RequireDeclared, TakesTheKeysInAnyOrder) {
  EXPECT_TRUE(told({key("label"), key("small ")}).empty());
  EXPECT_TRUE(told({key("label", Role::kTarget), key("small ", Role::kInput)}).empty());
}

TEST(RequireDeclared, AKeyThatIsNotThereIsToldWithTheNearestOnce) {
  const auto problems = told({key("Small"), key("label")});
  ASSERT_EQ(problems.size(), 1U) << "what is offered is not told again";
  EXPECT_EQ(problems[0].code, "K007");
  EXPECT_EQ(problems[0].candidate, "small ");
  EXPECT_THAT(render_text(problems[0]),
              AllOf(HasSubstr(R"(the typed dataset (train.cpp:12): there is no key "Small")"),
                    HasSubstr(R"(the keys are: "small·" and "label")"),
                    HasSubstr(R"(write "small·" in place of "Small")")));
}

TEST(RequireDeclared, TwoMissingKeysAreNotOfferedTheSameOne) {
  const auto problems = told({key("Small"), key("small"), key("label")});
  ASSERT_EQ(problems.size(), 2U);
  EXPECT_EQ(problems[0].candidate, "small ");
  EXPECT_EQ(problems[1].candidate, "");
}

TEST(RequireDeclared, AKeyThatAStageTookAwayIsNotAskedFor) {
  DeclaredKey gone = key("raw");
  gone.live = false;
  EXPECT_TRUE(told({gone, key("label"), key("small ")}).empty());
}

TEST(RequireDeclared, AKeyThatIsNotDeclaredIsTold) {
  const auto problems = told({key("label")});
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].code, "K010");
  EXPECT_THAT(render_text(problems[0]), AllOf(HasSubstr(R"("small·" is there and not declared)"),
                                              HasSubstr("declare it, or drop it before")));
}

TEST(RequireDeclared, ARoleThatIsStatedIsHeld) {
  const auto problems = told({key("label", Role::kInput), key("small ")});
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].code, "K007");
  EXPECT_THAT(problems[0].message,
              HasSubstr(R"("label" is declared as input, and is target here)"));
}

}  // namespace
}  // namespace tenon
