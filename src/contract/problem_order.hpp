#pragma once

#include <cstddef>

#include "tenon/diagnostic.hpp"

namespace tenon::contract {

/// Where a problem stands among others: the most fundamental first.
std::size_t rank_of(const Diagnostic& diagnostic);

}  // namespace tenon::contract
