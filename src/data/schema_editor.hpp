#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "data/stage.hpp"

namespace tenon::data {

/// What is known of a stream at one place of a pipeline.
struct SchemaState {
  Schema schema;
  Lineage lineage;
  std::vector<Diagnostic> diagnostics;
  /// Keys whose absence was told, or follows from what was told.
  std::set<std::string> told;
  /// True behind a map that has not been observed: any key may be there.
  bool uncertain = false;
  bool batched = false;
  /// The stage that made batches; nothing if the source did, or nobody has.
  std::optional<StageReference> batch_stage;
};

/// The editor that a pipeline hands to a stage: changes `state` and says who did what.
class PipelineEditor final : public SchemaEditor {
 public:
  PipelineEditor(SchemaState& state, StageReference stage, StageReference source)
      : state_(state), stage_(std::move(stage)), source_(std::move(source)) {}

  const Schema& schema() const override { return state_.schema; }
  bool batched() const override { return state_.batched; }
  const TensorSpec* require(const std::string& key) override;
  void add(const std::string& key, TensorSpec spec, const std::string& made_from) override;
  void change(const std::string& key, TensorSpec spec) override;
  void rename(const std::string& from, const std::string& to) override;
  void rename_all(const KeyMap& map) override;
  void remove(const std::string& key) override;
  void problem(Diagnostic diagnostic) override;
  /// To be called once the stage has said all: a key that it changes, renames or removes is not
  /// merely used by it.
  void finish();

  /// True if require() added the key "sample_index" before this stage.
  bool added_sample_index() const noexcept { return added_sample_index_; }
  /// The schema that the stage's input has; differs from what came in by "sample_index" only.
  Schema input_schema(const Schema& before) const;

 private:
  const TensorSpec* find_or_note(const std::string& key);
  void add_sample_index();
  void note_missing(const std::string& key);
  void note_existing(const std::string& key);
  void record(LineageAction action, const std::string& key, const std::string& previous,
              std::optional<TensorSpec> before, std::optional<TensorSpec> after);

  SchemaState& state_;
  StageReference stage_;
  StageReference source_;
  bool added_sample_index_ = false;
};

/// The key under which a stage can have the sample's index.
inline constexpr const char* kSampleIndexKey = "sample_index";
/// Its field in a stream of samples, or of batches.
Field sample_index_field(bool batched);

}  // namespace tenon::data
