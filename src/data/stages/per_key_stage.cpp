#include "data/stages/per_key_stage.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tenon::data {

std::optional<SampleIdentity> ValueContext::sample_of(std::int64_t row) const {
  const auto at = static_cast<std::size_t>(batched ? row : 0);
  if (at >= samples.size()) return std::nullopt;
  return samples[at];
}

PerKeyStage::PerKeyStage(std::string name, Keys keys, SourceLocation location)
    : NamedStage(std::move(name), location), keys_(std::move(keys)) {}

bool is_batched(const Schema& schema, std::size_t slot) {
  if (schema[slot].spec.rank_known) return schema[slot].spec.batched();
  return std::any_of(schema.begin(), schema.end(),
                     [](const Field& field) { return field.spec.batched(); });
}

Diagnostic cannot_work_on(const std::string& stage, const std::string& key, const TensorSpec& spec,
                          const std::string& problem) {
  Diagnostic diagnostic =
      make_diagnostic(spec.dtype == DType::kString ? "D001" : "S002",
                      fmt::format("{} cannot work on {}: {}", stage, quote_key(key), problem));
  KeyReport report;
  report.key = key;
  report.actual = spec;
  diagnostic.keys.push_back(std::move(report));
  return diagnostic;
}

void PerKeyStage::edit(SchemaEditor& editor) const {
  for (const std::string& key : keys_) {
    const TensorSpec* spec = editor.require(key);
    if (spec == nullptr) continue;
    std::string problem;
    TensorSpec after = spec_after(*spec, problem);
    if (!problem.empty()) editor.problem(cannot_work_on(name(), key, *spec, problem));
    editor.change(key, std::move(after));
  }
}

SampleFunction PerKeyStage::bind(std::shared_ptr<const Schema> in,
                                 std::shared_ptr<const Schema> out) const {
  struct Slot {
    std::size_t slot;
    std::string key;
    bool batched;
  };
  std::vector<Slot> slots;
  for (const std::string& key : keys_) {
    const std::size_t slot = in->slot(key);
    slots.push_back({slot, key, is_batched(*in, slot)});
  }
  return [this, slots = std::move(slots), out](Record record, const SampleContext&) {
    std::vector<Tensor> values = record.values();
    for (const Slot& slot : slots) {
      Tensor& value = values[slot.slot];
      value = applied(value, {slot.key, slot.batched, record.samples()});
    }
    return Record(out, std::move(values), std::move(record.samples()));
  };
}

Tensor PerKeyStage::applied(const Tensor& value, const ValueContext& context) const {
  Tensor after = apply(value, context);
  const bool stays = value.geometry() != nullptr && after.shape() == value.shape();
  if (stays && after.geometry() == nullptr) after.set_geometry(*value.geometry());
  return after;
}

Partwise PerKeyStage::bind_parts(std::shared_ptr<const Schema> in,
                                 std::shared_ptr<const Schema> /*out*/) const {
  SlotChanges changes(in->size());
  for (const std::string& key : keys_) {
    const std::size_t slot = in->slot(key);
    const TensorSpec& spec = (*in)[slot].spec;
    if (!is_known_grid(spec) || !pointwise(spec)) return {};
    changes[slot] = [this, key](const Tensor& value) { return applied(value, {key, false, {}}); };
  }
  return changed_parts(std::move(changes));
}

std::string PerKeyStage::arguments() const {
  const std::string more = more_arguments();
  return fmt::format("keys=[{}]{}{}", join_texts(keys_), more.empty() ? "" : ", ", more);
}

std::string why_no_image(const TensorSpec& spec) {
  if (spec.dtype == DType::kString) return "it holds text";
  if (!spec.rank_known) return "";
  const int rank = spec.rank() - first_axis(spec);
  if (rank == 2 || rank == 3) return "";
  return fmt::format("it is {}, and an image is (height, width, channels) or (height, width)",
                     spec.to_string());
}

TensorSpec with_image_size(TensorSpec spec, Dim height, Dim width) {
  if (!spec.rank_known || !why_no_image(spec).empty()) return spec;
  const auto first = static_cast<std::size_t>(first_axis(spec));
  spec.geometry.reset();
  spec.shape[first] = std::move(height);
  spec.shape[first + 1] = std::move(width);
  if (spec.axes.empty()) spec.axes = std::string(spec.shape.size(), '?');
  const std::string letters = "HWC";
  for (std::size_t axis = first; axis < spec.axes.size(); ++axis) {
    if (spec.axes[axis] == '?') spec.axes[axis] = letters[axis - first];
  }
  return spec;
}

std::string join_texts(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : ", ") + quote_key(text);
  return out;
}

void require_distinct(const char* stage, const char* argument,
                      const std::vector<std::string>& texts) {
  if (texts.empty()) {
    throw_argument_error(stage, fmt::format("{} is empty", argument), "at least one entry");
  }
  for (auto text = texts.begin(); text != texts.end(); ++text) {
    if (std::find(texts.begin(), text, *text) == text) continue;
    throw_argument_error(stage, fmt::format("{} twice in {}", quote_key(*text), argument),
                         "each entry once");
  }
}

void require_some_keys(const char* stage, const Keys& keys) {
  require_distinct(stage, "keys", keys);
}

void require_size(const char* stage, const char* argument, Size2D size) {
  constexpr std::int64_t kMost = std::int64_t{1} << 20;
  if (size[0] >= 1 && size[1] >= 1 && size[0] <= kMost && size[1] <= kMost) return;
  throw_argument_error(stage, fmt::format("{} = [{}, {}]", argument, size[0], size[1]),
                       fmt::format("[height, width], each from 1 to {}", kMost));
}

}  // namespace tenon::data
