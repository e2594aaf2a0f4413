#pragma once

#include <functional>

#include "tenon/diagnostic.hpp"

namespace tenon {

/// For a catch block: throws the exception in flight again, as the class that it is; if it is an
/// Error, with each of its diagnostics handed to `edit` first.
[[noreturn]] void rethrow_with(const std::function<void(Diagnostic&)>& edit);

}  // namespace tenon
