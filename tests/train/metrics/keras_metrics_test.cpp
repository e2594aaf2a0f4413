#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tenon/error.hpp"
#include "train/compile_config.hpp"
#include "train/keras_fixtures.hpp"
#include "train/metrics/metric_function.hpp"

namespace tenon::train {
namespace {

/// The metric of a golden entry, read as from a file of Keras's.
Metric metric_of(const nlohmann::json& entry) {
  const nlohmann::json config = {
      {"optimizer", "sgd"},
      {"metrics", {{{"class_name", entry["class"]}, {"config", entry["config"]}}}}};
  return compile_arguments_from_json(config.dump()).metrics.single()->front();
}

class GoldenMetric {
 public:
  explicit GoldenMetric(const nlohmann::json& entry)
      : name_("M" + std::to_string(entry["i"].get<int>()) + "_"),
        targets_(array("yt")),
        predictions_(array("yp")),
        weights_(array("sw")),
        whole_weights_(entry["config"]["dtype"] == "int32") {
    const bool ids = targets_.dtype() == DType::kInt32;
    classes_ = predictions_.rank() == 2 ? 1 : predictions_.dim(-1);
    function_ = make_metric(
        metric_of(entry), {"out", ids ? TargetForm::kClassIds : TargetForm::kSameShape, classes_});
  }

  void expect_keras_values() {
    std::vector<double> state(function_->state_size());
    add(0, false, state);
    expect_results("r1", state);
    add(1, false, state);
    expect_results("r2", state);
    // Of int32, which that release of Keras took for MeanIoU, it cut the weights to whole numbers.
    if (whole_weights_) return;
    std::vector<double> weighted(function_->state_size());
    add(0, true, weighted);
    add(1, true, weighted);
    expect_results("rw", weighted);
  }

 private:
  Tensor array(const std::string& what) const {
    return tenon::testing::golden_arrays().at(name_ + what);
  }

  void add(std::int64_t batch_index, bool weighted, std::span<double> state) const {
    const Tensor target = targets_.row(batch_index);
    const Tensor prediction = predictions_.row(batch_index).cast(DType::kFloat32);
    const Tensor weight = weights_.row(batch_index);
    MetricBatch batch;
    batch.rows = prediction.dim(0);
    batch.classes = classes_;
    batch.predictions = prediction.data<float>();
    if (target.dtype() == DType::kInt32) {
      batch.ids = target.data<std::int32_t>();
    } else {
      batch.values = target.data<float>();
    }
    if (weighted) batch.weights = weight.data<float>();
    function_->add(batch, state);
  }

  void expect_results(const std::string& what, std::span<const double> state) const {
    const Tensor expected = array(what);
    std::vector<double> results(function_->suffixes().size());
    function_->results(state, results);
    ASSERT_EQ(static_cast<std::size_t>(expected.size()), results.size());
    for (std::size_t i = 0; i < results.size(); ++i) {
      EXPECT_NEAR(results[i], static_cast<double>(expected.data<float>()[i]), 1e-6)
          << name_ << what;
    }
  }

  std::string name_;
  Tensor targets_;
  Tensor predictions_;
  Tensor weights_;
  bool whole_weights_;
  std::int64_t classes_ = 1;
  std::unique_ptr<MetricFunction> function_;
};

TEST(KerasMetrics, EveryKindWeHaveGivesKerasNumbers) {
  TENON_NEEDS_KERAS_FIXTURES();
  int found = 0;
  for (const auto& entry : tenon::testing::golden_json()["metrics"]) {
    const bool ours = std::ranges::any_of(metric_entries(), [&](const MetricEntry& known) {
      return known.class_name == entry["class"].get<std::string>();
    });
    if (!ours) continue;
    SCOPED_TRACE(entry.dump());
    GoldenMetric(entry).expect_keras_values();
    ++found;
  }
  EXPECT_EQ(found, 13);
}

}  // namespace
}  // namespace tenon::train
