#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "core/key_error.hpp"
#include "data/collate.hpp"
#include "data/numeric.hpp"
#include "data/source.hpp"
#include "data/sources/joined.hpp"
#include "io/readers/download.hpp"
#include "io/readers/recently_used.hpp"
#include "io/readers/shards.hpp"
#include "io/readers/zip_directory.hpp"
#include "tenon/error.hpp"
#include "tenon/npz.hpp"

namespace tenon {
namespace readers {
namespace {

/// The entries of `keys` in that order; all of the file's without keys.
std::vector<NpzEntry> chosen_entries(const std::string& path, const Keys& keys) {
  std::vector<NpzEntry> entries = list_npz(path);
  if (keys.empty()) {
    return entries;
  }
  std::vector<std::string> names;
  names.reserve(entries.size());
  for (const NpzEntry& entry : entries) {
    names.push_back(entry.name);
  }
  std::vector<NpzEntry> chosen;
  for (const std::string& key : keys) {
    const auto found = std::find(names.begin(), names.end(), key);
    if (found == names.end()) {
      throw KeyError(missing_key(key, names, path));
    }
    chosen.push_back(entries[static_cast<std::size_t>(found - names.begin())]);
  }
  return chosen;
}

/// The number of samples that all entries agree on.
std::int64_t sample_count(const std::string& path, const std::vector<NpzEntry>& entries) {
  if (entries.empty()) {
    throw_file_error(path, "there are no arrays in it");
  }
  const bool agree = std::all_of(entries.begin(), entries.end(), [&](const NpzEntry& entry) {
    return entry.shape.rank() > 0 && entries.front().shape.rank() > 0 &&
           entry.shape[0] == entries.front().shape[0];
  });
  if (!agree) {
    std::vector<std::string> notes;
    notes.reserve(entries.size());
    for (const NpzEntry& entry : entries) {
      notes.push_back(
          fmt::format("{} has the shape {}", quote_key(entry.name), entry.shape.to_string()));
    }
    throw ShapeError(make_diagnostic(
        "S005", fmt::format("{}: its arrays do not have the same number of samples (axis 0)", path),
        std::move(notes), "choose the arrays that belong together with keys"));
  }
  return entries.front().shape[0];
}

/// The arrays of .npz files that were asked for, whole.
using Arrays = RecentlyUsed<std::vector<Tensor>>;
constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();

std::shared_ptr<Arrays> all_arrays() { return std::make_shared<Arrays>(kAll, kAll); }

/// The samples of a .npz file, whose arrays are read when the first one is asked for.
class NpzSource : public data::Source {
 public:
  /// What it reads is kept in `arrays` as `number`.
  NpzSource(std::string path, const NpzOptions& options, std::shared_ptr<Arrays> arrays,
            std::size_t number, SourceLocation location)
      : path_(std::move(path)), location_(location), arrays_(std::move(arrays)), number_(number) {
    const std::vector<NpzEntry> entries = chosen_entries(path_, options.keys);
    count_ = sample_count(path_, entries);
    Schema schema;
    for (const NpzEntry& entry : entries) {
      schema.add(
          {entry.name, TensorSpec::of(entry.dtype, entry.shape.without_batch()), Role::kData});
    }
    schema_ = std::make_shared<const Schema>(std::move(schema));
    hash_ = hash_of_arrays();
  }

  StageReference reference() const override { return {-1, "npz", location_}; }
  std::shared_ptr<const Schema> schema() const override { return schema_; }
  Cardinality cardinality() const override { return {Cardinality::Kind::kKnown, count_, true}; }
  std::string arguments() const override { return path_; }
  std::vector<data::FileContents> contents() const override { return {{path_, count_, hash_}}; }
  SampleIdentity identity(std::int64_t index) const override { return {index, "", path_, -1}; }

  std::optional<std::vector<std::string>> texts(const std::string& key) const override {
    const auto slot = schema_->find(key);
    if (!slot || (*schema_)[*slot].spec.rank() != 0) return std::nullopt;
    return data::element_texts((*arrays())[*slot]);
  }

  Record read(std::int64_t index) const override {
    const std::shared_ptr<const std::vector<Tensor>> arrays = this->arrays();
    std::vector<Tensor> values;
    values.reserve(arrays->size());
    for (const Tensor& array : *arrays) {
      values.push_back(array.row(index));
    }
    return Record(schema_, std::move(values), {identity(index)});
  }
  void keep_parts(std::size_t count) const override { arrays_->keep(count == 0 ? kAll : count); }
  bool reads_rows() const override { return true; }
  std::vector<Tensor> read_rows(std::span<const std::int64_t> indices) const override {
    const std::shared_ptr<const std::vector<Tensor>> arrays = this->arrays();
    std::vector<Tensor> batch;
    batch.reserve(arrays->size());
    for (const Tensor& array : *arrays) batch.push_back(data::gather_rows(array, indices));
    return batch;
  }

 private:
  /// By their checksums in the archive's directory, or, where that is of an odd kind, by its size.
  ListHash hash_of_arrays() const {
    const auto file = open_file(path_);
    const auto members = read_zip_directory(*file);
    ContentHash arrays;
    for (const Field& field : *schema_) {
      arrays.add(field.key);
      const auto found = members.find(field.key + ".npy");
      arrays.add(found == members.end() ? file->size() : found->second.bytes);
      arrays.add(found == members.end() ? 0U : found->second.checksum);
    }
    ListHash hash;
    hash.add(arrays.value());
    return hash;
  }
  /// The file is held to what it was when the schema was made.
  std::shared_ptr<const std::vector<Tensor>> load() const {
    NamedTensors named = load_npz(path_);
    std::vector<Tensor> arrays;
    for (const Field& field : *schema_) {
      const auto found = std::find_if(named.begin(), named.end(),
                                      [&](const auto& entry) { return entry.first == field.key; });
      const bool same = found != named.end() && found->second.dtype() == field.spec.dtype &&
                        found->second.rank() > 0 && found->second.dim(0) == count_ &&
                        field.spec.shape_fits(found->second.shape().without_batch());
      if (!same) {
        throw_file_error(path_, fmt::format("the array {} has changed since the file was opened",
                                            quote_key(field.key)));
      }
      arrays.push_back(std::move(found->second));
    }
    return std::make_shared<const std::vector<Tensor>>(std::move(arrays));
  }
  std::shared_ptr<const std::vector<Tensor>> arrays() const {
    return arrays_->get(
        number_, [this] { return load(); },
        [](const std::vector<Tensor>&) { return std::uint64_t{0}; });
  }

  std::string path_;
  SourceLocation location_;
  std::int64_t count_ = 0;
  ListHash hash_;
  std::shared_ptr<const Schema> schema_;
  std::shared_ptr<Arrays> arrays_;  ///< By slot.
  std::size_t number_;
};

}  // namespace
}  // namespace readers

Dataset Dataset::from_npz(const std::string& path, NpzOptions options, Here location) {
  readers::take_addresses();
  return from_source(
      std::make_shared<readers::NpzSource>(path, options, readers::all_arrays(), 0, location));
}

Dataset Dataset::from_npz(const std::vector<std::string>& paths, NpzOptions options,
                          Here location) {
  readers::take_addresses();
  const std::vector<std::string> files = readers::expand_paths(paths);
  const auto arrays = readers::all_arrays();
  std::vector<std::shared_ptr<const data::Source>> parts;
  for (std::size_t i = 0; i < files.size(); ++i)
    parts.push_back(std::make_shared<readers::NpzSource>(files[i], options, arrays, i, location));
  return from_source(data::join_sources(std::move(parts), files));
}

}  // namespace tenon
