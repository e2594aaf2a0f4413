#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/spec.hpp"
#include "tenon/tensor.hpp"

namespace tenon {

/// Which sample this is. Travels beside a Record, outside the keys: no `select` or `rename` loses
/// it.
struct SampleIdentity {
  std::int64_t index = -1;  ///< Position in the source, from 0; -1 if the source has none.
  std::string id;           ///< A name for people: "row 17", a file's stem. May be empty.
  std::string file;         ///< The file it came from; empty if there is none.
  std::int64_t row = -1;    ///< 1-based line of a table file (the header is line 1); -1 if none.
  bool operator==(const SampleIdentity&) const = default;
};

/// Which keys a function looked at, set and removed, each once and in the order in which it did.
struct RecordAccess {
  std::vector<std::string> read;  ///< Also keys that were not there.
  std::vector<std::string> written;
  std::vector<std::string> removed;
};

/// One element of a stream: a tensor per slot of its schema, and the identity of its sample (one),
/// or of every row of a batch (as many as the batch has rows).
///
/// A Record is cheap to copy (tensors are handles). One thread at a time writes to a Record.
class Record {
 public:
  Record() : schema_(std::make_shared<const Schema>()) {}
  /// All slots undefined.
  explicit Record(std::shared_ptr<const Schema> schema);
  Record(std::shared_ptr<const Schema> schema, std::vector<Tensor> values,
         std::vector<SampleIdentity> samples);

  const Schema& schema() const noexcept { return *schema_; }
  const std::shared_ptr<const Schema>& shared_schema() const noexcept { return schema_; }

  std::size_t size() const noexcept { return values_.size(); }
  const Tensor& operator[](std::size_t slot) const {
    if (access_ != nullptr) note_read(slot);
    return values_[slot];
  }
  Tensor& operator[](std::size_t slot) {
    if (access_ != nullptr) note_read(slot);
    return values_[slot];
  }
  /// By key. Throws KeyError (K007) that lists the keys and the nearest one.
  const Tensor& at(std::string_view key) const;
  Tensor& at(std::string_view key);
  bool contains(std::string_view key) const noexcept { return schema_->contains(key); }
  /// Sets a key, adding it with the tensor's own spec if it is new (the schema is then copied).
  void set(std::string_view key, Tensor value);
  /// Removes a key. Throws KeyError (K007) if there is none.
  void remove(std::string_view key);

  const std::vector<Tensor>& values() const {
    for (std::size_t slot = 0; access_ != nullptr && slot < values_.size(); ++slot) note_read(slot);
    return values_;
  }
  std::vector<SampleIdentity>& samples() noexcept { return samples_; }
  const std::vector<SampleIdentity>& samples() const noexcept { return samples_; }
  /// The first sample's identity; a default one if there is none.
  const SampleIdentity& sample() const noexcept;

  /// From now on this record and its copies note in `access` which keys are used; nullptr ends it.
  void watch(std::shared_ptr<RecordAccess> access) noexcept { access_ = std::move(access); }

 private:
  void note_read(std::size_t slot) const;
  void note_read(std::string_view key) const;

  std::shared_ptr<const Schema> schema_;
  std::vector<Tensor> values_;
  std::vector<SampleIdentity> samples_;
  std::shared_ptr<RecordAccess> access_;
};

}  // namespace tenon
