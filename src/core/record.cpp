#include "tenon/record.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tenon/error.hpp"

namespace tenon {
namespace {

const std::shared_ptr<const Schema>& require_schema(const std::shared_ptr<const Schema>& schema) {
  if (schema == nullptr)
    throw_argument_error("Record", "no schema", "a schema, maybe an empty one");
  return schema;
}

void note(std::vector<std::string>& keys, std::string_view key) {
  if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.emplace_back(key);
}

}  // namespace

Record::Record(std::shared_ptr<const Schema> schema) : schema_(std::move(schema)) {
  values_.resize(require_schema(schema_)->size());
}

Record::Record(std::shared_ptr<const Schema> schema, std::vector<Tensor> values,
               std::vector<SampleIdentity> samples)
    : schema_(std::move(schema)), values_(std::move(values)), samples_(std::move(samples)) {
  if (require_schema(schema_)->size() != values_.size()) {
    throw_argument_error("Record", fmt::format("{} tensors", values_.size()),
                         fmt::format("{} tensors, one per key of the schema", schema_->size()));
  }
}

void Record::note_read(std::size_t slot) const { note(access_->read, (*schema_)[slot].key); }

void Record::note_read(std::string_view key) const { note(access_->read, key); }

const Tensor& Record::at(std::string_view key) const {
  if (access_ != nullptr) note_read(key);
  return values_[schema_->slot(key)];
}

Tensor& Record::at(std::string_view key) {
  if (access_ != nullptr) note_read(key);
  return values_[schema_->slot(key)];
}

void Record::set(std::string_view key, Tensor value) {
  if (access_ != nullptr) note(access_->written, key);
  if (const auto slot = schema_->find(key)) {
    values_[*slot] = std::move(value);
    return;
  }
  auto schema = std::make_shared<Schema>(*schema_);
  schema->add({std::string(key), TensorSpec::of(value.dtype(), value.shape()), Role::kData});
  values_.push_back(std::move(value));
  schema_ = std::move(schema);
}

void Record::remove(std::string_view key) {
  const std::size_t slot = schema_->slot(key);
  if (access_ != nullptr) note(access_->removed, key);
  auto schema = std::make_shared<Schema>(*schema_);
  schema->remove(key);
  values_.erase(values_.begin() + static_cast<std::ptrdiff_t>(slot));
  schema_ = std::move(schema);
}

const SampleIdentity& Record::sample() const noexcept {
  static const SampleIdentity kNone;
  return samples_.empty() ? kNone : samples_.front();
}

}  // namespace tenon
