// The grid of shapes on which oneDNN's free choice of layouts falls into kernels a thousand times
// slower: each runs as the reference does, and no step is such a kernel.
#include <gtest/gtest.h>

#include <ostream>

#include "onednn_compare.hpp"

namespace tenon::backend::cases {
namespace {

using ops::ConvolutionAttributes;
using ops::OpKind;

struct Grid {
  std::string name;
  Shape x;
  Shape kernel;
  ConvolutionAttributes attributes{};
};

ConvolutionAttributes same(std::int64_t before, std::int64_t after) {
  return {.pad_before = {before, before}, .pad_after = {after, after}};
}

ConvolutionAttributes volume(std::int64_t before, std::int64_t after, std::int64_t stride = 1) {
  return {.strides = {stride, stride, stride},
          .dilation = {1, 1, 1},
          .pad_before = {before, before, before},
          .pad_after = {after, after, after}};
}

void PrintTo(const Grid& one, std::ostream* out) { *out << one.name; }

std::vector<Grid> grid() {
  return {
      {"image_3_to_32", {4, 17, 19, 3}, {3, 3, 3, 32}, same(1, 1)},
      {"image_4_to_32", {2, 16, 16, 4}, {3, 3, 4, 32}, same(1, 1)},
      {"image_1_to_32_valid", {3, 28, 28, 1}, {3, 3, 1, 32}},
      {"image_3_to_64_valid", {2, 20, 20, 3}, {3, 3, 3, 64}},
      {"image_3_to_48_even_window", {2, 15, 14, 3}, {2, 2, 3, 48}, same(0, 1)},
      {"image_3_to_20", {2, 16, 16, 3}, {5, 5, 3, 20}, same(2, 2)},
      {"image_dilated",
       {2, 18, 18, 3},
       {3, 3, 3, 16},
       {.dilation = {2, 2}, .pad_before = {2, 2}, .pad_after = {2, 2}}},
      {"stem_7x7_stride_2",
       {2, 33, 32, 3},
       {7, 7, 3, 64},
       {.strides = {2, 2}, .pad_before = {3, 3}, .pad_after = {3, 3}}},
      {"10_to_10", {2, 12, 12, 10}, {3, 3, 10, 10}, same(1, 1)},
      {"20_to_50_5x5", {2, 12, 12, 20}, {5, 5, 20, 50}},
      {"32_to_33", {2, 10, 10, 32}, {3, 3, 32, 33}, same(1, 1)},
      {"32_to_64", {2, 12, 12, 32}, {3, 3, 32, 64}, same(1, 1)},
      {"one_by_one", {2, 10, 10, 32}, {1, 1, 32, 64}},
      {"one_by_one_stride_2", {2, 10, 10, 64}, {1, 1, 64, 32}, {.strides = {2, 2}}},
      {"stride_2", {2, 14, 14, 32}, {3, 3, 32, 64}, {.strides = {2, 2}, .pad_after = {1, 1}}},
      {"dilated",
       {2, 14, 14, 32},
       {3, 3, 32, 32},
       {.dilation = {2, 2}, .pad_before = {2, 2}, .pad_after = {2, 2}}},
      {"depthwise",
       {2, 14, 14, 64},
       {3, 3, 1, 64},
       {.pad_before = {1, 1}, .pad_after = {1, 1}, .groups = 64}},
      {"groups_4",
       {2, 12, 12, 64},
       {3, 3, 16, 64},
       {.pad_before = {1, 1}, .pad_after = {1, 1}, .groups = 4}},
      {"odd_padding", {2, 13, 11, 16}, {4, 4, 16, 16}, same(1, 2)},
      {"few_pixels", {4, 2, 2, 64}, {3, 3, 64, 64}, same(1, 1)},
      {"few_pixels_stride_2",
       {3, 4, 4, 64},
       {3, 3, 64, 80},
       {.strides = {2, 2}, .pad_after = {1, 1}}},
      {"one_pixel", {5, 3, 3, 64}, {3, 3, 64, 64}},
      {"many_tiles", {8, 16, 16, 32}, {3, 3, 32, 64}, same(1, 1)},
      {"many_tiles_valid", {8, 15, 18, 16}, {3, 3, 16, 32}},
      {"many_tiles_odd_sides", {12, 9, 14, 32}, {3, 3, 32, 32}, same(1, 1)},
      {"many_small_images", {130, 4, 4, 32}, {3, 3, 32, 32}, same(1, 1)},
      {"one_row", {1, 1, 16, 16}, {1, 3, 16, 16}},
      {"volume_1_to_16", {1, 9, 8, 10, 1}, {3, 3, 3, 1, 16}, volume(1, 1)},
      {"volume_1_to_12", {1, 8, 8, 8, 1}, {3, 3, 3, 1, 12}, volume(1, 1)},
      {"volume_2_to_16_5x5x5", {1, 8, 8, 9, 2}, {5, 5, 5, 2, 16}, volume(2, 2)},
      {"volume_16_to_32", {1, 8, 8, 8, 16}, {3, 3, 3, 16, 32}, volume(1, 1)},
      {"volume_32_to_64", {1, 8, 7, 8, 32}, {3, 3, 3, 32, 64}, volume(1, 1)},
      {"volume_48_to_16", {1, 8, 8, 8, 48}, {3, 3, 3, 48, 16}, volume(1, 1)},
      {"volume_10_to_10", {1, 6, 7, 8, 10}, {3, 3, 3, 10, 10}, volume(1, 1)},
      {"volume_16_to_1", {1, 8, 8, 8, 16}, {1, 1, 1, 16, 1}, volume(0, 0)},
      {"volume_stride_2", {1, 8, 8, 8, 16}, {3, 3, 3, 16, 32}, volume(0, 1, 2)},
      {"volume_few_pixels", {2, 2, 1, 2, 64}, {3, 3, 3, 64, 64}, volume(1, 1)},
  };
}

OpCase case_of(const Grid& one) {
  return simple_case("grid/" + one.name, OpKind::kConvolution, one.attributes,
                     {{.name = "x", .shape = one.x},
                      {.name = "kernel", .shape = one.kernel},
                      {.name = "bias", .shape = {one.kernel.dim(-1)}}});
}

bool is_fast(const std::string& implementation) {
  for (const char* word : {"jit", "brg", "brdgmm", "gemm", "own:"}) {
    if (implementation.find(word) != std::string::npos) return true;
  }
  return false;
}

class OnednnConvolution : public OnednnTestWithParam<Grid> {};

TEST_P(OnednnConvolution, GivesWhatTheReferenceGives) {
  const OpCase one = case_of(GetParam());
  // Sums of many products in another order, or by Winograd's algorithm: some 1e-5 of the largest.
  const Tolerance tolerance{.absolute = 1e-5, .relative = 2e-4, .of_largest = 2e-5};
  expect_like_reference(forward_program(one), one.name, 0, tolerance);
  expect_like_reference(gradient_program(one), one.name + " gradient", 0, tolerance);
}

TEST_P(OnednnConvolution, TakesNoSlowKernel) {
  const CaseProgram program = gradient_program(case_of(GetParam()));
  const auto plan = onednn_engine().compile(program.program, onednn_engine().create_variables({}));
  ASSERT_FALSE(plan->report().steps.empty());
  for (const PlanStep& step : plan->report().steps) {
    EXPECT_TRUE(is_fast(step.implementation))
        << step.op << " (" << step.name << ") runs as " << step.implementation;
  }
}

std::string test_name(const testing::TestParamInfo<Grid>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(Grid, OnednnConvolution, testing::ValuesIn(grid()), test_name);

// Pooling, dense and batch normalisation with channels that fill no vector.
class OnednnChannels : public OnednnTestWithParam<std::int64_t> {};

TEST_P(OnednnChannels, PoolingNormalizationAndDenseAreFastToo) {
  const std::int64_t channels = GetParam();
  const Shape x{4, 9, 8, channels};
  std::vector<OpCase> some;
  some.push_back(simple_case("max", OpKind::kMaxPooling, ops::PoolingAttributes{},
                             {{.name = "x", .shape = x}}));
  some.push_back(simple_case("average", OpKind::kAveragePooling,
                             ops::PoolingAttributes{.window = {3, 3}, .pad_after = {1, 1}},
                             {{.name = "x", .shape = x}}));
  some.push_back(simple_case("normalization", OpKind::kBatchNormalizationTraining,
                             ops::NormalizationAttributes{},
                             {{.name = "x", .shape = x},
                              {.name = "gamma", .shape = {channels}},
                              {.name = "beta", .shape = {channels}}}));
  some.push_back(simple_case("dense", OpKind::kDense, ops::NoAttributes{},
                             {{.name = "x", .shape = {40, 30}},
                              {.name = "kernel", .shape = {30, channels}},
                              {.name = "bias", .shape = {channels}}}));
  for (const OpCase& one : some) {
    const CaseProgram program = gradient_program(one);
    expect_like_reference(program, one.name);
    const auto plan =
        onednn_engine().compile(program.program, onednn_engine().create_variables({}));
    for (const PlanStep& step : plan->report().steps) {
      EXPECT_TRUE(is_fast(step.implementation))
          << channels << " channels: " << step.op << " runs as " << step.implementation;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Channels, OnednnChannels, testing::Values(1, 2, 3, 10, 16, 20, 33, 64));

}  // namespace
}  // namespace tenon::backend::cases
