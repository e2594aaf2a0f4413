#include "backend/api/guard.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tenon/error.hpp"

namespace tenon::backend {
namespace {

TEST(Guard, IsBeforeTheFirstWriteAndRefusesValuesThatComeLater) {
  ops::Program program;
  ops::Builder builder(program);
  const ops::ValueId w = builder.variable(0, "w", Shape{3});
  const ops::ValueId g = builder.input("g", DType::kFloat32, Shape{3});
  const ops::ValueId before = builder.apply(ops::OpKind::kAdd, ops::NoAttributes{}, {w, g}, "add");
  builder.append(ops::OpKind::kSgdUpdate, ops::OptimizerAttributes{}, {w, g}, "update");
  const ops::ValueId after = builder.apply(ops::OpKind::kAdd, ops::NoAttributes{}, {w, g}, "late");
  EXPECT_EQ(first_write(program, {before, g}), 1U);
  try {
    first_write(program, {after});
    ADD_FAILURE() << "nothing was thrown";
  } catch (const EngineError& error) {
    EXPECT_EQ(error.code(), "E001");
    EXPECT_THAT(error.what(), ::testing::HasSubstr("`late` is to be guarded"));
  }
}

}  // namespace
}  // namespace tenon::backend
