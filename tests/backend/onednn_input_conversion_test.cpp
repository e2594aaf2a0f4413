// Bytes, and scaling, that the first convolution takes in.
#include <algorithm>
#include <ostream>

#include "onednn_compare.hpp"
#include "tenon/random.hpp"

namespace tenon::backend::cases {
namespace {

using ops::OpKind;

struct FirstLayer {
  std::string name;
  Shape image;
  bool bytes = true;
  std::vector<float> scale{};  ///< Empty: no scaling.
  std::int64_t pad = 0;
  std::int64_t stride = 1;
};

void PrintTo(const FirstLayer& layer, std::ostream* out) { *out << layer.name; }

std::vector<FirstLayer> first_layers() {
  const float whole = 1.0F / 255.0F;
  return {{"bytes", {3, 9, 8, 3}},
          {"scaled_bytes", {3, 9, 8, 3}, true, {whole}},
          {"scaled_bytes_per_channel", {3, 9, 8, 3}, true, {whole, 2.0F * whole, -whole}},
          {"padded", {2, 9, 8, 3}, true, {whole}, 1},
          {"strided", {2, 11, 10, 1}, true, {whole}, 2, 2},
          {"scaled_floats", {2, 9, 8, 2}, false, {0.5F, 3.0F}, 1},
          {"volume", {2, 5, 6, 7, 1}, true, {whole}, 1}};
}

// The convolution and its gradients by the kernel and the bias.
CaseProgram program_of(const FirstLayer& layer) {
  constexpr std::int64_t kFilters = 32;
  CaseProgram result;
  ops::Builder builder(result.program);
  const auto input = [&](const std::string& name, const Tensor& value) {
    result.inputs.push_back(value);
    return builder.input(name, value.dtype(), value.shape());
  };
  const auto image =
      layer.bytes ? input("image", random_integers(layer.image, 1, 0, 256).cast(DType::kUInt8))
                  : input("image", random_uniform(layer.image, 1));
  auto x = image;
  if (layer.bytes) {
    x = builder.apply(OpKind::kCast, ops::CastAttributes{DType::kFloat32}, {x}, "cast");
  }
  if (!layer.scale.empty()) {
    x = builder.apply(OpKind::kAffine, ops::AffineAttributes{layer.scale, {-0.25F}}, {x}, "scale");
  }
  const auto axes = static_cast<std::size_t>(layer.image.rank() - 2);
  std::vector<std::int64_t> kernel_dims(axes, 3);
  kernel_dims.insert(kernel_dims.end(), {layer.image.dim(-1), kFilters});
  const auto kernel = input("kernel", random_uniform(Shape(kernel_dims), 2, -0.5F, 0.5F));
  const auto bias = input("bias", random_uniform({kFilters}, 3));
  const std::vector<std::int64_t> pads(axes, layer.pad);
  const auto y = builder.apply(
      OpKind::kConvolution,
      ops::ConvolutionAttributes{.strides = std::vector<std::int64_t>(axes, layer.stride),
                                 .dilation = std::vector<std::int64_t>(axes, 1),
                                 .pad_before = pads,
                                 .pad_after = pads},
      {x, kernel, bias}, "convolution");
  builder.output("y", y);
  const auto weights = input("weights", random_uniform(builder.shape(y), 4));
  const auto product = builder.apply(OpKind::kMultiply, ops::NoAttributes{}, {y, weights}, "loss");
  const auto loss =
      builder.apply(OpKind::kReduceSum, ops::ShapeAttributes{Shape{}}, {product}, "loss");
  const auto gradients = append_gradients(result.program, loss, {kernel, bias});
  builder.output("gradient/kernel", gradients[0]);
  builder.output("gradient/bias", gradients[1]);
  return result;
}

std::ptrdiff_t steps_over_input(const CaseProgram& program, std::vector<std::string> without) {
  const auto plan = onednn_engine().compile(program.program, onednn_engine().create_variables({}),
                                            {.without_passes = std::move(without)});
  return std::ranges::count_if(plan->report().steps, [](const PlanStep& step) {
    return step.op == "cast" || step.op == "affine";
  });
}

class OnednnInputConversion : public OnednnTestWithParam<FirstLayer> {};

TEST_P(OnednnInputConversion, IsPartOfTheConvolution) {
  const CaseProgram program = program_of(GetParam());
  const bool has_kernels = onednn_engine().description().find("baseline") == std::string::npos;
  if (has_kernels) {
    EXPECT_EQ(steps_over_input(program, {}), 0);
  }
  EXPECT_EQ(steps_over_input(program, {"fuse_input_conversion"}),
            (GetParam().bytes ? 1 : 0) + (GetParam().scale.empty() ? 0 : 1));
  const Tolerance tolerance{.absolute = 1e-5, .relative = 2e-4, .of_largest = 1e-5};
  for (const int threads : {1, 2}) {
    expect_like_reference(program, GetParam().name, threads, tolerance);
  }
  if (!onednn_engine().supports(Precision::kMixedBFloat16)) return;
  expect_like_reference(program, GetParam().name + " in bfloat16", 0, kBFloat16Tolerance,
                        Precision::kMixedBFloat16);
}

std::string first_layer_name(const testing::TestParamInfo<FirstLayer>& info) {
  return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(Layers, OnednnInputConversion, testing::ValuesIn(first_layers()),
                         first_layer_name);

using OnednnInputAlone = OnednnTest;

// What somebody else reads is converted as ever.
TEST_F(OnednnInputAlone, IsConvertedWhereOthersReadIt) {
  CaseProgram program = program_of({"shared", {2, 6, 6, 3}, true, {0.5F}});
  ops::Builder builder(program.program);
  const auto scaled = program.program.nodes[1].outputs[0];
  builder.output("scaled", scaled);
  EXPECT_EQ(steps_over_input(program, {}), 2);
  expect_like_reference(program, "shared");
}

}  // namespace
}  // namespace tenon::backend::cases
