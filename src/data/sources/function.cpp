#include <fmt/format.h>

#include "data/source.hpp"
#include "data/source_node.hpp"
#include "data/spec_check.hpp"
#include "tenon/error.hpp"

namespace tenon::data {
namespace {

class FunctionSource final : public Source {
 public:
  FunctionSource(Schema schema, std::int64_t count, std::function<Record(std::int64_t)> read,
                 SourceLocation location)
      : schema_(std::make_shared<const Schema>(std::move(schema))),
        count_(count),
        read_(std::move(read)),
        location_(location) {
    for (const Field& field : *schema_) batched_ = batched_ || field.spec.batched();
  }

  StageReference reference() const override { return {-1, "function", location_}; }
  std::shared_ptr<const Schema> schema() const override { return schema_; }
  Cardinality cardinality() const override { return {Cardinality::Kind::kKnown, count_, true}; }
  bool batched() const override { return batched_; }

  Record read(std::int64_t index) const override {
    Record record = read_(index);
    const std::string where = fmt::format("element {} of the function", index);
    const HeldTo held{where, {}, {}};
    if (record.shared_schema() != schema_) require_keys(*schema_, record.schema(), held);
    record = fit_to_schema(std::move(record), schema_);
    for (std::size_t slot = 0; slot < schema_->size(); ++slot) {
      require_spec((*schema_)[slot], record[slot], held);
    }
    name_samples(record, index);
    return record;
  }

 private:
  /// The rows of a batch are counted on as if all batches were as large as this one.
  void name_samples(Record& record, std::int64_t index) const {
    auto& samples = record.samples();
    const std::int64_t rows = batched_ ? batch_rows(record) : 1;
    samples.resize(static_cast<std::size_t>(rows));
    for (std::int64_t row = 0; row < rows; ++row) {
      SampleIdentity& sample = samples[static_cast<std::size_t>(row)];
      if (sample.index < 0) sample.index = index * rows + row;
    }
  }
  std::int64_t batch_rows(const Record& record) const {
    for (std::size_t slot = 0; slot < schema_->size(); ++slot) {
      if ((*schema_)[slot].spec.batched()) return record[slot].dim(0);
    }
    return 1;
  }

  std::shared_ptr<const Schema> schema_;
  std::int64_t count_;
  std::function<Record(std::int64_t)> read_;
  SourceLocation location_;
  bool batched_ = false;
};

}  // namespace
}  // namespace tenon::data

namespace tenon {

Dataset Dataset::from_function(Schema schema, std::int64_t count,
                               std::function<Record(std::int64_t index)> read, Here location) {
  if (count < 0) {
    throw_argument_error("from_function", fmt::format("count = {}", count), "0 or more");
  }
  if (!read) throw_argument_error("from_function", "no function", "a function of the index");
  return from_source(
      std::make_shared<data::FunctionSource>(std::move(schema), count, std::move(read), location));
}

}  // namespace tenon
