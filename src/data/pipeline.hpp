#pragma once

#include <memory>
#include <string>
#include <vector>

#include "data/schema_editor.hpp"
#include "data/source.hpp"
#include "data/stage.hpp"
#include "tenon/dataset.hpp"

namespace tenon::data {

/// A stage at its place in a pipeline.
struct PlacedStage {
  std::shared_ptr<const Stage> stage;
  StageReference reference;
  std::shared_ptr<const Schema> in;  ///< With "sample_index" where the stage asked for it.
  std::shared_ptr<const Schema> out;
  Cardinality cardinality;         ///< Of what comes out.
  bool adds_sample_index = false;  ///< `in` has that key, what comes from before has not.
};

/// Of parts of two fingerprints: true where they give the same elements. How many a prefetch keeps
/// ready changes none.
bool same_part(const std::string& a, const std::string& b);

/// A source, stages, and all that is known of the stream before reading. Immutable.
class Pipeline : public std::enable_shared_from_this<Pipeline> {
 public:
  /// Throws what the source's schema() throws.
  static std::shared_ptr<const Pipeline> start(std::shared_ptr<const Source> source);
  /// Throws ContractError (A001) for a stage of no known kind.
  std::shared_ptr<const Pipeline> with_stage(std::shared_ptr<const Stage> stage) const;
  std::shared_ptr<const Pipeline> with_bad_samples(BadSampleOptions options) const;
  /// Throws ContractError (A001) for a budget or a time below 0.
  std::shared_ptr<const Pipeline> with_options(DatasetOptions options) const;
  /// The same pipeline with every opaque map run on one sample; itself if there is none.
  std::shared_ptr<const Pipeline> observed() const;

  const std::shared_ptr<const Source>& source() const noexcept { return source_; }
  const std::vector<PlacedStage>& stages() const noexcept { return stages_; }
  const std::shared_ptr<const Schema>& schema() const noexcept { return schema_; }
  const Lineage& lineage() const noexcept { return state_.lineage; }
  const std::vector<Diagnostic>& diagnostics() const noexcept { return state_.diagnostics; }
  const Cardinality& cardinality() const noexcept { return cardinality_; }
  bool batched() const noexcept { return state_.batched; }
  const BadSampleOptions& bad_samples() const noexcept { return bad_samples_; }
  const DatasetOptions& options() const noexcept { return options_; }
  /// Source and stages with their arguments, one text each: what a saved state is compared with.
  /// The source's files are told by contents(), where those are known.
  std::vector<std::string> fingerprint() const;
  /// contents_texts() of the source.
  const std::vector<std::string>& contents() const noexcept { return *contents_; }
  /// What differs from what was saved of a pipeline, a text each ("its stage 2 was batch(…), here
  /// it is …"). States from before there were contents have none: their files' names are compared.
  std::vector<std::string> differences_from(const std::vector<std::string>& fingerprint,
                                            const std::vector<std::string>& contents) const;
  /// What has changed in the source's files, a text each; nothing where it is another source.
  std::vector<std::string> changed_contents(const std::vector<std::string>& fingerprint,
                                            const std::vector<std::string>& contents) const;
  /// Throws ContractError (or the class below it that fits) with all diagnostics if one is an
  /// error.
  void require_sound() const;

 private:
  std::string source_text(bool by_contents) const;
  void tell_odd_cells_behind(std::size_t told);

  std::shared_ptr<const Source> source_;
  std::shared_ptr<const std::vector<std::string>> contents_;
  std::vector<PlacedStage> stages_;
  std::shared_ptr<const Schema> schema_;
  SchemaState state_;
  Cardinality cardinality_;
  BadSampleOptions bad_samples_;
  DatasetOptions options_;
};

}  // namespace tenon::data
