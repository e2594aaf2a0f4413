#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tenon/dataset.hpp"

namespace tenon::data {

/// Through this a stage states what it requires, adds, changes, renames and removes. It keeps the
/// schema, the lineage and the diagnostics: a key that is required but missing becomes K007 (once;
/// what follows from it is not told again), one that is written twice K012.
class SchemaEditor {
 public:
  virtual ~SchemaEditor() = default;
  virtual const Schema& schema() const = 0;
  /// True behind a batch stage or a source that yields batches.
  virtual bool batched() const { return false; }
  /// The spec of `key`, or nullptr after having noted K007. A key that is missing because of an
  /// earlier noted problem gives nullptr without another note. The pointer holds until the next
  /// call that edits. A stage that got nullptr still adds the keys it makes (of unknown rank), so
  /// that later stages do not complain of what follows from this problem.
  /// Asking for "sample_index" adds that key (int64, the sample's position in the source) where the
  /// data have none.
  virtual const TensorSpec* require(const std::string& key) = 0;
  virtual void add(const std::string& key, TensorSpec spec, const std::string& made_from = "") = 0;
  virtual void change(const std::string& key, TensorSpec spec) = 0;
  virtual void rename(const std::string& from, const std::string& to) = 0;
  /// All at once: {{"a", "b"}, {"b", "a"}} swaps.
  virtual void rename_all(const KeyMap& map) {
    for (const auto& [from, to] : map) rename(from, to);
  }
  virtual void remove(const std::string& key) = 0;
  /// Notes a problem of the stage's own (a rank it cannot take, …); stage and location are filled
  /// in.
  virtual void problem(Diagnostic diagnostic) = 0;
};

/// Names one row of a batch in random streams.
struct RowContext {
  std::int64_t epoch = 0;
  std::int64_t sample = 0;
};

/// Names the random stream of a sample in a stage.
struct SampleContext {
  std::uint64_t seed = 0;
  std::int64_t epoch = 0;
  std::int64_t sample = 0;  ///< Position in the source (or in the stream, if it has none).
  std::int64_t stage = 0;   ///< Index of the stage.
  /// The names of the record's samples: of a batch, one per row.
  std::span<const RowContext> rows{};
};

/// A stage as bound to its input schema: record in, record out; pure, called by several threads.
using SampleFunction = std::function<Record(Record record, const SampleContext& context)>;

enum class StageKind : std::uint8_t { kSample, kStream };

/// A key whose text is the name of a file.
struct FileKey {
  std::string key;
  std::string root;  ///< Put before relative names.
};

/// The values that a stage takes of a key: others are bad samples (D002). One of the two is set.
struct TakenValues {
  std::string key;
  std::vector<std::string> texts;   ///< These texts.
  std::optional<ValueRange> range;  ///< Whole numbers in this range.
};

/// One step of a pipeline. Immutable.
class Stage {
 public:
  virtual ~Stage() = default;
  virtual const std::string& name() const noexcept = 0;  ///< The word of the experiment file.
  virtual SourceLocation location() const noexcept = 0;
  virtual StageKind kind() const noexcept = 0;
  virtual void edit(SchemaEditor& editor) const = 0;
  /// What it was made with, as text: part of the fingerprint by which a saved iterator state is
  /// known to be of this pipeline.
  virtual std::string arguments() const { return {}; }
  /// True if what it gives depends on the seed and the epoch, too.
  virtual bool random() const noexcept { return name().starts_with("random_"); }
  /// What is wrong with standing behind `before`; of what the keys do not tell.
  virtual std::vector<Diagnostic> problems_behind(const Pipeline& /*before*/) const { return {}; }
  /// The key by which this stage finds a file to read.
  virtual std::optional<FileKey> file_key() const { return std::nullopt; }
  virtual std::vector<TakenValues> taken_values() const { return {}; }
};

/// A stage that works on one record at a time. Works on samples and, where it can, on batches.
class SampleStage : public Stage {
 public:
  StageKind kind() const noexcept override { return StageKind::kSample; }
  /// `in` and `out` are the schemas before and after; names are resolved to slots here, once.
  virtual SampleFunction bind(std::shared_ptr<const Schema> in,
                              std::shared_ptr<const Schema> out) const = 0;
  /// The keys that it looks at, changes or makes, where it leaves all others alone, in their slots,
  /// and needs none of them to be there. Nothing: it may look at any.
  virtual std::optional<Keys> own_keys() const { return std::nullopt; }
};

}  // namespace tenon::data
