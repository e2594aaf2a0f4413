#include "tenon/dataset.hpp"

#include "data/pipeline.hpp"

namespace tenon {

Dataset::Dataset(std::shared_ptr<const data::Pipeline> pipeline) : pipeline_(std::move(pipeline)) {}

Dataset Dataset::from_source(std::shared_ptr<const data::Source> source) {
  return Dataset(data::Pipeline::start(std::move(source)));
}

Dataset Dataset::stage(std::shared_ptr<const data::Stage> stage) const {
  return Dataset(pipeline_->with_stage(std::move(stage)));
}

Dataset Dataset::on_bad_sample(BadSampleOptions options) const {
  return Dataset(pipeline_->with_bad_samples(options));
}

Dataset Dataset::with_options(DatasetOptions options) const {
  return Dataset(pipeline_->with_options(options));
}

Dataset Dataset::observed() const { return Dataset(pipeline_->observed()); }

const Schema& Dataset::schema() const { return *pipeline_->schema(); }
const Lineage& Dataset::lineage() const { return pipeline_->lineage(); }
const std::vector<Diagnostic>& Dataset::diagnostics() const { return pipeline_->diagnostics(); }
Cardinality Dataset::cardinality() const { return pipeline_->cardinality(); }
bool Dataset::batched() const { return pipeline_->batched(); }

std::vector<StageReference> Dataset::stages() const {
  std::vector<StageReference> references{pipeline_->source()->reference()};
  for (const data::PlacedStage& placed : pipeline_->stages()) {
    references.push_back(placed.reference);
  }
  return references;
}

}  // namespace tenon
