#include <fmt/format.h>

#include "data/collate.hpp"
#include "data/numeric.hpp"
#include "data/source.hpp"
#include "tenon/error.hpp"

namespace tenon::data {
namespace {

class TensorsSource final : public Source {
 public:
  TensorsSource(NamedTensors tensors, SourceLocation location)
      : tensors_(std::move(tensors)), location_(location) {
    auto schema = std::make_shared<Schema>();
    for (const auto& [key, tensor] : tensors_) {
      schema->add({key, TensorSpec::of(tensor.dtype(), tensor.shape().without_batch())});
    }
    schema_ = std::move(schema);
  }

  StageReference reference() const override { return {-1, "tensors", location_}; }
  std::shared_ptr<const Schema> schema() const override { return schema_; }
  Cardinality cardinality() const override {
    return {Cardinality::Kind::kKnown, tensors_.front().second.dim(0), true};
  }
  std::optional<std::vector<std::string>> texts(const std::string& key) const override {
    const auto slot = schema_->find(key);
    if (!slot || tensors_[*slot].second.rank() != 1) return std::nullopt;
    return element_texts(tensors_[*slot].second);
  }
  Record read(std::int64_t index) const override {
    std::vector<Tensor> values;
    values.reserve(tensors_.size());
    for (const auto& [key, tensor] : tensors_) values.push_back(tensor.row(index));
    return Record(schema_, std::move(values), {identity(index)});
  }
  bool reads_rows() const override { return true; }
  std::vector<Tensor> read_rows(std::span<const std::int64_t> indices) const override {
    std::vector<Tensor> batch;
    batch.reserve(tensors_.size());
    for (const auto& [key, tensor] : tensors_) batch.push_back(gather_rows(tensor, indices));
    return batch;
  }

 private:
  NamedTensors tensors_;
  SourceLocation location_;
  std::shared_ptr<const Schema> schema_;
};

void require_rows(const std::string& key, const Tensor& tensor) {
  if (!tensor.defined()) {
    throw_argument_error("from_tensors", fmt::format("{} was never set", quote_key(key)),
                         "a tensor with the samples along axis 0");
  }
  if (tensor.rank() > 0) return;
  throw ShapeError(make_diagnostic(
      "S001", fmt::format("from_tensors: {} is a scalar and has no samples", quote_key(key)),
      {"expected: the samples along axis 0"}));
}

void require_equal_counts(const NamedTensors& tensors) {
  bool equal = true;
  std::vector<std::string> sizes;
  for (const auto& [key, tensor] : tensors) {
    equal = equal && tensor.dim(0) == tensors.front().second.dim(0);
    sizes.push_back(fmt::format("{} has {}, shape {}", quote_key(key), tensor.dim(0),
                                tensor.shape().to_string()));
  }
  if (equal) return;
  throw ShapeError(make_diagnostic("S005",
                                   "from_tensors: the keys have different numbers of samples",
                                   std::move(sizes), "give every key one row (axis 0) per sample"));
}

}  // namespace
}  // namespace tenon::data

namespace tenon {

Dataset Dataset::from_tensors(NamedTensors tensors, Here location) {
  if (tensors.empty()) throw_argument_error("from_tensors", "no tensors", "at least one key");
  for (const auto& [key, tensor] : tensors) data::require_rows(key, tensor);
  data::require_equal_counts(tensors);
  return from_source(std::make_shared<data::TensorsSource>(std::move(tensors), location));
}

}  // namespace tenon
