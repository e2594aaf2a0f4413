#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "core/key_error.hpp"
#include "data/source.hpp"
#include "io/readers/download.hpp"
#include "io/readers/image.hpp"
#include "io/readers/member_value.hpp"
#include "io/readers/shards.hpp"
#include "io/readers/tar_samples.hpp"
#include "tenon/error.hpp"

namespace tenon {
namespace readers {
namespace {

constexpr std::string_view kNameKey = "__key__";
constexpr std::uint64_t kMaxMemberBytes = std::uint64_t{1} << 30;
/// As many samples' arrays are looked at to learn their shapes.
constexpr std::size_t kLearntSamples = 32;

/// One key, and the endings of the files that may hold it.
struct Column {
  std::string key;
  std::vector<std::string> endings;
  MemberKind kind = MemberKind::kText;
};

std::vector<std::string> split_endings(const std::string& text) {
  std::vector<std::string> endings;
  for (std::size_t begin = 0;;) {
    const std::size_t end = text.find(';', begin);
    endings.push_back(text.substr(begin, end - begin));
    if (end == std::string::npos) return endings;
    begin = end + 1;
  }
}

/// `first` where both are the same; what differs is not known.
TensorSpec common_spec(TensorSpec first, const TensorSpec& second) {
  if (!first.rank_known || first.rank() != second.rank())
    return TensorSpec::of_unknown_rank(first.dtype);
  for (std::size_t axis = 0; axis < first.shape.size(); ++axis) {
    if (!(first.shape[axis] == second.shape[axis])) first.shape[axis] = Dim::unknown();
  }
  return first;
}

/// The samples of tar files. What stands where a file cannot be followed further is one sample
/// more, a bad one.
class WebDatasetSource : public data::Source {
 public:
  WebDatasetSource(const std::vector<std::string>& patterns, WebDatasetOptions options,
                   SourceLocation location)
      : location_(location),
        shards_(expand_paths(patterns)),
        form_{options.channels, options.dtype} {
    for (std::size_t shard = 0; shard < shards_.count(); ++shard) index(shard);
    if (samples_.count() == 0) fail_without_samples();
    options.keys.empty() ? choose_columns() : state_columns(options.keys);
    build_schema();
  }

  StageReference reference() const override { return {-1, "webdataset", location_}; }
  std::shared_ptr<const Schema> schema() const override { return schema_; }
  Cardinality cardinality() const override {
    return {Cardinality::Kind::kKnown, spans_.back().end, true};
  }
  std::string arguments() const override {
    return fmt::format("{} {}", fmt::join(shards_.paths(), " "), settings());
  }
  SampleIdentity identity(std::int64_t index) const override {
    const Place place = place_of(index);
    return {index, place.sample ? samples_.name(*place.sample) : "", shards_.path(place.shard), -1};
  }
  std::vector<data::FileContents> contents() const override {
    std::vector<data::FileContents> files;
    for (std::size_t i = 0; i < spans_.size(); ++i)
      files.push_back(
          {shards_.path(i), spans_[i].end - (i == 0 ? 0 : spans_[i - 1].end), spans_[i].hash});
    return files;
  }
  std::string settings() const override;
  bool known_by_record() const override { return true; }
  std::optional<Record> known_by(std::int64_t index) const override;
  std::vector<std::int64_t> part_ends() const override {
    std::vector<std::int64_t> ends;
    for (const Span& span : spans_) ends.push_back(span.end);
    return ends;
  }
  void keep_parts(std::size_t count) const override { shards_.keep(count); }
  Record read(std::int64_t index) const override;

 private:
  struct Span {
    std::size_t first_sample = 0;  ///< Of the shard.
    std::size_t sample_count = 0;
    std::int64_t end = 0;  ///< The index behind the shard's last record.
    ListHash hash;
    std::uint64_t damage_begin = 0;
    std::optional<std::string> damage;
  };
  struct Place {
    std::size_t shard = 0;
    std::optional<std::size_t> sample;  ///< Nothing: the shard's damage.
  };

  void index(std::size_t shard);
  [[noreturn]] void fail_without_samples() const;
  void choose_columns();
  void state_columns(const KeyMap& keys);
  void build_schema();
  TensorSpec array_spec(const Column& column) const;
  Place place_of(std::int64_t index) const;
  std::size_t shard_of_sample(std::size_t sample) const;
  template <class Take>
  void for_each_member(const Place& place, const Take& take) const;
  const TarSamples::Member* find(std::size_t sample, const Column& column,
                                 const std::string& path) const;
  std::string where_of(const std::string& path, std::size_t sample,
                       const TarSamples::Member& member) const {
    return fmt::format("{}, {}.{}", path, samples_.name(sample), samples_.endings()[member.ending]);
  }

  SourceLocation location_;
  Shards shards_;
  ImageForm form_;
  TarSamples samples_;
  std::vector<Span> spans_;
  std::vector<Column> columns_;
  std::shared_ptr<const Schema> schema_;
};

std::string WebDatasetSource::settings() const {
  std::string text = fmt::format("{} {}", form_.channels, name_of(form_.dtype));
  for (const Column& column : columns_)
    text += fmt::format(" {:?} {}", column.key, fmt::join(column.endings, ";"));
  return text;
}

void WebDatasetSource::index(std::size_t shard) {
  // A file that is not there is told at once; one that is damaged is a bad sample.
  static_cast<void>(open_file(shards_.path(shard)));
  TarIndex members;
  try {
    members = index_tar(*shards_.open(shard));
  } catch (const FormatError& error) {
    members.damage = error.diagnostics().front().message;
  }
  Span span;
  span.first_sample = samples_.count();
  samples_.add(members);
  span.sample_count = samples_.count() - span.first_sample;
  span.hash = members.hash;
  span.damage_begin = members.end;
  span.damage = std::move(members.damage);
  const std::int64_t begin = spans_.empty() ? 0 : spans_.back().end;
  span.end = begin + static_cast<std::int64_t>(span.sample_count) + (span.damage ? 1 : 0);
  spans_.push_back(std::move(span));
}

void WebDatasetSource::fail_without_samples() const {
  const std::optional<std::string>& damage = spans_.front().damage;
  throw_file_error(shards_.path(0),
                   damage ? "this is no tar file, or its first member is damaged: " + *damage
                          : "there are no samples in it",
                   "a tar file of members as NAME.jpg and NAME.cls");
}

void WebDatasetSource::choose_columns() {
  for (std::size_t number = 0; number < samples_.endings().size(); ++number) {
    if (samples_.ending_counts()[number] * 2 < samples_.count()) continue;
    const std::string& ending = samples_.endings()[number];
    columns_.push_back({ending, {ending}, member_kind(ending)});
  }
  std::sort(columns_.begin(), columns_.end(),
            [](const Column& a, const Column& b) { return a.key < b.key; });
  if (columns_.empty()) {
    throw_file_error(shards_.path(0), "no ending is in half of the samples", "",
                     "state with keys what is read: { image = \"jpg;png\" }");
  }
}

void WebDatasetSource::state_columns(const KeyMap& keys) {
  for (const auto& [key, text] : keys) {
    Column column{key, split_endings(text), member_kind(split_endings(text).front())};
    bool any = false;
    for (const std::string& ending : column.endings) {
      const auto& known = samples_.endings();
      any = any || std::find(known.begin(), known.end(), ending) != known.end();
      if (member_kind(ending) != column.kind) {
        throw_argument_error("from_webdataset", fmt::format("{} of {}", quote_key(key), text),
                             "endings of one kind: images, arrays, whole numbers, or others");
      }
    }
    if (!any)
      throw KeyError(missing_key(column.endings.front(), samples_.endings(), shards_.path(0)));
    columns_.push_back(std::move(column));
  }
}

void WebDatasetSource::build_schema() {
  Schema schema;
  schema.add({std::string(kNameKey), TensorSpec(DType::kString, {}), Role::kData});
  for (const Column& column : columns_) {
    TensorSpec spec = column.kind == MemberKind::kArray
                          ? array_spec(column)
                          : member_spec(column.kind, "", form_, column.key);
    schema.add({column.key, std::move(spec), Role::kData});
  }
  schema_ = std::make_shared<const Schema>(std::move(schema));
}

/// By the first arrays that can be read.
TensorSpec WebDatasetSource::array_spec(const Column& column) const {
  std::optional<TensorSpec> spec;
  std::string problem = "none of the first samples has it";
  for (std::size_t sample = 0; sample < std::min(kLearntSamples, samples_.count()); ++sample) {
    const std::size_t shard = shard_of_sample(sample);
    const std::string& path = shards_.path(shard);
    try {
      const TarSamples::Member* member = find(sample, column, path);
      const std::uint64_t end = member->begin + std::min(member->size, kMaxMemberBytes);
      const std::string bytes = shards_.open(shard)->read(member->begin, end);
      const TensorSpec own =
          member_spec(column.kind, bytes, form_, where_of(path, sample, *member));
      spec = spec ? common_spec(std::move(*spec), own) : own;
      if (spec->dtype != own.dtype) {
        throw_argument_error("from_webdataset",
                             fmt::format("{} holds {} and {}", quote_key(column.key),
                                         name_of(spec->dtype), name_of(own.dtype)),
                             "arrays of one dtype");
      }
    } catch (const FormatError& error) {
      problem = error.diagnostics().front().message;
    }
  }
  if (!spec)
    throw_file_error(shards_.path(0), fmt::format("{}: {}", quote_key(column.key), problem));
  return *spec;
}

WebDatasetSource::Place WebDatasetSource::place_of(std::int64_t index) const {
  const auto span =
      std::upper_bound(spans_.begin(), spans_.end(), index,
                       [](std::int64_t at, const Span& each) { return at < each.end; });
  const std::int64_t begin = span == spans_.begin() ? 0 : std::prev(span)->end;
  const auto within = static_cast<std::size_t>(index - begin);
  Place place{static_cast<std::size_t>(span - spans_.begin()), std::nullopt};
  if (within < span->sample_count) place.sample = span->first_sample + within;
  return place;
}

std::size_t WebDatasetSource::shard_of_sample(std::size_t sample) const {
  const auto span =
      std::upper_bound(spans_.begin(), spans_.end(), sample,
                       [](std::size_t at, const Span& each) { return at < each.first_sample; });
  return static_cast<std::size_t>(span - spans_.begin()) - 1;
}

/// The member of `sample` for `column`: the first of the endings that is there.
const TarSamples::Member* WebDatasetSource::find(std::size_t sample, const Column& column,
                                                 const std::string& path) const {
  for (const std::string& ending : column.endings) {
    const TarSamples::Member* found = nullptr;
    for (std::size_t at = samples_.first_member(sample); at < samples_.end_member(sample); ++at) {
      const TarSamples::Member& member = samples_.member(at);
      if (samples_.endings()[member.ending] != ending) continue;
      if (found != nullptr)
        throw_file_error(where_of(path, sample, member), "is there twice", "one file of a name");
      found = &member;
    }
    if (found != nullptr) return found;
  }
  throw_file_error(fmt::format("{}, {}", path, samples_.name(sample)),
                   fmt::format("has no .{}", fmt::join(column.endings, " and no .")),
                   fmt::format("a file for the key {}", quote_key(column.key)));
}

/// Calls `take` with each column's bytes and where they are.
template <class Take>
void WebDatasetSource::for_each_member(const Place& place, const Take& take) const {
  const std::string& path = shards_.path(place.shard);
  if (!place.sample) {
    const Span& span = spans_[place.shard];
    throw_file_error(fmt::format("{} (at byte {})", path, span.damage_begin),
                     *span.damage + "; the rest of the file is not read", "a whole tar file",
                     "write or copy the file again");
  }
  const std::shared_ptr<const RandomAccessFile> file = shards_.open(place.shard);
  for (const Column& column : columns_) {
    const TarSamples::Member& member = *find(*place.sample, column, path);
    const std::string where = where_of(path, *place.sample, member);
    if (member.size > kMaxMemberBytes) {
      throw_file_error(where, fmt::format("has {} bytes", member.size),
                       fmt::format("at most {}", kMaxMemberBytes));
    }
    take(column, file->read(member.begin, member.begin + member.size), where);
  }
}

/// The bytes of its members, images not decoded.
std::optional<Record> WebDatasetSource::known_by(std::int64_t index) const {
  static const auto schema =
      std::make_shared<const Schema>(Schema{{"members", TensorSpec(DType::kString, {Dim()})}});
  const Place place = place_of(index);
  std::vector<std::string> members;
  for_each_member(place, [&](const Column& column, std::string bytes, const std::string&) {
    members.push_back(column.key);
    members.push_back(std::move(bytes));
  });
  members.push_back(samples_.name(*place.sample));
  const auto count = static_cast<std::int64_t>(members.size());
  return Record(schema, {Tensor::strings({count}, std::move(members))}, {identity(index)});
}

Record WebDatasetSource::read(std::int64_t index) const {
  const Place place = place_of(index);
  std::vector<Tensor> values(1);
  values.reserve(schema_->size());
  for_each_member(place, [&](const Column& column, std::string bytes, const std::string& where) {
    values.push_back(member_value(column.kind, std::move(bytes), form_, where));
    const TensorSpec& spec = (*schema_)[values.size() - 1].spec;
    const Tensor& value = values.back();
    if (value.dtype() != spec.dtype || !spec.shape_fits(value.shape())) {
      throw_file_error(
          where, fmt::format("holds {} {}", name_of(value.dtype()), value.shape().to_string()),
          spec.to_string() + ", as the samples before it");
    }
  });
  values[0] = Tensor::scalar(samples_.name(*place.sample));
  return Record(schema_, std::move(values), {identity(index)});
}

}  // namespace
}  // namespace readers

Dataset Dataset::from_webdataset(const std::vector<std::string>& paths, WebDatasetOptions options,
                                 Here location) {
  readers::check_image_form("from_webdataset", options.channels, options.dtype);
  readers::take_addresses();
  return from_source(
      std::make_shared<readers::WebDatasetSource>(paths, std::move(options), location));
}

}  // namespace tenon
