#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "data/source.hpp"
#include "io/readers/download.hpp"
#include "io/readers/shards.hpp"
#include "io/readers/tf_example.hpp"
#include "io/readers/tfrecord_index.hpp"
#include "tenon/error.hpp"

namespace tenon {
namespace readers {
namespace {

/// As many records are read to learn what they hold.
constexpr std::int64_t kLearntRecords = 32;

/// What has been seen of one feature.
struct SeenFeature {
  std::int64_t records = 0;
  FeatureKind kind = FeatureKind::kNone;
  FeatureKind other_kind = FeatureKind::kNone;  ///< Of a record that departs from `kind`.
  std::size_t fewest = 0;
  std::size_t most = 0;

  void add(const Feature& feature) {
    if (feature.count() == 0) return;
    const std::size_t count = feature.count();
    fewest = records == 0 ? count : std::min(fewest, count);
    most = std::max(most, count);
    if (records == 0) kind = feature.kind;
    if (feature.kind != kind) other_kind = feature.kind;
    ++records;
  }
  TensorSpec spec(std::int64_t of_records) const {
    const DType dtype = kind == FeatureKind::kInt64   ? DType::kInt64
                        : kind == FeatureKind::kFloat ? DType::kFloat32
                                                      : DType::kString;
    if (records < of_records || fewest != most) return {dtype, {Dim::unknown()}};
    if (most == 1) return {dtype, {}};
    return {dtype, {Dim(static_cast<std::int64_t>(most))}};
  }
};

/// The records of TFRecord files, each a serialized tf.train.Example; its features are keys. What
/// stands where a file cannot be read any further is one record more, a bad sample.
class TfRecordSource : public data::Source {
 public:
  TfRecordSource(const std::vector<std::string>& patterns, TfRecordOptions options,
                 SourceLocation location)
      : location_(location), shards_(expand_paths(patterns)) {
    for (std::size_t shard = 0; shard < shards_.count(); ++shard) index(shard);
    const bool any = std::any_of(indices_.begin(), indices_.end(),
                                 [](const TfRecordIndex& each) { return !each.begins.empty(); });
    if (!any) fail_without_records();
    schema_ = std::make_shared<const Schema>(options.features.empty() ? learnt_schema()
                                                                      : stated_schema(options));
  }

  StageReference reference() const override { return {-1, "tfrecord", location_}; }
  std::shared_ptr<const Schema> schema() const override { return schema_; }
  Cardinality cardinality() const override {
    return {Cardinality::Kind::kKnown, ends_.back(), true};
  }
  std::string arguments() const override {
    std::string text = fmt::format("{}", fmt::join(shards_.paths(), " "));
    for (const Field& field : *schema_)
      text += fmt::format(" {:?} {}", field.key, field.spec.to_string());
    return text;
  }
  SampleIdentity identity(std::int64_t index) const override {
    const Place place = place_of(index);
    return {index, fmt::format("record {}", place.record + 1), shards_.path(place.shard), -1};
  }
  std::vector<data::FileContents> contents() const override {
    std::vector<data::FileContents> files;
    for (std::size_t i = 0; i < indices_.size(); ++i)
      files.push_back({shards_.path(i), ends_[i] - (i == 0 ? 0 : ends_[i - 1]), indices_[i].hash});
    return files;
  }
  bool known_by_record() const override { return true; }
  std::optional<Record> known_by(std::int64_t index) const override {
    return Record(bytes_schema(), {Tensor::scalar(record_bytes(index, where_of(index)))},
                  {identity(index)});
  }
  std::vector<std::int64_t> part_ends() const override { return ends_; }
  void keep_parts(std::size_t count) const override { shards_.keep(count); }
  Record read(std::int64_t index) const override {
    const std::string where = where_of(index);
    const std::string bytes = record_bytes(index, where);
    const FeatureList features = list_features(bytes, where);
    std::vector<Tensor> values;
    values.reserve(schema_->size());
    for (const Field& field : *schema_) values.push_back(value_of(features, field, where));
    return Record(schema_, std::move(values), {identity(index)});
  }

 private:
  struct Place {
    std::size_t shard = 0;
    std::size_t record = 0;
  };

  /// Of the serialized record.
  static const std::shared_ptr<const Schema>& bytes_schema() {
    static const auto schema =
        std::make_shared<const Schema>(Schema{{"bytes", TensorSpec(DType::kString, {})}});
    return schema;
  }

  void index(std::size_t shard) {
    // A file that is not there is told at once; one that is damaged is a bad sample.
    static_cast<void>(open_file(shards_.path(shard)));
    TfRecordIndex index;
    try {
      index = index_tfrecord(*shards_.open(shard));
    } catch (const FormatError& error) {
      index.damage = error.diagnostics().front().message;
    }
    const auto count = static_cast<std::int64_t>(index.begins.size() + (index.damage ? 1 : 0));
    ends_.push_back((ends_.empty() ? 0 : ends_.back()) + count);
    indices_.push_back(std::move(index));
  }
  [[noreturn]] void fail_without_records() const {
    const std::string& path = shards_.path(0);
    const std::optional<std::string>& damage = indices_.front().damage;
    throw_file_error(path,
                     damage ? "this is no TFRecord file, or its first record is damaged: " + *damage
                            : "there are no records in it",
                     "a file as tf.io.TFRecordWriter writes it, as it is or packed by gzip");
  }

  Place place_of(std::int64_t index) const {
    const auto shard = std::upper_bound(ends_.begin(), ends_.end(), index) - ends_.begin();
    const std::int64_t begin = shard == 0 ? 0 : ends_[static_cast<std::size_t>(shard - 1)];
    return {static_cast<std::size_t>(shard), static_cast<std::size_t>(index - begin)};
  }
  /// "a.tfrecord, record 17 (at byte 1234)".
  std::string where_of(std::int64_t index) const {
    const Place place = place_of(index);
    const TfRecordIndex& records = indices_[place.shard];
    const std::uint64_t begin =
        place.record < records.begins.size() ? records.begins[place.record] : records.end;
    return fmt::format("{}, record {} (at byte {})", shards_.path(place.shard), place.record + 1,
                       begin);
  }
  std::string record_bytes(std::int64_t index, const std::string& where) const {
    const Place place = place_of(index);
    const TfRecordIndex& records = indices_[place.shard];
    if (place.record >= records.begins.size())
      throw_file_error(where, *records.damage + "; the rest of the file is not read",
                       "an undamaged file", "write or copy the file again");
    const std::uint64_t end =
        place.record + 1 < records.begins.size() ? records.begins[place.record + 1] : records.end;
    return read_tfrecord(*shards_.open(place.shard), records.begins[place.record], end, where);
  }

  static Tensor value_of(const FeatureList& features, const Field& field,
                         const std::string& where) {
    const auto found = std::lower_bound(
        features.begin(), features.end(), field.key,
        [](const auto& entry, const std::string& key) { return entry.first < key; });
    const std::string of_key = fmt::format("{}, {}", where, quote_key(field.key));
    if (found == features.end() || found->first != field.key)
      return feature_tensor(Feature{}, field.spec, of_key);
    return feature_tensor(parse_feature(found->second, of_key), field.spec, of_key);
  }

  static Schema stated_schema(const TfRecordOptions& options) {
    Schema schema;
    for (const auto& [key, spec] : options.features) schema.add({key, spec, Role::kData});
    return schema;
  }
  /// By the first records that can be read.
  Schema learnt_schema() const {
    std::map<std::string, SeenFeature> seen;
    std::int64_t read = 0;
    std::string problem;
    for (std::int64_t record = 0; record < std::min(ends_.back(), 2 * kLearntRecords); ++record) {
      if (read == kLearntRecords) break;
      const std::string where = where_of(record);
      try {
        const std::string bytes = record_bytes(record, where);
        for (const auto& [name, feature] : list_features(bytes, where))
          seen[std::string(name)].add(parse_feature(feature, where));
        ++read;
      } catch (const FormatError& error) {
        if (problem.empty()) problem = error.diagnostics().front().message;
      }
    }
    if (read == 0)
      throw_file_error(shards_.path(0), "none of the first records can be read: " + problem);
    return schema_of(seen, read);
  }
  Schema schema_of(const std::map<std::string, SeenFeature>& seen, std::int64_t read) const {
    Schema schema;
    for (const auto& [name, feature] : seen) {
      if (feature.records == 0) continue;
      if (feature.other_kind != FeatureKind::kNone) {
        throw_file_error(shards_.path(0),
                         fmt::format("{} holds {} in one record and {} in another", quote_key(name),
                                     name_of(feature.kind), name_of(feature.other_kind)),
                         "one kind of values", "state with features the keys to read");
      }
      schema.add({name, feature.spec(read), Role::kData});
    }
    if (schema.empty())
      throw_file_error(shards_.path(0), "there are no features in its first records");
    return schema;
  }

  SourceLocation location_;
  Shards shards_;
  std::vector<TfRecordIndex> indices_;
  std::vector<std::int64_t> ends_;  ///< Of each shard, the index behind its last record.
  std::shared_ptr<const Schema> schema_;
};

void check_features(const TfRecordOptions& options) {
  for (const auto& [key, spec] : options.features) {
    const auto unknown = std::count_if(spec.shape.begin(), spec.shape.end(),
                                       [](const Dim& dim) { return !dim.known(); });
    if (unknown > 1 || !spec.rank_known) {
      throw_argument_error("from_tfrecord",
                           fmt::format("{} as {}", quote_key(key), spec.to_string()),
                           "a shape with at most one axis of unknown size");
    }
  }
}

}  // namespace
}  // namespace readers

Dataset Dataset::from_tfrecord(const std::vector<std::string>& paths, TfRecordOptions options,
                               Here location) {
  readers::check_features(options);
  readers::take_addresses();
  return from_source(
      std::make_shared<readers::TfRecordSource>(paths, std::move(options), location));
}

}  // namespace tenon
