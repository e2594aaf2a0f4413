// Batch normalization over the rows of several processes that mpirun starts.
#include <cmath>

#include "cli/mpirun_fixture.hpp"

namespace tenon::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class RanksBatchNormalizationCommand : public MpirunCommand {
 protected:
  void write_normalized(bool synchronized) const {
    const auto small = Input({8, 8, 3}, {.name = "Small"});
    const auto large = Input({16, 16, 3}, {.name = "Large"});
    const auto branch = [&](const SymbolicTensor& x, const std::string& name) {
      const auto y = Conv2D(4, 3, {.use_bias = false, .name = "conv_" + name})(x);
      return GlobalAveragePooling2D()(MaxPooling2D(2)(Activation("relu")(
          BatchNormalization({.synchronized = synchronized, .name = "norm_" + name})(y))));
    };
    const auto joined = Concatenate()({branch(small, "small"), branch(large, "large")});
    const Model model({small, large}, Dense(2, {.activation = "softmax", .name = "cell"})(joined),
                      {.name = "pair"});
    write_file_atomically((folder_ / "model.json").string(), model.to_json());
  }
  Model trained(const std::string& folder) const {
    return load_model((folder_ / folder / "model.keras").string());
  }
};

TEST_F(RanksBatchNormalizationCommand, SynchronizedTrainsAsOneProcessDoes) {
  write_normalized(true);
  // Adam would make whole steps of what is a difference in rounding.
  replace_in("exp.toml", "\"adam\", learning_rate = 0.05", "\"sgd\", learning_rate = 0.01");
  replace_in("exp.toml", "epochs = 2", "epochs = 17");
  ASSERT_EQ(run("train exp.toml --quiet --set fit.output=alone").status, 0);
  const Model one = trained("alone");
  for (const int size : {2, 3}) {
    const Outcome outcome = run_ranks(size, "train exp.toml");
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_THAT(outcome.err, Not(HasSubstr("normalizes its own rows")));
    const Model all = trained("run");
    ASSERT_EQ(one.weights().size(), all.weights().size());
    for (std::size_t i = 0; i < one.weights().size(); ++i) {
      const Tensor a = one.weights()[i]->value();
      const Tensor b = all.weights()[i]->value();
      for (std::size_t k = 0; k < a.data<float>().size(); ++k)
        ASSERT_NEAR(a.data<float>()[k], b.data<float>()[k], 1e-6) << one.weights()[i]->path();
    }
    std::filesystem::remove_all(folder_ / "run");
  }
}

TEST_F(RanksBatchNormalizationCommand, WhatIsNotSynchronizedIsToldOnce) {
  write_normalized(false);
  const Outcome outcome = run_ranks(2, "train exp.toml");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const std::string told = "2 layers of batch normalization: each of 2 ranks normalizes its own";
  EXPECT_THAT(outcome.err, HasSubstr(told));
  EXPECT_EQ(outcome.err.find(told), outcome.err.rfind(told));
}

}  // namespace
}  // namespace tenon::cli
