#include "core/diagnostic_json.hpp"

#include <nlohmann/json.hpp>

#include "core/errors_among.hpp"

namespace tenon {
namespace {

using Json = nlohmann::ordered_json;

template <class T, class ToJson>
Json or_null(const std::optional<T>& value, ToJson to_json) {
  return value ? to_json(*value) : Json(nullptr);
}

Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

Json sample_to_json(const SampleIdentity& sample) {
  return {{"index", sample.index < 0 ? Json(nullptr) : Json(sample.index)},
          {"id", text_or_null(sample.id)},
          {"file", text_or_null(sample.file)}};
}

Json run_to_json(const RunPlace& place) {
  return {{"split", place.split}, {"epoch", place.epoch}, {"step", place.step}};
}

Json edit_to_json(const Edit& edit) {
  return {{"file", edit.file},
          {"first_line", edit.first_line},
          {"last_line", edit.last_line},
          {"replacement", edit.replacement}};
}

Json fix_to_json(const Fix& fix) {
  return {{"text", fix.text},
          {"toml", fix.toml},
          {"cpp", fix.cpp},
          {"edit", or_null(fix.edit, edit_to_json)}};
}

Json key_to_json(const KeyReport& report) {
  return {{"key", text_or_null(report.key)},
          {"role", name_of(report.role)},
          {"expected", or_null(report.expected, spec_to_json)},
          {"actual", or_null(report.actual, spec_to_json)},
          {"stage", or_null(report.stage, stage_to_json)}};
}

template <class T, class ToJson>
Json list_of(const std::vector<T>& values, ToJson to_json) {
  Json list = Json::array();
  for (const T& value : values) list.push_back(to_json(value));
  return list;
}

}  // namespace

Json spec_to_json(const TensorSpec& spec) {
  Json shape = nullptr;
  if (spec.rank_known) {
    shape = list_of(spec.shape,
                    [](const Dim& dim) { return dim.known() ? Json(dim.size()) : Json(nullptr); });
  }
  return {{"dtype", name_of(spec.dtype)}, {"shape", shape}};
}

Json stage_to_json(const StageReference& stage) {
  const bool known = stage.location.known();
  return {{"index", stage.index},
          {"name", stage.name},
          {"file", known ? Json(stage.location.file) : Json(nullptr)},
          {"line", known ? Json(stage.location.line) : Json(nullptr)}};
}

Json diagnostic_to_json(const Diagnostic& diagnostic) {
  std::vector<KeyReport> keys = diagnostic.keys;
  if (!keys.empty() && !keys[0].stage) keys[0].stage = diagnostic.stage;
  const KeyReport first = keys.empty() ? KeyReport{} : keys[0];
  const auto& stage = diagnostic.stage ? diagnostic.stage : first.stage;
  return {{"code", diagnostic.code},
          {"severity", name_of(diagnostic.severity)},
          {"key", text_or_null(first.key)},
          {"role", name_of(first.role)},
          {"message", diagnostic.message},
          {"expected", or_null(first.expected, spec_to_json)},
          {"actual", or_null(first.actual, spec_to_json)},
          {"candidate", text_or_null(diagnostic.candidate)},
          {"stage", or_null(stage, stage_to_json)},
          {"sample", or_null(diagnostic.sample, sample_to_json)},
          {"run", or_null(diagnostic.run, run_to_json)},
          {"notes", diagnostic.notes},
          {"fixes", list_of(diagnostic.fixes, fix_to_json)},
          {"datasets", diagnostic.datasets},
          {"keys", list_of(keys, key_to_json)}};
}

std::string json_text(const Json& value, int indent) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

std::string render_json(std::span<const Diagnostic> diagnostics) {
  Json list = Json::array();
  for (const Diagnostic& diagnostic : diagnostics) list.push_back(diagnostic_to_json(diagnostic));
  return json_text({{"ok", !any_error(diagnostics)}, {"diagnostics", std::move(list)}}) + "\n";
}

}  // namespace tenon
