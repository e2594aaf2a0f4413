#pragma once

#include <algorithm>
#include <span>

#include "tenon/diagnostic.hpp"

namespace tenon {

inline bool is_error(const Diagnostic& diagnostic) noexcept {
  return diagnostic.severity == Severity::kError;
}

inline bool any_error(std::span<const Diagnostic> diagnostics) noexcept {
  return std::any_of(diagnostics.begin(), diagnostics.end(), is_error);
}

}  // namespace tenon
