#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "tenon/dataset.hpp"

namespace tenon::data {

/// Where records come from. Immutable; read() is called by several threads at once.
class Source {
 public:
  virtual ~Source() = default;
  /// "csv", "generator", …; `reference().index` is -1.
  virtual StageReference reference() const = 0;
  /// Every source adds the key "sample_index" (int64, scalar) where it has an index, unless the
  /// data have a key of that name. (The pipeline does it: `schema()` is without it.)
  virtual std::shared_ptr<const Schema> schema() const = 0;
  virtual Cardinality cardinality() const = 0;
  /// True if schema() is of whole batches (a generator).
  virtual bool batched() const { return false; }

  /// Random access, for sources of known size: the record of `index`, with its SampleIdentity.
  /// Throws DataError or FormatError for a bad sample.
  virtual bool random_access() const { return true; }
  virtual Record read(std::int64_t index) const = 0;

  /// Sequential sources (random_access() false): a new stream from the start.
  class Stream {
   public:
    virtual ~Stream() = default;
    virtual bool next(Record& record) = 0;
  };
  virtual std::unique_ptr<Stream> stream() const { return nullptr; }
};

}  // namespace tenon::data
