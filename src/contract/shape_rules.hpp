#pragma once

#include <optional>
#include <string>
#include <vector>

#include "contract/wanted.hpp"

namespace tenon::contract {

/// How the shape of a key relates to what is wanted of it; the most telling that holds.
enum class ShapeFit : std::uint8_t {
  kFits,
  kNoBatchAxis,    ///< The wanted shape without the batch axis.
  kChannelsFirst,  ///< (B, C, H, W) where (B, H, W, C) is wanted.
  kChannelsLast,   ///< The reverse.
  kRank,
  kAxis,
};
ShapeFit fit_of(const TensorSpec& wanted, const TensorSpec& actual);
/// … of a wish; targets may have any form that their loss takes.
ShapeFit fit_of(const Wanted& wish, const TensorSpec& actual);

/// True if the data give single samples where batches are wanted: no key has a batch axis, and the
/// inputs want one axis more than they get.
bool gives_samples(const Join& join, const Schema& schema);
/// The spec of `field` as it will be once there are batches: problems of a sample's own axes are
/// the same with the batch axis and without. `samples`: what gives_samples() says.
TensorSpec as_batch(const Wanted& wish, const Field& field, bool samples);

/// The first axis whose sizes cannot be equal; nothing if the ranks differ or all fit.
std::optional<int> differing_axis(const TensorSpec& wanted, const TensorSpec& actual);

/// "height (axis 1)", by the spec's axis letters; "axis 1" where the meaning is not known.
std::string axis_name(const TensorSpec& spec, int axis);

}  // namespace tenon::contract
