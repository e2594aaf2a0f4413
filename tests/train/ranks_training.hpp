#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "backend/api/engine.hpp"
#include "dist/communicator.hpp"
#include "support/thread_ranks.hpp"
#include "support/weight_difference.hpp"
#include "train/distribution_maker.hpp"
#include "train/engines.hpp"
#include "train/small_models.hpp"
#include "train/trainer.hpp"

/// Trainings of several ranks, which are threads.
namespace tenon::train::ranks_training {

using test::run_ranks;
using test::text_of;

struct RankSetup {
  const char* engine = "reference";
  bool messages = false;       ///< Also where ranks could see each other's memory.
  bool whole_updates = false;  ///< Also where they could divide them.
  std::string precision{};
  Optimizer optimizer = "sgd";
  std::optional<double> global_clipnorm = 1.0;
  MpiOptions options{};
  bool normalized = false;
  std::int64_t samples = 50;
  std::int64_t batch = 8;
  FitArguments fit{};
  std::function<Dataset()> data{};
  std::function<void(int, Model&, FitArguments&)> change{};  ///< By rank, before fit.
};

inline Model ranks_model(bool normalized) {
  const SymbolicTensor small = Input({4}, {.name = "Small"});
  const SymbolicTensor large = Input({6}, {.name = "Large"});
  SymbolicTensor hidden = Concatenate({.name = "joined"})({small, large});
  hidden = Dense(
      7, {.activation = "tanh", .kernel_regularizer = regularizers::L2(0.01), .name = "hidden"})(
      hidden);
  if (normalized) hidden = BatchNormalization({.name = "norm"})(hidden);
  hidden = Dropout(0.3, {.name = "dropout"})(hidden);
  return Model({small, large},
               {Dense(3, {.activation = "softmax", .name = "cell"})(hidden),
                Dense(1, {.name = "age"})(hidden)},
               {.name = "cells"});
}

struct Trained {
  std::vector<Tensor> weights;
  std::vector<std::pair<std::string, Tensor>> slots;
  bool divided = false;  ///< Updates, in the last step.
  History history;
};

inline Trained train_as(const RankSetup& setup, const Distribution& distribution) {
  Model model = ranks_model(setup.normalized);
  // Rank 0's weights count: the others begin with others.
  model.initialize(5 + static_cast<std::uint64_t>(distribution.rank()));
  Optimizer optimizer = setup.optimizer;
  optimizer.global_clipnorm = setup.global_clipnorm;
  model.compile({.optimizer = optimizer,
                 .loss = {{"cell", "sparse_categorical_crossentropy"}, {"age", "mse"}},
                 .metrics = {{"cell", {"accuracy"}}, {"age", {"mae"}}},
                 .engine = setup.engine,
                 .precision = setup.precision,
                 .threads = 1});
  FitArguments arguments = setup.fit;
  arguments.verbose = 0;
  arguments.seed = 11;
  arguments.data_threads = 1;
  arguments.distribution = distribution;
  if (setup.change) setup.change(distribution.rank(), model, arguments);
  const Dataset data = setup.data ? setup.data()
                                  : Dataset::from_tensors(tenon::testing::cell_data(setup.samples))
                                        .shuffle(16)
                                        .batch(setup.batch);
  Trained trained;
  trained.history = model.fit(data, arguments);
  trained.divided = model.trainer()->divides_updates();
  trained.slots = model.trainer()->state().read_slots();
  for (const auto& weight : model.weights()) trained.weights.push_back(weight->value().clone());
  return trained;
}

inline Distribution ranks_of(const RankSetup& setup, std::unique_ptr<dist::Transport> transport) {
  Distribution ranks = DistributionMaker::make(std::move(transport), setup.options);
  dist::CommunicatorOptions options = ranks.communicator()->options();
  options.shared_memory = !setup.messages;
  options.divided_updates = !setup.whole_updates;
  ranks.communicator()->set_options(options);
  return ranks;
}

inline std::vector<Trained> train_together(int size, const RankSetup& setup) {
  std::vector<Trained> all(static_cast<std::size_t>(size));
  const auto thrown = run_ranks(size, [&](std::unique_ptr<dist::Transport> transport) {
    const int rank = transport->rank();
    const Distribution ranks = ranks_of(setup, std::move(transport));
    all[static_cast<std::size_t>(rank)] = train_as(setup, ranks);
  });
  for (const auto& each : thrown) EXPECT_FALSE(each) << text_of(each);
  return all;
}

inline double largest_difference(const Trained& a, const Trained& b) {
  return tenon::testing::largest_difference(a.weights, b.weights);
}

inline void expect_same_logs(const History& a, const History& b, double tolerance) {
  ASSERT_EQ(a.logs.size(), b.logs.size());
  for (std::size_t epoch = 0; epoch < a.logs.size(); ++epoch) {
    for (const auto& [name, value] : a.logs[epoch])
      EXPECT_NEAR(b.logs[epoch].at(name), value, tolerance) << name << " of epoch " << epoch;
  }
}

/// As if the machine had failed.
class KillRank : public Callback {
 public:
  explicit KillRank(int steps) : left_(steps) {}
  std::string name() const override { return "KillRank"; }
  void on_train_batch_end(TrainingControl&, const StepInfo&, const Logs&) override {
    if (left_-- == 0) throw std::runtime_error("killed");
  }

 private:
  int left_;
};

/// The reference engine does not say where its gradients lie: steps are cut in two there.
struct Way {
  const char* name;
  const char* engine;
  bool messages;
};
inline void PrintTo(const Way& way, std::ostream* stream) { *stream << way.name; }

class RanksEachWay : public ::testing::TestWithParam<Way> {
 protected:
  void SetUp() override {
    if (std::string(GetParam().engine) == "onednn" && !backend::has_onednn_engine())
      GTEST_SKIP() << "skipped: built with -DTENON_WITH_ONEDNN=OFF";
  }
  static RankSetup setup_of_way() {
    return {.engine = GetParam().engine, .messages = GetParam().messages};
  }
};

}  // namespace tenon::train::ranks_training
