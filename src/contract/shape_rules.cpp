#include "contract/shape_rules.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "contract/contract.hpp"

namespace tenon::contract {
namespace {

bool dims_fit(const std::vector<Dim>& a, const std::vector<Dim>& b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](const Dim& x, const Dim& y) { return x.fits(y); });
}

std::vector<Dim> without_first(const std::vector<Dim>& dims) {
  return dims.empty() ? dims : std::vector<Dim>(dims.begin() + 1, dims.end());
}

/// (B, H, W, C) -> (B, C, H, W), for any number of spatial axes.
std::vector<Dim> channels_to_front(std::vector<Dim> dims) {
  std::rotate(dims.begin() + 1, dims.end() - 1, dims.end());
  return dims;
}
std::vector<Dim> channels_to_back(std::vector<Dim> dims) {
  std::rotate(dims.begin() + 1, dims.begin() + 2, dims.end());
  return dims;
}

bool has_batch_axis(const TensorSpec& spec) {
  return spec.batched() || (!spec.shape.empty() && spec.shape.front().symbol_name() == "B");
}

std::string_view letter_word(char letter) {
  switch (letter) {
    case 'B':
      return "batch";
    case 'D':
      return "depth";
    case 'H':
      return "height";
    case 'W':
      return "width";
    case 'C':
      return "channels";
    default:
      return {};
  }
}

}  // namespace

ShapeFit fit_of(const TensorSpec& wanted, const TensorSpec& actual) {
  if (wanted.shape_fits(actual)) return ShapeFit::kFits;
  if (!has_batch_axis(actual) && actual.rank() == wanted.rank() - 1 &&
      dims_fit(without_first(wanted.shape), actual.shape)) {
    return ShapeFit::kNoBatchAxis;
  }
  if (actual.rank() != wanted.rank()) return ShapeFit::kRank;
  const bool image = actual.rank() >= 4;
  if (image && dims_fit(channels_to_front(wanted.shape), actual.shape))
    return ShapeFit::kChannelsFirst;
  if (image && dims_fit(channels_to_back(wanted.shape), actual.shape))
    return ShapeFit::kChannelsLast;
  return ShapeFit::kAxis;
}

std::optional<int> differing_axis(const TensorSpec& wanted, const TensorSpec& actual) {
  if (wanted.rank() != actual.rank()) return std::nullopt;
  for (int axis = 0; axis < wanted.rank(); ++axis) {
    const auto i = static_cast<std::size_t>(axis);
    if (!wanted.shape[i].fits(actual.shape[i])) return axis;
  }
  return std::nullopt;
}

std::string axis_name(const TensorSpec& spec, int axis) {
  const auto i = static_cast<std::size_t>(axis);
  const std::string_view word =
      i < spec.axes.size() ? letter_word(spec.axes[i]) : std::string_view();
  return word.empty() ? fmt::format("axis {}", axis) : fmt::format("{} (axis {})", word, axis);
}

bool gives_samples(const Join& join, const Schema& schema) {
  bool one_short = false;
  for (const Wanted& wish : join.wanted) {
    if (wish.role != Role::kInput || !wish.slot) continue;
    const TensorSpec& spec = schema[*wish.slot].spec;
    if (spec.rank_known && spec.rank() >= wish.spec.rank()) return false;
    one_short = one_short || (spec.rank_known && spec.rank() + 1 == wish.spec.rank());
  }
  return one_short && std::none_of(schema.begin(), schema.end(),
                                   [](const Field& field) { return has_batch_axis(field.spec); });
}

TensorSpec as_batch(const Wanted& wish, const Field& field, bool samples) {
  if (!samples || !field.spec.rank_known) return field.spec;
  // Of what a generator yields only a part may lack the batch axis.
  const bool whole = field.role != Role::kData && fit_of(wish, field.spec) == ShapeFit::kFits;
  return whole ? field.spec : field.spec.with_batch();
}

ShapeFit fit_of(const Wanted& wish, const TensorSpec& actual) {
  if (wish.role != Role::kTarget) return fit_of(wish.spec, actual);
  if (target_fits(actual, *wish.output)) return ShapeFit::kFits;
  const bool single = !has_batch_axis(actual) && target_fits(actual.with_batch(), *wish.output);
  return single ? ShapeFit::kNoBatchAxis : fit_of(wish.spec, actual);
}

bool target_fits(const TensorSpec& target, const TrainedOutput& output) {
  const TensorSpec wanted = target_spec(output);
  if (wanted.shape_fits(target)) return true;
  // (B) for (B, 1) and the reverse are the same thing; nothing else is reshaped.
  const auto is_one = [](const Dim& dim) { return !dim.known() || dim.size() == 1; };
  if (target.rank() == wanted.rank() + 1 && is_one(target.shape.back())) {
    TensorSpec shorter = target;
    shorter.shape.pop_back();
    return wanted.shape_fits(shorter);
  }
  if (target.rank() + 1 == wanted.rank() && wanted.shape.back().known() &&
      wanted.shape.back().size() == 1) {
    TensorSpec shorter = wanted;
    shorter.shape.pop_back();
    return shorter.shape_fits(target);
  }
  return false;
}

}  // namespace tenon::contract
