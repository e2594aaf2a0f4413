#include "tenon/variable.hpp"

#include <gtest/gtest.h>

#include "graph/throws.hpp"

namespace tenon {
namespace {

TEST(Variable, BeginsWithItsInitializer) {
  const Variable variable("stem", "kernel", {2, 3}, initializers::Constant(0.5));
  EXPECT_EQ(variable.path(), "stem/kernel");
  EXPECT_TRUE(
      variable.value().equals(Tensor::from<float>({2, 3}, {0.5F, 0.5F, 0.5F, 0.5F, 0.5F, 0.5F})));
}

TEST(Variable, HoldsACopy) {
  Variable variable("stem", "bias", {2}, "zeros");
  Tensor value = Tensor::from<float>({2}, {1.0F, 2.0F});
  variable.assign(value);
  value.data<float>()[0] = 9.0F;
  EXPECT_EQ(variable.value().data<float>()[0], 1.0F);
  variable.value().data<float>()[1] = 9.0F;
  EXPECT_EQ(variable.value().data<float>()[1], 2.0F);
}

TEST(Variable, RefusesAnotherShapeOrDtype) {
  Variable variable("stem", "bias", {2}, "zeros");
  const std::string text = text_thrown<ShapeError>([&] {
    variable.assign(Tensor(DType::kFloat32, {3}));
    return 0;
  });
  EXPECT_NE(text.find("error[W001]: weight \"stem/bias\" was given float32 (3,)"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("expected: float32 (2,)"), std::string::npos) << text;
  const std::string dtype_text = text_thrown<ShapeError>([&] {
    variable.assign(Tensor(DType::kFloat64, {2}));
    return 0;
  });
  EXPECT_NE(dtype_text.find("was given float64 (2,)"), std::string::npos) << dtype_text;
}

class Remembering : public Variable::Home {
 public:
  Tensor read(const Variable&) const override { return Tensor::from<float>({1}, {7.0F}); }
  void write(const Variable&, const Tensor& value) override { written = value.item<float>(); }
  float written = 0.0F;
};

TEST(Variable, AsksAndTellsItsHome) {
  Variable variable("a", "b", {1}, "zeros");
  const auto home = std::make_shared<Remembering>();
  variable.set_home(home);
  EXPECT_EQ(variable.value().item<float>(), 7.0F);
  variable.assign(Tensor::from<float>({1}, {3.0F}));
  EXPECT_EQ(home->written, 3.0F);
}

}  // namespace
}  // namespace tenon
