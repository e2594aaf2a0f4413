#include "data/stages/spatial_stage.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "data/arguments.hpp"
#include "tenon/error.hpp"

namespace tenon::data {

SpatialStage::SpatialStage(std::string name, Keys keys, SourceLocation location)
    : NamedStage(std::move(name), location), keys_(std::move(keys)) {}

void SpatialStage::edit(SchemaEditor& editor) const {
  if (editor.batched()) {
    editor.problem(make_diagnostic(
        "A001", fmt::format("{} works on samples, and the data are in batches here", name()), {},
        fmt::format("put {} before batch", name())));
  }
  edit_others(editor);
  for (const std::string& key : keys_) {
    const TensorSpec* spec = editor.require(key);
    if (spec == nullptr) continue;
    std::string problem = why_not_spatial(*spec);
    TensorSpec after = *spec;
    if (problem.empty()) after = spec_after(*spec, problem);
    if (!problem.empty()) editor.problem(cannot_work_on(name(), key, *spec, problem));
    editor.change(key, std::move(after));
  }
}

TensorSpec SpatialStage::spec_after(const TensorSpec& spec, std::string& /*problem*/) const {
  return spec;
}

SampleFunction SpatialStage::bind(std::shared_ptr<const Schema> in,
                                  std::shared_ptr<const Schema> out) const {
  Keys all = touched_keys();
  std::vector<std::size_t> slots;
  slots.reserve(all.size());
  for (const std::string& key : all) slots.push_back(in->slot(key));
  return [this, all = std::move(all), slots = std::move(slots), out](Record record,
                                                                     const SampleContext& context) {
    std::vector<Tensor> tensors = record.values();
    std::vector<Value> values;
    values.reserve(slots.size());
    for (std::size_t i = 0; i < slots.size(); ++i) {
      Tensor& tensor = tensors[slots[i]];
      if (i < keys_.size()) static_cast<void>(Grid(tensor.shape()));  // Throws where it is none.
      values.push_back({all[i], i, tensor});
    }
    Random random = random_of(context);
    work(values, random);
    return Record(out, std::move(tensors), std::move(record.samples()));
  };
}

Keys SpatialStage::touched_keys() const {
  Keys all = keys_;
  const Keys more = others();
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

Random SpatialStage::random_of(const SampleContext& context) {
  return Random(context.seed, static_cast<std::uint64_t>(context.epoch),
                static_cast<std::uint64_t>(context.sample),
                static_cast<std::uint64_t>(context.stage));
}

std::string SpatialStage::arguments() const {
  const std::string more = more_arguments();
  return fmt::format("keys=[{}]{}{}", join_texts(keys_), more.empty() ? "" : ", ", more);
}

void SpatialKeyStage::work(std::span<Value> values, Random& /*random*/) const {
  for (Value& value : values.first(keys().size()))
    value.tensor = apply(value.tensor, value.position);
}

Partwise SpatialKeyStage::bind_parts(std::shared_ptr<const Schema> in,
                                     std::shared_ptr<const Schema> /*out*/) const {
  if (!pointwise()) return {};
  SlotChanges changes(in->size());
  for (std::size_t position = 0; position < keys().size(); ++position) {
    const std::size_t slot = in->slot(keys()[position]);
    if (!is_known_grid((*in)[slot].spec)) return {};
    changes[slot] = [this, position](const Tensor& value) { return apply(value, position); };
  }
  return changed_parts(std::move(changes));
}

bool is_volume(const TensorSpec& spec) {
  return spec.rank_known && spec.rank() - first_axis(spec) == 4;
}

std::string why_not_spatial(const TensorSpec& spec) {
  if (spec.dtype == DType::kString) return "it holds text";
  if (!spec.rank_known || is_spatial_rank(spec.rank() - first_axis(spec))) return "";
  return fmt::format(
      "it is {}, which is no image (height, width, channels) and no volume (depth, "
      "height, width, channels)",
      spec.to_string());
}

std::array<Dim, 3> spatial_size(const TensorSpec& spec) {
  const auto first = static_cast<std::size_t>(first_axis(spec));
  if (is_volume(spec)) return {spec.shape[first], spec.shape[first + 1], spec.shape[first + 2]};
  return {Dim(1), spec.shape[first], spec.shape[first + 1]};
}

TensorSpec with_spatial_size(TensorSpec spec, const std::array<Dim, 3>& size) {
  if (!is_volume(spec)) return with_image_size(std::move(spec), size[1], size[2]);
  const auto first = static_cast<std::size_t>(first_axis(spec));
  if (spec.axes.empty()) spec.axes.assign(spec.shape.size(), '?');
  constexpr std::string_view kLetters = "DHWC";
  for (std::size_t axis = 0; axis < 4; ++axis) {
    if (axis < 3) spec.shape[first + axis] = size[axis];
    if (spec.axes[first + axis] == '?') spec.axes[first + axis] = kLetters[axis];
  }
  return spec;
}

Size3D size_argument(const char* stage, const char* argument,
                     const std::vector<std::int64_t>& size) {
  constexpr std::int64_t kMost = 1 << 20;
  const bool each = std::ranges::all_of(size, [](std::int64_t n) { return n >= 1 && n <= kMost; });
  if (!each || size.size() < 2 || size.size() > 3) {
    throw_argument_error(
        stage, fmt::format("{} = [{}]", argument, fmt::join(size, ", ")),
        "[depth, height, width], or [height, width] for images, each from 1 to 2^20");
  }
  return size.size() == 3 ? Size3D{size[0], size[1], size[2]} : Size3D{1, size[0], size[1]};
}

std::string to_text(const Size3D& size) {
  return fmt::format("[{}, {}, {}]", size[0], size[1], size[2]);
}

std::string PatchSize::to_string() const {
  return has_depth ? to_text(voxels) : fmt::format("[{}, {}]", voxels[1], voxels[2]);
}

PatchSize patch_size(const char* stage, const std::vector<std::int64_t>& size,
                     const char* argument) {
  return {size_argument(stage, argument, size), size.size() == 3, argument};
}

std::string why_no_depth(const PatchSize& size, const TensorSpec& spec) {
  if (!spec.rank_known) return "";
  const Dim depth = spatial_size(spec)[0];
  if (!depth.known() || size.fits_depth(depth.size())) return "";
  return fmt::format("it is {}, and {} = {} has no depth: give [depth, height, width]",
                     spec.to_string(), size.argument, size.to_string());
}

void require_depth(std::string_view stage, const std::string& key, const Shape& shape,
                   const PatchSize& size) {
  if (size.fits_depth(Grid(shape).size[0])) return;
  throw DataError(
      make_diagnostic("S002",
                      fmt::format("{}: {} is {}, and {} = {} has no depth", stage, quote_key(key),
                                  shape.to_string(), size.argument, size.to_string()),
                      {}, fmt::format("give {} = [depth, height, width]", size.argument)));
}

std::vector<bool> linear_argument(const char* stage, const std::vector<std::string>& words,
                                  std::size_t count) {
  const bool known = std::ranges::all_of(
      words, [](const std::string& word) { return word == "linear" || word == "nearest"; });
  if (!known || (words.size() != 1 && words.size() != count)) {
    throw_argument_error(stage, fmt::format("interpolation = [{}]", join_texts(words)),
                         "\"linear\" or \"nearest\" (for labels), once or once per key");
  }
  std::vector<bool> linear(count);
  for (std::size_t i = 0; i < count; ++i) linear[i] = words[words.size() == 1 ? 0 : i] == "linear";
  return linear;
}

void require_probability(const char* stage, double probability) {
  if (probability >= 0.0 && probability <= 1.0) return;
  throw_argument_error(stage, fmt::format("probability = {}", probability), "0 to 1");
}

void require_interval(const char* stage, const char* argument, const std::array<double, 2>& range,
                      double least) {
  const bool finite = std::isfinite(range[0]) && std::isfinite(range[1]);
  if (finite && range[0] <= range[1] && range[0] >= least) return;
  throw_argument_error(stage, fmt::format("{} = [{}, {}]", argument, range[0], range[1]),
                       least > kAnyNumber ? fmt::format("[lowest, highest], at least {}", least)
                                          : std::string("[lowest, highest]"));
}

double even_between(Random& random, const std::array<double, 2>& range) {
  return range[0] + (range[1] - range[0]) * random.next_double();
}

}  // namespace tenon::data
