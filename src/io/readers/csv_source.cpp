#include <fmt/format.h>

#include <algorithm>

#include "core/key_error.hpp"
#include "data/numeric.hpp"
#include "data/source.hpp"
#include "io/readers/csv_row.hpp"
#include "io/readers/csv_scan.hpp"
#include "io/readers/csv_value.hpp"
#include "io/readers/download.hpp"
#include "io/readers/random_access_file.hpp"
#include "tenon/error.hpp"

namespace tenon {
namespace readers {
namespace {

/// The rows of a CSV file; its columns are scalar keys. Of two columns of one name the first
/// counts, and the second is a problem (K012).
class CsvSource : public data::Source {
 public:
  CsvSource(std::string path, const CsvOptions& options, SourceLocation location)
      : path_(std::move(path)),
        separator_(options.separator),
        location_(location),
        scan_(scan_csv(path_, separator_)),
        file_(open_file(path_)) {
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
  bool known_by_record() const override { return true; }
  SampleIdentity identity(std::int64_t index) const override {
    const std::int64_t line = scan_.line_of(index);
    return {index, fmt::format("row {}", line), path_, line};
  }
  Record read(std::int64_t index) const override;
  std::optional<std::vector<std::string>> texts(const std::string& key) const override;
  std::optional<data::ColumnSummary> summary(const std::string& key) const override;

 private:
  void state_types(const CsvOptions& options);
  void build_schema();
  [[noreturn]] void fail(std::int64_t index, const std::string& what,
                         const std::string& expected) const;

  std::string path_;
  char separator_;
  SourceLocation location_;
  CsvScan scan_;
  std::shared_ptr<const RandomAccessFile> file_;
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
  const std::string text = file_->read(scan_.offsets[row], scan_.offsets[row + 1]);
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
  std::vector<std::string> texts(rows);
  std::vector<std::string> cells;
  for (std::size_t first = 0; first < rows;) {
    std::size_t end = first + 1;
    while (end < rows && scan_.offsets[end + 1] - scan_.offsets[first] <= kPiece) ++end;
    const std::string piece = file_->read(scan_.offsets[first], scan_.offsets[end]);
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

}  // namespace
}  // namespace readers

Dataset Dataset::from_csv(const std::string& path, CsvOptions options, Here location) {
  readers::check_options(options);
  readers::take_addresses();
  return from_source(std::make_shared<readers::CsvSource>(path, options, location));
}

}  // namespace tenon
