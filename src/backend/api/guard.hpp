#pragma once

#include <cstddef>
#include <vector>

#include "ops/program.hpp"

namespace tenon::backend {

/// True if `node` writes a variable.
bool writes_variable(const ops::Node& node);

/// The position of the first node that writes a variable; the number of nodes if none does. Throws
/// EngineError (E001) if one of `guarded` is made by it or behind it.
std::size_t first_write(const ops::Program& program, const std::vector<ops::ValueId>& guarded);

}  // namespace tenon::backend
