#pragma once

#include <string>
#include <vector>

#include "data/region.hpp"
#include "data/stages/named_stage.hpp"

namespace tenon::data {

/// What a value is when a stage works on it.
struct ValueContext {
  const std::string& key;
  bool batched = false;  ///< Axis 0 is the batch.
  const std::vector<SampleIdentity>& samples;

  /// The sample that row `row` of a batch is of; the sample itself outside of batches.
  std::optional<SampleIdentity> sample_of(std::int64_t row) const;
};

/// A stage that makes one new value out of the value of each of its keys, by itself.
class PerKeyStage : public NamedStage<SampleStage>, public PartwiseStage {
 public:
  PerKeyStage(std::string name, Keys keys, SourceLocation location);

  void edit(SchemaEditor& editor) const override;
  SampleFunction bind(std::shared_ptr<const Schema> in,
                      std::shared_ptr<const Schema> out) const override;
  std::optional<Keys> own_keys() const override { return keys_; }
  Partwise bind_parts(std::shared_ptr<const Schema> in,
                      std::shared_ptr<const Schema> out) const override;
  std::string arguments() const override;

 protected:
  const Keys& keys() const noexcept { return keys_; }
  /// The spec after the stage. Text in `problem`: why values of `spec` cannot be worked on; the
  /// spec that is given back is then what would have come out. `spec` may be of unknown rank.
  virtual TensorSpec spec_after(const TensorSpec& spec, std::string& problem) const = 0;
  /// Throws DataError for a value that cannot be worked on.
  virtual Tensor apply(const Tensor& value, const ValueContext& context) const = 0;
  /// True if apply() works on each element by itself and takes every value of `spec`, an image's or
  /// a volume's: the stage may then run behind a crop that follows it.
  virtual bool pointwise(const TensorSpec& /*spec*/) const { return false; }
  /// The other arguments as text.
  virtual std::string more_arguments() const = 0;

 private:
  Tensor applied(const Tensor& value, const ValueContext& context) const;

  Keys keys_;
};

/// D001 (text) or S002: why `stage` cannot work on the values of a key.
Diagnostic cannot_work_on(const std::string& stage, const std::string& key, const TensorSpec& spec,
                          const std::string& problem);
/// The first axis of a sample in a tensor of `spec`: 1 behind a batch axis, else 0.
inline int first_axis(const TensorSpec& spec) { return spec.batched() ? 1 : 0; }
/// True if the values of `slot` have a batch axis; one of unknown rank follows the other keys.
bool is_batched(const Schema& schema, std::size_t slot);
/// Says why `spec` is no image, or nothing: text, or a rank other than (height, width[, channels]).
std::string why_no_image(const TensorSpec& spec);
/// `spec` with height and width set; the letters H, W (and C) are given to axes of no known
/// meaning.
TensorSpec with_image_size(TensorSpec spec, Dim height, Dim width);
/// A list of keys (or other texts) as arguments() tells it.
std::string join_texts(const std::vector<std::string>& texts);
/// Throws ContractError (A001) for an empty list, or an entry that is there twice.
void require_distinct(const char* stage, const char* argument,
                      const std::vector<std::string>& texts);
/// … of an argument called "keys".
void require_some_keys(const char* stage, const Keys& keys);
/// Throws ContractError (A001) unless both sizes are from 1 to 2^20.
void require_size(const char* stage, const char* argument, Size2D size);

}  // namespace tenon::data
