#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/record.hpp"
#include "tenon/source_location.hpp"
#include "tenon/spec.hpp"

namespace tenon {

enum class Severity : std::uint8_t { kError, kWarning, kNote };
std::string_view name_of(Severity severity) noexcept;  ///< "error", "warning", "note".

/// A stage of a pipeline: its position (from 0, the source is not counted), its word, and the line
/// of the call in C++ or of its table in the experiment file.
struct StageReference {
  std::int64_t index = -1;  ///< -1: the source itself.
  std::string name;
  SourceLocation location;
};

/// `stage 3 rename (train.cpp:41)`; `source load_image (train.cpp:38)` for index -1. Folders of the
/// file are left out.
std::string to_string(const StageReference& stage);
/// `train.cpp:41`, without folders; empty if the location is not known.
std::string to_string(const SourceLocation& location);
/// `sample 16 "row 17" (cells.csv:18)`; what is not known is left out.
std::string to_string(const SampleIdentity& sample);
/// `sample 16 "row 17" (cells.csv:18)`, or `a batch of 32 samples, first sample 16 …`.
std::string to_string(std::span<const SampleIdentity> samples);

/// A change of lines of a text file: lines [first_line, last_line] (from 1) become `replacement`;
/// an insertion has last_line = first_line - 1.
struct Edit {
  std::string file;
  int first_line = 0;
  int last_line = 0;
  std::string replacement;
};

/// A way to mend it. `text` is for people; `cpp` and `toml` can be pasted; empty where there is
/// none.
struct Fix {
  std::string text;
  std::string cpp;
  std::string toml;
  std::optional<Edit> edit;
};

/// One key that a diagnostic is about: what was wanted of it and what there is.
struct KeyReport {
  std::string key;
  Role role = Role::kData;
  std::optional<TensorSpec> expected;
  std::optional<TensorSpec> actual;
  std::optional<StageReference> stage;
};

/// Where in a run something happened. Counts from 0, as steps.csv does; messages count from 1.
struct RunPlace {
  std::string split;  ///< "train", "validation", "test"
  std::int64_t epoch = 0;
  std::int64_t step = 0;  ///< Of the epoch.
  bool operator==(const RunPlace&) const = default;
};
/// `train data, epoch 2, step 12`.
std::string to_string(const RunPlace& place);

/// One line of the side-by-side table; either side may be empty.
struct ComparisonRow {
  std::string expected_key;
  std::optional<TensorSpec> expected;
  std::string actual_key;
  std::optional<TensorSpec> actual;
  std::string remark;  ///< "case, and 1 blank at the end"
};
struct Comparison {
  std::string expected_title;  ///< "model `two_scale` expects"
  std::string actual_title;    ///< "train data gives"
  std::vector<ComparisonRow> rows;
};

/// One problem, as data. Rendering is separate: render_text, render_json, and an Error's what().
struct Diagnostic {
  std::string code;  ///< "K001"; see diagnostic_codes().
  Severity severity = Severity::kError;
  std::string message;  ///< One line without the code: what happened, to what.
  std::vector<KeyReport> keys;
  std::string candidate;  ///< The nearest unused key; empty for none.
  std::optional<StageReference> stage;
  std::optional<SampleIdentity> sample;
  Comparison comparison;
  std::vector<std::string> notes;  ///< Further lines: where the key was last seen, …
  std::vector<Fix> fixes;
  std::vector<std::string> datasets;  ///< "train", "validation": where the same was found.
  std::optional<RunPlace> run;        ///< Of what happened in the middle of a run.
  /// Of a name that the training was given: where. {"loss", "cell"} is the key `cell` of `loss`.
  std::vector<std::string> setting;
};

struct TextOptions {
  bool color = false;  ///< ANSI colours; callers decide by terminal and NO_COLOR.
};

/// Text for people, as contract.md shows it; ends with a newline. Blanks at the ends of keys and
/// control or look-alike characters are made visible ("small·", "Sm\u0430ll").
std::string render_text(const Diagnostic& diagnostic, const TextOptions& options = {});
std::string render_text(std::span<const Diagnostic> diagnostics, const TextOptions& options = {});

/// The JSON object {"ok": bool, "diagnostics": [...]} that `--format json` prints.
/// `ok` is true if no diagnostic is an error.
std::string render_json(std::span<const Diagnostic> diagnostics);

/// A key between double quotes with odd characters made visible.
std::string quote_key(std::string_view key);
/// `key` without quotes, odd characters made visible: a blank at an end is "·", a tab "\t", a
/// non-ASCII character that looks like an ASCII one or shows nothing "\u00a0" (words of
/// another script, "масса", stay as they are).
std::string visible(std::string_view key);

/// One row of the table of codes.
struct CodeEntry {
  std::string_view code;
  std::string_view title;  ///< "a model input has no data"
};
/// All stable codes in order.
std::span<const CodeEntry> diagnostic_codes() noexcept;

/// A diagnostic of `code` with a message; the shortest way to make one.
Diagnostic make_diagnostic(std::string_view code, std::string message,
                           std::vector<std::string> notes = {}, std::string fix = "");

}  // namespace tenon
