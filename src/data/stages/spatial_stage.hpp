#pragma once

#include <array>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "data/stages/per_key_stage.hpp"
#include "data/volume.hpp"
#include "tenon/random.hpp"

namespace tenon::data {

/// A stage that works on images (height, width), (height, width, channels) and volumes (depth,
/// height, width, channels) of one sample, before batch. What is drawn at random is drawn once for
/// a sample: all keys see the same.
class SpatialStage : public NamedStage<SampleStage> {
 public:
  SpatialStage(std::string name, Keys keys, SourceLocation location);

  void edit(SchemaEditor& editor) const override;
  SampleFunction bind(std::shared_ptr<const Schema> in,
                      std::shared_ptr<const Schema> out) const override;
  std::optional<Keys> own_keys() const override { return touched_keys(); }
  std::string arguments() const override;

 protected:
  /// A value of the sample that is being worked on.
  struct Value {
    const std::string& key;
    std::size_t position;  ///< Among the stage's keys.
    Tensor& tensor;
  };

  /// The random numbers of a sample in this stage.
  static Random random_of(const SampleContext& context);
  const Keys& keys() const { return keys_; }
  /// The spec of a key after the stage; text in `problem` where the stage cannot work on it. `spec`
  /// is an image's, a volume's, or of unknown rank.
  virtual TensorSpec spec_after(const TensorSpec& spec, std::string& problem) const;
  /// Other keys that are read, and what is stated of them.
  virtual void edit_others(SchemaEditor& /*editor*/) const {}
  /// Keys whose values work() gets behind those of keys(), to read.
  virtual Keys others() const { return {}; }
  /// Changes the values of all keys of one sample. Throws DataError.
  virtual void work(std::span<Value> values, Random& random) const = 0;
  /// The other arguments as text.
  virtual std::string more_arguments() const = 0;

 private:
  /// keys(), then others().
  Keys touched_keys() const;

  Keys keys_;
};

/// … whose keys are worked on by themselves.
class SpatialKeyStage : public SpatialStage, public PartwiseStage {
 public:
  using SpatialStage::SpatialStage;
  Partwise bind_parts(std::shared_ptr<const Schema> in,
                      std::shared_ptr<const Schema> out) const override;

 protected:
  virtual Tensor apply(const Tensor& volume, std::size_t position) const = 0;
  /// True if apply() works on each voxel by itself, takes every value and keeps the geometry: the
  /// stage may then run behind a crop that follows it.
  virtual bool pointwise() const { return false; }
  void work(std::span<Value> values, Random& random) const final;
};

/// `spec` with other spatial sizes, of an image's or a volume's rank; the letters D, H, W (and C)
/// are given to axes of no known meaning. An image has no depth.
TensorSpec with_spatial_size(TensorSpec spec, const std::array<Dim, 3>& size);
/// The spatial sizes of a spec of known rank: an image is 1 deep.
std::array<Dim, 3> spatial_size(const TensorSpec& spec);
/// Why a sample of `spec` is no image and no volume, or nothing.
std::string why_not_spatial(const TensorSpec& spec);
bool is_volume(const TensorSpec& spec);

/// Sizes as an argument gives them: [depth, height, width], or [height, width] for images, which
/// then has a depth of 1. Throws ContractError (A001) unless each is from 1 to 2^20.
Size3D size_argument(const char* stage, const char* argument,
                     const std::vector<std::int64_t>& size);
/// What is cut out: two numbers mean an image's, or a volume's of depth 1.
struct PatchSize {
  Size3D voxels{1, 1, 1};
  bool has_depth = true;
  const char* argument = "size";  ///< Its name, for messages.

  /// "[64, 64]" or "[32, 64, 64]", as it was given.
  std::string to_string() const;
  /// Whether it can be cut out of what is `depth` deep.
  bool fits_depth(std::int64_t depth) const { return has_depth || depth == 1; }
};
/// As size_argument().
PatchSize patch_size(const char* stage, const std::vector<std::int64_t>& size,
                     const char* argument = "size");
/// Why `size` cannot be cut out of a sample of `spec`, or nothing.
std::string why_no_depth(const PatchSize& size, const TensorSpec& spec);
/// Throws DataError (S002) where `size` has no depth and `shape`, of `key`, is deeper than 1.
void require_depth(std::string_view stage, const std::string& key, const Shape& shape,
                   const PatchSize& size);
/// "[32, 64, 64]".
std::string to_text(const Size3D& size);

/// How each of `count` keys is resampled: "linear" or "nearest", given once or once per key.
/// Throws ContractError (A001).
std::vector<bool> linear_argument(const char* stage, const std::vector<std::string>& words,
                                  std::size_t count);
/// Throws ContractError (A001) unless 0 <= probability <= 1.
void require_probability(const char* stage, double probability);
constexpr double kAnyNumber = -std::numeric_limits<double>::infinity();
/// Throws ContractError (A001) unless low <= high and both are finite and at least `least`.
void require_interval(const char* stage, const char* argument, const std::array<double, 2>& range,
                      double least = kAnyNumber);
double even_between(Random& random, const std::array<double, 2>& range);

}  // namespace tenon::data
