#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "data/contents.hpp"
#include "tenon/dataset.hpp"

namespace tenon::data {

/// The values that a key holds over all records, as far as opening the source has shown them.
struct ColumnSummary {
  /// Every text that there is, each once; nothing where that is not known.
  std::optional<std::vector<std::string>> texts;
  std::optional<ValueRange> range;  ///< Of a column of whole numbers.
};

/// Cells of a table that make a column text, which holds numbers otherwise.
struct OddCells {
  std::int64_t index = 0;  ///< Of the first one's record.
  std::string text;        ///< What it holds.
  std::int64_t count = 0;
};

/// Where records come from. Immutable; read() is called by several threads at once.
class Source {
 public:
  virtual ~Source() = default;
  /// "csv", "generator", …; `reference().index` is -1.
  virtual StageReference reference() const = 0;
  /// Without "sample_index": the pipeline adds that key where a stage asks for it by name.
  virtual std::shared_ptr<const Schema> schema() const = 0;
  virtual Cardinality cardinality() const = 0;
  /// True if schema() is of whole batches (a generator).
  virtual bool batched() const { return false; }
  /// What is wrong with the source itself (two keys of one name, …); told with the stages'
  /// problems.
  virtual std::vector<Diagnostic> problems() const { return {}; }
  /// What it was made with, as text: part of the fingerprint of a saved iterator state.
  virtual std::string arguments() const { return {}; }
  /// What its files held when it was opened, in the order of the samples; empty where that is not
  /// known. With settings() it takes the place of arguments() in a fingerprint: a copy of the files
  /// elsewhere is the same data, and other rows in a file of the same name are not.
  virtual std::vector<FileContents> contents() const { return {}; }
  /// arguments() without the files' names.
  virtual std::string settings() const { return {}; }

  /// True if read() costs little beside what comes behind it and its record says all that a sample
  /// is: then a cache knows a sample by its record. Else by its index, and by what the user calls
  /// this version of the data.
  virtual bool known_by_record() const { return reads_rows(); }
  /// … or by this in place of the record, where reading that costs more (images are decoded): a
  /// record with the sample's identity that says all that read(index) is made of. Throws as read().
  virtual std::optional<Record> known_by(std::int64_t /*index*/) const { return std::nullopt; }
  /// Random access, for sources of known size: the record of `index`, with its SampleIdentity.
  /// Throws DataError or FormatError for a bad sample.
  virtual bool random_access() const { return true; }
  virtual Record read(std::int64_t index) const = 0;
  /// True if the samples lie in memory, so that a whole batch is best taken at once.
  virtual bool reads_rows() const { return false; }
  /// The samples of `indices` stacked along a new first axis; only where reads_rows().
  virtual std::vector<Tensor> read_rows(std::span<const std::int64_t> /*indices*/) const {
    return {};
  }
  /// Whose record read(index) would give, without reading it: names a sample that cannot be read.
  virtual SampleIdentity identity(std::int64_t index) const {
    SampleIdentity identity;
    identity.index = index;
    return identity;
  }

  /// Of a source made of several files: behind the last sample of each, in their order. Empty: one.
  virtual std::vector<std::int64_t> part_ends() const { return {}; }
  /// Samples are asked for from so many files at a time: more need not be kept open. A hint, for
  /// all who read this source; any thread.
  virtual void keep_parts(std::size_t /*count*/) const {}

  /// What `key` holds in each record, as text, where that can be had without reading samples: a
  /// column of a table, names of files. Of whole records of one value each; nothing otherwise.
  virtual std::optional<std::vector<std::string>> texts(const std::string& /*key*/) const {
    return std::nullopt;
  }

  /// What is known of texts() without reading again. Nothing: texts() is not to be asked for a
  /// check's sake, or there are too many.
  virtual std::optional<ColumnSummary> summary(const std::string& /*key*/) const {
    return std::nullopt;
  }

  /// Why `key` is text, where all but a few of its values are numbers, as far as that is known.
  virtual std::optional<OddCells> odd_cells(const std::string& /*key*/) const {
    return std::nullopt;
  }

  /// Sequential sources (random_access() false): a new stream from the start.
  class Stream {
   public:
    virtual ~Stream() = default;
    virtual bool next(Record& record) = 0;
  };
  virtual std::unique_ptr<Stream> stream() const { return nullptr; }
  /// False if a second stream() goes on where the first stopped (a coroutine that is there once).
  virtual bool restartable() const { return true; }
  /// The first record without using it up, for sources that had to read it for their schema.
  virtual std::optional<Record> peek() const { return std::nullopt; }
};

}  // namespace tenon::data
