// What a compiled step of the model of two inputs does, and does not do.
#include <gmock/gmock.h>

#include "onednn_allocations.hpp"
#include "onednn_compare.hpp"
#include "tenon/error.hpp"
#include "two_scale_program.hpp"

namespace tenon::backend {
namespace {

using testing::HasSubstr;

constexpr bench::TwoScale kSmallSize{.batch = 8, .small_side = 12, .large_side = 20};

using OnednnPlan = cases::OnednnTest;
using OnednnEngine = cases::OnednnTest;

/// A training of the model on one engine.
class Training {
 public:
  explicit Training(const Engine& engine, const bench::TwoScale& size = kSmallSize, int threads = 0)
      : step_(bench::TwoScaleBuilder(size).build()),
        variables_(engine.create_variables(step_.variables)) {
    for (std::size_t i = 0; i < step_.variables.size(); ++i) {
      variables_->write(static_cast<std::int32_t>(i), bench::start_of(step_.variables[i], i));
    }
    plan_ = engine.compile(step_.program, variables_, {.threads = threads});
    bind(*plan_, step_.program);
  }

  static void bind(Plan& plan, const ops::Program& program) {
    for (std::size_t i = 0; i < program.inputs.size(); ++i) {
      const Shape& shape = program.value(program.inputs[i].value).shape;
      plan.bind_input(i, random_uniform(shape, 100 + i));
    }
  }

  /// The losses of `count` steps.
  std::vector<float> run(int count) {
    std::vector<float> losses;
    for (int i = 0; i < count; ++i) {
      plan_->run({.learning_rate = 1e-3F, .iteration = i, .seed = 1});
      losses.push_back(plan_->output(1).item<float>());
    }
    return losses;
  }

  Plan& plan() { return *plan_; }
  Variables& variables() { return *variables_; }
  const bench::TwoScaleStep& step() const { return step_; }

 private:
  bench::TwoScaleStep step_;
  std::shared_ptr<Variables> variables_;
  std::unique_ptr<Plan> plan_;
};

TEST_F(OnednnPlan, TrainsAsTheReferenceDoes) {
  Training actual(onednn_engine());
  Training expected(reference_engine());
  const std::vector<float> a = actual.run(6);
  const std::vector<float> b = expected.run(6);
  for (std::size_t i = 0; i < b.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-4 + 1e-4 * b[i]);
  EXPECT_LT(a.back(), a.front());
  for (std::size_t i = 0; i < expected.step().variables.size(); ++i) {
    const auto slot = static_cast<std::int32_t>(i);
    cases::expect_close(actual.variables().read(slot), expected.variables().read(slot),
                        expected.step().variables[i].name, {2e-5, 2e-3});
  }
}

TEST_F(OnednnPlan, RunsWithoutTakingMemory) {
  Training training(onednn_engine());
  training.run(2);
  AllocationCounter counter;
  for (int i = 0; i < 3; ++i) training.plan().run({.learning_rate = 1e-3F, .iteration = i});
  const Allocations taken = counter.stop();
  EXPECT_EQ(taken.own, 0);
  // oneDNN's map of arguments, never a buffer.
  EXPECT_LE(taken.largest_of_onednn, 2048);
}

TEST_F(OnednnPlan, MemoryThatIsTakenIsSeen) {
  AllocationCounter counter;
  const auto taken = std::make_unique<std::int64_t>(1);
  EXPECT_EQ(counter.stop().own, 1) << "the test above is blind";
}

TEST_F(OnednnPlan, IsTheSameBitForBitInEveryRun) {
  Training first(onednn_engine(), kSmallSize, 2);
  Training second(onednn_engine(), kSmallSize, 2);
  EXPECT_EQ(first.run(5), second.run(5));
  for (std::size_t i = 0; i < first.step().variables.size(); ++i) {
    const auto slot = static_cast<std::int32_t>(i);
    EXPECT_TRUE(first.variables().read(slot).equals(second.variables().read(slot)));
  }
}

/// Own kernels for images are compiled for AVX2 and AVX-512.
bool has_own_image_kernels() {
  return onednn_engine().description().find("baseline") == std::string::npos;
}

TEST_F(OnednnPlan, ReordersAtTheBordersOnly) {
  if (!has_own_image_kernels()) GTEST_SKIP() << "skipped: no AVX2";
  Training training(onednn_engine());
  for (const PlanStep& step : training.plan().report().steps) {
    EXPECT_FALSE(step.reorder && !step.border_reorder) << step.name << " " << step.implementation;
  }
}

TEST_F(OnednnPlan, FusesTheModelOfTwoInputs) {
  if (!has_own_image_kernels()) GTEST_SKIP() << "skipped: no AVX2";
  Training training(onednn_engine());
  std::vector<std::string> steps;
  for (const PlanStep& step : training.plan().report().steps) steps.push_back(step.op);
  EXPECT_THAT(steps, testing::ElementsAre("convolution+relu", "convolution+relu", "dense",
                                          "sigmoid+loss+backward", "dense_backward",
                                          "convolution_backward_weights",
                                          "convolution_backward_weights", "adam_update"));
}

TEST_F(OnednnPlan, CountsTheOperationsOfFusedSteps) {
  Training training(onednn_engine());
  Training plain(reference_engine());
  const auto total = [](const PlanReport& report) {
    double sum = 0.0;
    for (const PlanStep& step : report.steps) sum += step.floating_point_operations;
    return sum;
  };
  const double expected = total(plain.plan().report());
  EXPECT_NEAR(total(training.plan().report()), expected, 0.02 * expected);
}

TEST_F(OnednnPlan, CountsTheBytesThatAStepMoves) {
  if (!has_own_image_kernels()) GTEST_SKIP() << "skipped: no AVX2";
  Training training(onednn_engine());
  const ops::Program& program = training.step().program;
  std::size_t weights = 0;
  for (const ops::ValueId id : training.step().weights) {
    weights += sizeof(float) * static_cast<std::size_t>(program.value(id).shape.element_count());
  }
  const PlanStep& update = training.plan().report().steps.back();
  ASSERT_EQ(update.op, "adam_update");
  // Weight, m and v are read and written, the gradient is read; kernels may be padded.
  EXPECT_GE(update.bytes, 7 * weights);
  EXPECT_LE(update.bytes, 8 * weights);
}

TEST_F(OnednnPlan, ProfilingIsARunWithTimes) {
  Training profiled(onednn_engine());
  Training run(onednn_engine());
  const std::vector<float> losses = run.run(2);
  profiled.run(1);
  const auto seconds = profiled.plan().profile({.learning_rate = 1e-3F, .iteration = 1});
  ASSERT_EQ(seconds.size(), profiled.plan().report().steps.size());
  EXPECT_TRUE(std::ranges::all_of(seconds, [](double each) { return each >= 0.0; }));
  EXPECT_EQ(profiled.plan().output(1).item<float>(), losses[1]);
}

TEST_F(OnednnPlan, SharesVariablesBetweenBatchSizes) {
  Training training(onednn_engine());
  training.run(2);
  bench::TwoScale odd = kSmallSize;
  odd.batch = 3;
  const bench::TwoScaleStep step = bench::TwoScaleBuilder(odd).build(false);
  // The same weights, in slots 0 to 5, in the reference engine.
  auto variables = reference_engine().create_variables(training.step().variables);
  auto own = std::shared_ptr<Variables>(&training.variables(), [](Variables*) {});
  for (std::int32_t slot = 0; slot < 6; ++slot) variables->write(slot, own->read(slot));
  const auto actual = onednn_engine().compile(step.program, own);
  const auto expected = reference_engine().compile(step.program, variables);
  for (Plan* plan : {actual.get(), expected.get()}) {
    Training::bind(*plan, step.program);
    plan->run({});
  }
  cases::expect_close(actual->output(0), expected->output(0), "prediction of 3 samples");
}

TEST_F(OnednnPlan, BindingsLastAndCanBeReplaced) {
  Training training(onednn_engine());
  const auto loss = [&] {
    training.plan().run({.learning_rate = 0.0F, .iteration = 0});
    return training.plan().output(1).item<float>();
  };
  const float first = loss();
  EXPECT_EQ(loss(), first);
  const Shape small{kSmallSize.batch, kSmallSize.small_side, kSmallSize.small_side, 3};
  training.plan().bind_input(0, random_uniform(small, 7, -5.0F, 5.0F));
  EXPECT_NE(loss(), first);
}

TEST_F(OnednnPlan, TellsWhichInputIsMissingOrWrong) {
  const bench::TwoScaleStep step = bench::TwoScaleBuilder(kSmallSize).build();
  const auto plan =
      onednn_engine().compile(step.program, onednn_engine().create_variables(step.variables));
  try {
    plan->run({});
    FAIL() << "ran without inputs";
  } catch (const EngineError& error) {
    EXPECT_THAT(error.what(), HasSubstr("input `Small` of the plan is not bound"));
  }
  try {
    plan->bind_input(1, Tensor(DType::kFloat32, {8, 20, 20, 4}));
    FAIL() << "took a wrong shape";
  } catch (const ShapeError& error) {
    EXPECT_THAT(error.what(),
                HasSubstr("input `Large` of the plan is float32 (8, 20, 20, 3), but float32 (8, "
                          "20, 20, 4) came"));
  }
}

/// Compares the outputs of a program of inputs only on both engines.
void expect_same_outputs(const ops::Program& program) {
  const auto actual = onednn_engine().compile(program, onednn_engine().create_variables({}));
  const auto expected =
      reference_engine().compile(program, reference_engine().create_variables({}));
  for (Plan* plan : {actual.get(), expected.get()}) {
    Training::bind(*plan, program);
    plan->run({});
  }
  for (std::size_t i = 0; i < program.outputs.size(); ++i) {
    cases::expect_close(actual->output(i), expected->output(i), program.outputs[i].name);
  }
}

TEST_F(OnednnPlan, SharesMemoryOnlyWhereNothingIsReadAgain) {
  using ops::OpKind;
  ops::Program program;
  ops::Builder builder(program);
  const ops::ValueId x = builder.input("x", DType::kFloat32, {4, 6});
  const auto twice = [&](ops::ValueId value) {
    return builder.apply(OpKind::kAffine, ops::AffineAttributes{{2.0F}, {1.0F}}, {value}, "twice");
  };
  // A sum of one value three times; a value and a view of its own first row.
  const ops::ValueId a = twice(x);
  builder.output("sum", builder.apply(OpKind::kAddN, ops::NoAttributes{}, {a, a, a}, "sum"));
  const ops::ValueId b = twice(x);
  const ops::ValueId row =
      builder.apply(OpKind::kSlice, ops::RangeAttributes{{1, 0}, {2, 6}}, {b}, "row");
  const ops::ValueId moved =
      builder.apply(OpKind::kSubtract, ops::NoAttributes{}, {b, row}, "moved");
  builder.output("moved", twice(moved));
  expect_same_outputs(program);
}

TEST_F(OnednnPlan, KeepsAConcatenationThatOthersReadToo) {
  using ops::OpKind;
  ops::Program program;
  ops::Builder builder(program);
  const ops::ValueId x = builder.input("x", DType::kFloat32, {5, 40});
  const ops::ValueId kernel = builder.input("kernel", DType::kFloat32, {120, 2});
  const ops::ActivationAttributes relu{.kind = ops::ActivationKind::kRelu, .beta = 0.0F};
  const ops::ValueId y = builder.apply(OpKind::kActivation, relu, {x}, "relu");
  const ops::ValueId joined =
      builder.apply(OpKind::kConcatenate, ops::AxisAttributes{-1}, {y, x, y}, "joined");
  const ops::ValueId out =
      builder.apply(OpKind::kDense, ops::NoAttributes{}, {joined, kernel}, "dense");
  const ops::ValueId loss = builder.apply(
      OpKind::kReduceSum, ops::ShapeAttributes{Shape{}},
      {builder.apply(OpKind::kMultiply, ops::NoAttributes{}, {out, out}, "square")}, "loss");
  builder.output("loss", loss);
  builder.output("joined", joined);
  const auto gradients = ops::append_gradients(program, loss, {x, kernel, joined});
  builder.output("dx", gradients[0]);
  builder.output("dkernel", gradients[1]);
  builder.output("djoined", gradients[2]);
  expect_same_outputs(program);
}

TEST_F(OnednnPlan, SendsGradientsThroughAConcatenationOfTwiceTheSame) {
  using ops::OpKind;
  ops::Program program;
  ops::Builder builder(program);
  const ops::ValueId x = builder.input("x", DType::kFloat32, {6, 30});
  const ops::ValueId kernel = builder.input("kernel", DType::kFloat32, {60, 3});
  const ops::ActivationAttributes relu{.kind = ops::ActivationKind::kLeakyRelu, .beta = 0.2F};
  const ops::ValueId y = builder.apply(OpKind::kActivation, relu, {x}, "relu");
  const ops::ValueId joined =
      builder.apply(OpKind::kConcatenate, ops::AxisAttributes{1}, {y, y}, "joined");
  const ops::ValueId out =
      builder.apply(OpKind::kDense, ops::NoAttributes{}, {joined, kernel}, "dense");
  const ops::ValueId loss = builder.apply(
      OpKind::kReduceSum, ops::ShapeAttributes{Shape{}},
      {builder.apply(OpKind::kMultiply, ops::NoAttributes{}, {out, out}, "square")}, "loss");
  builder.output("loss", loss);
  const auto gradients = ops::append_gradients(program, loss, {x, kernel});
  builder.output("dx", gradients[0]);
  builder.output("dkernel", gradients[1]);
  expect_same_outputs(program);
}

TEST_F(OnednnEngine, RefusesWhatItCannotDo) {
  const bench::TwoScaleStep step = bench::TwoScaleBuilder(kSmallSize).build();
  const Engine& engine = onednn_engine();
  auto variables = engine.create_variables(step.variables);
  EXPECT_THROW(engine.compile(step.program, variables, {.precision = Precision::kFloat64}),
               EngineError);
  EXPECT_THROW(engine.compile(step.program, nullptr), EngineError);
  EXPECT_THROW(engine.compile(step.program, variables, {.threads = -1}), EngineError);
  try {
    engine.compile(step.program, reference_engine().create_variables(step.variables));
    FAIL() << "took another engine's variables";
  } catch (const EngineError& error) {
    EXPECT_THAT(error.what(), HasSubstr("made by another engine than `onednn`"));
  }
  auto wrong = step.variables;
  wrong[0].shape = Shape{3, 3, 3, 31};
  EXPECT_THROW(engine.compile(step.program, engine.create_variables(wrong)), ShapeError);
}

TEST(NoOnednnEngine, SaysHowToGetIt) {
  if (has_onednn_engine()) GTEST_SKIP() << "skipped: the engine is built in";
  try {
    onednn_engine();
    FAIL() << "gave an engine that is not there";
  } catch (const EngineError& error) {
    EXPECT_THAT(error.what(), HasSubstr("libdnnl-dev"));
    EXPECT_THAT(error.what(), HasSubstr("-DTENON_WITH_ONEDNN=ON"));
  }
}

TEST_F(OnednnEngine, TellsWhatItIs) {
  EXPECT_TRUE(has_onednn_engine());
  EXPECT_EQ(onednn_engine().name(), "onednn");
  EXPECT_THAT(onednn_engine().description(),
              testing::ContainsRegex("oneDNN [0-9.]+, .*, [0-9]+ thread"));
}

}  // namespace
}  // namespace tenon::backend
