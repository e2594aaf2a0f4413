#pragma once

#include <optional>

#include "core/change.hpp"
#include "tenon/dataset.hpp"

namespace tenon::data {

/// A copy of `dataset` with a change of its stages. Nothing is read. Nothing if the change cannot
/// be applied: it is none of stages, its stage is not there, or what a stage was made with is not
/// known well enough to make it anew.
std::optional<Dataset> with_change(const Dataset& dataset, const Change& change);

}  // namespace tenon::data
