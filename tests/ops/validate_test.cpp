#include "ops/program_test.hpp"

namespace tenon::ops {
namespace {

using ::testing::HasSubstr;

class ValidateTest : public ProgramTest {
 protected:
  void SetUp() override {
    x = builder.input("Small", DType::kFloat32, {8, 3});
    kernel = variable("kernel", {3, 2});
    hidden = builder.apply(OpKind::kDense, {}, {x, kernel}, "hidden");
    y = builder.apply(OpKind::kActivation, ActivationAttributes{}, {hidden}, "act");
    builder.output("cell", y);
    validate(program);
  }
  std::string error() const {
    return model_error_of([&] { validate(program); });
  }

  ValueId x = kNoValue;
  ValueId kernel = kNoValue;
  ValueId hidden = kNoValue;
  ValueId y = kNoValue;
};

TEST_F(ValidateTest, AWrongOrderIsFound) {
  std::swap(program.nodes[0], program.nodes[1]);
  EXPECT_EQ(error(), "M001: act (activation): reads \"hidden\" (value 2) before it is computed");
}

TEST_F(ValidateTest, AValueComputedTwiceIsFound) {
  program.nodes.push_back(program.nodes.back());
  EXPECT_EQ(error(), "M001: act (activation): computes \"act\" (value 3), which is there already");
  program.nodes.back().outputs[0] = kernel;
  EXPECT_THAT(error(), HasSubstr("computes \"kernel\""));
}

TEST_F(ValidateTest, AShapeThatTheOpDoesNotGiveIsFound) {
  program.values[static_cast<std::size_t>(hidden)].shape = Shape{8, 5};
  EXPECT_EQ(error(),
            "M001: hidden (dense): \"hidden\" is float32 (8, 5), the op gives float32 (8, 2)");
}

TEST_F(ValidateTest, InputsThatDoNotFitAreFound) {
  program.values[static_cast<std::size_t>(kernel)].shape = Shape{4, 2};
  EXPECT_THAT(error(), HasSubstr("M001: hidden (dense): the inputs I of x and kernel do not fit"));
  program.nodes[0].inputs.pop_back();
  program.nodes[0].inputs.pop_back();
  EXPECT_THAT(error(), HasSubstr("1 inputs came, the op has 3"));
}

TEST_F(ValidateTest, IdsThatDoNotExistAreFound) {
  program.nodes[1].inputs[0] = 50;
  EXPECT_THAT(error(), HasSubstr("act (activation): input 50 does not exist"));
  program.nodes[1].inputs[0] = hidden;
  program.nodes[1].outputs[0] = 50;
  EXPECT_THAT(error(), HasSubstr("act (activation): output 50 does not exist"));
  program.nodes[1].outputs.clear();
  EXPECT_THAT(error(), HasSubstr("has 0 outputs, the op has 1"));
}

TEST_F(ValidateTest, ARequiredOutputMustBeThere) {
  program.nodes[1].outputs[0] = kNoValue;
  EXPECT_THAT(error(), HasSubstr("output y is not optional"));
}

TEST_F(ValidateTest, TheListsOfInputsAndOutputsAreChecked) {
  Program saved = program;
  program.nodes.pop_back();
  EXPECT_EQ(error(), "M001: output \"cell\" is never computed");
  program = saved;
  program.outputs.push_back(program.outputs.front());
  EXPECT_EQ(error(), "M001: two outputs are named \"cell\"");
  program = saved;
  program.inputs[0].value = kernel;
  EXPECT_EQ(error(), "M001: input 0 (\"Small\") is not the value that says so");
  program = saved;
  program.inputs.clear();
  EXPECT_EQ(error(), "M001: the input value \"Small\" is not in the list of inputs");
}

TEST_F(ValidateTest, VariablesHaveOneValueEach) {
  program.values.push_back(program.value(kernel));
  EXPECT_EQ(error(), "M001: two values are variable 0 (\"kernel\")");
  program.values.back().slot = -1;
  EXPECT_EQ(error(), "M001: the variable \"kernel\" has no slot");
}

TEST_F(ValidateTest, AnOpaqueOutputIsRefused) {
  const auto made = builder.append(OpKind::kDropout, DropoutAttributes{}, {y}, "drop");
  builder.output("mask", made[1]);
  EXPECT_EQ(error(), "M001: output \"mask\" is opaque, nobody can read it");
}

}  // namespace
}  // namespace tenon::ops
