#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tenon/error.hpp"

namespace tenon::data {

/// What a cache holds when the next sample does not fit.
struct FullCache {
  std::int64_t budget = 0;
  std::int64_t samples = 0;
  std::int64_t bytes = 0;
};

/// The warning (A001) that a cache keeps only a part of the samples; `folder` is empty for one in
/// memory. `all`: how many samples go through it, where that is known.
Diagnostic full_cache(const std::string& folder, const FullCache& full,
                      std::optional<std::int64_t> all);

}  // namespace tenon::data
