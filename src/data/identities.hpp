#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tenon/dataset.hpp"

namespace tenon::data {

/// A text of each sample that a dataset can give, by which samples are recognised.
struct SampleTexts {
  std::string key;  ///< As the source calls it.
  std::vector<std::string> values;
};

/// Which samples a dataset can give, as far as that is known without reading or decoding one.
class Identities {
 public:
  /// `seed`: of the run, for a shuffle before a take or a skip. Reads no sample; a table's columns
  /// by which it is filtered are read.
  Identities(const Dataset& dataset, std::uint64_t seed);

  /// False for generators, and where a function or a batch stands before a take or a filter.
  bool known() const noexcept { return known_; }
  /// Positions in the source, in ascending order.
  const std::vector<std::int64_t>& indices() const noexcept { return indices_; }
  /// True if `other` draws on the same samples: one source, or two of one file and the same keys.
  bool same_source(const Identities& other) const;
  SampleIdentity identity(std::int64_t index) const;

  /// The names of the files that stages read, with their folders; one entry per such stage whose
  /// key can be followed back to a column of the source.
  std::vector<SampleTexts> files() const;
  /// The texts of `key`, a key of the source; nothing if they are not to be had.
  std::optional<SampleTexts> texts(const std::string& key) const;

 private:
  std::optional<std::vector<std::int64_t>> drawn(std::int64_t epoch, std::uint64_t seed) const;
  std::optional<std::string> source_key(std::size_t stage, const std::string& key) const;
  std::optional<std::vector<std::string>> column(const std::string& key) const;

  std::shared_ptr<const Pipeline> pipeline_;
  bool known_ = false;
  std::vector<std::int64_t> indices_;
};

}  // namespace tenon::data
