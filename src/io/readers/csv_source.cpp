#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/key_error.hpp"
#include "data/numeric.hpp"
#include "data/source.hpp"
#include "data/sources/joined.hpp"
#include "io/readers/csv_row.hpp"
#include "io/readers/csv_scan.hpp"
#include "io/readers/csv_value.hpp"
#include "io/readers/download.hpp"
#include "io/readers/random_access_file.hpp"
#include "io/readers/shards.hpp"
#include "tenon/error.hpp"

namespace tenon {
namespace readers {
namespace {

/// The rows of a CSV file; its columns are scalar keys. Of two columns of one name the first
/// counts, and the second is a problem (K012).
class CsvSource : public data::Source {
 public:
  /// Of the file `shard` of `files`, of which `scan` is known.
  CsvSource(std::shared_ptr<const Shards> files, std::size_t shard, CsvScan scan,
            const CsvOptions& options, SourceLocation location)
      : files_(std::move(files)),
        shard_(shard),
        path_(files_->path(shard)),
        separator_(options.separator),
        location_(location),
        scan_(std::move(scan)) {
    state_types(options);
    build_schema();
  }

  StageReference reference() const override { return {-1, "csv", location_}; }
  std::shared_ptr<const Schema> schema() const override { return schema_; }
  Cardinality cardinality() const override {
    return {Cardinality::Kind::kKnown, scan_.count(), true};
  }
  std::vector<Diagnostic> problems() const override { return problems_; }
  std::string arguments() const override { return fmt::format("{} {:?}", path_, separator_); }
  std::vector<data::FileContents> contents() const override {
    return {{path_, scan_.count(), scan_.hash}};
  }
  std::string settings() const override { return fmt::format("{:?}", separator_); }
  bool known_by_record() const override { return true; }
  void keep_parts(std::size_t count) const override { files_->keep(count); }
  SampleIdentity identity(std::int64_t index) const override {
    const std::int64_t line = scan_.line_of(index);
    return {index, fmt::format("row {}", line), path_, line};
  }
  Record read(std::int64_t index) const override;
  std::optional<std::vector<std::string>> texts(const std::string& key) const override;
  std::optional<data::ColumnSummary> summary(const std::string& key) const override;
  std::optional<data::OddCells> odd_cells(const std::string& key) const override {
    const auto slot = schema_->find(key);
    if (!slot) return std::nullopt;
    const OddCells& odd = scan_.odd_cells[columns_[*slot]];
    if (odd.count == 0) return std::nullopt;
    return data::OddCells{odd.row, odd.text, odd.count};
  }

 private:
  void state_types(const CsvOptions& options);
  void build_schema();
  [[noreturn]] void fail(std::int64_t index, const std::string& what,
                         const std::string& expected) const;

  std::shared_ptr<const Shards> files_;
  std::size_t shard_;
  const std::string& path_;
  char separator_;
  SourceLocation location_;
  CsvScan scan_;
  std::shared_ptr<const Schema> schema_;
  std::vector<std::size_t> columns_;  ///< The column of each slot.
  std::vector<Diagnostic> problems_;
};

/// A cell for a message: its beginning, odd characters made visible.
std::string quote_cell(const std::string& cell) {
  constexpr std::size_t kShown = 60;
  return cell.size() <= kShown ? quote_key(cell) : quote_key(cell.substr(0, kShown)) + " …";
}

void CsvSource::state_types(const CsvOptions& options) {
  for (const auto& [name, dtype] : options.types) {
    const auto found = std::find(scan_.names.begin(), scan_.names.end(), name);
    if (found == scan_.names.end()) {
      problems_.push_back(missing_key(name, scan_.names, fmt::format("types of {}", path_)));
    } else {
      scan_.types[static_cast<std::size_t>(found - scan_.names.begin())] = dtype;
    }
  }
}

void CsvSource::build_schema() {
  Schema schema;
  for (std::size_t column = 0; column < scan_.names.size(); ++column) {
    const std::string& name = scan_.names[column];
    if (schema.contains(name)) {
      problems_.push_back(make_diagnostic(
          "K012", fmt::format("{}: two columns are called {}", path_, quote_key(name)),
          {fmt::format("column {} is the second", column + 1)},
          "rename one in the file's first line"));
      continue;
    }
    schema.add({name, TensorSpec(scan_.types[column], {}), Role::kData});
    columns_.push_back(column);
  }
  schema_ = std::make_shared<const Schema>(std::move(schema));
}

void CsvSource::fail(std::int64_t index, const std::string& what,
                     const std::string& expected) const {
  throw_file_error(path_, fmt::format("line {}: {}", scan_.line_of(index), what), expected);
}

Record CsvSource::read(std::int64_t index) const {
  const auto row = static_cast<std::size_t>(index);
  const std::string text = files_->open(shard_)->read(scan_.offsets[row], scan_.offsets[row + 1]);
  std::vector<std::string> cells;
  const std::string problem = split_csv_row(text, separator_, cells);
  if (!problem.empty()) {
    fail(index, problem, "a row as RFC 4180 says");
  }
  if (cells.size() != scan_.names.size()) {
    fail(index, fmt::format("the row has {} cells", cells.size()),
         fmt::format("{}, as many as the header", scan_.names.size()));
  }
  std::vector<Tensor> values;
  values.reserve(columns_.size());
  for (const std::size_t column : columns_) {
    const DType dtype = scan_.types[column];
    auto value = cell_value(cells[column], dtype);
    if (!value) {
      const bool empty = is_empty_cell(cells[column]);
      fail(index,
           fmt::format("column {} {}", quote_key(scan_.names[column]),
                       empty ? "is empty" : fmt::format("holds {}", quote_cell(cells[column]))),
           fmt::format("a value of {}", name_of(dtype)));
    }
    values.push_back(std::move(*value));
  }
  return Record(schema_, std::move(values), {identity(index)});
}

/// A number as its column's dtype writes it: "01" and "1.0" are what a record of them holds.
std::string text_as_read(std::string cell, DType dtype) {
  if (dtype == DType::kString) return cell;
  const auto value = cell_value(cell, dtype);
  return value ? data::element_text(*value, 0) : std::string();
}

/// In pieces of the file; a row that cannot be read has an empty text.
std::optional<std::vector<std::string>> CsvSource::texts(const std::string& key) const {
  constexpr std::uint64_t kPiece = std::uint64_t{1} << 20;
  const auto slot = schema_->find(key);
  if (!slot) return std::nullopt;
  const std::size_t column = columns_[*slot];
  const DType dtype = (*schema_)[*slot].spec.dtype;
  const auto rows = static_cast<std::size_t>(scan_.count());
  const std::shared_ptr<const RandomAccessFile> file = files_->open(shard_);
  std::vector<std::string> texts(rows);
  std::vector<std::string> cells;
  for (std::size_t first = 0; first < rows;) {
    std::size_t end = first + 1;
    while (end < rows && scan_.offsets[end + 1] - scan_.offsets[first] <= kPiece) ++end;
    const std::string piece = file->read(scan_.offsets[first], scan_.offsets[end]);
    for (std::size_t row = first; row < end; ++row) {
      const auto text = std::string_view(piece).substr(scan_.offsets[row] - scan_.offsets[first],
                                                       scan_.offsets[row + 1] - scan_.offsets[row]);
      const bool good = split_csv_row(text, separator_, cells).empty();
      if (!good || cells.size() != scan_.names.size()) continue;
      texts[row] = text_as_read(std::move(cells[column]), dtype);
    }
    first = end;
  }
  return texts;
}

std::optional<data::ColumnSummary> CsvSource::summary(const std::string& key) const {
  const auto slot = schema_->find(key);
  if (!slot) return std::nullopt;
  const std::size_t column = columns_[*slot];
  const DType dtype = (*schema_)[*slot].spec.dtype;
  if (dtype == DType::kString && scan_.texts[column])
    return data::ColumnSummary{scan_.texts[column], std::nullopt};
  if (is_integer(dtype) && scan_.ranges[column])
    return data::ColumnSummary{std::nullopt, scan_.ranges[column]};
  return std::nullopt;
}

void check_options(const CsvOptions& options) {
  constexpr std::string_view kNotSeparators = "\"\r\n";
  if (options.separator == '\0' ||
      kNotSeparators.find(options.separator) != std::string_view::npos) {
    throw_argument_error("from_csv", fmt::format("separator {:?}", options.separator),
                         "one character that is no quote and no line end");
  }
  for (const auto& [name, dtype] : options.types) {
    if (dtype == DType::kBFloat16) {
      throw_argument_error("from_csv", fmt::format("bfloat16 for column {}", quote_key(name)),
                           "float32, float64, an integer, bool or string");
    }
  }
}

/// The dtype of a column that is `a` in some files and `b` in another one.
DType common_type(DType a, DType b) {
  if (a == b) return a;
  const bool numbers = a != DType::kString && b != DType::kString;
  return numbers ? DType::kFloat32 : DType::kString;
}

/// True if no cell says what the column holds.
bool is_empty_column(const CsvScan& scan, std::size_t column) {
  const auto& texts = scan.texts[column];
  return scan.count() == 0 ||
         (texts && std::all_of(texts->begin(), texts->end(),
                               [](const std::string& text) { return is_empty_cell(text); }));
}

/// Gives every column the type that it has over all files; columns are told by their names.
void learn_types_of_all(std::vector<CsvScan>& scans) {
  std::map<std::string, DType> types;
  for (const CsvScan& scan : scans) {
    for (std::size_t column = 0; column < scan.names.size(); ++column) {
      if (is_empty_column(scan, column)) continue;
      const DType own = scan.types[column];
      const auto [known, first] = types.emplace(scan.names[column], own);
      if (!first) known->second = common_type(known->second, own);
    }
  }
  for (CsvScan& scan : scans) {
    for (std::size_t column = 0; column < scan.names.size(); ++column) {
      const auto known = types.find(scan.names[column]);
      if (known != types.end()) scan.types[column] = known->second;
    }
  }
}

}  // namespace
}  // namespace readers

Dataset Dataset::from_csv(const std::string& path, CsvOptions options, Here location) {
  readers::check_options(options);
  readers::take_addresses();
  return from_source(std::make_shared<readers::CsvSource>(
      std::make_shared<readers::Shards>(std::vector<std::string>{path}), 0,
      readers::scan_csv(path, options.separator), options, location));
}

Dataset Dataset::from_csv(const std::vector<std::string>& paths, CsvOptions options,
                          Here location) {
  readers::check_options(options);
  readers::take_addresses();
  auto files = std::make_shared<const readers::Shards>(readers::expand_paths(paths));
  std::vector<readers::CsvScan> scans;
  for (const std::string& path : files->paths())
    scans.push_back(readers::scan_csv(path, options.separator));
  readers::learn_types_of_all(scans);
  std::vector<std::shared_ptr<const data::Source>> parts;
  for (std::size_t i = 0; i < scans.size(); ++i) {
    parts.push_back(
        std::make_shared<readers::CsvSource>(files, i, std::move(scans[i]), options, location));
  }
  return from_source(data::join_sources(std::move(parts), files->paths()));
}

}  // namespace tenon
