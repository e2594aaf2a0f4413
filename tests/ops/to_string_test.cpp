#include "ops/program_test.hpp"

namespace tenon::ops {
namespace {

using ToStringTest = ProgramTest;

TEST_F(ToStringTest, ALinePerInputNodeAndOutput) {
  const ValueId x = builder.input("Small", DType::kFloat32, {2, 8, 8, 3});
  const ValueId kernel = variable("stem/kernel", {3, 3, 3, 4});
  const ValueId y =
      builder.apply(OpKind::kConvolution, ConvolutionAttributes{}, {x, kernel}, "stem");
  const auto pooled = builder.append(OpKind::kMaxPooling, PoolingAttributes{}, {y}, "pool");
  const ValueId half =
      builder.apply(OpKind::kMultiply, {}, {pooled[0], builder.constant(0.5F, {})}, "half");
  builder.append(OpKind::kSgdUpdate, OptimizerAttributes{}, {kernel, kernel}, "update");
  builder.output("cell", half);
  EXPECT_EQ(to_string(program),
            "input Small f32 (2, 8, 8, 3)\n"
            "%2 f32 (2, 6, 6, 4) = convolution(Small, stem/kernel, -) [strides [1, 1], padding "
            "[0, 0] [0, 0], dilation [1, 1], groups 1]  # stem\n"
            "%3 f32 (2, 3, 3, 4), %4 opaque = max_pooling(%2) [window [2, 2], strides [2, 2], "
            "padding [0, 0] [0, 0]]  # pool\n"
            "%6 f32 (2, 3, 3, 4) = multiply(%3, 0.5)  # half\n"
            "sgd_update(stem/kernel, stem/kernel, -)  # update\n"
            "output cell = %6\n");
}

}  // namespace
}  // namespace tenon::ops
